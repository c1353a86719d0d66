"""TFLite files, run by TensorFlow's own interpreter."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from onnxport.converter.inside.tensorflow.knowledge import Known
from onnxport.converter.inside.tensorflow.runtime import load_tensorflow
from onnxport.converter.inside.tensorflow.traced import distinct, to_array
from onnxport.converter.inside.tensors import TensorInput
from onnxport.converter.interface import Arrays, Case, ConversionRefused, Output

# Measured over thirteen quantised models: ONNX Runtime and the interpreter differ by at most one step of the output. They round at other
# places, and the interpreter's own kernels differ among themselves by as much.
_STEPS = 2
# Kernels that take 8-bit weights and float numbers round the numbers to 8 bits for themselves, for every row anew; ONNX computes them in
# float. Measured: up to 1.7 steps of 8 bits over the output's range.
_HYBRID_STEPS = 3
_HYBRID = {
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "FULLY_CONNECTED",
    "TRANSPOSE_CONV",
    "BATCH_MATMUL",
    "SVDF",
    "EMBEDDING_LOOKUP",
}
_PASS_ON = {"CAST", "RESHAPE", "EXPAND_DIMS", "SQUEEZE", "TRANSPOSE"}


@dataclass(frozen=True)
class Lite:
    """A TFLite model: its inputs, its outputs with their tolerances, and the interpreter's own answer.

    `begins` and `ends` are the names of tensors in the order of `inputs` and `outputs`.
    """

    path: Path
    begins: tuple[str, ...]
    ends: tuple[str, ...]
    inputs: tuple[TensorInput, ...]
    outputs: tuple[Output, ...]
    known: tuple[Known, ...]
    run: Callable[[Arrays], Arrays]
    framework_version: str
    remarks: tuple[str, ...]


def load_lite(path: Path) -> Lite:
    """Open the file with the interpreter, which checks it first."""
    tf = load_tensorflow()
    with warnings.catch_warnings():
        # It says that it will be removed from TensorFlow some day.
        warnings.simplefilter("ignore")
        interpreter = tf.lite.Interpreter(str(path), num_threads=1)
    _prepare(interpreter, path)
    begins, ends = interpreter.get_input_details(), interpreter.get_output_details()
    if not begins:
        raise ConversionRefused(
            f"{path.name} takes no input, so there is nothing to predict from",
            "Give the file of a model with an input.",
        )
    named_in, named_out = _signature_names(interpreter)
    names = distinct([named_in.get(d["index"], _plain(d["name"])) for d in begins])
    called = distinct([named_out.get(d["index"], _plain(d["name"])) for d in ends], names)
    inputs = [_input(name, d) for name, d in zip(names, begins, strict=True)]
    graph = _Graph(interpreter)
    known = tuple(Known(graph.top(d["index"])) for d in begins)
    run = _runner(interpreter, names, called)
    inputs, ran = _tried(inputs, known, run)
    outputs = tuple(_output(name, d, graph, ran) for name, d in zip(called, ends, strict=True))
    return Lite(
        path,
        tuple(d["name"] for d in begins),
        tuple(d["name"] for d in ends),
        tuple(inputs),
        outputs,
        known,
        run,
        tf.__version__,
        _remarks(outputs),
    )


def _prepare(interpreter: Any, path: Path) -> None:
    try:
        interpreter.allocate_tensors()
    except RuntimeError as error:
        said = " ".join(str(error).split())[:300]
        raise ConversionRefused(
            f"the TFLite interpreter cannot prepare {path.name}: {said}",
            "Make the file with the builtin operations of TensorFlow Lite only.",
        ) from None
    if wide := {d["name"] for d in interpreter.get_tensor_details() if _is_int16(d)}:
        raise ConversionRefused(
            f"{path.name} is quantised to 16 bits ('{min(wide)}'), for which tf2onnx makes no valid ONNX",
            "Quantise to 8 bits, or leave the activations in float.",
        )


def _is_int16(detail: Any) -> bool:
    return detail["dtype"] == np.int16 and _scale(detail) > 0


def _signature_names(interpreter: Any) -> tuple[dict[int, str], dict[int, str]]:
    """The names that the signature gives to tensors, where the file has exactly one."""
    signatures = interpreter.get_signature_list()
    if len(signatures) != 1:
        return {}, {}
    runner = interpreter.get_signature_runner(next(iter(signatures)))
    sides: tuple[Mapping[str, Any], Mapping[str, Any]] = (
        runner.get_input_details(),
        runner.get_output_details(),
    )
    made = [{detail["index"]: name for name, detail in side.items()} for side in sides]
    return made[0], made[1]


def _plain(name: str) -> str:
    """A tensor's name without what TensorFlow adds to it."""
    return name.removeprefix("serving_default_").rpartition(":")[0] or name


def _input(name: str, detail: Any) -> TensorInput:
    free = list(detail.get("shape_signature", detail["shape"]))
    sizes = tuple(None if size < 0 else int(size) for size in free)
    kind = np.dtype(detail["dtype"])
    dtype = "U" if kind.kind in "OS" else kind.name
    batched = bool(sizes) and sizes[0] is None
    limits = np.iinfo(kind) if kind.kind in "iu" and _scale(detail) else None
    if limits is None:
        return TensorInput(name, dtype, sizes, batched)
    return TensorInput(name, dtype, sizes, batched, float(limits.min), float(limits.max))


