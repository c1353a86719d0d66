"""The PyTorch converter tells its files by what is in them, says what they lack, and survives what only looks like them."""

import json
import pickle
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnxport.converter.inside.torch.archive import LEGACY_MAGIC
from onnxport.converter.interface import Code, ConversionRefused, Job, Recognised
from onnxport.converter.torch import CONVERTER

STATE = b"\x80\x02ccollections\nOrderedDict\n)Rctorch._utils\n_rebuild_tensor_v2\n0."
NESTED = b"\x80\x02}X\x05\x00\x00\x00modelccollections\nOrderedDict\n)Rs."
MODULE = b"\x80\x02ctorch.nn.modules.linear\nLinear\n)\x81."
OWN_MODULE = (
    b"\x80\x02c__main__\nNet\n)\x81}X\x01\x00\x00\x00actorch.nn.modules.linear\nLinear\n)\x81sb."
)
HOSTILE = b"\x80\x02}X\x05\x00\x00\x00modelctorch.nn.modules.linear\nLinear\n)\x81scos\nsystem\n0."
TENSOR = {"weight": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}


def archive(path: Path, members: dict[str, bytes], folder: str = "net") -> Path:
    with zipfile.ZipFile(path, "w") as made:
        for name, body in members.items():
            made.writestr(f"{folder}/{name}" if folder else name, body)
    return path


def saved(path: Path, pickled: bytes, **more: bytes) -> Path:
    """What `torch.save` writes: a zip with a pickle, and the weights as files."""
    return archive(path, {"data.pkl": pickled, "version": b"3\n", "data/0": b"\0" * 8, **more})


def safetensors(path: Path, header: object, body: bytes = b"\0" * 4) -> Path:
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)
    return path


def kind_of(path: Path) -> tuple[str, bool] | None:
    found = CONVERTER.recognise(path)
    return None if found is None else (found.kind.name, found.kind.runs_code)


@pytest.mark.parametrize(
    ("pickled", "expected"),
    [
        (STATE, ("weights", False)),
        (NESTED, ("weights", False)),
        (MODULE, ("pickled module", True)),
        (OWN_MODULE, ("pickled module", True)),
        (HOSTILE, ("pickled module", True)),
        (STATE[:-4], ("pickled module", True)),
        (b"", ("pickled module", True)),
    ],
    ids=["state", "checkpoint", "module", "own-class", "hostile", "cut", "empty"],
)
def test_what_torch_save_wrote_is_told_by_its_pickle(
    tmp_path: Path, pickled: bytes, expected: tuple[str, bool]
) -> None:
    assert expected == kind_of(saved(tmp_path / "model.bin", pickled))


@pytest.mark.parametrize(
    ("pickled", "expected"),
    [(STATE, ("weights", False)), (MODULE, ("pickled module", True))],
    ids=["state", "module"],
)
def test_files_from_before_zips_are_told_by_their_fourth_pickle(
    tmp_path: Path, pickled: bytes, expected: tuple[str, bool]
) -> None:
    path = tmp_path / "old.pt"
    before = LEGACY_MAGIC + pickle.dumps(1001, 2) + pickle.dumps({"little_endian": True}, 2)
    path.write_bytes(before + pickled + pickle.dumps(["0"], 2))

    assert expected == kind_of(path)


def test_programs_are_known_by_their_members_old_ones_too(tmp_path: Path) -> None:
    members = {"archive_format": b"pt2", "models/model.json": b"{}"}
    new = archive(tmp_path / "a.bin", members)
    old = archive(tmp_path / "b.bin", {"serialized_exported_program.json": b"{}"}, folder="")

    assert ("exported program", False) == kind_of(new) == kind_of(old)


def test_torchscript_is_known_by_its_members(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.bin", MODULE, **{"constants.pkl": b"\x80\x02).", "code/a.py": b""})

    assert ("TorchScript", True) == kind_of(path)


def test_what_a_module_imports_beyond_pytorch_is_told(tmp_path: Path) -> None:
    found = CONVERTER.recognise(saved(tmp_path / "a.pt", HOSTILE))

    assert found is not None
    assert found.finding is not None
    assert ("os.system",) == found.finding.unexpected


