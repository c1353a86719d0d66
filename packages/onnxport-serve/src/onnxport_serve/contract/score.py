"""The bodies of `POST /score` in JSON Schema: the forms that a request may have, and the answers they get.

What the forms are and in which order they are told apart is `onnxport_serve.codec.score`'s business; here each is described.
"""

from onnxport_serve.codec.dtypes import ELEMENTS
from onnxport_serve.contract.schema import Schema, Schemas, describe, element_schema
from onnxport_serve.signature import (
    ONNX_CODE,
    MapType,
    NamedValue,
    OptionalType,
    SequenceType,
    Signature,
    TensorType,
    ValueType,
)

_WRAPPERS = {"inputs", "data"}
_TENSOR_FIELDS = ("rawData", "floatData", "doubleData", "int32Data", "int64Data", "uint64Data")


class ScoreForms:
    """The forms of a `/score` body for one signature, simplest first.

    Args:
        signature: What the revision takes and gives.
        schemas: The writer of the dialect.
    """

    def __init__(self, signature: Signature, schemas: Schemas) -> None:
        self.inputs = signature.inputs
        self.outputs = signature.outputs
        self.schemas = schemas
        self._required = [value.name for value in signature.inputs if value.required]
        self._sole = _sole_input(signature.inputs)
        self._can_read_json = all(has_json(v.type) for v in signature.inputs if v.required)
        self._can_answer_json = all(has_json(value.type) for value in signature.outputs)

    @property
    def takes_bytes(self) -> bool:
        """Whether a body may be one tensor and nothing else."""
        return self._sole is not None and isinstance(_inner(self._sole.type), TensorType)

    @property
    def gives_bytes(self) -> bool:
        """Whether the answer is the raw bytes of the only output, because JSON cannot express it."""
        return len(self.outputs) == 1 and not self._can_answer_json

    def request(self) -> Schema:
        """Every JSON form that the route reads."""
        forms = [self._runtime_server()]
        if self._can_read_json and (self._can_answer_json or self.gives_bytes):
            forms = [self._data(), self._named(), self._top_level(), self._records(), *forms]
        return self.schemas.one_of([form for form in forms if form is not None])

    def answer(self) -> Schema:
        """Every JSON form that the route answers with."""
        forms = [self._runtime_server_answer()]
        if self._can_answer_json:
            result = self._result() if self._sole is not None else None
            forms = [result, self._named_answer(), *forms]
        return self.schemas.any_of([form for form in forms if form is not None])

    def simplest_request(self) -> Schema:
        """The one form to show where only one can be: `data` for a single input, else `inputs`."""
        return self._data() or self._named()

    def simplest_answer(self) -> Schema:
        """The answer to `simplest_request`."""
        return self._named_answer() if self._sole is None else self._result()

    def _data(self) -> Schema | None:
        if self._sole is None:
            return None
        return _form("The value of the only input", {"data": self._value(self._sole)}, ["data"])

    def _named(self) -> Schema:
        return _form("Every input by its name", {"inputs": self._by_name()}, ["inputs"])

    def _top_level(self) -> Schema | None:
        if not self.inputs or {value.name for value in self.inputs} & _WRAPPERS:
            return None
        return {"description": "Every input by its name, without a wrapper"} | self._by_name()

    def _records(self) -> Schema | None:
        columns = [(value.name, _inner(value.type)) for value in self.inputs]
        cells = {
            name: element_schema(kind.dtype)
            for name, kind in columns
            if isinstance(kind, TensorType) and _is_column(kind)
        }
        if not cells or len(cells) < len(columns):
            return None
        record = _object(cells, self._required)
        rows: Schema = {"type": "array", "items": record, "minItems": 1}
        return {"description": "One record for every row, each with the same names"} | rows

    def _runtime_server(self) -> Schema | None:
        if not all(isinstance(_inner(value.type), TensorType) for value in self.inputs):
            return None
        tensors = {value.name: _runtime_tensor(value) for value in self.inputs}
        named = _object(tensors, self._required) | {"minProperties": 1}
        wanted = {
            "type": "array",
            "items": {"type": "string", "enum": [v.name for v in self.outputs]},
        }
        return _form(
            "ONNX Runtime Server's form",
            {"inputs": named, "outputFilter": self.schemas.nullable(wanted)},
            ["inputs"],
        )

    def _runtime_server_answer(self) -> Schema | None:
        tensors = {
            value.name: _runtime_tensor(value)
            for value in self.outputs
            if isinstance(_inner(value.type), TensorType)
        }
        return _form("ONNX Runtime Server's form", {"outputs": _object(tensors, [])}, ["outputs"])

    def _by_name(self) -> Schema:
        values = {v.name: self._value(v) for v in self.inputs if v.required or has_json(v.type)}
        return _object(values, self._required)

    def _value(self, value: NamedValue) -> Schema:
        schema = self.schemas.request_value(value)
        return schema if value.required else self.schemas.nullable(schema)

    def _result(self) -> Schema:
        sole = self.outputs[0] if len(self.outputs) == 1 else None
        value = self.schemas.answer_value(sole) if sole is not None else self._answers_by_name()
        return _form("The answer to `data`", {"result": value}, ["result"])

    def _named_answer(self) -> Schema:
        return _form("Every output by its name", {"outputs": self._answers_by_name()}, ["outputs"])

    def _answers_by_name(self) -> Schema:
        values = {value.name: self.schemas.answer_value(value) for value in self.outputs}
        return _object(values, list(values))


