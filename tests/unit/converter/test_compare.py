"""Comparing outputs: errors are found where they are, labels count, and what does not vary is seen."""

import numpy as np
import pytest
from onnxport.converter.interface import Output
from onnxport.converter.proof.compare import Pair, Verdict, aligned, compare


def verdict_on(expected: list[float], actual: list[float]) -> Verdict:
    outputs = [Output("y")]
    given = {"y": np.array(expected, np.float64)}
    return compare(outputs, [Pair(given, {"y": np.array(actual, np.float32)})])[0]


def test_equal_values_are_within_and_have_no_worst_place() -> None:
    verdict = verdict_on([1.0, 2.0], [1.0, 2.0])

    assert verdict.within
    assert (0.0, 0.0, 0.0, None) == (
        verdict.comparison.max_absolute_error,
        verdict.comparison.max_relative_error,
        verdict.comparison.max_ulp_error,
        verdict.comparison.worst,
    )


def test_a_known_difference_is_measured_and_placed() -> None:
    verdict = verdict_on([1.0, 2.0, 4.0], [1.0, 2.5, 4.0])

    assert not verdict.within
    assert (0.5, 0.25, (1,)) == (
        verdict.comparison.max_absolute_error,
        verdict.comparison.max_relative_error,
        verdict.comparison.worst,
    )


def test_one_unit_in_the_last_place_counts_as_one() -> None:
    verdict = verdict_on([1.0, 3.0], [float(np.nextafter(np.float32(1), np.float32(2))), 3.0])

    assert verdict.comparison.max_ulp_error == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("expected", "actual", "within"),
    [
        ([np.nan, 1.0, 2.0], [np.nan, 1.0, 2.0], True),
        ([np.nan, 1.0, 2.0], [0.0, 1.0, 2.0], False),
        ([0.0, 1.0, 2.0], [np.nan, 1.0, 2.0], False),
        ([np.inf, 1.0, 2.0], [np.inf, 1.0, 2.0], True),
        ([np.inf, 1.0, 2.0], [-np.inf, 1.0, 2.0], False),
        ([np.inf, 1.0, 2.0], [3.0e38, 1.0, 2.0], False),
    ],
    ids=["nan", "nan-lost", "nan-made", "infinity", "other-infinity", "infinity-lost"],
)
def test_missing_and_infinite_values_must_be_the_same(
    expected: list[float], actual: list[float], within: bool
) -> None:
    verdict = verdict_on(expected, actual)

    assert within == verdict.within
    assert np.isfinite(verdict.comparison.max_absolute_error)


def test_large_values_are_allowed_a_larger_absolute_error() -> None:
    assert verdict_on([1e6, 2e6, 3e6], [1e6 + 5, 2e6, 3e6]).within


def test_one_huge_value_does_not_excuse_errors_at_the_others() -> None:
    assert not verdict_on([1.0, 2.0, 1e30], [1.01, 2.0, 1e30]).within


@pytest.mark.parametrize(
    "values",
    [[3.0, 3.0, 3.0], [1e6, 1e6 + 1, 1e6], [np.nan, np.nan]],
    ids=["same", "hardly", "nan"],
)
def test_values_that_hardly_move_do_not_vary(values: list[float]) -> None:
    assert not verdict_on(values, values).comparison.varies


def test_a_single_row_varies_never() -> None:
    assert not verdict_on([1.0], [1.0]).comparison.varies


LABELLED = [Output("label", "label", scores="scores", labels=("a", "b")), Output("scores")]


def flips(expected: list[str], actual: list[str], scores: list[list[float]]) -> Verdict:
    given = {"label": np.array(expected), "scores": np.array(scores)}
    found = {"label": np.array(actual, object), "scores": np.array(scores, np.float32)}
    return compare(LABELLED, [Pair(given, found)])[0]


def test_a_label_flip_is_counted_and_placed() -> None:
    verdict = flips(["a", "b", "b"], ["a", "b", "a"], [[0.9, 0.1], [0.1, 0.9], [0.1, 0.9]])

    assert (False, 1, (2,)) == (
        verdict.within,
        verdict.comparison.label_flips,
        verdict.comparison.worst,
    )


def test_a_flip_between_equal_scores_is_a_tie_and_still_reported() -> None:
    verdict = flips(["a", "b", "a"], ["a", "b", "b"], [[0.9, 0.1], [0.1, 0.9], [0.5, 0.5]])

    assert (True, 1, 1) == (verdict.within, verdict.comparison.label_flips, verdict.ties)


def test_a_tie_of_one_score_column_is_at_zero() -> None:
    given = {"label": np.array([0, 1]), "scores": np.array([0.0, 2.0])}
    found = {"label": np.array([1, 1]), "scores": np.array([[0.0], [2.0]], np.float32)}
    outputs = [Output("label", "label", scores="scores", labels=(0, 1)), Output("scores")]

    assert 1 == compare(outputs, [Pair(given, found)])[0].ties


def test_a_flip_without_scores_is_never_a_tie() -> None:
    outputs = [Output("label", "label")]
    verdict = compare(outputs, [Pair({"label": np.array([0, 1])}, {"label": np.array([1, 1])})])[0]

    assert (False, 0) == (verdict.within, verdict.ties)


def test_a_vector_is_one_column_and_a_binary_score_two() -> None:
    vector = np.array([1.0, -2.0])

    assert (2, 1) == aligned(vector, np.zeros((2, 1)))[0].shape
    assert [[-1.0, 1.0], [2.0, -2.0]] == aligned(vector, np.zeros((2, 2)))[0].tolist()


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\[4, 2\], the ONNX model \[8, 1\]"):
        aligned(np.zeros((4, 2)), np.zeros((8, 1)))
