"""Class labels as ONNX holds them, and categories as people read them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def plain_labels(classes: Any) -> tuple[Any, ...]:
    """Class labels as whole numbers where they are such, else as text."""
    classes = np.asarray(classes)
    whole = classes.dtype.kind in "biu" or (
        classes.dtype.kind == "f" and bool((classes == classes.astype(int)).all())
    )
    return tuple(int(label) if whole else str(label) for label in classes)


def category_remarks(
    names: Sequence[str], categories: Mapping[int, Sequence[Any]]
) -> tuple[str, ...]:
    """How to give the columns that the model was trained on as categories of a data frame."""
    return tuple(
        f"'{names[column]}' is given as the place of its category in: {_listed(kept)} (0 is the first)"
        for column, kept in categories.items()
    )


def _listed(categories: Sequence[Any]) -> str:
    shown = ", ".join(str(entry) for entry in categories[:6])
    return f"{shown}, ..." if len(categories) > 6 else shown
