"""The JSON of ONNX Runtime Server: tensors as `TensorProto` messages in protobuf's JSON form.

Sources: onnx/onnx.proto (`TensorProto`), protobuf's "JSON Mapping" (64-bit integers as texts, bytes as base64, names in either case).
"""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
import orjson
from onnxruntime import OrtValue

from onnxport_serve.codec import arrays, opaque
from onnxport_serve.codec.answer import Output, Outputs
from onnxport_serve.codec.call import Answer, Call, Encoder
from onnxport_serve.codec.dtypes import ONNX_NAME, Element
from onnxport_serve.codec.inputs import Gathering, Inputs, TensorInput, printable
from onnxport_serve.codec.shapes import Shape
from onnxport_serve.codec.stated_shape import read_shape
from onnxport_serve.errors import BadRequest
from onnxport_serve.signature import ONNX_CODE

_TYPED_FIELD: dict[str, str] = {
    "float32": "floatData",
    "float64": "doubleData",
    "int64": "int64Data",
    "uint32": "uint64Data",
    "uint64": "uint64Data",
    "string": "stringData",
    **dict.fromkeys(("int8", "int16", "int32", "uint8", "uint16", "bool", "float16"), "int32Data"),
}
_SPECIAL = {"NaN", "Infinity", "-Infinity"}
_FIELDS = {"dims", "dataType", "rawData", *_TYPED_FIELD.values()}
_IGNORED = {"name", "docString", "dataLocation"}


def is_ort_server(inputs: Any) -> bool:
    """Whether the value of `inputs` has this form: every tensor states its `dims`."""
    return (
        type(inputs) is dict
        and bool(inputs)
        and all(type(tensor) is dict and "dims" in tensor for tensor in inputs.values())
    )


def decode_ort_server(document: dict[str, Any], inputs: Inputs, outputs: Outputs) -> Call:
    """The request; the answer has the same form, restricted by `outputFilter`."""
    extra = document.keys() - {"inputs", "outputFilter", "output_filter"}
    if extra:
        raise BadRequest(
            f"unknown member {printable(min(extra))} beside 'inputs' and 'outputFilter'"
        )
    to = Gathering()
    for name, tensor in document["inputs"].items():
        _add_tensor(inputs.tensor(name), tensor, to)
    inputs.complete(to)
    names = document.get("outputFilter") or document.get("output_filter") or []
    if type(names) is not list:
        raise BadRequest("'outputFilter' has to be a list of output names")
    chosen = outputs.select(names) if names else outputs.all
    _refuse_containers(chosen)
    wants_typed = any(output.element.kind == "opaque" for output in chosen if output.element)
    return to.call(
        [output.name for output in chosen] if names else None,
        _encoder(chosen),
        wants_typed=wants_typed,
    )


def _add_tensor(item: TensorInput, message: dict[str, Any], to: Gathering) -> None:
    fields = {_camel(key): value for key, value in message.items()}
    extra = fields.keys() - _FIELDS - _IGNORED
    if extra:
        raise BadRequest(f"input '{item.name}' has an unknown member {printable(min(extra))}")
    shape = _shape(fields["dims"], item.name)
    if _code(fields.get("dataType")) != item.element.code:
        raise BadRequest(
            f"input '{item.name}' wants dataType {item.element.code} ({item.element.name})"
        )
    given = [
        key
        for key in fields
        if key not in _IGNORED and key not in ("dims", "dataType") and fields[key]
    ]
    if given in ([], ["rawData"]) and item.element.kind != "string":
        item.add_bytes(memoryview(_base64(fields.get("rawData") or "", item.name)), shape, to)
        return
    field = _TYPED_FIELD.get(item.element.name, "rawData")
    if given not in ([], [field]) or field == "rawData":
        raise BadRequest(
            f"input '{item.name}' ({item.element.name}) has to hold its values in rawData or {field}"
        )
    values = fields.get(field) or []
    if type(values) is not list:
        raise BadRequest(f"input '{item.name}': {field} has to be a list")
    _check_count(len(values), shape, item.name)
    item.rule.check(shape, to.bound)
    array = _read_values(values, item.element, item.name)
    to.add(item.name, array.reshape(shape), array.size)


