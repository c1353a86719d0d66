"""A list of records: one object per row, for models whose every input is a column of single values."""

from typing import Any

import orjson

from onnxport_serve.codec.inputs import Input, Inputs, TensorInput, printable
from onnxport_serve.errors import BadRequest

_LONGEST_FIRST = 1 << 16
"""Bytes in which the first record of a large body is looked for."""


class Records:
    """Turns records into columns.

    Args:
        inputs: the model's inputs.

    Attributes:
        possible: whether every input is a column: a scalar, `[rows]` or `[rows, 1]`.
    """

    __slots__ = ("_inputs", "possible")

    def __init__(self, inputs: Inputs) -> None:
        self._inputs = inputs
        self.possible = bool(inputs.all) and all(map(_is_column, inputs.all))

    def could_be(self, body: bytes) -> bool:
        """Whether a large list may be records, from its beginning alone; raises `BadRequest` for a wrong first record.

        Reading all of it first would take seconds. Whatever the beginning leaves open is true.
        """
        start = body[:_LONGEST_FIRST].lstrip()
        if not start.startswith(b"["):
            return True
        start = start[1:].lstrip()
        if not self.possible or (start and not start.startswith((b"{", b"]"))):
            return False
        try:
            first = orjson.loads(start[: start.find(b"}") + 1])
        except orjson.JSONDecodeError:  # an object or a brace inside of it, or a very long one
            return True
        self._check(first, first, 0)
        return True

    def columns(self, records: list[Any]) -> dict[str, Any] | None:
        """Input name to nested list; `None` where records are not possible or these are none."""
        if not self.possible or set(map(type, records)) != {dict}:
            return None
        for index, record in enumerate(records):
            self._check(record, records[0], index)
        return {name: self._column(name, records) for name in records[0]}

    def _check(self, record: dict[str, Any], first: dict[str, Any], index: int) -> None:
        unknown = [name for name in record if name not in self._inputs.by_name]
        if unknown:
            raise BadRequest(f"record {index}: {self._inputs.unknown(unknown)}")
        missing = [name for name in (*self._inputs.required, *first) if name not in record]
        added = [name for name in record if name not in first]
        if missing or added:
            at = index if missing else 0
            raise BadRequest(f"record {at} has no {printable((missing or added)[0])}")

    def _column(self, name: str, records: list[dict[str, Any]]) -> Any:
        item = self._inputs.by_name[name]
        assert isinstance(item, TensorInput)
        column = [record[name] for record in records]
        if item.rule.rank == 0 and len(column) == 1:
            return column[0]
        return [[value] for value in column] if item.rule.rank == 2 else column


def _is_column(item: Input) -> bool:
    if not isinstance(item, TensorInput) or item.kind.shape is None or not item.element.has_json:
        return False
    shape = item.kind.shape
    return len(shape) < 2 or (len(shape) == 2 and shape[1] in (1, None))
