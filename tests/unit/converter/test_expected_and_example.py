"""What the user says the framework gave becomes a case; one generated row becomes a request."""

import json

import numpy as np
import pytest
from onnxport.converter.interface import Case
from onnxport.converter.proof.example import example_of
from onnxport.converter.proof.expected import ExpectedUnusable, expected_case, given_case

ROWS = np.arange(6, dtype=np.float32).reshape(3, 2)
SAMPLE = Case("sample", {"X": ROWS}, {})
GENERATED = Case("generated", {"X": ROWS + 10}, {"y": ROWS})


def test_expected_outputs_are_found_by_name_else_in_order() -> None:
    by_name = expected_case({"y": ROWS, "other": ROWS[:1]}, ["y"], [GENERATED, SAMPLE])
    in_order = expected_case({"a": ROWS}, ["y"], [SAMPLE])

    for case in (by_name, in_order):
        assert ("expected", True) == (case.origin, case.batched)
        assert ROWS.tolist() == case.expected["y"].tolist() == case.inputs["X"].tolist()


@pytest.mark.parametrize(
    ("expected", "cases", "words"),
    [
        ({"a": ROWS, "b": ROWS}, [SAMPLE], "they are a, b"),
        ({"y": ROWS[:2]}, [SAMPLE], "2 rows, the sample has 3"),
        ({"y": ROWS}, [GENERATED], "the sample was not used"),
    ],
    ids=["other-names", "other-rows", "no-sample"],
)
def test_expected_outputs_that_do_not_belong_are_refused(expected, cases, words: str) -> None:
    with pytest.raises(ExpectedUnusable, match=words):
        expected_case(expected, ["y"], cases)


def test_the_example_is_the_last_generated_row_and_never_the_users() -> None:
    assert {"data": [[14.0, 15.0]]} == json.loads(example_of([SAMPLE, GENERATED]) or "")
    assert example_of([SAMPLE]) is None


def test_several_inputs_make_an_example_by_name() -> None:
    two = Case("generated", {"a": ROWS, "words": np.array([["x"], ["y"], ["z"]])}, {})

    assert {"inputs": {"a": [[4.0, 5.0]], "words": [["z"]]}} == json.loads(example_of([two]) or "")


@pytest.mark.parametrize(
    "values",
    [np.array([[np.nan]]), np.array([[np.inf]]), np.zeros((1, 20_000)), np.array([[1j]])],
    ids=["nan", "infinite", "long", "complex"],
)
def test_what_json_cannot_say_in_short_is_no_example(values: np.ndarray) -> None:
    assert example_of([Case("generated", {"X": values}, {})]) is None


def test_an_input_without_a_batch_is_given_whole() -> None:
    case = Case("generated", {"X": ROWS}, {}, batched=False)

    assert {"data": ROWS.tolist()} == json.loads(example_of([case]) or "")


def test_numbers_given_before_are_fed_in_the_type_that_the_model_takes() -> None:
    given = Case("sample", {"x": np.ones((1, 1), np.float64), "town": np.array([["Ulm"]])})
    taken = Case("generated", {"x": np.ones((2, 1), np.float32), "town": np.array([["a"], ["b"]])})

    made = given_case(given, [taken]).inputs

    assert [np.dtype(np.float32), np.dtype("<U3")] == [made["x"].dtype, made["town"].dtype]
    assert given_case(given, []) is given
