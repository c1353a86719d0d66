"""Input files become `/score` bodies that fit the model, or a typed refusal."""

import contextlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnxport.domain.dtype import DType
from onnxport.domain.signature import NamedValue, SequenceType, Signature, TensorType
from onnxport.service.sample.errors import InputUnreadable, UnusableInput
from onnxport.service.sample.image import PictureLayout, read_layout
from onnxport.service.sample.input_file import read_sample
from PIL import Image

NPY = "application/x-npy"
JSON = "application/json"


def signature(*inputs: tuple[str, str, tuple[int | str | None, ...] | None]) -> Signature:
    return Signature(
        tuple(NamedValue(name, TensorType(DType(dtype), shape)) for name, dtype, shape in inputs),
        (),
    )


ROWS = signature(("x", "float32", ("n", 4)))


def sent_array(body: bytes) -> np.ndarray:
    return np.load(io.BytesIO(body), allow_pickle=False)


def save_array(path: Path, array: np.ndarray) -> Path:
    np.save(path, array)
    return path


def test_json_goes_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(b' {"data": [[1, 2, 3, 4.50]]}\n')

    assert (b' {"data": [[1, 2, 3, 4.50]]}\n', JSON) == read_sample(path, ROWS)


def test_standard_input_is_read_for_a_dash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"[1]")))

    assert (b'{"data": [1]}', JSON) == read_sample(Path("-"), ROWS)


