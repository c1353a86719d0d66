"""Recording a module as an ExportedProgram: with a free batch and free lengths where the module allows it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.export import Dim, ExportedProgram
from torch.utils import _pytree as pytree

from onnxport.converter.inside.torch.model import Model, evaluating, flat
from onnxport.converter.inside.torch.recurrent import free_lengths
from onnxport.converter.inside.torch.user_code import said_by
from onnxport.converter.interface import ConversionRefused

FIXED_BATCH = "a fixed batch"
FIXED_LENGTHS = "fixed lengths"
_ON_VALUES = ("data-dependent", "DataDependent", "data dependent")


@dataclass(frozen=True)
class _Freedom:
    """What the program leaves open: the number of rows, and the lengths of sequences."""

    batch: bool
    lengths: bool


def capture(model: Model, remedy: str = "") -> tuple[ExportedProgram, tuple[str, ...]]:
    """The module as a program, and remarks on what had to be fixed. Raises `ConversionRefused` with what cannot be recorded."""
    said = ""
    for freedom in _freedoms(model, remedy):
        example = _example(model, freedom)
        try:
            with evaluating(model.flat), free_lengths():
                program = torch.export.export(
                    model.flat,
                    tuple(example),
                    dynamic_shapes=_dynamic_shapes(model, freedom),
                    strict=False,
                )
        except ConversionRefused:
            raise
        except Exception as error:  # torch.export has no base class for "cannot"
            if any(sign in f"{type(error).__name__} {error}" for sign in _ON_VALUES):
                raise _decides_on_values(model, error) from error
            said = said or said_by(error)
            continue
        return program, tuple(_remarks(model, program, freedom, remedy, said))
    raise ConversionRefused(
        f"torch.export cannot record this {_kind(model)}: {said}",
        "Change what it names in the model's forward, or save the model as TorchScript and convert that.",
    )


def of_program(program: ExportedProgram) -> Model:
    """A program as a model: its inputs by the names that it gives them, its own example as the example."""
    taken = program.graph_signature.user_inputs
    held = _placeholders(program)
    names = tuple(str(name) for name in taken if str(name) in held)
    places = [at for at, name in enumerate(taken) if str(name) in held]
    spec = program.call_spec.in_spec
    constants = [None if str(name) in held else name for name in taken]
    leaves: list[Any] = []
    if program.example_inputs is not None:
        leaves = pytree.tree_leaves(program.example_inputs)
        constants = [
            leaf if name is None else name for leaf, name in zip(leaves, constants, strict=True)
        ]

    def arrange(tensors: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        values = list(constants)
        for at, tensor in zip(places, tensors, strict=True):
            values[at] = tensor
        arguments, keywords = pytree.tree_unflatten(values, spec)
        return tuple(arguments), dict(keywords)

    example = tuple(leaves[at] for at in places) if leaves else ()
    wrapped = flat(program.module(check_guards=False), names, arrange)
    return Model(wrapped, names, example, "program", program)


def batch_of(example: Sequence[torch.Tensor]) -> int | None:
    """How many rows the example has: the size of the first axis of the first input that has axes."""
    return next((len(tensor) for tensor in example if tensor.dim()), None)


def fixed_batch(model: Model) -> tuple[str, ...]:
    """A remark on a program that takes one number of rows only."""
    assert model.program is not None
    firsts = [shape[0] for shape in sizes_of(model.program) if shape]
    if not firsts or not all(isinstance(size, int) for size in firsts):
        return ()
    rows = ", ".join(str(size) for size in sorted(set(firsts)))
    return (
        f"the program was recorded with a fixed first size ({rows}): for a free batch, export it with dynamic_shapes",
    )


def has_lengths(example: Sequence[torch.Tensor]) -> bool:
    """Whether any input may be a sequence."""
    return any(length_axes(tensor, example) for tensor in example)


def _freedoms(model: Model, remedy: str) -> Iterator[_Freedom]:
    batch = batch_of(model.example) is not None and remedy != FIXED_BATCH
    lengths = remedy not in (FIXED_BATCH, FIXED_LENGTHS) and has_lengths(model.example)
    if batch and lengths:
        yield _Freedom(batch=True, lengths=True)
    if batch:
        yield _Freedom(batch=True, lengths=False)
    if lengths:
        # Time first, say: the rows are along another axis.
        yield _Freedom(batch=False, lengths=True)
    yield _Freedom(batch=False, lengths=False)


def _example(model: Model, freedom: _Freedom) -> list[torch.Tensor]:
    """A few rows of the example: not one, which torch.export takes for fixed, and not as many as any other size."""
    rows = batch_of(model.example)
    if not freedom.batch or rows is None:
        return list(model.example)
    sizes = {size for tensor in model.example for size in tensor.shape[1:]}
    wanted = next(count for count in range(2, 99) if count not in sizes)
    return [_resized(tensor, _rows_axis(tensor, rows), wanted) for tensor in model.example]


def _resized(tensor: torch.Tensor, axis: int | None, size: int) -> torch.Tensor:
    """The tensor with as many entries along an axis, repeated in a circle."""
    if axis is None:
        return tensor
    return tensor.index_select(axis, torch.arange(size) % tensor.shape[axis])


def _dynamic_shapes(model: Model, freedom: _Freedom) -> Any:
    rows = batch_of(model.example)
    batch = Dim("batch", min=1)
    shapes: list[dict[int, Any]] = []
    for tensor in model.example:
        axes: dict[int, Any] = {}
        if freedom.lengths:
            axes.update(dict.fromkeys(length_axes(tensor, model.example), Dim.AUTO))
        along = _rows_axis(tensor, rows)
        if freedom.batch and along is not None:
            axes[along] = batch
        shapes.append(axes)
    return tuple(shapes)


def _rows_axis(tensor: torch.Tensor, rows: int | None) -> int | None:
    """The axis of the rows: the first, or the second of a state of a recurrent layer (layers, rows, width)."""
    if tensor.dim() and tensor.shape[0] == rows:
        return 0
    is_state = tensor.dim() == 3 and tensor.dtype.is_floating_point and tensor.shape[1] == rows
    return 1 if is_state else None


def length_axes(tensor: torch.Tensor, all_of_them: Sequence[torch.Tensor]) -> tuple[int, ...]:
    """Axes that may be lengths: of tokens and masks, and of sequences of vectors; torch.export fixes those that are not."""
    tokens = [other for other in all_of_them if other.dim() == 2 and not other.is_floating_point()]
    if tensor.dim() == 2 and tensor.shape[1] in [other.shape[1] for other in tokens]:
        return (1,)
    is_state = _rows_axis(tensor, batch_of(all_of_them)) == 1
    return (1, 2) if tensor.dim() == 3 and not is_state else ()


def _remarks(
    model: Model, program: ExportedProgram, freedom: _Freedom, remedy: str, said: str
) -> Iterator[str]:
    rows = batch_of(model.example)
    if not freedom.batch and rows is not None:
        why = f"with {remedy}" if remedy == FIXED_BATCH else _why(said)
        yield f"the first size is fixed at that of the sample, {rows}: {why}"
    for name, tensor, sizes in zip(model.names, model.example, sizes_of(program), strict=True):
        axes = length_axes(tensor, model.example)
        if axes and remedy != FIXED_BATCH and all(isinstance(sizes[axis], int) for axis in axes):
            yield fixed_sizes(name, [sizes[axis] for axis in axes])


def fixed_sizes(name: str, sizes: Sequence[int]) -> str:
    """The remark on an input whose lengths are those of the sample."""
    told = ", ".join(map(str, sizes))
    return f"'{name}' has the sample's sizes behind the first ({told}): another length needs another conversion"


def _why(said: str) -> str:
    if "specialized it" in said or "Constraints violated" in said:
        return "the model's own code fixes it"
    return said or "the model's own code fixes it"


def _placeholders(program: ExportedProgram) -> dict[str, Any]:
    taken = set(program.graph_signature.user_inputs)
    return {
        node.name: node.meta["val"]
        for node in program.graph.nodes
        if node.op == "placeholder"
        and node.name in taken
        and isinstance(node.meta.get("val"), torch.Tensor)
    }


def sizes_of(program: ExportedProgram) -> list[tuple[Any, ...]]:
    """The shape of each input that is a tensor, in order: integers, and symbols of PyTorch's where it is free."""
    return [tuple(map(_settled, value.shape)) for value in _placeholders(program).values()]


def _settled(size: Any) -> Any:
    """A symbol that has turned out to be one number, as that number."""
    return size if isinstance(size, int) or size.node.expr.free_symbols else int(size)


def _decides_on_values(model: Model, error: Exception) -> ConversionRefused:
    where = [line.strip() for line in str(error).splitlines() if line.strip().startswith("File ")]
    place = f" ({where[-1]})" if where else ""
    return ConversionRefused(
        f"the forward of this {_kind(model)} decides on the values of its tensors{place}, which cannot be recorded: {said_by(error)[:200]}",
        "Use torch.where or torch.cond there, or save the model with torch.jit.script and convert that: TorchScript keeps the decision.",
    )


def _kind(model: Model) -> str:
    return type(model.flat.inner).__name__


def types_of(program: ExportedProgram) -> list[str]:
    """The type of each input, such as `float32`."""
    return [str(value.dtype).removeprefix("torch.") for value in _placeholders(program).values()]


def hint_of(size: Any) -> int:
    """The size that a free size had when the program was recorded."""
    if isinstance(size, int):
        return size
    hint = size.node.hint
    return 2 if hint is None else int(hint)
