"""Loading a revision: real ONNX files, real sessions, and every way that a load is refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from fake.onnx_files import (
    TENSOR,
    manifest_of,
    save_identity,
    save_loop,
    save_matmul,
    save_over_steps,
    save_recurrent,
)
from onnx import TensorProto, helper, numpy_helper
from onnxport_serve.documents import (
    BundleManifest,
    BundleSample,
    Limits,
    Resources,
    Revision,
    RunSettings,
)
from onnxport_serve.errors import BadRequest, LoadError
from onnxport_serve.machine import Machine
from onnxport_serve.model.revision import LoadedRevision, load_revision

TWO_CORES = Machine(cpu_count=2)


def load(
    bundle: Path,
    manifest: BundleManifest,
    *,
    resources: Resources | None = None,
    **settings: Any,
) -> LoadedRevision:
    revision = Revision(
        3, "sha256:" + "0" * 64, ".", resources or Resources(), RunSettings(**settings)
    )
    return load_revision(
        revision,
        manifest,
        bundle,
        endpoint_name="iris",
        limits=Limits(),
        machine=TWO_CORES,
    )


def test_a_small_model_runs_on_the_loop_with_one_thread(tmp_path: Path) -> None:
    loaded = load(tmp_path, save_identity(tmp_path))

    assert (3, 16, []) == (loaded.number, loaded.runner.inline_size, loaded.warnings)
    assert "revision 3: intra-op threads: 1" in loaded.decisions
    assert {"data": loaded.example["data"]} == loaded.example
    assert {"result": loaded.example["data"]} == loaded.example_answer


def test_a_long_run_gets_threads_and_leaves_the_loop(tmp_path: Path) -> None:
    loaded = load(tmp_path, save_matmul(tmp_path, size=900, repeats=3))

    assert (-1, 1) == (loaded.runner.inline_size, loaded.runner.slots)
    assert "revision 3: intra-op threads: 2" in loaded.decisions


def test_fewer_cores_by_resources_are_kept(tmp_path: Path) -> None:
    manifest = save_matmul(tmp_path, size=900, repeats=3)
    loaded = load(tmp_path, manifest, resources=Resources(cpu=1.0))

    assert "revision 3: intra-op threads: 1" in loaded.decisions


def test_settings_win_over_decisions(tmp_path: Path) -> None:
    manifest = save_identity(tmp_path)

    assert -1 == load(tmp_path, manifest, runner="threads").runner.inline_size
    assert load(tmp_path, manifest, runner="inline").runner.inline_size > 10**15
    assert 5 == load(tmp_path, manifest, concurrency=5).runner.slots
    chosen = load(tmp_path, manifest, intra_op_threads=2)
    assert "revision 3: intra-op threads: 2 (set)" in chosen.decisions


def test_a_model_that_loops_never_runs_on_the_loop(tmp_path: Path) -> None:
    loaded = load(tmp_path, save_loop(tmp_path))

    assert -1 == loaded.runner.inline_size
    assert any("loops in the model" in line for line in loaded.decisions)


def test_a_short_run_with_a_large_answer_leaves_the_loop(tmp_path: Path) -> None:
    manifest = save_identity(tmp_path)
    assert manifest.signature is not None
    size = 400
    ends = [("X", [1]), ("Y", [size, size])]
    for (name, shape), side in zip(ends, ("inputs", "outputs"), strict=True):
        manifest.signature[side][0].update(name=name, type={**TENSOR, "shape": shape})
    infos = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in ends]
    graph = helper.make_graph(
        [helper.make_node("Expand", ["X", "size"], ["Y"])],
        "graph",
        infos[:1],
        infos[1:],
        [numpy_helper.from_array(np.array([size, size], np.int64), "size")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / "models/iris/1/m.onnx")
    loaded = load(tmp_path, manifest)

    assert -1 == loaded.runner.inline_size
    assert any("an answer has" in line for line in loaded.decisions)


def test_external_data_is_found_beside_the_model(tmp_path: Path) -> None:
    manifest = save_matmul(tmp_path, size=64, repeats=1, external=True)

    assert [] == load(tmp_path, manifest).warnings


def test_a_missing_provider_is_named_and_nothing_else_is_used(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="'CUDAExecutionProvider' is not there") as caught:
        load(tmp_path, save_identity(tmp_path), providers=("CUDAExecutionProvider",))
    assert "provider_missing" == caught.value.code


@pytest.mark.parametrize(
    "content", [b"", b"version https://git-lfs.github.com/spec/v1\n", b"\x08\xff" * 99]
)
def test_a_file_that_is_no_model_is_refused_without_its_path(
    tmp_path: Path, content: bytes
) -> None:
    manifest = save_identity(tmp_path)
    (tmp_path / "models/iris/1/m.onnx").write_bytes(content)
    with pytest.raises(LoadError) as caught:
        load(tmp_path, manifest)

    assert "model_not_loadable" == caught.value.code
    assert str(tmp_path) not in caught.value.message


@pytest.mark.parametrize(
    ("side", "change", "message"),
    [
        ("inputs", {"name": "other"}, "has no input 'other'"),
        (
            "inputs",
            {"type": {**TENSOR, "dtype": "int64"}},
            "input 'X' is tensor.float., the bundle says tensor.int64.",
        ),
        ("outputs", {"name": "other"}, "has no output 'other'"),
    ],
)
def test_a_signature_of_another_model_is_refused(
    tmp_path: Path, side: str, change: dict[str, Any], message: str
) -> None:
    manifest = save_identity(tmp_path)
    assert manifest.signature is not None
    manifest.signature[side][0].update(change)

    with pytest.raises(LoadError, match=message) as caught:
        load(tmp_path, manifest)
    assert "signature_mismatch" == caught.value.code


@pytest.mark.parametrize(("origin", "word"), [("user", "given"), ("proof", "proven")])
def test_a_given_sample_that_is_refused_gates(tmp_path: Path, origin: str, word: str) -> None:
    manifest = save_identity(tmp_path, BundleSample("sample.json", "application/json", origin))
    (tmp_path / "sample.json").write_text('{"data": [[1, 2, 3]]}')

    with pytest.raises(LoadError, match=f"the {word} sample was refused") as caught:
        load(tmp_path, manifest)
    assert "sample_refused" == caught.value.code


def test_a_generated_sample_that_is_refused_is_a_warning(tmp_path: Path) -> None:
    sample = BundleSample("sample.json", "application/json", "generated")
    manifest = save_identity(tmp_path, sample)
    (tmp_path / "sample.json").write_text('{"data": "x"}')
    loaded = load(tmp_path, manifest)

    assert 1 == len(loaded.warnings)
    assert (-1, None) == (loaded.runner.inline_size, loaded.example)


def test_a_given_sample_is_the_example(tmp_path: Path) -> None:
    sample = BundleSample("sample.json", "application/json", "user")
    manifest = save_identity(tmp_path, sample)
    (tmp_path / "sample.json").write_text('{"data": [[1, 2, 3, 4]]}')

    assert {"data": [[1, 2, 3, 4]]} == load(tmp_path, manifest).example


def test_a_binary_sample_gates_too(tmp_path: Path) -> None:
    sample = BundleSample("sample.bin", "application/octet-stream", "user")
    manifest = save_identity(tmp_path, sample)
    (tmp_path / "sample.bin").write_bytes(np.ones((1, 4), np.float32).tobytes())
    assert [] == load(tmp_path, manifest).warnings
    (tmp_path / "sample.bin").write_bytes(b"123")

    with pytest.raises(LoadError):
        load(tmp_path, manifest)


def test_types_that_json_lacks_are_measured_all_the_same(tmp_path: Path) -> None:
    manifest = save_identity(tmp_path, dtype="bfloat16", kind=onnx.TensorProto.BFLOAT16)
    loaded = load(tmp_path, manifest)

    assert ([], 16) == (loaded.warnings, loaded.runner.inline_size)


def test_scoring_code_is_not_served_yet(tmp_path: Path) -> None:
    manifest = manifest_of({"inputs": [], "outputs": []}, kind="script")
    with pytest.raises(LoadError, match="no bundles of kind 'script'"):
        load(tmp_path, manifest)


@pytest.mark.parametrize("operator", ["LSTM", "GRU", "RNN", "ConvTranspose", "Unique"])
def test_a_model_whose_operators_cannot_have_nothing_is_never_given_it(
    tmp_path: Path, operator: str
) -> None:
    """ONNX Runtime would end the process."""
    save = save_recurrent if operator in ("LSTM", "GRU", "RNN") else save_over_steps
    loaded = load(tmp_path, save(tmp_path, operator))

    def answer(rows: int) -> Any:
        body = {"data": np.zeros((1, rows, 4)).tolist()} if rows else {"data": [[]]}
        return loaded.runner.execute(loaded.codec.decode_score(json.dumps(body).encode(), b""))

    assert 1 == len(answer(3))
    with pytest.raises(BadRequest, match="axis of size 0"):
        answer(0)