def test_modules_that_were_pickled_without_pytorch_are_known(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(OWN_MODULE)

    assert ("pickled module", True) == kind_of(path)


def test_pickles_of_other_packages_with_a_module_inside_are_left_to_their_converters(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(OWN_MODULE.replace(b"__main__\nNet", b"sklearn.pipeline\nPipeline"))

    assert kind_of(path) is None


def test_safetensors_are_known_by_their_header(tmp_path: Path) -> None:
    path = safetensors(tmp_path / "a.bin", {"__metadata__": {"format": "pt"}, **TENSOR})

    assert ("safetensors", False) == kind_of(path)


@pytest.mark.parametrize(
    "header",
    [{}, {"__metadata__": {}}, [1], {"a": 1}, {"a": {"dtype": "X", "shape": []}}],
    ids=["empty", "metadata-only", "list", "no-tensor", "other-type"],
)
def test_json_behind_a_length_is_not_yet_safetensors(tmp_path: Path, header: object) -> None:
    assert kind_of(safetensors(tmp_path / "a.safetensors", header)) is None


def test_a_header_that_is_longer_than_the_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(struct.pack("<Q", 1 << 60) + b"{}")

    assert kind_of(path) is None


def test_other_zips_and_folders_are_not_its_own(tmp_path: Path) -> None:
    other = archive(tmp_path / "a.pt", {"schema.json": b"{}"}, folder="")

    assert kind_of(other) is None
    assert kind_of(tmp_path) is None


@pytest.mark.parametrize(
    ("pickled", "code", "sample", "words"),
    [
        (STATE, False, True, "holds weights only"),
        (STATE, True, False, "does not say what inputs"),
        (MODULE, False, False, "does not say what inputs"),
        (OWN_MODULE, False, True, "'__main__.Net'"),
    ],
    ids=["no-code", "no-sample", "module-without-sample", "class-of-a-notebook"],
)
def test_what_the_user_must_give_is_asked_for_before_anything_is_made(
    tmp_path: Path, pickled: bytes, code: bool, sample: bool, words: str
) -> None:
    path = saved(tmp_path / "a.pt", pickled)
    found = CONVERTER.recognise(path)
    assert found is not None
    job = Job(
        path,
        found.kind.name,
        sample={"X": [0]} if sample else None,
        code=Code(tmp_path / "nets.py", "Net") if code else None,
    )

    with pytest.raises(ConversionRefused) as caught:
        CONVERTER.require(job, found)
    assert words in caught.value.message
    assert "--sample" in caught.value.remedy or "--code" in caught.value.remedy


def test_compiled_programs_are_refused(tmp_path: Path) -> None:
    members = {"archive_format": b"pt2", "data/aotinductor/model/a.so": b""}
    path = archive(tmp_path / "a.pt2", members)
    found = CONVERTER.recognise(path)
    assert found is not None

    with pytest.raises(ConversionRefused, match="compiled by AOTInductor"):
        CONVERTER.require(Job(path, found.kind.name), found)


def test_a_program_needs_nothing(tmp_path: Path) -> None:
    members = {"archive_format": b"pt2", "models/model.json": b"{}"}
    path = archive(tmp_path / "a.pt2", members)
    found = CONVERTER.recognise(path)
    assert found is not None

    CONVERTER.require(Job(path, found.kind.name), found)


SETTINGS = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@SETTINGS
@given(body=st.binary(max_size=300), magic=st.sampled_from([b"", LEGACY_MAGIC, b"\x80\x02"]))
def test_any_bytes_are_survived(tmp_path: Path, body: bytes, magic: bytes) -> None:
    path = tmp_path / "any.pt"
    path.write_bytes(magic + body)

    assert isinstance(CONVERTER.recognise(path), (Recognised, type(None)))


@SETTINGS
@given(data=st.data())
def test_damaged_files_are_survived(tmp_path: Path, data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from([STATE, MODULE, HOSTILE]))
    body = bytearray(saved(tmp_path / "whole.pt", whole).read_bytes())
    at = data.draw(st.integers(0, len(body) - 1))
    body[at] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged.pt"
    path.write_bytes(body[: data.draw(st.integers(0, len(body)))])

    assert isinstance(CONVERTER.recognise(path), (Recognised, type(None)))


@SETTINGS
@given(length=st.integers(0, 2**64 - 1), body=st.binary(max_size=200))
def test_any_header_length_is_survived(tmp_path: Path, length: int, body: bytes) -> None:
    path = tmp_path / "any.safetensors"
    path.write_bytes(struct.pack("<Q", length) + b"{" + body)

    assert isinstance(CONVERTER.recognise(path), (Recognised, type(None)))


@pytest.mark.parametrize(
    ("kind", "opset", "none_of"),
    [
        ("exported program", None, {"fixed lengths", "a fixed batch"}),
        ("TorchScript", None, {"fixed lengths", "the legacy exporter"}),
        ("weights", None, set()),
        ("weights", 19, {"operator set 18"}),
    ],
)
def test_ways_that_change_nothing_are_no_remedies(
    kind: str, opset: int | None, none_of: set[str]
) -> None:
    offered = CONVERTER.remedies_for(Job(Path("m"), kind, opset=opset))

    assert tuple(r for r in CONVERTER.remedies if r not in none_of) == offered
