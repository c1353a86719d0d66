"""Resizing of images as TensorFlow does it and ONNX's `Resize` does not: two products, with what each row and each column is made of.

TensorFlow's own kernel gives the weights: it is run on images with one bright row.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from onnxport.converter.inside.tensorflow.making import Maker
from onnxport.converter.interface import ConversionRefused


def resize_exactly(graph: Any, node: Any, *_: Any, **__: Any) -> None:
    """`ResizeBicubic`, `ResizeArea` and `ScaleAndTranslate` (antialiasing, Lanczos and others) from one known size to another."""
    from onnx import TensorProto

    given = graph.get_shape(node.input[0])
    made = _constant(node.inputs[1])
    sizes = [] if given is None or made is None else [*given[1:3], *made]
    if len(sizes) != 4 or min(sizes) < 1:
        if node.type == "ResizeBicubic":
            _as_tf2onnx_does(graph, node)
            return
        raise ConversionRefused(
            f"{node.type} ({node.name}) is only converted between sizes that are known",
            "Save the model for images of one size (layers.Input((height, width, channels))), or resize before.",
        )
    rows, columns = _weights(node, [int(size) for size in sizes])
    make = Maker(graph, node)
    image, kind = make.inputs[0], TensorProto.FLOAT
    image = make.inner("Cast", [image], kind, to=kind)
    height, width, channels = given[1], given[2], given[3]
    # Rows of an image lie behind each other, so that all of their columns and channels can be taken together.
    flat = make.constant(np.array([-1, height, width * channels], np.int64))
    back = make.constant(np.array([-1, len(rows), width, channels], np.int64))
    image = make.inner("Reshape", [image, flat], kind)
    image = make.inner("MatMul", [make.constant(rows), image], kind)
    image = make.inner("Reshape", [image, back], kind)
    make.last("MatMul", [make.constant(columns), image])


def _as_tf2onnx_does(graph: Any, node: Any) -> None:
    from tf2onnx.onnx_opset.nn import Resize

    Resize.version_11(graph, node)


def _constant(node: Any) -> list[int] | None:
    if node is None or not node.is_const():
        return None
    return [int(size) for size in np.reshape(node.get_tensor_value(as_list=False), -1)]


def _scale(node: Any, sizes: Sequence[int]) -> Any:
    """The scale as a constant, or as TensorFlow writes it for a free number of images: the new size over that of the image."""
    given = node.inputs[2]
    if given.is_const():
        return np.asarray(given.get_tensor_value(as_list=False), np.float32)
    height, width, rows, columns = sizes
    ends = _ends(given)
    if given.type in {"RealDiv", "Div"} and ends <= {node.input[0]}:
        return np.array([rows / height, columns / width], np.float32)
    raise ConversionRefused(
        f"the scale of {node.name} depends on the input",
        "Save the model for images of one size, or resize before.",
    )


def _ends(node: Any) -> set[str]:
    """What a number is computed from, but for constants: tensors of which only the shape is taken stand for themselves."""
    if node.is_const():
        return set()
    if node.type == "Shape":
        return {node.input[0]}
    if not node.inputs:
        return {node.output[0]}
    return set().union(*(_ends(given) for given in node.inputs if given is not None))


def _weights(node: Any, sizes: Sequence[int]) -> tuple[Any, Any]:
    """What each new row, and each new column, takes of the old ones."""
    import tensorflow as tf

    height, width, rows, columns = sizes
    tall = np.eye(height, dtype=np.float32).reshape(1, height, 1, height)
    wide = np.eye(width, dtype=np.float32).reshape(1, 1, width, width)
    resized = _kernel(tf.raw_ops, node, sizes)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        by_row, by_column = session.run(
            [resized(tall, [rows, 1], 0), resized(wide, [1, columns], 1)]
        )
    return by_row[0, :, 0, :], by_column[0, 0]


def _kernel(raw: Any, node: Any, sizes: Sequence[int]) -> Callable[[Any, list[int], int], Any]:
    """TensorFlow's operation with the settings of the node, for an image that changes along one of its two axes only."""
    align = bool(node.get_attr_value("align_corners", 0))
    half = bool(node.get_attr_value("half_pixel_centers", 0))
    if node.type == "ResizeArea":
        return lambda image, size, _: raw.ResizeArea(images=image, size=size, align_corners=align)
    if node.type == "ResizeBicubic":
        return lambda image, size, _: raw.ResizeBicubic(
            images=image, size=size, align_corners=align, half_pixel_centers=half
        )
    moved = [_scale(node, sizes), np.asarray(node.inputs[3].get_tensor_value(as_list=False))]
    kernel = node.get_attr_value("kernel_type", b"lanczos3")
    smooth = bool(node.get_attr_value("antialias", 1))

    def scaled(image: Any, size: list[int], at: int) -> Any:
        scale, shift = np.ones(2, np.float32), np.zeros(2, np.float32)
        scale[at], shift[at] = moved[0][at], moved[1][at]
        return raw.ScaleAndTranslate(
            images=image,
            size=size,
            scale=scale,
            translation=shift,
            kernel_type=kernel,
            antialias=smooth,
        )

    return scaled