def _scale(detail: Any) -> float:
    """The step between two neighbouring values of a quantised tensor; 0 where it is none."""
    scales = detail["quantization_parameters"]["scales"]
    return float(scales[0]) if len(scales) else 0.0


class _Graph:
    """The operations of the file: what makes a tensor, and who takes it."""

    def __init__(self, interpreter: Any) -> None:
        operations = interpreter._get_ops_details()  # noqa: SLF001 - the only way to see them without a reader of the format
        self._operations = [o for o in operations if o["op_name"] != "DELEGATE"]
        self._tensors = {d["index"]: d for d in interpreter.get_tensor_details()}

    def quantised(self) -> bool:
        """Whether any tensor is held in 8 bits."""
        return any(_scale(d) > 0 and d["dtype"] in _BYTES for d in self._tensors.values())

    def step(self, index: int) -> float:
        """The quantisation step of a tensor, or of what it was dequantised from; 0 where it has none."""
        if scale := _scale(self._tensors[index]):
            return 1.0 if self._tensors[index]["dtype"] in _BYTES else scale
        makers = [o for o in self._operations if index in o["outputs"]]
        if makers and makers[0]["op_name"] == "DEQUANTIZE":
            return _scale(self._tensors[makers[0]["inputs"][0]])
        return 0.0

    def top(self, index: int) -> int | None:
        """The last row of the smallest table that is looked up with a tensor."""
        tops = []
        waiting, seen = [index], {index}
        while waiting:
            place = waiting.pop()
            for operation in self._operations:
                taken = list(operation["inputs"])
                if place not in taken:
                    continue
                table = {"GATHER": (1, 0), "EMBEDDING_LOOKUP": (0, 1)}.get(operation["op_name"])
                if table is not None and taken[table[0]] == place:
                    tops.append(int(self._tensors[taken[table[1]]]["shape"][0]) - 1)
                elif operation["op_name"] in _PASS_ON:
                    further = set(map(int, operation["outputs"])) - seen
                    seen |= further
                    waiting += further
        return min(tops, default=None)


_BYTES = (np.int8, np.uint8)


def _output(name: str, detail: Any, graph: _Graph, ran: Arrays) -> Output:
    """The output with its tolerance: in steps where the model computes with 8 bits."""
    if np.dtype(detail["dtype"]).kind in "OS":
        return Output(name, "label")
    step = _STEPS * graph.step(detail["index"])
    if not step and graph.quantised() and detail["dtype"] == np.float32:
        values = np.abs(ran[name][np.isfinite(ran[name])]) if name in ran else np.zeros(0)
        step = _HYBRID_STEPS * float(values.max()) / 127 if values.size else 0.0
    return Output(name, "value", 1e-4, 1e-3, step=step)


def _remarks(outputs: tuple[Output, ...]) -> tuple[str, ...]:
    wide = [f"{output.name} by {output.step:.3g}" for output in outputs if output.step]
    if not wide:
        return ()
    steps = f"{_STEPS} or {_HYBRID_STEPS} steps of 8 bits"
    return (
        f"the model computes with 8 bits, which the two runtimes round at other places; allowed to differ is {', '.join(wide)} ({steps})",
    )


def _tried(
    inputs: list[TensorInput], known: tuple[Known, ...], run: Callable[[Arrays], Arrays]
) -> tuple[list[TensorInput], Arrays]:
    """The inputs with a batch that is free only where two rows really run, and what the interpreter gave."""
    from onnxport.converter.inside.tensorflow.cases import cases

    fixed = [
        replace(entry, shape=(1, *entry.shape[1:]), batched=False) if entry.batched else entry
        for entry in inputs
    ]
    for tried in (inputs, fixed):
        try:
            made = list(cases(tried, known, run, None))
        except (ConversionRefused, RuntimeError, ValueError):
            continue
        if tried is fixed or not any(e.batched for e in tried) or any(c.batched for c in made):
            return tried, _together(made)
    return inputs, {}


def _together(made: list[Case]) -> Arrays:
    return {
        name: np.concatenate([np.ravel(case.expected[name]) for case in made])
        for name in made[0].expected
        if made[0].expected[name].dtype.kind == "f"
    }


def _runner(
    interpreter: Any, inputs: tuple[str, ...], outputs: tuple[str, ...]
) -> Callable[[Arrays], Arrays]:
    def run(arrays: Arrays) -> Arrays:
        begins = interpreter.get_input_details()
        given = [(d["index"], arrays[name]) for name, d in zip(inputs, begins, strict=True)]
        changed = [
            interpreter.resize_tensor_input(index, array.shape, strict=True)
            for (index, array), d in zip(given, begins, strict=True)
            if tuple(d["shape"]) != array.shape
        ]
        if changed:
            interpreter.allocate_tensors()
        # Recurrent layers keep their state from one run to the next.
        interpreter.reset_all_variables()
        for index, array in given:
            text = array.dtype.kind == "U"
            interpreter.set_tensor(index, array.astype(object) if text else array)
        interpreter.invoke()
        ends = interpreter.get_output_details()
        return {
            name: to_array(interpreter.get_tensor(d["index"]).copy())
            for name, d in zip(outputs, ends, strict=True)
        }

    return run
