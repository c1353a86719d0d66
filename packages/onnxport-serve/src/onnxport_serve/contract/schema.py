"""JSON Schemas of the values that a model takes and gives.

One writer for three dialects: what OpenAPI 3.1, OpenAPI 3.0 and Swagger 2.0 cannot say in the same words is decided here.
Source: JSON Schema 2020-12; OpenAPI 3.0.3, section 4.7.24; Swagger 2.0, "Schema Object".
"""

from math import nextafter
from typing import Any, Literal

from onnxport_serve.signature import (
    Dimension,
    MapType,
    NamedValue,
    OptionalType,
    SequenceType,
    TensorType,
    ValueType,
)

Schema = dict[str, Any]
Dialect = Literal["2.0", "3.0", "3.1"]

INTEGER_BITS = {
    "int4": 4, "int8": 8, "int16": 16, "int32": 32, "int64": 64,
    "uint4": 4, "uint8": 8, "uint16": 16, "uint32": 32, "uint64": 64,
}  # fmt: skip
"""Integer element types to their width."""

FLOAT_LIMIT = {
    "float16": nextafter(65520.0, 0),
    "float32": nextafter(3.4028235677973366e38, 0),
}
"""Float element types whose range is smaller than a JSON number's, to the largest number that is not rounded to infinity."""


def element_schema(dtype: str) -> Schema:
    """The schema of one element of a tensor.

    Integers carry the range of their type; a number that is infinite in its float type is out of range too.
    """
    if dtype == "string":
        return {"type": "string"}
    if dtype == "bool":
        return {"type": "boolean"}
    if dtype in INTEGER_BITS:
        low, high = integer_range(dtype)
        return {"type": "integer", "minimum": low, "maximum": high}
    limit = FLOAT_LIMIT.get(dtype)
    return {"type": "number"} | ({"minimum": -limit, "maximum": limit} if limit else {})


def integer_range(dtype: str) -> tuple[int, int]:
    """The smallest and largest value of an integer element type."""
    bits = INTEGER_BITS[dtype]
    return (
        (0, (1 << bits) - 1) if dtype.startswith("u") else (-(1 << bits - 1), (1 << bits - 1) - 1)
    )


def is_float(dtype: str) -> bool:
    """Whether the element type can hold NaN, which an answer in JSON writes as `null`."""
    return dtype.startswith(("float", "bfloat"))


class Schemas:
    """Writes schemas in one dialect.

    Args:
        dialect: The document that they will stand in.
    """

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect

    def request_value(self, value: NamedValue) -> Schema:
        """The schema of one input in a request, described by its type."""
        return {"description": describe(value)} | self._value(value.type, answer=False)

    def answer_value(self, value: NamedValue) -> Schema:
        """The schema of one output in an answer: floats may be `null`, for NaN and infinities."""
        return {"description": describe(value)} | self._value(value.type, answer=True)

    def nullable(self, schema: Schema) -> Schema:
        """The schema that also takes `null`."""
        if self.dialect == "3.1":
            if isinstance(schema.get("type"), str):
                return schema | {"type": [schema["type"], "null"]}
            return schema if "type" in schema else {"anyOf": [schema, {"type": "null"}]}
        return schema | {"nullable" if self.dialect == "3.0" else "x-nullable": True}

    def one_of(self, schemas: list[Schema]) -> Schema:
        """The schema of a value that has exactly one of the forms; Swagger 2.0 cannot say it and takes anything."""
        if len(schemas) == 1:
            return schemas[0]
        return {} if self.dialect == "2.0" else {"oneOf": schemas}

    def any_of(self, schemas: list[Schema]) -> Schema:
        """The schema of a value that has at least one of the forms; Swagger 2.0 cannot say it and takes anything."""
        if len(schemas) == 1:
            return schemas[0]
        return {} if self.dialect == "2.0" else {"anyOf": schemas}

    def _value(self, kind: ValueType, *, answer: bool) -> Schema:
        match kind:
            case TensorType(dtype, shape):
                return self._tensor(dtype, shape, answer=answer)
            case SequenceType(element):
                return {"type": "array", "items": self._value(element, answer=answer)}
            case MapType(_, element):
                return {
                    "type": "object",
                    "additionalProperties": self._value(element, answer=answer),
                }
            case OptionalType(element):
                return self.nullable(self._value(element, answer=answer))

    def _tensor(self, dtype: str, shape: tuple[Dimension, ...] | None, *, answer: bool) -> Schema:
        element = element_schema(dtype)
        if answer and is_float(dtype):
            element = self.nullable({"type": "number"})
        if shape is None:
            return self.one_of([element, {"type": "array", "items": {}}])
        schema = element
        for dimension in reversed(shape):
            schema = _list_of(schema, dimension)
        return schema


def describe(value: NamedValue) -> str:
    """One line about a value for the documents: `float32[N, 4]`."""
    return str(value.type) if value.required else f"{value.type}, may be left out"


def _list_of(items: Schema, dimension: Dimension) -> Schema:
    schema: Schema = {"type": "array", "items": items}
    if isinstance(dimension, int):
        schema |= {"minItems": dimension, "maxItems": dimension}
    return schema
