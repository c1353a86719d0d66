"""Steps that apply a well-known function: `FunctionTransformer`, and the way back of `TransformedTargetRegressor`."""

from collections.abc import Callable
from typing import Any

import numpy as np

from onnxport.converter.inside.sklearn.graph import Graph, Precision, width_of
from onnxport.converter.interface import ConversionRefused

_Written = Callable[[Graph, str], str]


def _node(kind: str) -> _Written:
    return lambda graph, value: graph.add(kind, value)


def _log_of(scale: float, shift: float = 0.0) -> _Written:
    """The logarithm of `value + shift`, times `scale`; in float64, because what is near 1 loses its digits in float32."""

    def write(graph: Graph, value: str) -> str:
        wide = graph.cast(value, np.float64)
        if shift:
            wide = graph.add("Add", wide, graph.constant(np.array(shift)))
        result = graph.add("Log", wide)
        if scale != 1.0:
            result = graph.add("Mul", result, graph.constant(np.array(scale)))
        return graph.as_numbers(result)

    return write


def _expm1(graph: Graph, value: str) -> str:
    powered = graph.add("Exp", graph.cast(value, np.float64))
    return graph.as_numbers(graph.add("Sub", powered, graph.constant(np.array(1.0))))


def _power_of(base: float) -> _Written:
    def write(graph: Graph, value: str) -> str:
        wide = graph.cast(value, np.float64)
        result = graph.add("Exp", graph.add("Mul", wide, graph.constant(np.log(base))))
        return graph.as_numbers(result)

    return write


def _cube_root(graph: Graph, value: str) -> str:
    size = graph.add("Pow", graph.add("Abs", value), graph.numbers(1 / 3))
    return graph.add("Mul", graph.add("Sign", value), size)


def _square(graph: Graph, value: str) -> str:
    return graph.add("Mul", value, value)


def _times(factor: float) -> _Written:
    return lambda graph, value: graph.add("Mul", value, graph.numbers(factor))


def _same(_: Graph, value: str) -> str:
    return value


FUNCTIONS: dict[Any, _Written] = {
    None: _same,
    np.log: _log_of(1.0),
    np.log1p: _log_of(1.0, 1.0),
    np.log2: _log_of(1 / np.log(2)),
    np.log10: _log_of(1 / np.log(10)),
    np.exp: _node("Exp"),
    np.exp2: _power_of(2.0),
    np.expm1: _expm1,
    np.sqrt: _node("Sqrt"),
    np.cbrt: _cube_root,
    np.square: _square,
    np.absolute: _node("Abs"),
    np.fabs: _node("Abs"),
    np.negative: _node("Neg"),
    np.positive: _same,
    np.reciprocal: _node("Reciprocal"),
    np.sign: _node("Sign"),
    np.sin: _node("Sin"),
    np.cos: _node("Cos"),
    np.tan: _node("Tan"),
    np.arcsin: _node("Asin"),
    np.arccos: _node("Acos"),
    np.arctan: _node("Atan"),
    np.sinh: _node("Sinh"),
    np.cosh: _node("Cosh"),
    np.tanh: _node("Tanh"),
    np.arcsinh: _node("Asinh"),
    np.arccosh: _node("Acosh"),
    np.arctanh: _node("Atanh"),
    np.floor: _node("Floor"),
    np.ceil: _node("Ceil"),
    np.rint: _node("Round"),
    np.deg2rad: _times(np.pi / 180),
    np.radians: _times(np.pi / 180),
    np.rad2deg: _times(180 / np.pi),
    np.degrees: _times(180 / np.pi),
}
"""The functions that can be written as ONNX nodes. `None` is the identity."""


def _clip(low: Any = None, high: Any = None) -> _Written:
    def write(graph: Graph, value: str) -> str:
        # Compared, because what is missing stays missing.
        for bound, comparison in ((low, "Less"), (high, "Greater")):
            if bound is not None:
                limit = graph.numbers(np.asarray(bound, float))
                value = graph.add("Where", graph.add(comparison, value, limit), limit, value)
        return value

    return write


def _without_gaps(filling: float = 0.0) -> _Written:
    return lambda graph, value: graph.add(
        "Where", graph.add("IsNaN", value), graph.numbers(filling), value
    )


# By function: what it makes of arguments, and what these are called there.
_WITH_ARGUMENTS: dict[Any, tuple[Callable[..., _Written], dict[str, str]]] = {
    np.clip: (_clip, {"a_min": "low", "min": "low", "a_max": "high", "max": "high"}),
    np.nan_to_num: (_without_gaps, {"nan": "filling"}),
}


def _found(function: Any, arguments: Any) -> _Written | None:
    given = dict(arguments or {})
    if function in _WITH_ARGUMENTS:
        make, names = _WITH_ARGUMENTS[function]
        return make(**{names[n]: v for n, v in given.items()}) if set(given) <= set(names) else None
    return None if given else FUNCTIONS.get(function)


def written(function: Any, arguments: Any, step: str) -> _Written:
    """What writes a function; else `ConversionRefused` with the name of the step."""
    try:
        found = _found(function, arguments)
    except TypeError:  # not hashable
        found = None
    if found is None:
        name = getattr(function, "__name__", type(function).__name__)
        known = ", ".join(f.__name__ for f in FUNCTIONS if f is not None)
        raise ConversionRefused(
            f"the {step} calls the function '{name}', whose code cannot be converted",
            f"Use one of numpy's functions without arguments ({known}), clip or nan_to_num, or do this step before the model.",
        )
    return found


def transform(scope: Any, operator: Any, container: Any) -> None:
    """`FunctionTransformer` of a well-known function."""
    graph = Graph(scope, operator, container)
    step = operator.raw_operator
    write = written(step.func, step.kw_args, "FunctionTransformer")
    if step.func is None and len(operator.outputs) == len(operator.inputs):
        for place, variable in enumerate(operator.inputs):
            graph.give(variable.full_name, place)
        return
    graph.give(write(graph, graph.matrix()))


def set_function_shape(operator: Any) -> None:
    """As wide as the input; the identity keeps the types too."""
    if operator.raw_operator.func is None and len(operator.outputs) == len(operator.inputs):
        for given, made in zip(operator.inputs, operator.outputs, strict=True):
            made.type = given.type.__class__([None, width_of(given)])
        return
    widths = [width_of(variable) for variable in operator.inputs]
    known = [width for width in widths if width is not None]
    operator.outputs[0].type = Precision.tensor(sum(known) if len(known) == len(widths) else None)


def parse_function(scope: Any, model: Any, inputs: Any, custom_parsers: Any = None) -> Any:  # noqa: ARG001
    """The identity gives what it takes; a function gives one matrix of numbers."""
    operator = scope.declare_local_operator("OnnxportFunction", model)
    operator.inputs = inputs
    kinds = [v.type.__class__ for v in inputs] if model.func is None else [None]
    for kind in kinds:
        made = Precision.tensor() if kind is None else kind([None, None])
        operator.outputs.append(scope.declare_local_variable("function", made))
    return operator.outputs
