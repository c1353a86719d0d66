"""The discrete Fourier transform of real numbers, as products with sines and cosines: what is taken of it is real again."""

from typing import Any

import numpy as np

from onnxport.converter.inside.tensorflow.making import Maker


def leave(_graph: Any, _node: Any, *_: Any, **__: Any) -> None:
    """An `RFFT` itself gives complex numbers, which ONNX has no tensors of; those who take it are converted."""


def part_of_spectrum(graph: Any, node: Any, *_: Any, **__: Any) -> None:
    """`Real`, `Imag` or `ComplexAbs` of an `RFFT` of a known length; others are left as they are."""
    transform = node.inputs[0]
    known = _known_length(graph, transform) if transform.type == "RFFT" else None
    if known is None:
        if node.type == "ComplexAbs" and transform.type != "RFFT":
            from tf2onnx.onnx_opset.signal import ComplexAbsOp

            ComplexAbsOp.any_version(graph.opset, graph, node)
        return
    length, given = known
    signal = transform.input[0]
    make = Maker(graph, node)
    if given > length:
        bounds = [make.constant(np.array([at], np.int64)) for at in (0, length, -1)]
        signal = make.inner("Slice", [signal, *bounds], make.kind)
    cosines, sines = _waves(length, min(given, length))
    if node.type == "Real":
        make.last("MatMul", [signal, make.constant(cosines)])
    elif node.type == "Imag":
        make.last("MatMul", [signal, make.constant(sines)])
    else:
        parts = [
            make.inner("MatMul", [signal, make.constant(w)], make.kind) for w in (cosines, sines)
        ]
        squares = [make.inner("Mul", [part, part], make.kind) for part in parts]
        make.last("Sqrt", [make.inner("Add", squares, make.kind)])
    if not graph.find_output_consumers(transform.output[0]):
        graph.remove_node(transform.name)


def _known_length(graph: Any, transform: Any) -> tuple[int, int] | None:
    """How many numbers are transformed, and how many there are, where both are known, of float32."""
    from onnx import TensorProto

    shape = graph.get_shape(transform.input[0])
    if graph.get_dtype(transform.input[0]) != TensorProto.FLOAT or not shape or shape[-1] < 1:
        return None
    if not transform.inputs[1].is_const():
        return None
    length = np.reshape(transform.inputs[1].get_tensor_value(as_list=False), -1)[0]
    return int(length), int(shape[-1])


def _waves(length: int, rows: int) -> tuple[Any, Any]:
    """What the real, and the imaginary, part of each frequency takes of each number."""
    turns = np.outer(np.arange(rows), np.arange(length // 2 + 1)) % length / length
    return (
        np.cos(2 * np.pi * turns).astype(np.float32),
        -np.sin(2 * np.pi * turns).astype(np.float32),
    )
