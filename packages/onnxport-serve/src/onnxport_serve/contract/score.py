"""The bodies of `POST /score` in JSON Schema: the forms that a request may have, and the answers they get."""

from onnxport_serve.contract.schema import Schema, Schemas, describe, element_schema
from onnxport_serve.signature import OptionalType, Signature, TensorType, ValueType

DATA_TYPE_CODES = list(range(1, 24))
"""The numbers of `TensorProto.DataType` that ONNX Runtime Server's JSON uses."""


class ScoreForms:
    """The forms of a `/score` body for one signature, most helpful first.

    Args:
        signature: What the revision takes and gives.
        schemas: The writer of the dialect.
    """

    def __init__(self, signature: Signature, schemas: Schemas) -> None:
        self.inputs = signature.inputs
        self.outputs = signature.outputs
        self.schemas = schemas

    def request(self) -> Schema:
        """Every JSON form that the route reads."""
        forms = [
            self._data(),
            self._named(),
            self._top_level(),
            self._records(),
            self._runtime_server(),
        ]
        return self.schemas.one_of([form for form in forms if form is not None])

    def answer(self) -> Schema:
        """Every JSON form that the route answers with."""
        return self.schemas.one_of(
            [self._result(), self._named_answer()] if self._is_single else [self._named_answer()]
        )

    def simplest_request(self) -> Schema:
        """The one form to show where only one can be: `data` for a single input, else `inputs`."""
        return self._data() or self._named()

    def simplest_answer(self) -> Schema:
        """The answer to `simplest_request`."""
        return self._result() if self._is_single else self._named_answer()

    @property
    def _is_single(self) -> bool:
        return len(self.inputs) == 1

    def _data(self) -> Schema | None:
        if not self._is_single:
            return None
        value = self.schemas.request_value(self.inputs[0])
        return _form("The value of the only input", {"data": value}, ["data"])

    def _named(self) -> Schema:
        return _form("Every input by its name", {"inputs": self._by_name()}, ["inputs"])

    def _top_level(self) -> Schema | None:
        names = {value.name for value in self.inputs}
        if not names or names & {"inputs", "data"}:
            return None
        return {"description": "Every input by its name, without a wrapper"} | self._by_name()

    def _records(self) -> Schema | None:
        columns = {value.name: _column(value.type) for value in self.inputs}
        if not columns or None in columns.values():
            return None
        record = _object(
            {name: column or {} for name, column in columns.items()},
            [v.name for v in self.inputs if v.required],
        )
        return {
            "type": "array",
            "description": "One record for every row",
            "items": record,
            "minItems": 1,
        }

    def _runtime_server(self) -> Schema | None:
        if not all(isinstance(_inner(value.type), TensorType) for value in self.inputs):
            return None
        tensors = {
            value.name: {"description": describe(value)} | _RUNTIME_TENSOR for value in self.inputs
        }
        named = _object(tensors, [value.name for value in self.inputs if value.required])
        wanted = {
            "type": "array",
            "items": {"type": "string", "enum": [value.name for value in self.outputs]},
        }
        return _form(
            "ONNX Runtime Server's form", {"inputs": named, "outputFilter": wanted}, ["inputs"]
        )

    def _by_name(self) -> Schema:
        values = {value.name: self.schemas.request_value(value) for value in self.inputs}
        return _object(values, [value.name for value in self.inputs if value.required])

    def _result(self) -> Schema:
        value = (
            self.schemas.answer_value(self.outputs[0])
            if len(self.outputs) == 1
            else self._answers_by_name()
        )
        return _form("The answer to `data`", {"result": value}, ["result"])

    def _named_answer(self) -> Schema:
        return _form("Every output by its name", {"outputs": self._answers_by_name()}, ["outputs"])

    def _answers_by_name(self) -> Schema:
        return {
            "type": "object",
            "properties": {value.name: self.schemas.answer_value(value) for value in self.outputs},
        }


_RUNTIME_TENSOR: Schema = {
    "type": "object",
    "properties": {
        "dims": {"type": "array", "items": {"type": "string"}},
        "dataType": {"type": "integer", "enum": DATA_TYPE_CODES},
        "rawData": {
            "type": "string",
            "format": "byte",
            "description": "Little-endian bytes in base64",
        },
    },
    "required": ["dims", "dataType"],
}


def _form(description: str, properties: dict[str, Schema], required: list[str]) -> Schema:
    return {"description": description} | _object(properties, required)


def _object(properties: dict[str, Schema], required: list[str]) -> Schema:
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return schema | ({"required": required} if required else {})


def _inner(kind: ValueType) -> ValueType:
    return kind.element if isinstance(kind, OptionalType) else kind


def _column(kind: ValueType) -> Schema | None:
    """The schema of one field of a record, when the input is a column: `[N]` or `[N, 1]`."""
    if not isinstance(kind, TensorType) or kind.shape is None or len(kind.shape) not in (1, 2):
        return None
    if isinstance(kind.shape[0], int) or kind.shape[1:] not in ((), (1,)):
        return None
    return element_schema(kind.dtype)