def has_json(kind: ValueType) -> bool:
    """Whether JSON can express the values of a type."""
    match kind:
        case TensorType(dtype, _):
            return dtype in ELEMENTS and ELEMENTS[dtype].has_json
        case MapType(_, element) | SequenceType(element) | OptionalType(element):
            return has_json(element)


def _sole_input(inputs: tuple[NamedValue, ...]) -> NamedValue | None:
    required = inputs if len(inputs) == 1 else [value for value in inputs if value.required]
    return required[0] if len(required) == 1 else None


def _runtime_tensor(value: NamedValue) -> Schema:
    kind = _inner(value.type)
    assert isinstance(kind, TensorType)
    size = {"anyOf": [{"type": "string", "pattern": "^[0-9]+$"}, {"type": "integer", "minimum": 0}]}
    fields: dict[str, Schema] = {
        "dims": {"type": "array", "items": size},
        "dataType": {"type": "integer", "enum": [ONNX_CODE[kind.dtype]]},
    }
    if kind.dtype == "string":
        texts = {"type": "array", "items": {"type": "string", "format": "byte"}}
        fields["stringData"] = {"description": "Texts in base64"} | texts
    else:
        raw = {"type": "string", "format": "byte"}
        fields["rawData"] = {"description": "Little-endian bytes in base64"} | raw
        fields |= {name: {"type": "array", "items": {}} for name in _TENSOR_FIELDS[1:]}
    schema: Schema = {"type": "object", "properties": fields, "required": ["dims", "dataType"]}
    return {"description": describe(value)} | schema


def _form(description: str, properties: dict[str, Schema], required: list[str]) -> Schema:
    return {"description": description} | _object(properties, required)


def _object(properties: dict[str, Schema], required: list[str]) -> Schema:
    schema: Schema = {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }
    return schema | ({"required": required} if required else {})


def _inner(kind: ValueType) -> ValueType:
    return kind.element if isinstance(kind, OptionalType) else kind


def _is_column(kind: TensorType) -> bool:
    """Whether an input can be one field of a record: a scalar, `[rows]` or `[rows, 1]`."""
    if kind.shape is None or not has_json(kind):
        return False
    shape = kind.shape
    return len(shape) < 2 or (len(shape) == 2 and shape[1] in (1, None))
