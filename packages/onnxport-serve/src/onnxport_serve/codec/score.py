"""`POST /score`: the forms of a body, told apart in this order.

1. by content type or first bytes: raw bytes (`application/octet-stream`), `.npy` (`application/x-npy`); anything else is JSON
2. ONNX Runtime Server: every value of `inputs` is an object with `dims`
3. `{"inputs": {name: values}}`                 answered with `{"outputs": {name: values}}`
4. `{"data": values}` for a single input        answered with `{"result": values}`, an object by name for several outputs
5. input names at the top level                 answered like 3
6. a list of records, where every input is a column of single values; answered like 3

An input that is itself called `data` or `inputs` works both ways: as 3 or 4, and by its name.
"""

from typing import Any

from onnxport_serve.codec import simd
from onnxport_serve.codec.answer import Output, Outputs, named_encoder, raw_encoder, result_encoder
from onnxport_serve.codec.call import Call, Encoder
from onnxport_serve.codec.inputs import Gathering, Inputs, Numbers, TensorInput, printable
from onnxport_serve.codec.loading import load_json
from onnxport_serve.codec.ort_server import decode_ort_server, is_ort_server
from onnxport_serve.codec.quick import LARGEST, QuickReader
from onnxport_serve.codec.raw import NPY_MAGIC, add_npy, add_raw
from onnxport_serve.codec.records import Records
from onnxport_serve.codec.tensor_fast import NumberParser, count_arrays, look_up
from onnxport_serve.errors import BadRequest

_JSON_TYPES = frozenset(
    {b"application/json", b"", b"application/x-www-form-urlencoded", b"text/plain"}
)
_LONG_LIST = 1 << 20
"""Bytes above which the beginning of a list is looked at before the rest is read."""


