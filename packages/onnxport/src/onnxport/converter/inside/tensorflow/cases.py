"""Inputs to compare on: the user's sample, and made-up ones on which the model's answers vary, in batches and lengths of several sizes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from onnxport.converter.inside.batches import in_batches
from onnxport.converter.inside.tensorflow.knowledge import Known, known_of
from onnxport.converter.inside.tensorflow.lite import Lite
from onnxport.converter.inside.tensorflow.to_onnx import drawn
from onnxport.converter.inside.tensorflow.traced import Traced
from onnxport.converter.inside.tensorflow.words import words
from onnxport.converter.inside.tensors import ROWS, TensorInput, generated, sample_tensors
from onnxport.converter.interface import (
    Arrays,
    Case,
    ConversionRefused,
    Exported,
    Job,
    Output,
)

Run = Callable[[Arrays], Arrays]

# Sizes for axes that are free: the smallest that the model takes (images that are halved five times need more than words).
_FREE_SIZES = (8, 12, 32, 64, 128, 224, 299)


@dataclass(frozen=True)
class _Values:
    """Which values are tried: numbers between `low` and `high` (normal ones where these are missing), whole numbers up to `top`.

    `waves` makes rows of different brightness and pattern: a network that averages an image gives the same for all noise.
    """

    low: float | None = None
    high: float | None = None
    top: int = 9
    waves: bool = False


# Tried in this order until the answers vary.
_TRIED = (
    _Values(),
    _Values(waves=True),
    _Values(top=1),
    _Values(0, 1, waves=True),
    _Values(0, 255, 3, waves=True),
    _Values(0, 1),
    _Values(0, 255, 3),
    _Values(-1000, 1000, 1),
    _Values(0, 10_000, 0),
)
_LARGE_ROW = 100_000
_SEED = 20260101
# Somewhat more than what the proof asks for: ten times the tolerance.
_ENOUGH = 12


def reference(model: Traced | Lite, exported: Exported, job: Job) -> Iterator[Case]:
    """The answers of a model (`Traced` or `Lite`) to what the converted one takes, with what that gives."""
    if isinstance(model, Lite):
        known: Sequence[Known] = model.known
    else:
        known = known_of(model.graph_def, model.tables, model.begins)
    kept = [output.name for output in exported.outputs]

    def run(arrays: Arrays) -> Arrays:
        answers = model.run(arrays)
        return {name: answers[name] for name in kept}

    random = [] if isinstance(model, Lite) else drawn(model.graph_def)
    for number, case in enumerate(cases(model.inputs, known, run, job.sample, exported.outputs)):
        if number == 0:
            _refuse_unsteady(random, case, run)
        taken = {name: case.inputs[name] for name in exported.inputs}
        yield replace(case, inputs=taken)


def _refuse_unsteady(random: Sequence[str], case: Case, run: Run) -> None:
    """Refuse a model that answers differently to the same input: nothing could be compared."""
    again = run(case.inputs)
    if all(_same(case.expected[name], again[name]) for name in again):
        return
    why = f"it draws random numbers ({', '.join(random)})" if random else "it keeps a state"
    raise ConversionRefused(
        f"the model answers differently each time to the same input: {why}",
        "Save it for inference: with training=False, without layers that sample or are stateful.",
    )


def _same(one: Any, other: Any) -> bool:
    if one.dtype.kind not in "fc":
        return bool(np.array_equal(one, other))
    return bool(np.allclose(one, other, rtol=1e-4, atol=1e-5, equal_nan=True))


def cases(
    inputs: Sequence[TensorInput],
    known: Sequence[Known],
    run: Run,
    sample: Arrays | None,
    outputs: Sequence[Output] = (),
) -> Iterator[Case]:
    """The model's own answers to the sample, where there is one, and to generated inputs."""
    if sample is not None:
        given = sample_tensors(sample, inputs)
        yield from _in_sizes("sample", [given], inputs, run)
    try:
        made, size = _choose(inputs, known, run, outputs)
    except ConversionRefused:
        if sample is None:
            raise
        return
    yield from _in_sizes("generated", made, inputs, run)
    yield from _below_zero(made, inputs, known, run)
    if any(axis is None for entry in inputs for axis in entry.shape[1:]):
        yield from _other_length(inputs, known, run, size)


def _in_sizes(
    origin: str, made: Sequence[Arrays], inputs: Sequence[TensorInput], run: Run
) -> Iterator[Case]:
    """In batches of several sizes where all inputs and outputs have rows, else each set by itself."""
    if len(made) == 1 and _has_rows(made[0], inputs, run):
        yield from in_batches(origin, made[0], run)
        return
    for arrays in [*made, *_parts(made, inputs)]:
        yield Case(origin, arrays, run(arrays), batched=False)


