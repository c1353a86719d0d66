"""Inputs in batches: all rows at once, one, two, and none, each run by the framework itself."""

from collections.abc import Callable, Iterator

from onnxport.converter.interface import Arrays, Case


def in_batches(origin: str, inputs: Arrays, run: Callable[[Arrays], Arrays]) -> Iterator[Case]:
    """Cases of all rows, of the first alone, of the next two, and, where `run` takes it, of none.

    Args:
        origin: `sample` or `generated`.
        inputs: arrays by input name, with rows along the first axis of each.
        run: the framework's answer: arrays by output name, with as many rows.
    """
    yield Case(origin, inputs, run(inputs))
    rows = len(next(iter(inputs.values())))
    for start, size in ((0, 1), (1, 2)):
        if start + size <= rows and size < rows:
            part = {name: array[start : start + size] for name, array in inputs.items()}
            yield Case(origin, part, run(part))
    if origin == "generated":
        nothing = {name: array[:0] for name, array in inputs.items()}
        try:
            expected = run(nothing)
        except Exception:  # many frameworks refuse it, each with an error of its own
            return
        yield Case(origin, nothing, expected, optional=True)