def test_a_bare_list_is_the_value_of_the_only_input_to_the_digit(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(b"\xef\xbb\xbf\n[[1, 2.50, 1e-7, 4]]\n")

    assert (b'{"data": [[1, 2.50, 1e-7, 4]]}', JSON) == read_sample(path, ROWS)


@pytest.mark.parametrize("text", [b'[{"x": 1}]', b"[]", b"5"], ids=["records", "empty", "value"])
def test_other_json_than_a_list_of_values_goes_as_it_is(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(text)

    assert (text, JSON) == read_sample(path, ROWS)


def test_a_bare_list_for_several_inputs_goes_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(b"[1, 2]")
    wanted = signature(("a", "float32", (1,)), ("b", "float32", (1,)))

    assert (b"[1, 2]", JSON) == read_sample(path, wanted)


@pytest.mark.parametrize(
    ("given_array", "wanted"),
    [
        pytest.param(np.ones((3, 4), np.float32), np.ones((3, 4), np.float32), id="as it is"),
        pytest.param(np.ones((3, 4)), np.ones((3, 4), np.float32), id="float64"),
        pytest.param(np.ones((3, 4), np.int64), np.ones((3, 4), np.float32), id="integers"),
        pytest.param(np.ones(4, np.float32), np.ones((1, 4), np.float32), id="one row"),
        pytest.param(
            np.asfortranarray(np.arange(8, dtype=np.float32).reshape(2, 4)),
            np.arange(8, dtype=np.float32).reshape(2, 4),
            id="column order",
        ),
        pytest.param(
            np.arange(8, dtype=">f4").reshape(2, 4),
            np.arange(8, dtype=np.float32).reshape(2, 4),
            id="big endian",
        ),
    ],
)
def test_an_array_is_sent_in_the_type_of_the_input(
    tmp_path: Path, given_array: np.ndarray, wanted: np.ndarray
) -> None:
    body, content_type = read_sample(save_array(tmp_path / "x.npy", given_array), ROWS)

    sent = sent_array(body)
    assert (NPY, wanted.dtype, wanted.tolist()) == (content_type, sent.dtype, sent.tolist())


@pytest.mark.parametrize(
    ("array", "dtype"),
    [
        pytest.param(np.array([1.5]), "int64", id="fraction"),
        pytest.param(np.array([300]), "uint8", id="too large"),
        pytest.param(np.array([-1]), "uint64", id="negative"),
        pytest.param(np.array([1e300]), "float32", id="becomes infinite"),
        pytest.param(np.array([np.nan]), "int32", id="nan"),
        pytest.param(np.array(["a"]), "float32", id="text"),
        pytest.param(np.array([1.0]), "string", id="number for text"),
        pytest.param(np.array([1 + 2j]), "float32", id="complex"),
        pytest.param(np.array([1.0]), "bfloat16", id="no such numpy type"),
    ],
)
def test_an_array_whose_values_would_change_is_refused(
    tmp_path: Path, array: np.ndarray, dtype: str
) -> None:
    path = save_array(tmp_path / "x.npy", array)

    with pytest.raises(UnusableInput):
        read_sample(path, signature(("x", dtype, (1,))))


def test_integers_beyond_the_exact_range_of_floats_stay_exact(tmp_path: Path) -> None:
    path = save_array(tmp_path / "x.npy", np.array([2**53 + 1], np.int64))

    body, _ = read_sample(path, signature(("x", "int64", ("n",))))

    assert [2**53 + 1] == sent_array(body).tolist()


def test_an_array_of_python_objects_is_refused_unopened(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)

    with pytest.raises(UnusableInput, match="Python objects"):
        read_sample(path, ROWS)


def test_text_arrays_become_json(tmp_path: Path) -> None:
    path = save_array(tmp_path / "x.npy", np.array([["grüß"]]))

    body, content_type = read_sample(path, signature(("x", "string", (None, 1))))

    assert (JSON, {"inputs": {"x": [["grüß"]]}}) == (content_type, json.loads(body))


def test_a_single_array_for_several_inputs_is_refused(tmp_path: Path) -> None:
    path = save_array(tmp_path / "x.npy", np.ones(1))

    with pytest.raises(UnusableInput, match="'a', 'b'") as refused:
        read_sample(path, signature(("a", "float32", (1,)), ("b", "float32", (1,))))

    assert "npz" in refused.value.remedy


def test_an_input_that_is_no_tensor_takes_no_array(tmp_path: Path) -> None:
    value = NamedValue("x", SequenceType(TensorType(DType.FLOAT32, None)))

    with pytest.raises(UnusableInput, match="sequence"):
        read_sample(save_array(tmp_path / "x.npy", np.ones(1)), Signature((value,), ()))


def test_an_archive_gives_each_input_its_array(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez_compressed(path, a=np.array([1, 2]), b=np.array([True]))

    body, content_type = read_sample(
        path, signature(("a", "float32", ("n",)), ("b", "bool", ("m",)))
    )

    assert (JSON, {"inputs": {"a": [1.0, 2.0], "b": [True]}}) == (content_type, json.loads(body))


def test_one_unnamed_array_of_an_archive_is_for_the_only_input(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, np.ones((2, 4)))

    body, _ = read_sample(path, ROWS)

    assert (2, 4) == sent_array(body).shape


def test_an_array_of_another_name_is_not_taken_for_the_only_input(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, labels=np.ones((2, 4)))

    with pytest.raises(UnusableInput, match=r"'labels'.*the model takes 'x'"):
        read_sample(path, ROWS)


def test_an_archive_with_other_names_is_refused_with_both_lists(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, c=np.ones(1), d=np.ones(1))

    with pytest.raises(UnusableInput, match=r"'c', 'd'.*'a', 'b'"):
        read_sample(path, signature(("a", "float32", (1,)), ("b", "float32", (1,))))


def test_an_archive_that_unpacks_to_more_than_is_allowed_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onnxport.service.sample.arrays._MAX_UNPACKED", 1_000_000)
    path = tmp_path / "x.npz"
    np.savez_compressed(path, x=np.zeros((100_000, 4)))

    with pytest.raises(UnusableInput, match="more than 1 GiB"):
        read_sample(path, ROWS)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        pytest.param("1,2,3,4\n5,6,7,8\n", [[1, 2, 3, 4], [5, 6, 7, 8]], id="bare"),
        pytest.param("a,b,c,d\n1,2,3,4\n", [[1, 2, 3, 4]], id="heading"),
        pytest.param("\ufeffa,b,c,d\r\n1,2,3,4\r\n\r\n", [[1, 2, 3, 4]], id="spreadsheet"),
    ],
)
def test_a_table_is_the_matrix_of_the_only_input(
    tmp_path: Path, text: str, wanted: list[list[int]]
) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text, encoding="utf-8", newline="")

    body, _ = read_sample(path, ROWS)

    assert wanted == sent_array(body).tolist()