def _parts(made: Sequence[Arrays], inputs: Sequence[TensorInput]) -> list[Arrays]:
    """Some rows at a time where the outputs have other rows than the inputs: one set alone would not show that they vary."""
    rows = {len(array) for array in made[0].values() if array.ndim}
    if len(made) > 1 or len(rows) != 1 or not all(entry.batched for entry in inputs):
        return []
    bounds = (0, 1, 2, 4, 6, 11, 16)
    return [
        {name: array[start:stop] for name, array in made[0].items()}
        for start, stop in pairwise(bounds)
        if stop <= min(rows)
    ]


def _has_rows(arrays: Arrays, inputs: Sequence[TensorInput], run: Run) -> bool:
    """Whether the first axis of everything counts rows, seen by running on all and on one."""
    if not all(entry.batched and entry.shape[0] is None for entry in inputs):
        return False
    rows = {len(array) for array in arrays.values()}
    if len(rows) != 1:
        return False
    sizes = {1, rows.pop()}
    for size in sizes:
        answers = run({name: array[:size] for name, array in arrays.items()})
        if any(answer.shape[:1] != (size,) for answer in answers.values()):
            return False
    return True


def _choose(
    inputs: Sequence[TensorInput], known: Sequence[Known], run: Run, outputs: Sequence[Output]
) -> tuple[list[Arrays], int]:
    """The first of the ranges on which all outputs vary, else the best; and the size of the free axes."""
    free = any(axis is None for entry in inputs for axis in entry.shape[1:])
    refusals: list[str] = []
    for size in _FREE_SIZES if free else _FREE_SIZES[:1]:
        best: tuple[float, list[Arrays]] | None = None
        for values in _TRIED:
            made = _made(inputs, known, size, values)
            try:
                answers = [run(arrays) for arrays in made]
            except MemoryError:
                raise
            except Exception as error:  # TensorFlow's own, of many types
                refusals.append(f"{type(error).__name__}: {' '.join(str(error).split())[:200]}")
                continue
            share = _share_that_varies(answers, outputs, batched=len(made) == 1)
            if best is None or share > best[0]:
                best = (share, made)
            if share == 1:
                break
        if best is not None:
            return best[1], size
    raise ConversionRefused(
        f"the model took none of the inputs that were made up for it: {refusals[0] if refusals else ''}",
        "Give real inputs with --sample.",
    )


def _below_zero(
    made: Sequence[Arrays], inputs: Sequence[TensorInput], known: Sequence[Known], run: Run
) -> Iterator[Case]:
    """Whole numbers of which nothing is known, some of them below zero: their division and places are rounded and counted in two ways."""
    free = [
        entry.name
        for entry, what in zip(inputs, known, strict=True)
        if np.dtype(entry.dtype).kind == "i"
        and entry.low is None
        and what.top is None
        and what.values is None
    ]
    if not free:
        return
    random = np.random.default_rng(_SEED)
    changed = {
        name: np.where(random.random(array.shape) < 0.5, -1 - array, array).astype(array.dtype)
        if name in free
        else array
        for name, array in made[0].items()
    }
    try:
        yield from list(_in_sizes("generated", [changed], inputs, run))[:1]
    except MemoryError:
        raise
    except Exception:  # the model does not take them: then they are not part of what is promised
        return


