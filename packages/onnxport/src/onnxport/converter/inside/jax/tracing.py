"""A JAX function as ONNX: traced to JAX's primitives, cleared of what its outputs do not need, and given to jax2onnx.

Traced first, because jax2onnx replaces functions of Flax while it traces, and some of these replacements take no positional arguments
(pooling) or other layers than Flax's (recurrent cells). Its primitives are sound; max pooling alone goes through its own layer, because its
primitive makes a MaxPool over four axes, which ONNX Runtime does not run.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from jax.extend import core

from onnxport.converter.interface import ConversionRefused, Output

BATCH = "batch"
OPSET = 23
_CALLS = {"pjit": "jaxpr", "jit": "jaxpr", "closed_call": "call_jaxpr", "remat": "jaxpr"}
_CALLS |= {"checkpoint": "jaxpr", "custom_jvp_call": "call_jaxpr", "custom_vjp_call": "call_jaxpr"}

Function = Callable[..., Any]


@dataclass(frozen=True)
class Traced:
    """The ONNX model and the names of what goes in and comes out."""

    onnx: bytes
    outputs: tuple[Output, ...]


def to_onnx(
    function: Function,
    example: Mapping[str, Any],
    *,
    free_batch: bool,
    by_layers: bool,
    opset: int | None,
) -> Traced:
    """Convert `function`, which takes the arrays of `example` in their order.

    Args:
        function: from arrays to a tree of arrays.
        example: arrays by input name; their types and shapes count, and with `free_batch` not the first size.
        free_batch: whether the first axis of every input counts rows and stays free.
        by_layers: leave the tracing to jax2onnx, so that its own layers are used.
        opset: the operator set; this module's if `None`.

    Raises `ConversionRefused` where the function cannot be traced or a primitive of it has no ONNX form.
    """
    import jax2onnx

    specs = _specs(list(example.values()), free_batch)
    traced, shapes = _trace(function, specs)
    names = _output_names(shapes)
    flat = _layers(function) if by_layers else _primitives(traced)
    try:
        model = jax2onnx.to_onnx(
            flat,
            specs,
            model_name="jax",
            opset=opset or OPSET,
            input_names=list(example),
            output_names=names,
            enable_double_precision=bool(jax.config.jax_enable_x64),
        )
    except MemoryError:
        raise
    except Exception as error:  # jax2onnx has no base class for "cannot"
        raise ConversionRefused(
            f"jax2onnx cannot convert this function: {said(error)}",
            "Replace the operation that it names by others that it has.",
        ) from error
    outputs = tuple(Output(name, absolute=1e-4, relative=1e-3) for name in names)
    return Traced(model.SerializeToString(), outputs)


def run(function: Function, inputs: Sequence[Any], names: Sequence[str]) -> dict[str, Any]:
    """What JAX itself gives, by output name."""
    leaves = jax.tree_util.tree_leaves(function(*inputs))
    return {name: np.asarray(leaf) for name, leaf in zip(names, leaves, strict=True)}


def said(error: Exception) -> str:
    """An error's words in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]


def _specs(arrays: Sequence[Any], free_batch: bool) -> list[Any]:
    if not free_batch:
        return [jax.ShapeDtypeStruct(array.shape, array.dtype) for array in arrays]
    (batch,) = jax.export.symbolic_shape(BATCH)
    return [jax.ShapeDtypeStruct((batch, *array.shape[1:]), array.dtype) for array in arrays]


def _trace(function: Function, specs: Sequence[Any]) -> tuple[Any, Any]:
    try:
        traced, shapes = jax.make_jaxpr(function, return_shape=True)(*specs)
    except MemoryError:
        raise
    except Exception as error:  # whatever the user's code raises
        raise ConversionRefused(
            f"the function cannot be traced with shapes {[list(spec.shape) for spec in specs]}: {said(error)}",
            "Give a sample of the shapes that it takes; write it so that it does not look at values or at the number of rows.",
        ) from error
    return traced, shapes


def _output_names(shapes: Any) -> list[str]:
    """`output`, or what the tree calls its leaves."""
    leaves, _ = jax.tree_util.tree_flatten_with_path(shapes)
    if len(leaves) == 1 and not leaves[0][0]:
        return ["output"]
    names = ["_".join(_part(part) for part in path) for path, _ in leaves]
    return [f"output_{name}" if name[:1].isdigit() else name for name in names]


def _part(part: Any) -> str:
    found = next(v for k in ("key", "idx", "name") if (v := getattr(part, k, None)) is not None)
    return "".join(c if c.isalnum() or c in "_." else "_" for c in str(found))


def _layers(function: Function) -> Function:
    return lambda *inputs: jax.tree_util.tree_leaves(function(*inputs))


