"""Reading samples: every form gives named arrays, bad ones are refused in one way, nothing in them is run."""

import io
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from onnxport.converter.proof.sample import SampleUnreadable, read_sample

TABLE = [[1.0, 2.0], [3.0, 4.5]]


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def npz(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (npy(np.array(TABLE)), {"X": TABLE}),
        (npz(X=np.array(TABLE)), {"X": TABLE}),
        (npz(a=np.array([1, 3]), b=np.array([2, 4])), {"a": [1, 3], "b": [2, 4]}),
        (b"1,2\n3,4.5\n", {"X": TABLE}),
        (b"\xef\xbb\xbfage,fare\n1,2\n3,\n", {"age": [1, 3], "fare": [2, None]}),
        (b"name,n\nx,1\ny,2\n", {"name": ["x", "y"], "n": [1, 2]}),
        (b'[{"a": "x", "b": 2}, {"a": null, "b": null}]', {"a": ["x", ""], "b": [2, None]}),
        (b"[[1, 2], [3, 4.5]]", {"X": TABLE}),
        (b'[{"a": 1, "b": 2}, {"b": 4.5, "a": 3}]', {"a": [1, 3], "b": [2, 4.5]}),
        (b'{"X": [[1, null], [3, 4]]}', {"X": [[1, None], [3, 4]]}),
        (b'{"inputs": {"X": [[1, 2], [3, 4.5]]}}', {"X": TABLE}),
    ],
    ids=[
        "npy",
        "npz",
        "npz-columns",
        "csv",
        "csv-header",
        "csv-text",
        "records-with-gaps",
        "rows",
        "records",
        "named",
        "inputs",
    ],
)
def test_a_sample_gives_named_arrays(tmp_path: Path, content: bytes, expected: dict) -> None:
    path = tmp_path / "sample.bin"
    path.write_bytes(content)
    found = {name: array.tolist() for name, array in read_sample(path).items()}

    assert repr(expected).replace("None", "nan").replace(".0", "") == repr(found).replace(".0", "")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"a,b\n1\n",
        b"a,b\n",
        b"[[1, 2], [3]]",
        b'[{"a": 1}, {"b": 1}]',
        b"{}",
        b'{"X": [["a", 1, null]]}',
        b"\xff\xfe\x00",
        b"PK\x03\x04rubbish",
        b"\x93NUMPY\x01",
        b"[" * 100_000,
        npy(np.zeros((0, 3))),
        b'{"X": {"a": 1}}',
        b'{"X": 1' + b"0" * 400 + b"}",
        b"[1" + b"0" * 5000 + b"]",
        npy(np.zeros(3))[:-1],
    ],
)
def test_what_is_no_sample_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "sample.json"
    path.write_bytes(content)

    with pytest.raises(SampleUnreadable):
        read_sample(path)


def test_a_missing_sample_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SampleUnreadable, match="No such file"):
        read_sample(tmp_path / "none.csv")


def test_pickled_objects_in_arrays_are_not_opened(tmp_path: Path) -> None:
    made = tmp_path / "made"
    path = tmp_path / "sample.npy"
    np.save(path, np.array([Touch(made)], object), allow_pickle=True)

    with pytest.raises(SampleUnreadable):
        read_sample(path)
    assert not made.exists()


class Touch:
    """Creates a file when unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


def test_touch_would_run_if_it_were_opened(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Touch(tmp_path / "made")))

    assert (tmp_path / "made").exists()


def test_an_array_that_says_that_it_is_larger_than_its_file_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "sample.npy"
    path.write_bytes(npy(np.zeros(300)).replace(b"(300,), }     ", b"(900000000,), }"[:14]))
    assert b"(900000" in path.read_bytes()

    with pytest.raises(SampleUnreadable):
        read_sample(path)


def test_an_archive_that_unpacks_to_more_than_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sample.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number in range(5):
            with archive.open(f"a{number}.npy", "w", force_zip64=True) as part:
                for _ in range(4):
                    part.write(bytes(8 << 20))
    body = bytearray(path.read_bytes())
    size = (32 << 20).to_bytes(4, "little")
    path.write_bytes(bytes(body).replace(size, (0xF0000000).to_bytes(4, "little")))

    with pytest.raises(SampleUnreadable, match="unpacks to more"):
        read_sample(path)


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir], ids=["pipe", "folder"])
def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path, make: object) -> None:
    path = tmp_path / "sample"
    make(path)  # type: ignore[operator]

    with pytest.raises(SampleUnreadable):
        read_sample(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    whole=st.sampled_from([npy(np.array(TABLE)), npz(a=np.array([1, 3]), b=np.array(["x", "y"]))]),
    place=st.integers(0, 400),
    put=st.binary(max_size=4),
    length=st.integers(0, 700),
)
def test_damaged_arrays_are_read_or_refused(
    tmp_path: Path, whole: bytes, place: int, put: bytes, length: int
) -> None:
    path = tmp_path / "sample"
    path.write_bytes((whole[:place] + put + whole[place + len(put) :])[: length or None])
    try:
        arrays = read_sample(path)
    except SampleUnreadable:
        return

    assert arrays


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@example(content=b"a\rb")
@given(content=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_any_bytes_are_read_or_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "sample"
    path.write_bytes(content)
    try:
        arrays = read_sample(path)
    except SampleUnreadable:
        return

    assert arrays