def _other_length(
    inputs: Sequence[TensorInput], known: Sequence[Known], run: Run, size: int
) -> Iterator[Case]:
    """Free axes of another size: what was fixed while converting is seen by it."""
    made = _made(inputs, known, size + max(3, size // 4), _TRIED[0])
    try:
        yield from list(_in_sizes("generated", made, inputs, run))[:1]
    except MemoryError:
        raise
    except Exception:  # the model does not take that size: then it is not part of what is promised
        return


def _made(
    inputs: Sequence[TensorInput],
    known: Sequence[Known],
    size: int,
    values: _Values,
) -> list[Arrays]:
    """One set of many rows where all inputs have rows, else several sets of rows of different numbers."""
    row = sum(int(np.prod([axis or size for axis in entry.shape[1:]])) for entry in inputs)
    rows = ROWS if row < _LARGE_ROW else 6
    shaped = [_shaped(*entry, size, values) for entry in zip(inputs, known, strict=True)]
    if all(entry.shape and entry.shape[0] is None for entry in shaped):
        return [_with_values(_generated(shaped, rows, 0, values), known, inputs, 0)]
    free = any(entry.shape and entry.shape[0] is None for entry in shaped)
    counts = (1, 1, 2, 2, 5, 5) if free else (1,) * rows
    return [
        _with_values(_generated(shaped, count, seed, values), known, inputs, seed)
        for seed, count in enumerate(counts)
    ]


def _generated(
    shaped: Sequence[TensorInput], rows: int, seed: int, values: _Values
) -> dict[str, Any]:
    arrays = generated(shaped, rows, seed)
    if values.waves:
        random = np.random.default_rng(_SEED + seed)
        for entry in shaped:
            if np.dtype(entry.dtype).kind in "fiu" and arrays[entry.name].ndim > 2:
                arrays[entry.name] = _waves(entry, arrays[entry.name], random)
    return arrays


def _waves(entry: TensorInput, array: Any, random: Any) -> Any:
    """Rows that differ in brightness and in the waves that run through them, within the range of the input."""
    low, high = (-3.0, 3.0) if entry.low is None or entry.high is None else (entry.low, entry.high)
    made = np.empty(array.shape, np.float64)
    for row in range(len(array)):
        places = np.meshgrid(*(np.linspace(0, 1, n) for n in array.shape[1:]), indexing="ij")
        turns = random.uniform(-3, 3, len(places))
        wave = np.sin(
            2 * np.pi * (random.random() + sum(t * p for t, p in zip(turns, places, strict=True)))
        )
        level, depth = random.random(2)
        made[row] = np.clip(level + depth * wave / 2, 0, 1)
    made = low + made * (high - low)
    return (made if np.dtype(entry.dtype).kind == "f" else np.rint(made)).astype(array.dtype)


def _shaped(entry: TensorInput, known: Known, size: int, values: _Values) -> TensorInput:
    shape = tuple(
        axis if axis is not None or (at == 0 and entry.batched) else size
        for at, axis in enumerate(entry.shape)
    )
    if np.dtype(entry.dtype).kind in "iu":
        if entry.low is not None:
            return replace(entry, shape=shape)
        is_byte = np.dtype(entry.dtype).itemsize == 1 and known.top is None
        last = (
            known.top
            if known.top is not None
            else (values.top if not is_byte else 255 if values.top else 1)
        )
        if is_byte and entry.dtype == "int8":
            return replace(entry, shape=shape, low=-128, high=127)
        return replace(entry, shape=shape, low=0, high=last)
    return replace(
        entry,
        shape=shape,
        low=values.low if entry.low is None else entry.low,
        high=values.high if entry.high is None else entry.high,
    )


def _with_values(
    arrays: dict[str, Any], known: Sequence[Known], inputs: Sequence[TensorInput], seed: int
) -> Arrays:
    """Values that a table knows, and a few that it does not, in place of made-up ones."""
    random = np.random.default_rng(_SEED + seed)
    for entry, what in zip(inputs, known, strict=True):
        kind = np.dtype(entry.dtype).kind
        if what.values is None and kind != "U":
            continue
        shape = arrays[entry.name].shape
        if kind == "U":
            arrays[entry.name] = words(what, shape, random)
        else:
            choices = np.asarray([*what.values[:10_000], 0, 1])
            arrays[entry.name] = random.choice(choices, shape).astype(entry.dtype)
    return arrays


def _share_that_varies(
    answers: Sequence[Arrays], outputs: Sequence[Output], *, batched: bool
) -> float:
    """The share of the outputs that differ clearly from row to row."""
    names = list(answers[0])
    told = {output.name: output for output in outputs}
    varying = [
        _varies([a[name] for a in answers], told.get(name, Output(name)), batched=batched)
        for name in names
    ]
    return sum(varying) / len(names)


def _varies(found: Sequence[Any], output: Output, *, batched: bool) -> bool:
    by_shape: dict[tuple[int, ...], list[Any]] = {}
    for array in found:
        rows = array if batched else array[np.newaxis]
        by_shape.setdefault(rows.shape[1:], []).append(rows)
    for group in by_shape.values():
        rows = np.concatenate(group)
        if not rows.size:
            continue
        rows = rows.reshape(len(rows), -1)
        if rows.dtype.kind in "US":
            if (rows != rows[:1]).any():
                return True
            continue
        values = np.where(np.isfinite(rows.astype(np.float64)), rows, 0).astype(np.float64)
        usual = max(1.0, float(np.median(np.abs(values))))
        allowed = max(output.absolute * usual, output.step)
        if float(np.ptp(values, axis=0).max()) > _ENOUGH * allowed:
            return True
    return False
