"""Open Inference Protocol in JSON Schema: metadata, infer requests and answers, for one signature.

Source: Open Inference Protocol, "HTTP/REST" (github.com/kserve/open-inference-protocol).
"""

from math import prod

from onnxport_serve.contract.schema import Schema, Schemas, describe, element_schema
from onnxport_serve.signature import (
    Dimension,
    NamedValue,
    OptionalType,
    Signature,
    TensorType,
)

DATATYPE = {
    "bool": "BOOL", "string": "BYTES", "float16": "FP16", "float32": "FP32", "float64": "FP64", "bfloat16": "BF16",
    "int8": "INT8", "int16": "INT16", "int32": "INT32", "int64": "INT64",
    "uint8": "UINT8", "uint16": "UINT16", "uint32": "UINT32", "uint64": "UINT64",
}  # fmt: skip
"""Element type to the protocol's name; other types are named in capitals."""

TEXT: Schema = {"type": "string"}
SHAPE: Schema = {"type": "array", "items": {"type": "integer", "format": "int64"}}
PARAMETERS: Schema = {"type": "object"}


def object_schema(properties: dict[str, Schema], required: list[str]) -> Schema:
    """The schema of an object with these properties."""
    return {"type": "object", "properties": properties} | (
        {"required": required} if required else {}
    )


def list_schema(items: Schema) -> Schema:
    """The schema of a list."""
    return {"type": "array", "items": items}


def error_schema() -> Schema:
    """An error of a `/v2` route."""
    return object_schema(
        {"error": {"type": "string", "description": "What was wrong and what would be right"}},
        ["error"],
    )


def server_metadata() -> Schema:
    """The answer of `GET /v2`."""
    return object_schema(
        {"name": TEXT, "version": TEXT, "extensions": list_schema(TEXT)},
        ["name", "version", "extensions"],
    )


def model_metadata() -> Schema:
    """The answer of `GET /v2/models/{name}`."""
    tensor = object_schema(
        {"name": TEXT, "datatype": TEXT, "shape": SHAPE}, ["name", "datatype", "shape"]
    )
    return object_schema(
        {
            "name": TEXT,
            "versions": list_schema(TEXT),
            "platform": TEXT,
            "inputs": list_schema(tensor),
            "outputs": list_schema(tensor),
        },
        ["name", "platform", "inputs", "outputs"],
    )


def infer_request(signature: Signature, schemas: Schemas) -> Schema:
    """The body of an infer request in JSON; every tensor is described by its name."""
    return object_schema(
        {
            "id": {"type": "string", "description": "Comes back in the answer"},
            "parameters": PARAMETERS,
            "inputs": _tensors(signature.inputs, schemas),
            "outputs": {"description": "Outputs to answer with; all when left out"}
            | list_schema(object_schema({"name": _name_of(signature.outputs)}, ["name"])),
        },
        ["inputs"],
    )


def infer_answer(signature: Signature) -> Schema:
    """The body of an infer answer in JSON: `data` is flat, row by row."""
    tensor = object_schema(
        {
            "name": _name_of(signature.outputs),
            "datatype": TEXT,
            "shape": SHAPE,
            "data": {"type": "array", "items": {}},
            "parameters": PARAMETERS,
        },
        ["name", "datatype", "shape"],
    )
    return object_schema(
        {"model_name": TEXT, "model_version": TEXT, "id": TEXT, "outputs": list_schema(tensor)},
        ["model_name", "outputs"],
    )


def datatype(dtype: str) -> str:
    """The protocol's name of an element type."""
    return DATATYPE.get(dtype, dtype.upper())


def _tensors(inputs: tuple[NamedValue, ...], schemas: Schemas) -> Schema:
    described = [tensor for value in inputs if (tensor := _tensor(value, schemas)) is not None]
    required = [value.name for value in inputs if value.required]
    schema: Schema = {"minItems": len(required), "maxItems": len(inputs)} | list_schema(
        schemas.one_of(described) if described else {"type": "object"}
    )
    if len(required) > 1 and schemas.dialect == "3.1":
        schema["allOf"] = [
            {"contains": {"properties": {"name": {"const": name}}}} for name in required
        ]
    return schema


def _tensor(value: NamedValue, schemas: Schemas) -> Schema | None:
    kind = value.type.element if isinstance(value.type, OptionalType) else value.type
    if not isinstance(kind, TensorType):
        return None
    return {"description": describe(value)} | object_schema(
        {
            "name": {"type": "string", "enum": [value.name]},
            "shape": _shape(kind.shape),
            "datatype": {"type": "string", "enum": [datatype(kind.dtype)]},
            "data": _data(kind, schemas),
        },
        ["name", "shape", "datatype", "data"],
    )


def _shape(shape: tuple[Dimension, ...] | None) -> Schema:
    if shape is None:
        return list_schema({"type": "integer", "minimum": 0})
    known = list_schema({"type": "integer", "minimum": 0}) | {
        "minItems": len(shape),
        "maxItems": len(shape),
    }
    return (
        known | {"enum": [list(shape)]} if all(isinstance(size, int) for size in shape) else known
    )


def _data(kind: TensorType, schemas: Schemas) -> Schema:
    flat = list_schema(element_schema(kind.dtype))
    sizes = [size for size in kind.shape or (None,) if isinstance(size, int)]
    if kind.shape is not None and len(sizes) == len(kind.shape):
        flat |= {"minItems": prod(sizes), "maxItems": prod(sizes)}
    nested = schemas.request_value(NamedValue("", kind))
    if kind.shape is None or len(kind.shape) < 2:
        return {"description": "Row by row"} | flat
    return {"description": "Row by row, flat or nested"} | schemas.one_of([flat, nested])


def _name_of(values: tuple[NamedValue, ...]) -> Schema:
    return {"type": "string", "enum": [value.name for value in values]}
