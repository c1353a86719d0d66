"""Rows are bred for classes that hardly any row leads to."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from onnxport.converter.inside.trees.rare import with_rare_classes


def ask(columns: Sequence[Any]) -> Mapping[str, Any]:
    """A model whose second class needs six columns to be high at once."""
    share = np.mean([column > 1 for column in columns], axis=0)
    return {
        "label": (share == 1).astype(int),
        "probabilities": np.stack([1 - share, share], axis=1),
    }


def test_a_class_that_no_row_leads_to_is_reached() -> None:
    columns = list(np.random.default_rng(0).normal(size=(6, 500)))
    found = ask(columns)
    made = with_rare_classes(columns, found, ask)

    assert not found["label"].any()
    assert 8 <= ask(made)["label"].sum()
    assert all(np.isin(new, old).all() for new, old in zip(made, columns, strict=True))


def test_rows_with_every_class_are_left_alone() -> None:
    columns = list(np.random.default_rng(0).normal(size=(1, 500)))

    assert 500 == len(with_rare_classes(columns, ask(columns), ask)[0])


def test_the_same_rows_are_bred_twice() -> None:
    columns = list(np.random.default_rng(0).normal(size=(6, 500)))
    first, second = (with_rare_classes(columns, ask(columns), ask) for _ in range(2))

    assert np.array_equal(first, second)
