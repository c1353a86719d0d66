"""CatBoost's keys of combinations are resolved to what made them, and samples are read as the texts that CatBoost was given."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnxport.converter.inside.catboost import combinations
from onnxport.converter.inside.catboost.combinations import (
    TooManyCombinations,
    as_summand,
    explained,
    hash_in,
    key_of,
)
from onnxport.converter.inside.catboost.sample import renditions, sample_columns
from onnxport.converter.interface import ConversionRefused

hashes = st.integers(0, 2**32 - 1)
choices = st.lists(hashes, min_size=1, max_size=5, unique=True)


@given(st.lists(hashes, min_size=1, max_size=20, unique=True))
def test_the_key_of_one_category_gives_its_hash_back(values: list[int]) -> None:
    assert values == hash_in(key_of([as_summand(values)])).tolist()


def test_a_key_is_what_catboosts_own_code_computes() -> None:
    """The hashes and the key are those of a model that CatBoost 1.2.10 exported as Python code: 'kyiv' and 'oslo' in one column."""
    keys = key_of([as_summand([2596097588, 973864840])])

    assert expected_key(-1698869708) == int(keys[0])
    assert expected_key(973864840) == int(keys[1])


def expected_key(signed_hash: int) -> int:
    """`calc_hash(0, hash)` of the export, in whole numbers without bounds."""
    factor, bits = 0x4906BA494954CB65, (1 << 64) - 1
    return factor * ((factor * signed_hash) & bits) & bits


@settings(max_examples=60, deadline=None)
@given(st.lists(choices, min_size=1, max_size=4), st.integers(0, 2), st.data())
def test_every_combination_is_found_and_nothing_else(
    columns: list[list[int]], conditions: int, data: st.DataObject
) -> None:
    parts = [as_summand(column) for column in columns]
    parts += [np.array([0, 1], np.uint64)] * conditions
    every = list(itertools.product(*(range(len(part)) for part in parts)))
    learned = data.draw(st.lists(st.sampled_from(every), unique=True, max_size=12))
    keys = key_of(
        [np.array([p[row[at]] for row in learned], np.uint64) for at, p in enumerate(parts)]
    )
    strange = np.array([17, 2**63 + 5], np.uint64)
    places, found = explained(np.concatenate([keys, strange]), parts)

    assert list(range(len(learned))) == places.tolist()
    assert learned == [tuple(row) for row in found.tolist()]


def test_what_would_take_too_long_is_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(combinations, "_MOST_STEPS", 99)
    parts = [as_summand(range(10)), as_summand(range(10))]
    with pytest.raises(TooManyCombinations):
        explained(np.arange(1, 50, dtype=np.uint64), parts)


def test_nothing_is_found_where_nothing_is_known() -> None:
    places, found = explained(np.array([5], np.uint64), [as_summand([]), as_summand([1])])

    assert (0, (0, 2)) == (len(places), found.shape)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array(["a", "", "01"]), [["a", "", "01"]]),
        (np.array([3, -1]), [["3", "-1"]]),
        (np.array([True, False]), [["1", "0"]]),
        (np.array([1.0, 2.5]), [["1", "2.5"], ["1.0", "2.5"]]),
        (np.array([1.0, np.nan]), [["1", "nan"], ["1.0", "nan"]]),
        (np.array(["a", 3, True, None], object), [["a", "3", "1", "None"]]),
    ],
    ids=["text", "whole", "truth", "fractions", "missing", "objects"],
)
def test_categories_are_written_as_catboost_may_have_been_given_them(
    values: np.ndarray, expected: list[list[str]]
) -> None:
    assert expected == renditions(values)


@pytest.mark.parametrize(
    "sample",
    [
        {"b": np.array(["x"]), "a": np.array([1.0]), "other": np.array([2.0])},
        {"X": np.array([["1.0", "x"]])},
        {"first": np.array([1.0]), "second": np.array(["x"])},
    ],
    ids=["by-name", "matrix", "in-order"],
)
def test_a_sample_gives_columns_by_name_or_in_order(sample: dict[str, np.ndarray]) -> None:
    assert ["x"] == sample_columns(sample, ("a", "b"), [1])[1].tolist()


def test_a_sample_without_a_column_is_refused_by_its_name() -> None:
    with pytest.raises(ConversionRefused, match="the model also takes b"):
        sample_columns({"a": np.array([1.0])}, ("a", "b"), [0, 1])