class ScoreCodec:
    """Reads `/score` bodies for one signature.

    Args:
        inputs: the model's inputs.
        outputs: the model's outputs.
        depth: how many lists and objects may lie in each other in a JSON body.
    """

    def __init__(self, inputs: Inputs, outputs: Outputs, depth: int) -> None:
        self._inputs = inputs
        self._outputs = outputs
        self._depth = depth
        self._sole = _sole_input(inputs)
        self._records = Records(inputs)
        self._parser = NumberParser()
        self._no_json = next((output for output in outputs.all if not output.has_json), None)
        self._result = self._plan_result(outputs)
        self._named = named_encoder(outputs.all)
        self._quick = self._plan_quick()

    def decode(self, body: bytes, content_type: bytes) -> Call:
        """The request of a body; `BadRequest` with what would be right."""
        if content_type not in _JSON_TYPES:
            kind = content_type.partition(b";")[0].strip().lower()
            if kind == b"application/octet-stream" and not body.startswith(NPY_MAGIC):
                return self._decode_tensor(body, add_raw)
            if kind == b"application/x-npy":
                return self._decode_tensor(body, add_npy)
        if len(body) > LARGEST:
            if len(body) > _LONG_LIST and not self._records.could_be(body):
                raise BadRequest(f"the body is a list; {self._forms()}")
            document = self._lift(body)
            if document is not None:
                return self._decode_document(document)
        elif self._quick is not None:
            name, reader = self._quick
            array = reader.read(body)
            if array is not None:
                return Call({name: array}, None, array.size, self._result)
        if body.startswith(NPY_MAGIC):
            return self._decode_tensor(body, add_npy)
        return self._decode_document(load_json(body))

    def _decode_document(self, document: Any) -> Call:
        if type(document) is list:
            values = self._records.columns(document)
            if values is None:
                raise BadRequest(f"the body is a list; {self._forms()}")
            return self._call(self._inputs.gather(values, self._depth - 1), self._named)
        if type(document) is not dict:
            raise BadRequest(f"the body is a single value; {self._forms()}")
        if "inputs" in document and is_ort_server(document["inputs"]):
            return decode_ort_server(document, self._inputs, self._outputs)
        if "inputs" in document and self._is_inputs_form(document["inputs"]):
            return self._decode_inputs(document)
        if "data" in document and self._is_data_form(document):
            return self._decode_data(document)
        return self._decode_names(document)

    def _decode_inputs(self, document: dict[str, Any]) -> Call:
        self._refuse_others(document, "inputs")
        if type(document["inputs"]) is not dict:
            raise BadRequest(f"'inputs' has to be an object; {self._forms()}")
        return self._call(self._inputs.gather(document["inputs"], self._depth - 2), self._named)

    def _decode_data(self, document: dict[str, Any]) -> Call:
        assert self._sole is not None
        self._refuse_others(document, "data")
        to = self._inputs.gather({self._sole: document["data"]}, self._depth - 1)
        return self._call(to, self._result)

    def _decode_names(self, document: dict[str, Any]) -> Call:
        known = self._inputs.by_name
        if "data" in document and "data" not in known:
            raise BadRequest(f"'data' is for models with a single input; {self._forms()}")
        if document and not document.keys() & known.keys():
            raise BadRequest(f"{self._inputs.unknown(document)}; {self._forms()}")
        return self._call(self._inputs.gather(document, self._depth - 1), self._named)

    def _decode_tensor(self, body: bytes, add: Any) -> Call:
        item = self._inputs.by_name[self._sole] if self._sole is not None else None
        if not isinstance(item, TensorInput):
            raise BadRequest(
                f"raw and .npy bodies are for models with a single tensor input; {self._forms()}"
            )
        to = Gathering()
        add(body, item, to)
        return self._call(to, self._result)

    def _call(self, to: Gathering, encoder: Encoder) -> Call:
        if self._no_json is None:
            return to.call(None, encoder, wants_typed=False)
        if encoder is self._result and _is_raw(self._outputs.all):
            return to.call(None, encoder, wants_typed=True)
        raise BadRequest(
            f"output '{self._no_json.name}' is {self._no_json.kind}, which JSON cannot express; "
            "use /v2 with binary data"
        )

    def _is_inputs_form(self, value: Any) -> bool:
        known = self._inputs.by_name
        if "inputs" not in known:
            return True
        return type(value) is dict and bool(value) and value.keys() <= known.keys()

    def _is_data_form(self, document: dict[str, Any]) -> bool:
        if self._sole is None:
            return False
        return "data" not in self._inputs.by_name or (self._sole == "data" and len(document) == 1)

    def _refuse_others(self, document: dict[str, Any], form: str) -> None:
        if len(document) > 1:
            other = next(name for name in document if name != form)
            raise BadRequest(f"unknown member {printable(other)} beside '{form}'")

    def _forms(self) -> str:
        """The forms that a body may have, with this model's names."""
        members = ", ".join(f'"{item.name}": {item.kind}' for item in self._inputs.all[:20])
        forms = [f'{{"inputs": {{{members}}}}}', f"{{{members}}}"]
        if self._sole is not None:
            forms.insert(0, f'{{"data": {self._inputs.by_name[self._sole].kind}}}')
        if self._records.possible:
            forms.append(f"[{{{members}}}, ...]")
        return f"send one of: {' or '.join(forms)}"

    def _plan_result(self, outputs: Outputs) -> Encoder:
        return raw_encoder(outputs.all[0]) if _is_raw(outputs.all) else result_encoder(outputs.all)

    def _plan_quick(self) -> tuple[str, QuickReader] | None:
        item = self._inputs.by_name[self._sole] if self._sole is not None else None
        if (
            not isinstance(item, TensorInput)
            or item.reader is None
            or self._no_json
            or item.rule.symbols
        ):
            return None
        fits_depth = item.rule.rank is not None and item.rule.rank < self._depth
        named_data = "data" in self._inputs.by_name and self._sole != "data"
        return (item.name, QuickReader(item)) if fits_depth and not named_data else None

    def _lift(self, body: bytes) -> dict[str, Any] | None:
        """The document of a large body with its number arrays already read; `None` leaves it to the exact way."""
        node = self._parser.parse(body)
        lifted = self._lift_object(node, top=True) if type(node) is simd.Object else None
        if lifted is None or lifted[1] != count_arrays(body):
            return None
        return lifted[0]

    def _lift_object(self, node: Any, *, top: bool) -> tuple[dict[str, Any], int] | None:
        values: dict[str, Any] = {}
        arrays = 0
        for name in node:
            child = look_up(node, name)
            if top and name == "inputs" and type(child) is simd.Object:
                inner = self._lift_object(child, top=False)
                if inner is None:
                    return None
                values[name] = inner[0]
                arrays += inner[1]
                continue
            numbers = self._lift_numbers(name, child, top=top)
            if numbers is None:
                return None
            values[name] = numbers
            arrays += numbers.arrays
        return (values, arrays) if len(values) == len(node) else None

    def _lift_numbers(self, name: str, child: Any, *, top: bool) -> Numbers | None:
        known = self._inputs.by_name
        is_data = top and name == "data" and "data" not in known and self._sole is not None
        item = known.get(self._sole if is_data and self._sole is not None else name)
        if not isinstance(item, TensorInput) or item.reader is None:
            return None
        read = item.reader.read(child)
        return None if read is None else Numbers(*read)


def _sole_input(inputs: Inputs) -> str | None:
    """The input that `data` stands for: the only one, or the only one that has to be given."""
    if len(inputs.all) == 1:
        return inputs.all[0].name
    return inputs.required[0] if len(inputs.required) == 1 else None


def _is_raw(outputs: list[Output]) -> bool:
    """Whether the answer is the raw bytes of one tensor that JSON cannot express."""
    return len(outputs) == 1 and outputs[0].element is not None and not outputs[0].has_json
