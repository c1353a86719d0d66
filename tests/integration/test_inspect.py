"""Inspecting real files in the real child process, with the real ONNX Runtime, and on the command line."""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import onnx
import pytest
from fake.onnx_models import external_tensor, make_adding_model, make_model, tensor
from onnx import TensorProto, helper
from onnxport.cli.main import main
from onnxport.errors import UserError
from onnxport.inspect import RuntimeCheck, errors, inspect_model, isolated, read_model
from onnxport.inspect.limits import Limits

MODELS = Path(__file__).parents[2].parent / "shared" / "models"
REAL = sorted(path.parent for path in MODELS.glob("*/case.json"))
needs_models = pytest.mark.skipif(not REAL, reason="no folder of real models beside the repository")


def save(model: onnx.ModelProto, path: Path) -> Path:
    path.write_bytes(model.SerializeToString())
    return path


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    """A model that can be served."""
    return save(make_model(), tmp_path / "model.onnx")


@needs_models
@pytest.mark.parametrize("folder", REAL, ids=lambda folder: folder.name)
def test_real_models_are_read_and_bad_ones_refused_with_their_cause(folder: Path) -> None:
    case = json.loads((folder / "case.json").read_text())
    if case["expect"] == "serve":
        inspection = inspect_model(folder)
        assert (True, ()) == (inspection.runtime and inspection.runtime.loads, inspection.errors)
        fed = [value.name for value in inspection.signature.inputs if value.required]
        assert fed == [name for name, *_ in case["inputs"] if name in fed]
        assert len(case["outputs"]) == len(inspection.signature.outputs)
    else:
        cause = {"neg_corrupt": "not an ONNX model", "neg_custom_op": "CustomOpOne", "neg_lfs_pointer": "Git LFS"}  # fmt: skip
        with pytest.raises(UserError, match=cause[folder.name]):
            read_model(folder)


def test_a_session_is_made_only_when_asked(sound: Path) -> None:
    loaded = inspect_model(sound).runtime

    assert isinstance(loaded, RuntimeCheck)
    assert (True, None) == (loaded.loads, read_model(sound).runtime)


def test_output_types_that_the_file_leaves_open_come_from_the_runtime(tmp_path: Path) -> None:
    model = make_model(outputs=[onnx.ValueInfoProto(name="y")])

    inspection = read_model(save(model, tmp_path / "m.onnx"))
    assert ["y: float32[n, 4]"] == [f"{value.name}: {value.type}" for value in inspection.signature.outputs]  # fmt: skip


@pytest.mark.parametrize(
    ("model", "code", "words"),
    [
        pytest.param(make_model(opsets=[("", 99)]), "unsupported_opset", "version 99 of the operator set ai.onnx", id="future opset"),
        pytest.param(make_model(opsets=[("", 17), ("ai.onnx.ml", 99)]), "unsupported_opset", "ai.onnx.ml", id="future ml opset"),
        pytest.param(make_model(ir_version=99), "unsupported_ir_version", "IR version 99", id="future IR"),
        pytest.param(make_model([helper.make_node("Nope", ["x"], ["y"])]), "unknown_operator", "ai.onnx:Nope", id="unknown operator"),
        pytest.param(make_model([helper.make_node("Identity", ["z"], ["y"])]), "refused_by_runtime", "z", id="undefined name"),
        pytest.param(make_model([helper.make_node("Det", ["x"], ["y"])], inputs=[tensor("x", [2, 2], TensorProto.DOUBLE)], outputs=[tensor("y", [], TensorProto.DOUBLE)]), "no_implementation", "Det", id="no kernel"),
    ],
)  # fmt: skip
def test_what_only_the_runtime_knows_is_found_by_loading(
    tmp_path: Path, model: onnx.ModelProto, code: str, words: str
) -> None:
    inspection = inspect_model(save(model, tmp_path / "m.onnx"))

    assert [code] == [finding.code for finding in inspection.errors]
    assert words in inspection.errors[0].what
    assert "/onnxruntime_src" not in inspection.errors[0].what


def test_a_model_with_an_error_is_refused_to_those_who_go_on_with_it(tmp_path: Path) -> None:
    path = save(make_adding_model(external_tensor("w", [4], "../w.bin")), tmp_path / "m.onnx")

    with pytest.raises(errors.ModelRefused, match=r"'\.\./w\.bin' leaves the model's folder") as refused:  # fmt: skip
        read_model(path)

    assert ["external_data_outside_folder"] == [found.code for found in refused.value.findings]


def test_a_tebibyte_of_external_data_is_not_read(tmp_path: Path) -> None:
    elements = 2**40 // 4
    path = save(make_adding_model(external_tensor("w", [elements], "w.bin")), tmp_path / "m.onnx")
    with (tmp_path / "w.bin").open("wb") as file:
        file.truncate(4 * elements)

    inspection = read_model(path)
    assert (elements, 4 * elements) == (inspection.parameters, inspection.weight_bytes)
    assert inspection.size + 4 * elements == inspection.total_size


