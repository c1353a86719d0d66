"""What JAX gives for the sample and for generated inputs, as cases of the proof."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from onnxport.converter.inside import tensors
from onnxport.converter.inside.batches import in_batches
from onnxport.converter.inside.jax.tracing import Function, run
from onnxport.converter.interface import Case


def cases(
    function: Function, example: Mapping[str, Any], outputs: Sequence[str], *, free_batch: bool
) -> Iterator[Case]:
    """Cases of the example and of arrays like it: with a fixed first axis one of each and two more, else in batches."""
    given = [_known(name, array, free_batch) for name, array in example.items()]

    def answer(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        return run(function, list(inputs.values()), outputs)

    if free_batch:
        yield from in_batches("sample", example, answer)
        yield from in_batches("generated", tensors.generated(given), answer)
        return
    yield Case("sample", example, answer(example), batched=False)
    for seed in range(3):
        inputs = tensors.generated(given, seed=seed)
        yield Case("generated", inputs, answer(inputs), batched=False)


def has_rows(example: Mapping[str, Any]) -> bool:
    """Whether the first axes of all arrays can be the same rows."""
    return len({np.shape(array)[:1] for array in example.values()} | {()}) == 2


def _known(name: str, array: Any, free_batch: bool) -> tensors.TensorInput:
    """Whole numbers stay within those of the example: they may be positions in a table."""
    whole = array.dtype.kind in "iu" and array.size > 0
    low, high = (float(array.min()), float(array.max())) if whole else (None, None)
    shape = (None, *array.shape[1:]) if free_batch else array.shape
    return tensors.TensorInput(name, str(array.dtype), shape, free_batch, low, high)
