"""TFLite files, run by TensorFlow's own interpreter."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from onnxport.converter.inside.tensorflow.knowledge import Known
from onnxport.converter.inside.tensorflow.lite_weights import with_float_weights
from onnxport.converter.inside.tensorflow.runtime import load_tensorflow
from onnxport.converter.inside.tensorflow.traced import distinct, to_array
from onnxport.converter.inside.tensors import TensorInput
from onnxport.converter.interface import Arrays, ConversionRefused, Output

# Measured over thirteen quantised models: ONNX Runtime and the interpreter differ by at most one step of the output. They round at other
# places, and the interpreter's own kernels differ among themselves by as much.
_STEPS = 2
_PASS_ON = {"CAST", "RESHAPE", "EXPAND_DIMS", "SQUEEZE", "TRANSPOSE"}


@dataclass(frozen=True)
class Lite:
    """A TFLite model: its inputs, its outputs with their tolerances, and the interpreter's own answer.

    `content` is the file. `begins` and `ends` are the names of tensors in the order of `inputs` and `outputs`.
    """

    content: bytes
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
    interpreter = _interpreter(tf, model_path=str(path))
    _prepare(interpreter, path)
    exact = with_float_weights(path)
    content = exact or path.read_bytes()
    if exact is not None:
        interpreter = _interpreter(tf, model_content=exact)
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
    inputs = _tried(inputs, known, run)
    outputs = tuple(_output(name, d, graph) for name, d in zip(called, ends, strict=True))
    return Lite(
        content,
        tuple(d["name"] for d in begins),
        tuple(d["name"] for d in ends),
        tuple(inputs),
        outputs,
        known,
        run,
        tf.__version__,
        _remarks(outputs, dynamic=exact is not None),
    )


def _interpreter(tf: Any, **given: Any) -> Any:
    with warnings.catch_warnings():
        # It says that it will be removed from TensorFlow some day.
        warnings.simplefilter("ignore")
        return tf.lite.Interpreter(**given, num_threads=1)


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


def _output(name: str, detail: Any, graph: _Graph) -> Output:
    """The output with its tolerance: in steps where the model computes with 8 bits."""
    if np.dtype(detail["dtype"]).kind in "OS":
        return Output(name, "label")
    return Output(name, "value", 1e-4, 1e-3, step=_STEPS * graph.step(detail["index"]))


def _remarks(outputs: tuple[Output, ...], *, dynamic: bool) -> tuple[str, ...]:
    wide = [f"{output.name} by {output.step:.3g}" for output in outputs if output.step]
    told = []
    if wide:
        told.append(
            f"the model computes with 8 bits, and the two runtimes round at other places; allowed to differ is {', '.join(wide)}, "
            f"which is {_STEPS} steps"
        )
    if dynamic:
        told.append(
            "the file holds weights of 8 bits for kernels that round what goes in as well, each runtime in its own way; the ONNX model "
            "holds the same weights as float numbers, and was compared with the TFLite interpreter computing with these"
        )
    return tuple(told)


def _tried(
    inputs: list[TensorInput], known: tuple[Known, ...], run: Callable[[Arrays], Arrays]
) -> list[TensorInput]:
    """The inputs, with a batch that is free only where two rows really run: files state it free and fix it inside."""
    from onnxport.converter.inside.tensorflow.cases import cases

    if not any(entry.batched for entry in inputs):
        return inputs
    try:
        if any(case.batched for case in cases(inputs, known, run, None)):
            return inputs
    except (ConversionRefused, RuntimeError, ValueError):
        pass
    return [
        replace(entry, shape=(1, *entry.shape[1:]), batched=False) if entry.batched else entry
        for entry in inputs
    ]


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
