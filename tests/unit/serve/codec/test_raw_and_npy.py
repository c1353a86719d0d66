"""Bodies that are one tensor: raw bytes and `.npy`."""

import io
from typing import Any

import numpy as np
import pytest
from fake.signatures import codec, score, single, tensor
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from onnxport_serve.codec.dtypes import ELEMENTS
from onnxport_serve.errors import BadRequest
from onnxport_serve.signature import MapType, TensorType

OCTETS = b"application/octet-stream"
NPY = b"application/x-npy"
PLAIN = [name for name, element in ELEMENTS.items() if element.kind not in ("opaque", "string")]


def npy(
    array: np.ndarray, version: tuple[int, int] | None = None, *, pickle: bool = False
) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, version=version, allow_pickle=pickle)
    return stream.getvalue()


def refusal(compiled: Any, body: bytes, content_type: bytes) -> str:
    with pytest.raises(BadRequest) as caught:
        score(compiled, body, content_type)
    return caught.value.message


@pytest.mark.parametrize(
    ("shape", "count", "fed"),
    [
        ((2, 3), 6, (2, 3)),
        (("N", 3), 6, (2, 3)),
        ((2, None), 6, (2, 3)),
        (("N", 3), 0, (0, 3)),
        ((), 1, ()),
        (("N",), 5, (5,)),
    ],
)
def test_the_shape_of_raw_bytes_follows_from_their_number(shape: Any, count: int, fed: Any) -> None:
    body = np.arange(count, dtype=np.float32).tobytes()
    array = score(single("float32", *shape), body, b"Application/Octet-Stream ; a=b").feeds["x"]

    assert (array.shape, array.tobytes()) == (fed, body)


@pytest.mark.parametrize(
    ("shape", "size"),
    [((2, 3), 20), (("N", 3), 16), (("N", 3), 13), (("N", "M"), 24), ((0, "N"), 4), (("N", 0), 0)],
)
def test_raw_bytes_that_do_not_say_the_shape_are_refused(shape: Any, size: int) -> None:
    assert f"{size} raw bytes do not say its shape" in refusal(
        single("float32", *shape), bytes(size), OCTETS
    )


def test_raw_bytes_for_an_unknown_rank_are_refused() -> None:
    compiled = codec({"x": TensorType("float32", None)})

    assert "do not say its shape" in refusal(compiled, bytes(4), OCTETS)


def test_a_raw_text_is_one_element() -> None:
    assert score(single("string", "N", 1), "Grüße".encode(), OCTETS).feeds["x"].tolist() == [
        ["Grüße"]
    ]
    assert "are one text" in refusal(single("string", 2), b"a", OCTETS)
    assert "not UTF-8" in refusal(single("string", 1), b"\xff", OCTETS)


def test_raw_and_npy_bodies_are_for_models_with_a_single_tensor() -> None:
    several = codec({"a": tensor("float32", 1), "b": tensor("float32", 1)})
    mapped = codec({"m": MapType("string", TensorType("float32", ()))})

    for compiled in (several, mapped):
        for kind in (OCTETS, NPY):
            assert "single tensor input" in refusal(compiled, npy(np.zeros(1, np.float32)), kind)


@settings(deadline=None)
@given(
    dtype=st.sampled_from(PLAIN), data=st.data(), order=st.sampled_from("CF"), typed=st.booleans()
)
def test_npy_files_of_any_type_shape_and_order_are_read(
    dtype: str, data: Any, order: Any, typed: bool
) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
    array = np.asarray(data.draw(hnp.arrays(dtype, shape)), order=order)
    compiled = codec({"x": TensorType(dtype, None)})
    version = data.draw(st.sampled_from([(1, 0), (2, 0)]))
    fed = score(compiled, npy(array, version), NPY if typed else b"").feeds["x"]

    assert (fed.dtype, fed.shape) == (array.dtype, array.shape)
    assert fed.tobytes() == np.ascontiguousarray(array).tobytes()
    assert fed.flags.c_contiguous


