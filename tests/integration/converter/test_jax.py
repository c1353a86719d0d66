"""Flax's weights with code, and functions of a process: proven against JAX, or refused with the reason."""

import json
import subprocess
from pathlib import Path

import onnxport
import pytest
from fake.converter_environment import python_of, run_script
from onnxport.converter.interface import Code, ConversionRefused
from onnxport.service.conversion.convert import convert_file
from onnxport.service.conversion.options import ConvertOptions

pytestmark = [
    pytest.mark.converters,
    pytest.mark.network,
    pytest.mark.timeout(600),
    pytest.mark.xdist_group("jax"),
]
CASES = Path(__file__).parents[2] / "contract" / "cases" / "jax.py"
LIVE = Path(__file__).with_name("jax_live.py")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    run_script("jax", CASES, folder)
    return folder


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> dict:
    command = [python_of("jax"), "-I", LIVE, *onnxport.__path__, tmp_path_factory.mktemp("live")]
    done = subprocess.run(
        [str(part) for part in command], check=True, capture_output=True, text=True, timeout=400
    )
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        (
            "perceptron",
            ("Perceptron", {"features": 8}),
            "Dense_0/kernel of shape [8, 3], the file holds [16, 3]",
        ),
        ("perceptron", ("Words", {}), "does not take the sample"),
        ("perceptron", ("Perceptron", {}), "could not be made"),
        ("perceptron", ("Absent", {}), "could not be taken from modules.py"),
        ("perceptron", ("nn.relu", {}), "could not be made"),
    ],
    ids=["arguments", "shapes", "no-arguments", "no-class", "no-module"],
)
def test_code_that_does_not_fit_is_refused_with_what_differs(
    saved: Path, tmp_path: Path, name: str, code: tuple, words: str
) -> None:
    options = ConvertOptions(
        output=tmp_path / "out.onnx",
        sample=saved / f"{name}.sample.npz",
        code=Code(saved / "more" / "modules.py", code[0], (), code[1]),
    )
    with pytest.raises(ConversionRefused) as caught:
        convert_file(saved / f"{name}.msgpack", options)

    assert words in caught.value.message
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "inputs", "outputs"),
    [
        ("lambda", ["x"], ["output"]),
        ("jit", ["a", "b"], ["product", "sum"]),
        ("nnx", ["x"], ["output"]),
        ("bound", ["inputs"], ["output"]),
    ],
)
def test_functions_and_modules_of_the_process_are_converted_in_it(
    live: dict, name: str, inputs: list[str], outputs: list[str]
) -> None:
    told = live[name]

    assert (inputs, outputs) == (told["inputs"], told["outputs"])
    assert [8, 1, 2, 16, 1, 2, 0] == told["rows"]
    assert told["worst"] < 1e-5
    assert {"jax", "jax2onnx"} <= set(told["packages"])


def test_a_module_of_the_user_stays_in_training(live: dict) -> None:
    assert live["still training"]


def test_a_function_that_needs_the_number_of_rows_gets_a_fixed_one(live: dict) -> None:
    assert {8} == set(live["fixed"]["rows"])
    assert live["fixed"]["worst"] < 1e-5


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("unbound", "without weights"),
        ("values", "cannot be traced"),
        ("nothing", "does not say which arrays"),
    ],
)
def test_what_cannot_be_converted_is_refused_with_what_to_do(
    live: dict, name: str, words: str
) -> None:
    assert words in live[name]["refused"]
    assert live[name]["remedy"]


def test_an_array_is_no_model(live: dict) -> None:
    assert {"taken": False} == live["array"]
