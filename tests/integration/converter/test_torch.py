"""PyTorch: what is refused and why, what needs a second way, that hostile files run nothing, and modules of the user's process."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx
import onnxport
import onnxruntime
import pytest
from fake.converter_environment import run_script
from onnxport.converter.interface import Code
from onnxport.errors import OnnxportError
from onnxport.service.conversion.convert import ConversionResult, convert_file
from onnxport.service.conversion.options import ConvertOptions, Trust

pytestmark = [
    pytest.mark.network,
    pytest.mark.converters,
    pytest.mark.timeout(600),
    pytest.mark.xdist_group("torch"),
]
HERE = Path(__file__).parent
FOUR_ROWS = {"x": np.random.default_rng(0).normal(size=(4, 4)).astype(np.float32)}


@dataclass(frozen=True)
class Saved:
    """The saved models, and the file that the hostile ones write."""

    folder: Path
    mark: Path


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Saved:
    folder = tmp_path_factory.mktemp("saved")
    mark = folder / "mark"
    run_script("torch", HERE / "torch_models.py", folder, mark, Path(onnxport.__file__).parent)
    return Saved(folder, mark)


def options(tmp_path: Path, name: str | None = None) -> ConvertOptions:
    code = None if name is None else Code(HERE / "torch_nets.py", name)
    return ConvertOptions(output=tmp_path / "out.onnx", code=code, sample=FOUR_ROWS)


def refusal(source: Path, given: ConvertOptions) -> OnnxportError:
    with pytest.raises(OnnxportError) as caught:
        convert_file(source, given)
    assert given.output is not None
    assert not given.output.exists()
    return caught.value


@pytest.mark.parametrize("name", ["evil-size", "evil-operator", "evil-example"])
def test_a_hostile_program_is_refused_and_runs_nothing(
    saved: Saved, tmp_path: Path, name: str
) -> None:
    error = refusal(saved.folder / f"{name}.pt2", ConvertOptions(output=tmp_path / "out.onnx"))

    assert "can run code" in error.message
    assert "--trust" in error.remedy
    assert not saved.mark.exists()


def test_weights_in_a_checkpoint_are_found_and_its_other_objects_run_nothing(
    saved: Saved, tmp_path: Path
) -> None:
    result = convert_file(saved.folder / "checkpoint.pt", options(tmp_path, "Fixed"))

    assert any("'state_dict.model.module.'" in remark for remark in result.remarks)
    assert not saved.mark.exists()


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("dead.pt2", "not_proven", "does not change enough"),
        ("gamma.pt2", "conversion_refused", "lgamma"),
        ("training.pt2", "conversion_refused", "draws random numbers"),
    ],
)
def test_programs_that_cannot_be_proven_are_refused_with_the_reason(
    saved: Saved, tmp_path: Path, name: str, code: str, words: str
) -> None:
    error = refusal(saved.folder / name, ConvertOptions(output=tmp_path / "out.onnx"))

    assert code == error.code
    assert words in error.message


@pytest.mark.parametrize(
    ("name", "module", "words"),
    [
        ("misfit.pt", "Fixed", "missing: layer.weight, layer.bias"),
        ("meta.pt", "Fixed", "tensors without values"),
        ("quantised.pt", "Dead", "torch.ao.quantization has quantised"),
        ("fixed.pt", "Absent", "it holds Dead, Gamma, Branch, Fixed, Named"),
        ("decides.pt", "Branch", "decides on the values of its tensors"),
    ],
)
def test_weights_that_do_not_fit_are_refused_with_the_reason(
    saved: Saved, tmp_path: Path, name: str, module: str, words: str
) -> None:
    error = refusal(saved.folder / name, options(tmp_path, module))

    assert "conversion_refused" == error.code
    assert words in error.message


def test_a_number_of_steps_that_an_input_gives_is_never_recorded_as_the_samples(
    saved: Saved, tmp_path: Path
) -> None:
    given = replace(
        options(tmp_path, "Steps"), sample={**FOUR_ROWS, "count": np.array(3, np.int64)}
    )
    error = refusal(saved.folder / "steps.pt", given)

    assert "decides on the values of its tensors" in error.message


def test_a_class_that_draws_what_the_weights_do_not_hold_is_refused(
    saved: Saved, tmp_path: Path
) -> None:
    error = refusal(saved.folder / "drawn.pt", options(tmp_path, "Drawn"))

    assert "draws something at random that the file does not hold" in error.message


def test_recurrent_layers_take_any_length_and_any_batch_with_its_state(
    saved: Saved, tmp_path: Path
) -> None:
    random = np.random.default_rng(0)
    sample = {
        "x": random.normal(size=(4, 7, 4)).astype(np.float32),
        "h": random.normal(size=(1, 4, 8)).astype(np.float32),
    }
    given = replace(options(tmp_path, "States"), sample=sample)
    result = convert_file(saved.folder / "states.pt", given)
    session = onnxruntime.InferenceSession(result.output, providers=["CPUExecutionProvider"])
    long, short = (
        session.run(
            None, {"x": np.ones((1, n, 4), np.float32), "h": np.zeros((1, 1, 8), np.float32)}
        )
        for n in (11, 2)
    )

    assert [(1, 8), (1, 1, 8)] == [array.shape for array in long]
    assert not np.allclose(long[0], short[0])


def test_inputs_that_are_taken_by_name_only_are_given_so_and_a_single_number_stays_one(
    saved: Saved, tmp_path: Path
) -> None:
    sample = {**FOUR_ROWS, "heat": np.array(2, np.float32)}
    given = replace(options(tmp_path, "ByName"), sample=sample)
    result = convert_file(saved.folder / "byname.pt", given)
    session = onnxruntime.InferenceSession(result.output, providers=["CPUExecutionProvider"])

    assert [("x", ["batch", 4]), ("heat", [])] == [(i.name, i.shape) for i in session.get_inputs()]
    assert ["scores"] == [output.name for output in session.get_outputs()]


def test_a_sample_under_other_names_is_refused_without_telling_its_values(
    saved: Saved, tmp_path: Path
) -> None:
    rows = FOUR_ROWS["x"]
    given = replace(options(tmp_path), trust=Trust.SANDBOXED, sample={"a": rows, "b": rows})
    error = refusal(saved.folder / "branch.ts", given)

    assert "it takes x, the sample holds a [4, 4], b [4, 4]" in error.message
    assert "tensor(" not in error.message


def test_a_quantised_module_is_refused_by_name(saved: Saved, tmp_path: Path) -> None:
    given = replace(options(tmp_path), trust=Trust.SANDBOXED)
    error = refusal(saved.folder / "whole-quantised.pt", given)

    assert "torch.ao.quantization has quantised (Linear)" in error.message


def test_a_batch_that_the_model_fixes_stays_fixed_and_is_told(saved: Saved, tmp_path: Path) -> None:
    result = convert_file(saved.folder / "fixed.pt", options(tmp_path, "Fixed"))

    assert [4, 4] == shape_of(result)
    assert any("fixed at that of the sample, 4" in remark for remark in result.remarks)


def test_a_program_with_a_fixed_batch_is_told_how_to_free_it(saved: Saved, tmp_path: Path) -> None:
    result = convert_file(saved.folder / "fixed.pt2", ConvertOptions(output=tmp_path / "out.onnx"))

    assert [4, 4] == shape_of(result)
    assert any("dynamic_shapes" in remark for remark in result.remarks)


def test_torchscript_keeps_its_decisions(saved: Saved, tmp_path: Path) -> None:
    given = replace(options(tmp_path), trust=Trust.SANDBOXED)
    result = convert_file(saved.folder / "branch.ts", given)
    session = onnxruntime.InferenceSession(result.output, providers=["CPUExecutionProvider"])
    one = np.eye(4, dtype=np.float32)
    up, down = (session.run(None, {"x": rows})[0] for rows in (one, -one))

    assert ["batch", 4] == shape_of(result)
    assert not np.allclose(up - up.mean(0), -(down - down.mean(0)), atol=1e-3)


def test_a_whole_module_is_opened_with_the_file_that_defines_its_class(
    saved: Saved, tmp_path: Path
) -> None:
    given = replace(options(tmp_path, "Fixed"), trust=Trust.SANDBOXED)
    without = replace(given, code=None)

    assert "torch_nets" in refusal(saved.folder / "whole.pt", without).message
    assert convert_file(saved.folder / "whole.pt", given).proven.proof.proven


def test_what_onnx_runtime_lacks_in_double_is_converted_in_float32(
    saved: Saved, tmp_path: Path
) -> None:
    given = ConvertOptions(output=tmp_path / "out.onnx")
    result = convert_file(saved.folder / "double.pt2", given)

    assert "float32" == result.proven.proof.conversion.remedy
    assert any("float64" in remark for remark in result.remarks)


def test_the_same_file_gives_the_same_bytes_and_names_no_place(
    saved: Saved, tmp_path: Path
) -> None:
    first, second = (
        convert_file(saved.folder / "plain.pt2", ConvertOptions(output=tmp_path / name))
        for name in ("a.onnx", "b.onnx")
    )
    body = first.output.read_bytes()

    assert body == second.output.read_bytes()
    assert b"/" + saved.folder.name.encode() not in body
    assert b"site-packages" not in body


def test_a_module_of_the_process_becomes_a_program_with_its_own_answers_as_proof(
    saved: Saved, tmp_path: Path
) -> None:
    more = saved.folder / "more"
    told = json.loads((more / "live.json").read_text())
    given = ConvertOptions(
        output=tmp_path / "out.onnx", sample=more / "sample.npz", expected=more / "expected.npz"
    )
    result = convert_file(Path(told["source"]), given)
    model = onnx.load(result.output)

    assert "exported program" == told["kind"]
    assert ["ids", "mask"] == [value.name for value in model.graph.input]
    assert ["scores", "states"] == [value.name for value in model.graph.output]
    assert "expected" in {inputs.origin for inputs in result.proven.proof.inputs}


def test_a_half_precision_module_of_the_process_is_converted_in_float32_and_told(
    saved: Saved, tmp_path: Path
) -> None:
    told = json.loads((saved.folder / "more" / "live.json").read_text())
    assert ["the module is float16" in remark for remark in told["half_remarks"]] == [True]

    result = convert_file(Path(told["half"]), ConvertOptions(output=tmp_path / "out.onnx"))

    assert ["batch", 4] == shape_of(result)


def shape_of(result: ConversionResult) -> list[int | str]:
    model = onnx.load(result.output)
    sizes = model.graph.input[0].type.tensor_type.shape.dim
    return [size.dim_param or size.dim_value for size in sizes]