@pytest.mark.parametrize("kind", [b"", b"application/json", OCTETS, NPY])
def test_the_magic_of_npy_is_known_under_any_content_type(kind: bytes) -> None:
    assert score(single("float32", 2000), npy(np.zeros(2000, np.float32)), kind).size == 2000
    assert score(single("float32", 2), npy(np.zeros(2, np.float32)), kind).size == 2


@pytest.mark.parametrize(
    ("dtype", "array"),
    [
        ("float32", np.array([0.1, 2], np.float64)),
        ("float32", np.array([1, 2], np.int64)),
        ("float32", np.array([np.nan, np.inf], np.float64)),
        ("float16", np.array([1, 2], ">f4")),
        ("int64", np.array([1, 2], np.float32)),
        ("uint8", np.array([0, 255], np.int64)),
        ("int64", np.array([], np.float32)),
        ("string", np.array(["a", "é"])),
    ],
)
def test_arrays_of_another_type_are_converted_where_every_value_fits(
    dtype: str, array: np.ndarray
) -> None:
    fed = score(single(dtype, "N"), npy(array), NPY).feeds["x"]

    assert fed.dtype == (object if dtype == "string" else dtype)
    assert fed.tolist() == array.astype(fed.dtype).tolist() or np.isnan(array).any()


@pytest.mark.parametrize(
    ("dtype", "array", "part"),
    [
        ("float32", np.array([1e39]), "beyond the range of float32"),
        ("int64", np.array([0.5]), "wants whole numbers (int64)"),
        ("int64", np.array([np.nan]), "wants whole numbers (int64)"),
        ("int64", np.array([np.inf]), "wants whole numbers (int64)"),
        ("int64", np.array([2.0**63]), "outside -9223372036854775808..9223372036854775807"),
        (
            "int64",
            np.array([2**63], np.uint64),
            "outside -9223372036854775808..9223372036854775807",
        ),
        ("uint8", np.array([-1]), "outside 0..255"),
        ("bool", np.array([1]), "wants bool; got an array of int64"),
        ("float32", np.array([True]), "wants float32; got an array of bool"),
        ("float32", np.array(["1"]), "wants float32; got an array of str"),
        ("float32", np.array([1j]), "wants float32; got an array of complex128"),
        ("string", np.array([1]), "wants string; got an array of int64"),
        ("string", np.array([b"a"]), "wants string; got an array of bytes"),
        ("int64", np.array(["2020-01-01"], "M8[D]"), "wants int64; got an array of datetime64"),
        ("float32", np.zeros((1, 1), np.float32), "wants float32[N]; got [1, 1]"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(dtype: str, array: np.ndarray, part: str) -> None:
    assert part in refusal(single(dtype, "N"), npy(array), NPY)


def test_an_array_of_objects_is_never_unpickled() -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, Any]:
            return pytest.fail, ("it was unpickled",)

    body = npy(np.array([Bomb()], object), pickle=True)

    assert "not objects or records" in refusal(single("float32", 1), body, NPY)


@pytest.mark.parametrize(
    "damage",
    [
        lambda body: body[:-1],
        lambda body: body + b"\0",
        lambda body: body[:20],
        lambda body: body[:8],
        lambda body: body.replace(b"'descr'", b"'decsr'"),
        lambda body: body.replace(b"{", b"["),
        lambda body: body.replace(b"(2,)", b"(-2)"),
        lambda body: body.replace(b"<f4", b"|O4"),
        lambda body: body[:6] + b"\x03\x00" + body[8:],
        lambda body: b"{}",
        lambda body: b"",
    ],
)
def test_a_damaged_npy_file_is_refused(damage: Any) -> None:
    assert ".npy file" in refusal(single("float32", 2), damage(npy(np.zeros(2, np.float32))), NPY)


def test_a_bool_of_npy_is_a_byte_of_0_or_1() -> None:
    body = npy(np.array([True]))[:-1] + b"\x07"

    assert "every byte has to be 0 or 1" in refusal(single("bool", 1), body, NPY)
