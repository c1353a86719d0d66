"""Inputs for models of tensors: what the user gave, by name or in order, and generated ones within what is known of each input."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from onnxport.converter.interface import ConversionRefused

ROWS = 16
_SEED = 20260101
_FREE_SIZE = 8
_UNKNOWN_TOP = 10


@dataclass(frozen=True)
class TensorInput:
    """What is known of one input: its name in the ONNX model, numpy dtype, shape (`None`: free), and the range of its values.

    The first axis counts rows where `batched`. `low` and `high` bound generated values (both included); `example` is what
    the model's file holds as an example.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...]
    batched: bool = True
    low: float | None = None
    high: float | None = None
    example: Any = None


def generated(inputs: Sequence[TensorInput], rows: int = ROWS, seed: int = 0) -> dict[str, Any]:
    """Arrays by name: normal values (a quarter of the rows ten times as wide, the first all zero), whole numbers within their range."""
    random = np.random.default_rng(_SEED + seed)
    return {given.name: _values(given, rows, random) for given in inputs}


def sample_tensors(sample: Mapping[str, Any], inputs: Sequence[TensorInput]) -> dict[str, Any]:
    """The user's arrays for these inputs, by name, else in their order, as the inputs' types; else `ConversionRefused`."""
    names = [given.name for given in inputs]
    if set(names) <= set(sample):
        found = [sample[name] for name in names]
    elif len(sample) == len(inputs):
        found = list(sample.values())
    else:
        raise ConversionRefused(
            f"the sample holds {', '.join(list(sample)[:8])}; the model takes {', '.join(names[:8])}",
            "Give one array per input, under these names or in this order.",
        )
    return {given.name: _fitting(given, array) for given, array in zip(inputs, found, strict=True)}


def _values(given: TensorInput, rows: int, random: Any) -> Any:
    sizes = [_FREE_SIZE if size is None else size for size in given.shape]
    if given.batched and sizes:
        sizes[0] = rows
    kind = np.dtype(given.dtype)
    if kind.kind == "f":
        return _floats(given, sizes, random).astype(kind)
    if kind.kind == "b":
        return random.random(sizes) < 0.5
    if kind.kind in "iu":
        low = 0 if given.low is None else int(given.low)
        high = low + _UNKNOWN_TOP - 1 if given.high is None else int(given.high)
        return random.integers(low, high + 1, sizes).astype(kind)
    if kind.kind in "US":
        words = np.array(["", "a", "model", "of", "words"])
        return random.choice(words, sizes).astype(kind)
    raise ConversionRefused(
        f"the input '{given.name}' is of type {given.dtype}, for which nothing can be made up",
        "Give real inputs with --sample.",
    )


def _floats(given: TensorInput, sizes: Sequence[int], random: Any) -> Any:
    if given.low is not None and given.high is not None:
        return given.low + random.random(sizes) * (given.high - given.low)
    values = random.normal(size=sizes)
    if given.batched and sizes and sizes[0] > 3:
        values[: sizes[0] // 4] *= 10
        values[0] = 0
    return values


def _fitting(given: TensorInput, array: Any) -> Any:
    kind = np.dtype(given.dtype)
    both_text = array.dtype.kind in "US" and kind.kind in "USO"
    if not both_text and (array.dtype.kind not in "biuf" or kind.kind not in "biuf"):
        raise ConversionRefused(
            f"the sample's '{given.name}' is of type {array.dtype}, the model takes {given.dtype}",
            "Give values of that type.",
        )
    shape = given.shape
    if array.ndim == len(shape) - 1 and given.batched:
        array = array[np.newaxis]
    fits = array.ndim == len(shape) and all(
        size is None or size == found or (axis == 0 and given.batched)
        for axis, (size, found) in enumerate(zip(shape, array.shape, strict=True))
    )
    if not fits:
        wanted = ["any" if size is None else size for size in shape]
        raise ConversionRefused(
            f"the sample's '{given.name}' has shape {list(array.shape)}, the model takes {wanted}",
            "Give an array of that shape.",
        )
    return array if both_text else array.astype(kind)