def test_a_table_with_the_inputs_as_columns_gives_each_its_own(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("id,age,city\n7,31.5,Köln\n8,40,Bonn\n", encoding="utf-8")

    body, _ = read_sample(
        path, signature(("age", "float32", (None, 1)), ("city", "string", (None, 1)))
    )

    assert {"inputs": {"age": [[31.5], [40.0]], "city": [["Köln"], ["Bonn"]]}} == json.loads(body)


def test_table_rows_fill_the_dimensions_of_a_picture(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("1,2,3,4\n5,6,7,8\n")

    body, _ = read_sample(path, signature(("x", "float32", ("n", 1, 2, 2))))

    assert [[[[1, 2], [3, 4]]], [[[5, 6], [7, 8]]]] == sent_array(body).tolist()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("1,2,3,4\n1,2\n", "row 2 has 2 cells", id="ragged"),
        pytest.param("1,2,3,4\n1,2,x,4\n", "does not read as float32", id="no number"),
        pytest.param("", "empty", id="empty"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text)

    with pytest.raises(UnusableInput, match=message):
        read_sample(path, ROWS)


@pytest.mark.parametrize(
    ("text", "dtype", "place"),
    [
        pytest.param("1,2\n3,4\n5,secret\n", "float32", "row 3, column 2", id="no heading"),
        pytest.param("a,b\n1,2\nsecret,4\n", "float32", "row 3, column 1", id="heading"),
        pytest.param("a,b\n\n1,secret\n", "float32", "row 3, column 2", id="empty row"),
        pytest.param('"a\nb",b\n1,secret\n', "float32", "row 2, column 2", id="line break in a cell"),
        pytest.param("1,2\n3,9999\n", "int8", "row 2, column 2", id="integer too large"),
        pytest.param("1,2\n3,1e300\n", "float32", "row 2, column 2", id="float too large"),
        pytest.param("true,secret\n", "bool", "row 1, column 2", id="boolean"),
        pytest.param("x,y\n1,2\nsecret,4\n", "int64", "row 3, column 1", id="named column"),
    ],
)  # fmt: skip
def test_a_cell_that_does_not_fit_is_named_by_its_place_alone(
    tmp_path: Path, text: str, dtype: str, place: str
) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text)

    with pytest.raises(UnusableInput, match=f"{place}\\b") as refused:
        read_sample(path, signature(("x", dtype, ("n", 2))))

    assert not {word for word in ("secret", "9999", "1e300") if word in str(refused.value)}


def test_a_named_column_is_counted_among_all_columns(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("id,age\n7,31\n8,old\n")

    with pytest.raises(UnusableInput, match="row 3, column 2"):
        read_sample(path, signature(("age", "float32", (None, 1))))


@pytest.mark.parametrize(
    ("name", "text", "delimiter"),
    [
        pytest.param("x.csv", "1;2;3;4\n", "','", id="semicolons"),
        pytest.param("x.csv", "1\t2\t3\t4\n", "','", id="tabs"),
        pytest.param("x.csv", "1;2;3;4\n1,5;2;3;4\n", "','", id="decimal commas"),
        pytest.param("x.tsv", "1;2;3;4\n", "tab", id="semicolons for tabs"),
    ],
)
def test_a_table_of_another_delimiter_is_told_which_one_is_read(
    tmp_path: Path, name: str, text: str, delimiter: str
) -> None:
    path = tmp_path / name
    path.write_text(text)

    with pytest.raises(UnusableInput, match=f"separated by {delimiter}") as refused:
        read_sample(path, ROWS)

    assert "commas" in refused.value.remedy


def picture(path: Path, size: tuple[int, int] = (6, 4), mode: str = "RGB") -> Path:
    colours = {"RGB": (255, 0, 10), "L": 200}
    Image.new(mode, size, colours[mode]).save(path)
    return path


@pytest.mark.parametrize(
    ("shape", "wanted"),
    [
        pytest.param((1, 3, 2, 5), (1, 3, 2, 5), id="channels first"),
        pytest.param(("n", 2, 5, 3), (1, 2, 5, 3), id="channels last"),
        pytest.param((None, 3, "h", "w"), (1, 3, 4, 6), id="free size"),
        pytest.param((1, 8, 9), (1, 8, 9), id="grey without batch"),
        pytest.param((9, 8, 3), (9, 8, 3), id="channels last without batch"),
        pytest.param((3, "h", "w"), (3, 4, 6), id="colours of free size without batch"),
        pytest.param((8, 9), (8, 9), id="matrix"),
        pytest.param((None, None, None, None), (1, 3, 4, 6), id="all free"),
    ],
)
def test_a_picture_takes_the_layout_of_the_input(
    tmp_path: Path, shape: tuple[int | str | None, ...], wanted: tuple[int, ...]
) -> None:
    body, _ = read_sample(picture(tmp_path / "x.png"), signature(("x", "float32", shape)))

    assert wanted == sent_array(body).shape


def test_pixels_are_0_to_255_and_scaled_when_asked(tmp_path: Path) -> None:
    path = picture(tmp_path / "x.png")
    wanted = signature(("x", "float32", (1, 3, 1, 1)))

    plain, _ = read_sample(path, wanted)
    scaled, _ = read_sample(path, wanted, scale=1 / 255)

    assert [255.0, 0.0, 10.0] == sent_array(plain).ravel().tolist()
    assert pytest.approx([1.0, 0.0, 10 / 255]) == sent_array(scaled).ravel().tolist()


def test_a_picture_for_bytes_stays_bytes(tmp_path: Path) -> None:
    body, _ = read_sample(
        picture(tmp_path / "x.png", mode="L"), signature(("x", "uint8", (1, 1, 2, 2)))
    )

    assert [200, 200, 200, 200] == sent_array(body).ravel().tolist()


def test_a_picture_is_turned_as_the_camera_says(tmp_path: Path) -> None:
    path = tmp_path / "x.jpg"
    image = Image.new("RGB", (8, 2))
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(path, exif=exif)

    body, _ = read_sample(path, signature(("x", "float32", (1, 3, None, None))))

    assert (1, 3, 8, 2) == sent_array(body).shape


@pytest.mark.parametrize(
    "shape",
    [
        pytest.param((8, 3, 4, 4), id="batch of 8"),
        pytest.param((1, 7, 5, 9), id="7 channels"),
        pytest.param((1,), id="rank 1"),
        pytest.param(None, id="free"),
        pytest.param((None, 4), id="rows of four numbers"),
        pytest.param(("n", 784), id="rows of many numbers"),
        pytest.param((8, 7), id="matrix smaller than a picture"),
        pytest.param((None, None), id="matrix of free size"),
        pytest.param((None, "boxes", 4), id="boxes"),
        pytest.param((1, "sequence", 768), id="one sequence"),
        pytest.param((None, 28, 28), id="rank 3 without channels"),
        pytest.param((3, 7, 9), id="rank 3 smaller than a picture"),
        pytest.param((7, 9, 3), id="rank 3 smaller than a picture, channels last"),
    ],
)
def test_inputs_that_are_not_laid_out_like_a_picture_have_no_layout(shape: object) -> None:
    assert read_layout(shape) is None  # type: ignore[arg-type]


def test_a_picture_for_rows_of_numbers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match="not laid out like a picture"):
        read_sample(picture(tmp_path / "kitten.png"), ROWS)


def test_channels_first_wins_where_both_places_could_be_channels() -> None:
    assert PictureLayout(3, False, True, 3, 3) == read_layout((1, 3, 3, 3))


def test_a_damaged_picture_is_refused(tmp_path: Path) -> None:
    path = picture(tmp_path / "x.png", size=(50, 50))
    path.write_bytes(path.read_bytes()[:60])

    with pytest.raises(UnusableInput, match="decoded"):
        read_sample(path, signature(("x", "float32", (1, 3, 2, 2))))


def test_a_picture_of_too_many_pixels_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    Image.new("1", (9000, 9000)).save(path)

    with pytest.raises(UnusableInput, match="too many"):
        read_sample(path, signature(("x", "float32", (1, 3, 2, 2))))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "empty", id="empty"),
        pytest.param(b'{"data": [1, 2', "line 1", id="cut off"),
        pytest.param(b"\xff\xfe\x00\x01", "not of a kind", id="binary"),
        pytest.param(b"[" * 100_000, "not of a kind|not JSON", id="deep"),
    ],
)
def test_content_of_no_known_kind_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content)

    with pytest.raises(UnusableInput, match=message):
        read_sample(path, ROWS)


@pytest.mark.parametrize("name", ["missing.npy", ".", "a\0b"], ids=["missing", "folder", "nul"])
def test_a_path_that_cannot_be_read_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputUnreadable):
        read_sample(tmp_path / name, ROWS)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    prefix=st.sampled_from([b"\x93NUMPY\x01\x00", b"PK\x03\x04", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"BM", b""]),
    rest=st.binary(max_size=300),
    suffix=st.sampled_from(["csv", "json", "npy"]),
)  # fmt: skip
def test_any_bytes_give_a_body_or_a_typed_refusal(
    tmp_path: Path, prefix: bytes, rest: bytes, suffix: str
) -> None:
    path = tmp_path / f"x.{suffix}"
    path.write_bytes(prefix + rest)

    with contextlib.suppress(UnusableInput):
        body, content_type = read_sample(path, ROWS)
        assert (bytes, True) == (type(body), content_type in {JSON, NPY})
