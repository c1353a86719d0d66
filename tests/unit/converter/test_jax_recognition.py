"""Flax's weight files are told by their tree and their first array, and are looked through without loading or believing anything."""

import io
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnxport.converter.inside.jax.weights import DamagedWeights, HeldArray, held_arrays
from onnxport.converter.interface import Code, ConversionRefused, Job, Recognised
from onnxport.converter.jax import CONVERTER

anywhere = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def text(word: str) -> bytes:
    return bytes([0xA0 | len(word)]) + word.encode()


def array(shape: list[int], body: bytes, dtype: str = "float32") -> bytes:
    """An array as Flax packs it: extension type 1 around shape, type and bytes."""
    sizes = bytes([0x90 | len(shape)]) + bytes(shape)
    inner = b"\x93" + sizes + text(dtype) + b"\xc4" + bytes([len(body)]) + body
    return b"\xc7" + bytes([len(inner)]) + b"\x01" + inner


def tree(**entries: bytes) -> bytes:
    return bytes([0x80 | len(entries)]) + b"".join(text(k) + v for k, v in entries.items())


WEIGHTS = tree(
    params=tree(Dense_0=tree(bias=array([3], bytes(12)), kernel=array([2, 3], bytes(24)))),
    step=b"\x07",
    rate=b"\xcb" + bytes(8),
    state=b"\x92\xc0" + array([], bytes(4), "int32"),
    note=b"\xd9\x05hello",
)


def written(folder: Path, content: bytes) -> Path:
    path = folder / "a.bin"
    path.write_bytes(content)
    return path


def look(content: bytes) -> list[HeldArray]:
    return list(held_arrays(io.BytesIO(content), len(content)))


def test_the_arrays_of_a_tree_are_found_with_their_places_and_shapes() -> None:
    assert [
        HeldArray(("params", "Dense_0", "bias"), "float32", (3,)),
        HeldArray(("params", "Dense_0", "kernel"), "float32", (2, 3)),
        HeldArray(("state", "1"), "int32", ()),
    ] == look(WEIGHTS)


def test_a_file_is_known_whatever_its_name(tmp_path: Path) -> None:
    found = CONVERTER.recognise(written(tmp_path, WEIGHTS))

    assert found is not None
    assert ("flax-msgpack", False) == (found.kind.name, found.kind.runs_code)


@pytest.mark.parametrize(
    "content",
    [
        b"\x80",
        tree(a=b"\x01"),
        tree(a=b"\xc4\x04abcd"),
        tree(a=b"\xc7\x04\x02abcd"),
        tree(a=array([3], bytes(12)).replace(b"float32", b"\xff" * 7)),
        b"\xdf\xff\xff\xff\xff",
        tree(a=b"\xdd\xff\xff\xff\xff"),
        tree(a=b"\xc9\xff\xff\xff\xff\x01"),
        b"\x81\x01" + array([3], bytes(12)),
        (b"\x81\xa1a") * 200,
    ],
    ids=[
        "nothing",
        "no-array",
        "bytes",
        "other-extension",
        "no-type",
        "endless-map",
        "endless-list",
        "endless-array",
        "number-as-name",
        "deep",
    ],
)
def test_other_msgpack_is_not_taken(content: bytes, tmp_path: Path) -> None:
    assert CONVERTER.recognise(written(tmp_path, content)) is None


def test_a_folder_is_not_taken(tmp_path: Path) -> None:
    assert CONVERTER.recognise(tmp_path) is None


@given(size=st.integers(0, len(WEIGHTS) - 1))
@settings(deadline=None)
def test_a_file_that_was_cut_off_anywhere_is_damaged(size: int) -> None:
    with pytest.raises(DamagedWeights):
        look(WEIGHTS[:size])


def test_a_file_that_goes_on_after_its_tree_is_damaged() -> None:
    with pytest.raises(DamagedWeights, match="follows"):
        look(WEIGHTS + b"\x00")


@given(content=st.binary(max_size=300))
@anywhere
def test_anything_at_all_is_looked_at_without_harm(content: bytes, tmp_path: Path) -> None:
    CONVERTER.recognise(written(tmp_path, content))


@given(start=st.integers(0, len(WEIGHTS)), between=st.binary(max_size=6))
@anywhere
def test_a_file_that_was_changed_anywhere_is_whole_or_refused(
    start: int, between: bytes, tmp_path: Path
) -> None:
    path = written(tmp_path, WEIGHTS[:start] + between + WEIGHTS[start + len(between) :])
    found = CONVERTER.recognise(path)
    if found is not None:
        with pytest.raises(ConversionRefused) as caught:
            CONVERTER.require(Job(path, found.kind.name), found)

        assert caught.value.remedy


@pytest.mark.parametrize(
    ("content", "code", "words", "remedy"),
    [
        (WEIGHTS[:90], True, "not a whole file", "to_bytes"),
        (WEIGHTS, False, "3 arrays, the first is params/Dense_0/bias", "--code FILE.py:CLASS"),
        (WEIGHTS, True, "does not say which inputs", "--sample"),
    ],
    ids=["cut", "no-code", "no-sample"],
)
def test_what_is_missing_is_told_before_an_environment_is_made(
    content: bytes, code: bool, words: str, remedy: str, tmp_path: Path
) -> None:
    path = written(tmp_path, content)
    found = CONVERTER.recognise(path)
    assert isinstance(found, Recognised)
    job = Job(path, found.kind.name, code=Code(tmp_path / "a.py", "Net") if code else None)
    with pytest.raises(ConversionRefused) as caught:
        CONVERTER.require(job, found)

    assert words in caught.value.message
    assert remedy in caught.value.remedy


def test_functions_are_taken_only_where_jax_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "jax", raising=False)
    assert not CONVERTER.takes(look)
    monkeypatch.setitem(sys.modules, "jax", None)
    assert CONVERTER.takes(look)
    assert not CONVERTER.takes(object())


def test_a_process_without_jax2onnx_is_told_to_install_it(tmp_path: Path) -> None:
    with pytest.raises(ConversionRefused) as caught:
        CONVERTER.save(look, b"", tmp_path)

    assert "pip install jax2onnx" in caught.value.remedy
