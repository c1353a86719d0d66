"""What the framework is run on: the sample or example, and inputs made within what the model and its ONNX graph say."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import torch

from onnxport.converter.inside.tensors import TensorInput, generated
from onnxport.converter.inside.torch.capture import batch_of, sizes_of
from onnxport.converter.inside.torch.model import Model, as_array
from onnxport.converter.interface import Case, ConversionRefused

Arrays = Mapping[str, Any]
_ROWS = 16
_RECURRENT = {"LSTM", "GRU", "RNN"}
_MOST_VALUES = 1 << 22
_OTHER_LENGTH = 3
_PASS_ON = {
    "Cast",
    "Identity",
    "Reshape",
    "Flatten",
    "Squeeze",
    "Unsqueeze",
    "Transpose",
    "Slice",
    "Clip",
}
_PASS_ON |= {"Expand", "Concat"}


class Shapes:
    """The shapes of a model's inputs with what is free in them, and the sizes that it may have."""

    def __init__(self, model: Model, *, free_batch: bool) -> None:
        if model.program is not None:
            self._shapes = dict(zip(model.names, sizes_of(model.program), strict=True))
            self._ranges = {str(s): r for s, r in model.program.range_constraints.items()}
        else:
            self._ranges = {}
            rows = batch_of(model.example) if free_batch else None
            self._shapes = {
                name: _with_free_rows(tensor, rows)
                for name, tensor in zip(model.names, model.example, strict=True)
            }
        firsts = {str(shape[0]) if shape else "" for shape in self._shapes.values()}
        only = next(iter(firsts)) if len(firsts) == 1 else ""
        self.batch = only if only and not only.isdecimal() else None
        """The symbol that is the first size of every input; `None` where there is none such."""

    def at(self, values: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
        """The shapes for some values of the symbols, others as in the example."""
        return {
            name: tuple(_size(size, values) for size in shape)
            for name, shape in self._shapes.items()
        }

    def lengths(self) -> list[str]:
        """The symbols other than the batch."""
        found = {
            str(symbol)
            for shape in self._shapes.values()
            for size in shape
            for symbol in _symbols(size)
        }
        return sorted(found - {self.batch})

    def allows(self, symbol: str, value: int) -> bool:
        """Whether a symbol may have this value."""
        known = self._ranges.get(symbol)
        return known is None or bool(known.lower <= value <= known.upper)

    def hint(self, symbol: str) -> int:
        """The value of a symbol in the example."""
        for shape in self._shapes.values():
            for size in shape:
                if str(size) == symbol:
                    return _size(size, {})
        return 8


def cases(model: Model, shapes: Shapes, onnx_bytes: bytes, sample: Arrays | None) -> Iterator[Case]:
    """The model's answers on the sample, on generated inputs, on one and two rows, and on other lengths."""
    graph = onnx.load_from_string(onnx_bytes)
    rowwise = shapes.batch is not None and _is_rowwise(model, shapes)
    # ONNX Runtime ends the process when one of these gets no rows.
    may_be_empty = not any(node.op_type in _RECURRENT for node in graph.graph.node)
    if sample is not None:
        yield from _batches("sample", model, sample, shapes, rowwise=rowwise)
    given = sample or dict(zip(model.names, map(as_array, model.example), strict=True))
    maker = _Maker(model, index_tops(graph, model.names), given)
    for values in _sizes_to_try(shapes, rowwise=rowwise):
        made = maker.inputs(shapes.at(values))
        if made is not None:
            yield from _batches("generated", model, made, shapes, rowwise=rowwise)
            if rowwise and may_be_empty:
                yield from _no_rows(model, made, shapes)
                may_be_empty = False


def _sizes_to_try(shapes: Shapes, *, rowwise: bool) -> Iterator[dict[str, int]]:
    rows = {}
    if shapes.batch is not None:
        rows = {shapes.batch: _rows(shapes)}
    for _ in range(1 if rowwise else 4):
        yield rows
    other = {s: shapes.hint(s) + _OTHER_LENGTH for s in shapes.lengths()}
    other = {symbol: size for symbol, size in other.items() if shapes.allows(symbol, size)}
    if other:
        for _ in range(1 if rowwise else 2):
            yield {**rows, **other}
    least = {symbol: 1 for symbol in shapes.lengths() if shapes.allows(symbol, 1)}
    if shapes.batch is None and least:
        yield least
    if shapes.batch is not None and not rowwise:
        for size in (1, 3):
            if shapes.allows(shapes.batch, size):
                yield {shapes.batch: size}


def _rows(shapes: Shapes) -> int:
    assert shapes.batch is not None
    one = sum(int(np.prod(shape)) for shape in shapes.at({shapes.batch: 1}).values())
    rows = max(3, min(_ROWS, _MOST_VALUES // max(one, 1)))
    while rows > 1 and not shapes.allows(shapes.batch, rows):
        rows -= 1
    return rows


def _is_rowwise(model: Model, shapes: Shapes) -> bool:
    """Whether every output has as many rows as the inputs, seen on two batches."""
    assert shapes.batch is not None
    for rows in (2, 3):
        if not shapes.allows(shapes.batch, rows):
            continue
        inputs = _rows_of(model, shapes, rows)
        try:
            outputs = model.run(inputs)
        except Exception:  # a batch that the model itself cannot take
            return False
        if any(not array.shape or len(array) != rows for array in outputs.values()):
            return False
    return True


def _rows_of(model: Model, shapes: Shapes, rows: int) -> dict[str, Any]:
    assert shapes.batch is not None
    wanted = shapes.at({shapes.batch: rows})
    return {
        name: np.resize(as_array(tensor), wanted[name])
        for name, tensor in zip(model.names, model.example, strict=True)
    }


def _batches(
    origin: str, model: Model, inputs: Arrays, shapes: Shapes, *, rowwise: bool
) -> Iterator[Case]:
    """All rows, one and two; whole inputs where rows cannot be told apart."""
    yield Case(origin, inputs, model.run(inputs), batched=rowwise)
    if not rowwise:
        return
    assert shapes.batch is not None
    rows = len(next(iter(inputs.values())))
    for start, size in ((0, 1), (1, 2)):
        if start + size <= rows and size < rows and shapes.allows(shapes.batch, size):
            part = {name: array[start : start + size] for name, array in inputs.items()}
            yield Case(origin, part, model.run(part))


def _no_rows(model: Model, inputs: Arrays, shapes: Shapes) -> Iterator[Case]:
    assert shapes.batch is not None
    if not shapes.allows(shapes.batch, 0):
        return
    nothing = {name: array[:0] for name, array in inputs.items()}
    try:
        expected = model.run(nothing)
    except Exception:  # many modules refuse it, each with an error of its own
        return
    yield Case("generated", nothing, expected, optional=True)


class _Maker:
    """Makes inputs: floating numbers spread like the example's, indexes within what they look up, all else as in the example."""

    def __init__(self, model: Model, tops: Mapping[str, int], example: Arrays) -> None:
        self._model = model
        self._example = example
        self._tops = tops
        self._made = 0

    def inputs(self, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any] | None:
        """Inputs of these shapes that the model runs on; `None` where it runs on the example only."""
        self._made += 1
        first: Exception | None = None
        for make in (self._new, self._like_example):
            made = {name: make(name, shape) for name, shape in shapes.items()}
            try:
                self._model.run(made)
            except Exception as error:  # whatever the module raises for values it does not take
                first = first or error
                continue
            return made
        if not self._example:
            raise ConversionRefused(
                f"the model does not run on generated inputs: {first}",
                "Give real inputs with --sample.",
            )
        return None

    def _new(self, name: str, shape: tuple[int, ...]) -> Any:
        example = self._example.get(name)
        kind = np.dtype("float32") if example is None else example.dtype
        if kind.kind in "iu" and name in self._tops:
            return self._generated(name, kind, shape, 0, self._tops[name])
        if kind.kind != "f":
            return self._like_example(name, shape)
        made = self._generated(name, kind, shape, None, None)
        finite = example[np.isfinite(example)].astype(np.float64) if example is not None else None
        if finite is None or finite.size < 2 or not finite.std() > 0:
            return made
        return (made.astype(np.float64) * finite.std() + finite.mean()).astype(kind)

    def _like_example(self, name: str, shape: tuple[int, ...]) -> Any:
        """The example's values, moved along its rows and repeated to the shape."""
        example = self._example.get(name)
        if example is None or not example.size:
            return self._generated(name, np.dtype("float32"), shape, None, None)
        if example.ndim == len(shape) and all(
            size <= held for size, held in zip(shape[1:], example.shape[1:], strict=True)
        ):
            example = example[(slice(None), *(slice(size) for size in shape[1:]))]
        moved = np.roll(example, self._made, axis=0) if example.ndim else example
        made = np.resize(moved, shape)
        if made.dtype.kind != "f":
            return made
        random = np.random.default_rng(self._made)
        return (made * random.uniform(0.8, 1.25, shape)).astype(made.dtype)

    def _generated(
        self, name: str, kind: Any, shape: tuple[int, ...], low: float | None, high: float | None
    ) -> Any:
        given = TensorInput(name, str(kind), shape, batched=len(shape) > 0, low=low, high=high)
        rows = shape[0] if shape else 1
        return generated([given], rows, seed=self._made)[name]


def index_tops(model: onnx.ModelProto, names: Sequence[str]) -> dict[str, int]:
    """The largest index of each input that looks up rows of a table of the model, by following it to the Gather."""
    graph = model.graph
    tables = {tensor.name: tensor.dims for tensor in graph.initializer}
    inputs = dict(zip([value.name for value in graph.input], names, strict=False))
    carried = {old: {new} for old, new in inputs.items()}
    tops: dict[str, int] = {}
    for node in graph.node:
        if node.op_type == "Gather" and node.input[0] in tables:
            axis = next((a.i for a in node.attribute if a.name == "axis"), 0)
            for name in carried.get(node.input[1], ()):
                top = tables[node.input[0]][axis] - 1
                tops[name] = min(top, tops.get(name, top))
        elif node.op_type in _PASS_ON:
            sources = node.input if node.op_type == "Concat" else node.input[:1]
            through: set[str] = set().union(*(carried.get(s, set()) for s in sources))
            for output in node.output:
                carried[output] = through
    return tops


def _with_free_rows(tensor: torch.Tensor, rows: int | None) -> tuple[Any, ...]:
    shape = tuple(tensor.shape)
    return ("batch", *shape[1:]) if shape and shape[0] == rows else shape


def _symbols(size: Any) -> list[Any]:
    if isinstance(size, int):
        return []
    return [size] if isinstance(size, str) else list(size.node.expr.free_symbols)


def _size(size: Any, values: Mapping[str, int]) -> int:
    if isinstance(size, int):
        return size
    if isinstance(size, str):
        return values.get(size, 2)
    known = {symbol: values[str(symbol)] for symbol in _symbols(size) if str(symbol) in values}
    hints = size.node.shape_env.backed_var_to_val
    rest = {s: hints[s] for s in _symbols(size) if str(s) not in values and s in hints}
    return int(size.node.expr.subs({**known, **rest}))
