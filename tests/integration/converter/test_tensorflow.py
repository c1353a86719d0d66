"""TensorFlow and Keras: what is refused and why, what needs a second way, and models of the user's process."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxport
import onnxruntime
import pytest
from fake.converter_environment import run_script
from onnxport.errors import OnnxportError
from onnxport.service.conversion.convert import ConversionResult, convert_file
from onnxport.service.conversion.options import ConvertOptions, Trust

pytestmark = [
    pytest.mark.network,
    pytest.mark.converters,
    pytest.mark.timeout(600),
    pytest.mark.xdist_group("tensorflow"),
]
MAKER = Path(__file__).with_name("tensorflow_models.py")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    run_script("keras", MAKER, folder, Path(onnxport.__file__).parent)
    return folder


def converted(source: Path, tmp_path: Path, **more: object) -> ConversionResult:
    options = ConvertOptions(output=tmp_path / "out.onnx", overwrite=True)
    return convert_file(source, replace(options, **more))  # type: ignore[arg-type]


def refusal(source: Path, tmp_path: Path) -> OnnxportError:
    with pytest.raises(OnnxportError) as caught:
        converted(source, tmp_path)
    assert [] == list(tmp_path.iterdir())
    return caught.value


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("draws", "RandomStandardNormal"),
        ("counts", "AssignAddVariableOp"),
        ("text.keras", "StringNGrams"),
        ("stateful.keras", "the layers lstm"),
        ("dead.keras", "does not change enough"),
    ],
)
def test_what_cannot_be_converted_is_refused_with_the_reason(
    saved: Path, tmp_path: Path, name: str, words: str
) -> None:
    error = refusal(saved / name, tmp_path)

    assert words in error.message
    assert error.remedy


def test_loops_and_branches_are_kept_and_named_by_the_signature(
    saved: Path, tmp_path: Path
) -> None:
    converted(saved / "loop", tmp_path)
    session = onnxruntime.InferenceSession(tmp_path / "out.onnx")
    rows = np.full((2, 4), -10, np.float32)

    assert ["x"] == [value.name for value in session.get_inputs()]
    assert np.allclose(
        (((rows * 1.5 + 1) * 1.5 + 1) * 1.5 + 1) * 2, session.run(None, {"x": rows})[0]
    )


def test_whole_numbers_below_zero_are_divided_and_marked_as_tensorflow_does(
    saved: Path, tmp_path: Path
) -> None:
    converted(saved / "wholenumbers", tmp_path)
    session = onnxruntime.InferenceSession(tmp_path / "out.onnx")
    given = np.array([-7, -3, -1, 0, 2, 7], np.int32)
    names = [value.name for value in session.get_outputs()]
    answers = dict(zip(names, session.run(None, {"x": given}), strict=True))

    assert [-7 % 3, 0, 2, 0, 2, 1] == answers["rest"].tolist()
    assert [-3, -1, -1, 0, 0, 2] == answers["part"].tolist()
    assert [0, 0, 0, 1, 1, 0] == answers["marks"].sum(axis=1).tolist()


def test_a_checkpoint_is_found_by_its_prefix_and_steps_beyond_the_length_do_not_count(
    saved: Path, tmp_path: Path
) -> None:
    options = ConvertOptions(output=tmp_path / "out.onnx", outputs=("answer",))
    convert_file(saved / "sequence.ckpt", options)
    session = onnxruntime.InferenceSession(tmp_path / "out.onnx")
    steps = np.random.default_rng(0).normal(size=(1, 5, 3)).astype(np.float32)
    longer = steps.copy()
    longer[:, 3:] += 1
    answers = [
        session.run(None, {"x": given, "lengths": np.array([length], np.int32)})[0]
        for given, length in ((steps, 3), (longer, 3), (longer, 5))
    ]

    assert np.array_equal(answers[0], answers[1])
    assert not np.allclose(answers[1], answers[2])


def test_a_model_of_16_bits_that_no_runtime_computes_in_becomes_one_of_32(
    saved: Path, tmp_path: Path
) -> None:
    result = converted(saved / "narrow.keras", tmp_path)

    assert "computing in float32" == result.proven.proof.conversion.remedy
    assert any("ONNX Runtime cannot load it" in remark for remark in result.remarks)
    assert any("compared with Keras doing so" in remark for remark in result.remarks)


def test_a_function_without_a_signature_is_found_when_it_is_the_only_one(
    saved: Path, tmp_path: Path
) -> None:
    assert converted(saved / "no_signature", tmp_path).proven.proof.proven


def test_steps_of_a_free_number_that_keras_itself_builds_wrongly_are_fixed_by_a_sample(
    saved: Path, tmp_path: Path
) -> None:
    """Keras 3.15 counts rows for steps in the graph of a TimeDistributed layer."""
    sample = {"steps": np.random.default_rng(0).normal(size=(4, 6, 4)).astype(np.float32)}

    assert refusal(saved / "steps.keras", tmp_path).code == "not_proven"
    result = converted(saved / "steps.keras", tmp_path, sample=sample)

    assert any("the sizes of the sample" in remark for remark in result.remarks)
    session = onnxruntime.InferenceSession(tmp_path / "out.onnx")
    assert ["batch", 6, 4] == session.get_inputs()[0].shape


def test_an_output_that_proves_nothing_can_be_left_out(saved: Path, tmp_path: Path) -> None:
    several = saved / "several.keras"
    with pytest.raises(OnnxportError, match="'constant' does not change enough"):
        converted(several, tmp_path, trust=Trust.SANDBOXED)
    result = converted(several, tmp_path, trust=Trust.SANDBOXED, outputs=("good",))

    assert ["good"] == [output.name for output in result.proven.proof.outputs]
    with pytest.raises(OnnxportError, match="no output nothing"):
        converted(several, tmp_path, trust=Trust.SANDBOXED, outputs=("nothing",))


@pytest.mark.parametrize(("name", "expected"), [("fixed", [3, 4]), ("free", ["batch", 4])])
def test_a_batch_is_fixed_only_where_the_model_needs_it(
    saved: Path, tmp_path: Path, name: str, expected: list[int | str]
) -> None:
    converted(saved / f"{name}.keras", tmp_path)
    session = onnxruntime.InferenceSession(tmp_path / "out.onnx")

    assert expected == session.get_inputs()[0].shape


def test_the_operator_set_that_is_asked_for_is_made_and_others_are_refused(
    saved: Path, tmp_path: Path
) -> None:
    assert 17 == converted(saved / "loop", tmp_path, opset=17).proven.proof.conversion.opset
    with pytest.raises(OnnxportError, match="operator sets"):
        converted(saved / "loop", tmp_path, opset=21)


def test_the_same_file_gives_the_same_bytes(saved: Path, tmp_path: Path) -> None:
    first = converted(saved / "fixed.keras", tmp_path).output.read_bytes()

    assert first == converted(saved / "fixed.keras", tmp_path).output.read_bytes()


@pytest.mark.parametrize("name", ["keras", "module", "function", "loaded"])
def test_live_models_are_saved_with_their_own_answers(
    saved: Path, tmp_path: Path, name: str
) -> None:
    source, kind, inputs, batched = json.loads((saved / "live.json").read_text())[name]
    result = converted(Path(source), tmp_path)
    session = onnxruntime.InferenceSession(tmp_path / "out.onnx")
    with np.load(saved / f"live-{name}-sample.npz") as sample:
        answers = session.run(None, {given: sample[given] for given in inputs})
    names = [value.name for value in session.get_outputs()]

    assert kind == result.kind.name
    assert batched
    with np.load(saved / f"live-{name}.npz") as expected:
        assert sorted(names) == sorted(expected.files)
        assert all(
            np.allclose(expected[n], a, atol=1e-4) for n, a in zip(names, answers, strict=True)
        )
