"""Open Inference Protocol in JSON Schema: metadata, infer requests and answers, for one signature.

Source: Open Inference Protocol, "HTTP/REST" (github.com/kserve/open-inference-protocol).
"""

from math import prod

from onnxport_serve.codec.dtypes import ELEMENTS, V2_DATATYPE
from onnxport_serve.contract.schema import Schema, Schemas, describe, element_schema
from onnxport_serve.signature import (
    Dimension,
    NamedValue,
    OptionalType,
    Signature,
    TensorType,
)

DATATYPE = V2_DATATYPE
"""Element type to the protocol's name."""

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
    tensors = [value.name for value in signature.outputs if _tensor_type(value) is not None]
    entry = object_schema({"name": _one_of(tensors)}, ["name"])
    wanted: Schema = {
        "description": "Outputs to answer with, each once; all when left out",
        "type": "array",
        "items": entry,
        "uniqueItems": True,
        "maxItems": len(tensors),
    }
    has_others = len(tensors) < len(signature.outputs)
    return object_schema(
        {
            "id": schemas.nullable({"type": "string", "description": "Comes back in the answer"}),
            "inputs": _tensors(signature.inputs, schemas),
            "outputs": wanted | {"minItems": 1} if has_others else schemas.nullable(wanted),
        },
        ["inputs", "outputs"] if has_others else ["inputs"],
    )


def infer_answer(signature: Signature) -> Schema:
    """The body of an infer answer in JSON: `data` is flat, row by row."""
    tensor = object_schema(
        {
            "name": _one_of([value.name for value in signature.outputs]),
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
    return DATATYPE[dtype]


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
    kind = _tensor_type(value)
    if kind is None:
        return None
    fields = {
        "name": _one_of([value.name]),
        "shape": _shape(kind.shape),
        "datatype": _one_of([datatype(kind.dtype)]),
    }
    if not ELEMENTS[kind.dtype].has_json:
        size = {"type": "integer", "minimum": 0}
        fields["parameters"] = object_schema({"binary_data_size": size}, ["binary_data_size"])
        text = f"{describe(value)}: its bytes follow the JSON"
        return {"description": text} | object_schema(fields, list(fields))
    fields["data"] = _data(kind, schemas)
    return {"description": describe(value)} | object_schema(fields, list(fields))


def _tensor_type(value: NamedValue) -> TensorType | None:
    """The type of a value that the protocol can carry, else `None`."""
    kind = value.type.element if isinstance(value.type, OptionalType) else value.type
    return kind if isinstance(kind, TensorType) else None


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


def _one_of(names: list[str]) -> Schema:
    return {"type": "string", "enum": names} if names else TEXT