def _check_count(count: int, shape: Shape, name: str) -> None:
    if prod(shape) != count:
        raise BadRequest(
            f"input '{name}' holds {count} values; dims {list(shape)} take {prod(shape)}"
        )


def _read_values(values: list[Any], element: Element, name: str) -> np.ndarray[Any, Any]:
    if element.kind == "string":
        texts = [arrays.read_text(_base64(value, name), name, i) for i, value in enumerate(values)]
        return np.array(texts, object)
    try:
        numbers = [_number(value) for value in values]
        if element.name in ("float32", "float64"):
            return arrays.convert(np.array(numbers, np.float64), element, name)
        integers = [number for number in numbers if type(number) is int]
        if len(integers) != len(numbers):
            raise ValueError
        return _from_integers(integers, element)
    except (ValueError, OverflowError):
        raise BadRequest(f"input '{name}' has a value that is not {element.name}") from None


def _from_integers(values: list[int], element: Element) -> np.ndarray[Any, Any]:
    if element.name == "float16":  # the bits of each number
        return np.array(values, np.uint16).view(np.float16)
    if element.kind == "bool":
        if not set(values) <= {0, 1}:
            raise ValueError
        return np.array(values, np.bool_)
    return np.array(values, element.storage)


def _number(value: Any) -> int | float:
    if type(value) is int:
        return value
    if type(value) is float:
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if type(value) is bool:
        return int(value)
    if type(value) is str and (value in _SPECIAL or len(value) <= 32):
        return float(value) if value in _SPECIAL or not _is_integer(value) else int(value)
    raise ValueError


def _is_integer(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdecimal()


def _shape(dims: Any, name: str) -> Shape:
    """The sizes of `dims`, which protobuf's JSON writes as texts."""
    if type(dims) is list:
        dims = [int(size) if _is_size(size) else size for size in dims]
    return read_shape(dims, name)


def _is_size(size: Any) -> bool:
    return type(size) is str and size.isascii() and size.isdecimal() and len(size) <= 20


def _code(value: Any) -> int | None:
    if type(value) is str:
        return (
            int(value)
            if value.isascii() and value.isdecimal() and len(value) < 4
            else ONNX_NAME.get(value.upper())
        )
    return value if type(value) is int else None


def _base64(value: Any, name: str) -> bytes:
    try:
        return b64decode(value, validate=True)
    except (ValueError, TypeError):
        raise BadRequest(f"input '{name}' has a value that is not base64") from None


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def _refuse_containers(outputs: Sequence[Output]) -> None:
    for output in outputs:
        if output.element is None:
            raise BadRequest(
                f"output '{output.name}' is {output.kind}, which this form cannot carry; "
                'name others in "outputFilter", or send {"inputs": {name: values}}'
            )


def _encoder(outputs: Sequence[Output]) -> Encoder:
    def encode(values: list[Any], _version: str) -> Answer:
        tensors = {
            output.name: _message(output, value)
            for output, value in zip(outputs, values, strict=True)
        }
        return Answer(orjson.dumps({"outputs": tensors}))

    return encode


def _message(output: Output, value: Any) -> dict[str, Any] | None:
    element = output.element
    assert element is not None
    if value is None:
        return None
    if isinstance(value, OrtValue) and element.kind == "opaque":
        shape, raw = value.shape(), opaque.bytes_of_value(value, element)
    else:
        array = np.asarray(value.numpy() if isinstance(value, OrtValue) else value)
        shape = array.shape
        if element.kind == "string":
            texts = [b64encode(text.encode()).decode() for text in array.ravel().tolist()]
            return {
                "dims": [str(size) for size in shape],
                "dataType": ONNX_CODE["string"],
                "stringData": texts,
            }
        raw = array.tobytes()
    return {
        "dims": [str(size) for size in shape],
        "dataType": element.code,
        "rawData": b64encode(raw).decode(),
    }