def _primitives(traced: Any) -> Function:
    """The traced function, to be run primitive by primitive."""
    return lambda *inputs: tuple(_evaluate(traced.jaxpr, traced.consts, inputs))


def _evaluate(jaxpr: Any, consts: Sequence[Any], inputs: Sequence[Any]) -> list[Any]:
    values: dict[Any, Any] = dict(zip(jaxpr.constvars, consts, strict=True))
    values |= dict(zip(jaxpr.invars, inputs, strict=True))

    def read(atom: Any) -> Any:
        return atom.val if isinstance(atom, core.Literal) else values[atom]

    for equation in _needed(jaxpr):
        results = _apply(equation, [read(atom) for atom in equation.invars])
        values |= dict(zip(equation.outvars, results, strict=True))
    return [read(atom) for atom in jaxpr.outvars]


def _needed(jaxpr: Any) -> list[Any]:
    """The equations that outputs depend on: random numbers that Flax draws to start recurrent cells with zeros are not."""
    wanted = {atom for atom in jaxpr.outvars if not isinstance(atom, core.Literal)}
    kept = []
    for equation in reversed(jaxpr.eqns):
        if wanted.isdisjoint(equation.outvars):
            continue
        kept.append(equation)
        wanted |= {atom for atom in equation.invars if not isinstance(atom, core.Literal)}
    return kept[::-1]


def _apply(equation: Any, inputs: Sequence[Any]) -> Sequence[Any]:
    name, params = equation.primitive.name, equation.params
    if name in _CALLS and _CALLS[name] in params:
        inner = params[_CALLS[name]]
        jaxpr = getattr(inner, "jaxpr", inner)
        return _evaluate(jaxpr, getattr(inner, "consts", ()), inputs)
    if name == "reduce_window_max" and inputs[0].dtype.kind == "f" and _is_pooling(params):
        return [_max_pool(inputs[0], params)]
    if (
        name == "dot_general"
        and (product := _matrix_product(inputs[0], inputs[1], params)) is not None
    ):
        return [product]
    bound = equation.primitive.get_bind_params(params)
    # Before JAX 0.10 also functions were given, in front of the arguments.
    functions, bound = bound if isinstance(bound, tuple) else ((), bound)
    results = equation.primitive.bind(*functions, *inputs, **bound)
    return results if equation.primitive.multiple_results else [results]


def _matrix_product(one: Any, other: Any, params: Mapping[str, Any]) -> Any:
    """A product of stacked matrices with the stack's axes in front; `None` where it is another product.

    Else it becomes an Einsum, and ONNX Runtime (1.32) ends its process when one has no rows to multiply.
    """
    (summed_one, summed_other), (stack_one, stack_other) = params["dimension_numbers"]
    free_one = [axis for axis in range(one.ndim) if axis not in {*summed_one, *stack_one}]
    free_other = [axis for axis in range(other.ndim) if axis not in {*summed_other, *stack_other}]
    if not stack_one or [len(free_one), len(free_other), len(summed_one)] != [1, 1, 1]:
        return None
    return jax.numpy.matmul(
        jax.lax.transpose(one, (*stack_one, *free_one, *summed_one)),
        jax.lax.transpose(other, (*stack_other, *summed_other, *free_other)),
        preferred_element_type=params["preferred_element_type"],
    )


def _is_pooling(params: Mapping[str, Any]) -> bool:
    """Whether windows lie along the inner axes only: rows and channels are left alone."""
    window, strides = params["window_dimensions"], params["window_strides"]
    spread = (*params["base_dilation"], *params["window_dilation"])
    padding = params["padding"]
    ends = [(window[axis], strides[axis], tuple(padding[axis])) for axis in (0, -1)]
    return len(window) in (3, 4) and set(spread) == {1} and set(ends) == {(1, 1, (0, 0))}


def _max_pool(operand: Any, params: Mapping[str, Any]) -> Any:
    """Padded first: jax2onnx drops padding that is stated in numbers, and cannot pad where the number of rows is free."""
    from flax import linen

    for axis, (before, after) in enumerate(params["padding"]):
        operand = _padded(operand, axis, before, after)
    return linen.max_pool(
        operand,
        window_shape=tuple(params["window_dimensions"][1:-1]),
        strides=tuple(params["window_strides"][1:-1]),
        padding="VALID",
    )


def _padded(operand: Any, axis: int, before: int, after: int) -> Any:
    parts = [operand]
    for place, size in ((0, before), (1, after)):
        if size:
            shape = (*operand.shape[:axis], size, *operand.shape[axis + 1 :])
            least = jax.lax.broadcast(np.array(-np.inf, operand.dtype), shape)
            parts.insert(0 if place == 0 else len(parts), least)
    return parts[0] if len(parts) == 1 else jax.lax.concatenate(parts, axis)