def test_weights_inside_the_file_are_not_read_into_memory(tmp_path: Path) -> None:
    """A sparse file of 1 GiB of weights: the reading process stays small."""
    head = make_adding_model(helper.make_tensor("w", 1, [1], bytes(4), raw=True))
    path = tmp_path / "m.onnx"
    write_with_sparse_weight(path, head, 2**30)

    peak, document = peak_of_child(path)
    assert (2**28, 2**30) == (document["parameters"], document["weight_bytes"])
    assert peak < 100 * 2**20


def peak_of_child(path: Path) -> tuple[int, dict[str, Any]]:
    """The peak memory of the reading process in bytes, and what it told.

    A small process starts it: the system counts the memory of whoever forks in the child's peak.
    """
    command = [
        sys.executable,
        "-P",
        "-m",
        "onnxport.inspect._child",
        str(path),
        str(path.stat().st_size),
        "read",
    ]
    starter = (
        "import resource, subprocess, sys\n"
        "done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, check=True)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
        "print(done.stdout.decode())"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", starter, *command], capture_output=True, text=True, check=True
    )
    peak, _, told = done.stdout.partition("\n")
    return int(peak) * 1024, json.loads(told)["inspection"]


def write_with_sparse_weight(path: Path, model: onnx.ModelProto, size: int) -> None:
    """Write the model with a weight of `size` zero bytes that take no space on the disk."""
    from onnxport.inspect.wire import encode_varint

    def key(number: int, length: int) -> bytes:
        return encode_varint(number << 3 | 2) + encode_varint(length)

    weight = model.graph.initializer[0]
    weight.dims[:] = [size // 4]
    weight.ClearField("raw_data")
    graph = onnx.GraphProto()
    graph.CopyFrom(model.graph)
    graph.ClearField("initializer")
    start = weight.SerializeToString() + key(9, size)
    initializer = key(5, len(start) + size) + start
    rest = onnx.ModelProto()
    rest.CopyFrom(model)
    rest.ClearField("graph")
    content = graph.SerializeToString() + initializer
    with path.open("wb") as file:
        file.write(rest.SerializeToString() + key(7, len(content) + size) + content)
        file.truncate(file.tell() + size)


def test_a_file_beyond_protobufs_limit_names_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    with path.open("wb") as file:
        file.write(b"\x08\x09\x12\x01x")
        file.truncate(2**31 + 10)

    with pytest.raises(errors.ModelTooLarge, match="2 GiB") as refused:
        inspect_model(path)

    assert "save_as_external_data" in refused.value.remedy


def test_truncated_and_random_files_are_refused_in_one_line(tmp_path: Path, sound: Path) -> None:
    whole = sound.read_bytes()
    chance = random.Random(7)
    contents = [whole[:length] for length in range(1, len(whole), 13)]
    contents += [chance.randbytes(size) for size in (1, 16, 4096, 100_000)]
    path = tmp_path / "bad.onnx"
    for content in contents:
        path.write_bytes(content)
        with pytest.raises(UserError) as refused:
            read_model(path)
        assert refused.value.message.isprintable()
        assert refused.value.remedy


def test_a_weight_that_claims_terabytes_is_told_not_allocated(tmp_path: Path) -> None:
    weight = helper.make_tensor("w", 1, [4], bytes(16), raw=True)
    weight.dims[:] = [2**40]

    inspection = inspect_model(save(make_adding_model(weight), tmp_path / "m.onnx"))
    assert (2**40, False) == (
        inspection.parameters,
        inspection.runtime and inspection.runtime.loads,
    )


def test_a_graph_that_asks_for_a_terabyte_is_loaded_or_refused(tmp_path: Path) -> None:
    shape = helper.make_tensor("s", 7, [1], [2**38])
    nodes = [helper.make_node("ConstantOfShape", ["s"], ["c"]), helper.make_node("Add", ["x", "c"], ["y"])]  # fmt: skip
    model = make_model(nodes, inputs=[tensor("x", [1])], outputs=[tensor("y", [None])], initializers=[shape])  # fmt: skip

    inspection = inspect_model(save(model, tmp_path / "m.onnx"))
    loads = inspection.runtime is not None and inspection.runtime.loads
    assert loads == (inspection.errors == ())


def test_a_child_that_takes_too_long_is_stopped(
    sound: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolated, "reading_limits", lambda _: Limits(0, 0.0))

    with pytest.raises(errors.InspectionStopped, match="took longer"):
        inspect_model(sound)


BOUNDED = """
from onnxport.inspect import _child
from onnxport.inspect.limits import Limits
_child._bound(Limits(300 * 2**20, 0))
"""


@pytest.mark.parametrize(
    ("ending", "error", "words"),
    [
        pytest.param(f"import os; os.kill(os.getpid(), {signal.SIGSEGV})", errors.InspectionStopped, "SIGSEGV", id="crash"),
        pytest.param("import sys; sys.exit('MemoryError')", errors.InspectionStopped, "memory", id="memory"),
        pytest.param(f"{BOUNDED}bytearray(2**30)", errors.InspectionStopped, "memory", id="memory limit"),
        pytest.param(f"{BOUNDED}\nwhile True: pass", errors.InspectionStopped, "too long", id="processor limit"),
        pytest.param("raise LookupError('odd')", errors.InspectionBroken, "LookupError: odd", id="fault of ours"),
        pytest.param("pass", errors.InspectionBroken, "without a word", id="silence"),
    ],
)  # fmt: skip
def test_every_end_of_the_child_is_a_typed_error(
    tmp_path: Path, sound: Path, monkeypatch: pytest.MonkeyPatch, ending: str, error: type[Exception], words: str
) -> None:  # fmt: skip
    (tmp_path / "dying_child.py").write_text(ending)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(isolated, "_PROGRAM", "dying_child")

    with pytest.raises(error, match=words):
        inspect_model(sound)


def test_a_crash_while_loading_keeps_what_was_read(
    tmp_path: Path, sound: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    description = json.dumps({"inspection": read_model(sound).to_json()})
    (tmp_path / "crashing_child.py").write_text(
        f"import os, signal\nprint({description!r}, flush=True)\nos.kill(os.getpid(), signal.SIGABRT)"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(isolated, "_PROGRAM", "crashing_child")

    inspection = inspect_model(sound)
    assert ["x"] == [value.name for value in inspection.signature.inputs]
    assert ["runtime_stopped"] == [finding.code for finding in inspection.errors]
    assert "SIGABRT" in inspection.errors[0].what


def test_modules_in_the_current_folder_are_not_imported(
    tmp_path: Path, sound: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("json", "onnx", "onnxport", "onnxruntime"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported')")
    monkeypatch.chdir(tmp_path)

    assert inspect_model(Path("model.onnx")).errors == ()


@pytest.mark.parametrize("name", ["two\nlines.onnx", "sp ace's.onnx", "-dash.onnx", "\udcff.onnx"])
def test_odd_file_names_are_read(
    tmp_path: Path, sound: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sound.rename(name)

    assert Path(name) == inspect_model(Path(name), load=False).file


def test_the_command_prints_what_is_in_the_file(
    sound: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 0 == main(["inspect", str(sound)])

    shown = capsys.readouterr()
    assert "input   x     float32[n, 4]" in shown.out
    assert ("loads it" in shown.out, "") == (True, shown.err)


def test_the_command_prints_the_same_as_json(
    sound: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 0 == main(["inspect", str(sound.parent), "--json", "--no-load"])

    assert inspect_model(sound, load=False).to_json() == json.loads(capsys.readouterr().out)


def test_the_command_shows_the_findings_and_then_fails_with_one_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = save(make_adding_model(external_tensor("w", [4], "w.bin")), tmp_path / "m.onnx")

    assert 1 == main(["inspect", str(path)])

    shown = capsys.readouterr()
    assert "fix: Put the file back" in shown.out
    assert ["error:", "help:"] == [line.split()[0] for line in shown.err.splitlines()]


def test_names_in_a_model_cannot_steer_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "x\x1b[2J\nerror: gone"
    model = make_model([helper.make_node("Identity", [name], ["y"])], inputs=[tensor(name)])
    model.producer_name = "\x1b]0;title\x07"

    main(["inspect", str(save(model, tmp_path / "m.onnx"))])

    shown = capsys.readouterr()
    assert "\x1b" not in shown.out + shown.err
    assert "\nerror: gone" not in shown.out


@pytest.mark.parametrize("command", ["inspect", "view"])
def test_a_missing_file_is_one_message(
    tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 1 == main([command, str(tmp_path / "gone.onnx")])

    assert capsys.readouterr().err.startswith("error: there is no file")


def test_view_without_netron_names_the_command_that_installs_it(
    sound: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "netron", None)

    assert 1 == main(["view", str(sound), "--no-browser"])

    assert "pip install 'onnxport[view]'" in capsys.readouterr().err


def test_a_named_pipe_in_place_of_a_model_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "model.onnx")

    with pytest.raises(errors.NotARegularFile):
        inspect_model(tmp_path)


def test_a_registered_model_is_inspected_by_its_reference(
    tmp_path: Path, sound: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ["--workspace", str(tmp_path / "workspace")]
    assert 0 == main(["model", "register", str(sound), "--name", "same", *place])
    capsys.readouterr()

    assert 0 == main(["inspect", "models:/same/1", "--json", "--no-load", *place])

    told = {**inspect_model(sound, load=False).to_json(), "file": "model.onnx"}
    assert told == json.loads(capsys.readouterr().out)
