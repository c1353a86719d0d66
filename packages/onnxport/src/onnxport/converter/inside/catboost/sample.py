"""The user's sample by column, for models of numbers and categories."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from onnxport.converter.interface import ConversionRefused


def sample_columns(
    sample: Mapping[str, Any], names: Sequence[str], wanted: Sequence[int]
) -> dict[int, Any]:
    """The columns at the places `wanted`, in one dimension: by their names, else in the order of the model's columns."""
    arrays = {name: np.asarray(array) for name, array in sample.items()}
    if {names[place] for place in wanted} <= set(arrays):
        return {place: arrays[names[place]].reshape(-1) for place in wanted}
    for array in arrays.values():
        if array.ndim == 2 and array.shape[1] == len(names):
            return {place: array[:, place] for place in wanted}
    flat = [array.reshape(-1) for array in arrays.values()]
    if len(flat) == len(names) and len({len(array) for array in flat}) == 1:
        return {place: flat[place] for place in wanted}
    lacking = [names[place] for place in wanted if names[place] not in arrays]
    raise ConversionRefused(
        f"the sample holds {', '.join(list(arrays)[:12])}; the model also takes {', '.join(lacking[:12])}",
        f"Give the columns {', '.join(names[:20])}, by these names or in this order.",
    )


def renditions(values: Any) -> list[list[str]]:
    """The texts that CatBoost may have been given for these categories: several where tables do not tell numbers from text."""
    kind = values.dtype.kind
    if kind in "biu":
        return [[str(int(value)) for value in values.tolist()]]
    plain = [_text(value) for value in values.tolist()]
    if kind != "f":
        return [plain]
    return [[_digits(value) for value in values.tolist()], plain]


def _text(value: Any) -> str:
    """As Python writes it; truth values as CatBoost takes them."""
    return str(int(value)) if isinstance(value, (bool, np.bool_)) else str(value)


def _digits(value: float) -> str:
    return str(int(value)) if value.is_integer() else str(value)
