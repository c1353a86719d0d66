"""`/v2/.../infer`: requests of the Open Inference Protocol, JSON and binary.

A binary body is a JSON header followed by the raw bytes of those tensors that state `binary_data_size`, in the order in which they are
named. A header length of 0 means that the whole body is the one tensor of a model with a single input.
Sources: Open Inference Protocol, "Inference Request"; its binary tensor data extension.
"""

from typing import Any

from onnxport_serve.codec import simd
from onnxport_serve.codec.answer import Output, Outputs
from onnxport_serve.codec.call import Call
from onnxport_serve.codec.inputs import Gathering, Inputs, Numbers, TensorInput, printable
from onnxport_serve.codec.loading import load_json
from onnxport_serve.codec.quick import LARGEST
from onnxport_serve.codec.raw import add_raw
from onnxport_serve.codec.stated_shape import read_shape
from onnxport_serve.codec.tensor_fast import NumberParser, count_arrays, look_up
from onnxport_serve.codec.v2_answer import V2Encoder
from onnxport_serve.errors import BadRequest

_DATA_LEVEL = 3
"""Lists and objects around the value of `data`."""


class V2Codec:
    """Reads `/v2` requests for one signature.

    Args:
        name: the model's name in answers.
        inputs: the model's inputs.
        outputs: the model's outputs.
        depth: how many lists and objects may lie in each other.
    """

    def __init__(self, name: str, inputs: Inputs, outputs: Outputs, depth: int) -> None:
        self._name = name
        self._inputs = inputs
        self._outputs = outputs
        self._depth = depth
        self._parser = NumberParser()

    def decode(self, body: bytes, json_length: int | None) -> Call:
        """The request of a body; `json_length` as in `Inference-Header-Content-Length`, `None` without that header."""
        if json_length is None:
            document = self._lift(body) if len(body) > LARGEST else None
            return self._decode(load_json(body) if document is None else document, memoryview(b""))
        if json_length == 0:
            return self._decode_raw(body)
        if not 0 < json_length <= len(body):
            raise BadRequest(
                f"inference-header-content-length is {json_length}; the body has {len(body)} bytes"
            )
        return self._decode(load_json(body[:json_length]), memoryview(body)[json_length:])

    def _decode(self, document: Any, tail: memoryview) -> Call:
        if type(document) is not dict or type(document.get("inputs", [])) is not list:
            raise BadRequest("the body has to be an object with a list 'inputs'")
        to = Gathering()
        offset = 0
        for tensor in document.get("inputs", ()):
            offset = self._add_tensor(tensor, tail, offset, to)
        if offset != len(tail):
            raise BadRequest(
                f"the inputs state {offset} bytes of binary data; the body has {len(tail)}"
            )
        self._inputs.complete(to)
        return self._call(to, document)

    def _add_tensor(self, tensor: Any, tail: memoryview, offset: int, to: Gathering) -> int:
        """Take one entry of `inputs`; the offset of the next one's bytes."""
        if type(tensor) is not dict:
            raise BadRequest("every entry of 'inputs' has to be an object")
        item = self._inputs.tensor(tensor.get("name"))
        if item.name in to.feeds:
            raise BadRequest(f"input '{item.name}' is given twice")
        if tensor.get("datatype") != item.element.v2:
            raise BadRequest(f"input '{item.name}' wants the datatype {item.element.v2}")
        shape = read_shape(tensor.get("shape"), item.name)
        size = _binary_size(tensor, item.name)
        if size is None:
            if "data" not in tensor:
                raise BadRequest(f"input '{item.name}' has neither 'data' nor 'binary_data_size'")
            item.add_flat(tensor["data"], shape, to, self._depth - _DATA_LEVEL)
            return offset
        if "data" in tensor:
            raise BadRequest(f"input '{item.name}' has both 'data' and 'binary_data_size'")
        if size > len(tail) - offset:
            raise BadRequest(
                f"input '{item.name}' states {size} bytes of binary data; {len(tail) - offset} are left"
            )
        item.add_bytes(tail[offset : offset + size], shape, to)
        return offset + size

    def _call(self, to: Gathering, document: dict[str, Any]) -> Call:
        everything_binary = _flag(_parameters(document), "binary_data_output") or False
        wanted = document.get("outputs")
        wanted = [] if wanted is None else wanted
        if type(wanted) is not list or not set(map(type, wanted)) <= {dict}:
            raise BadRequest("'outputs' has to be a list of objects with a name")
        chosen = self._outputs.select([entry.get("name") for entry in wanted])
        binary = [_wants_binary(entry, everything_binary) for entry in wanted]
        if not wanted:
            chosen = self._outputs.all
            binary = [everything_binary] * len(chosen)
        _check_expressible(chosen, binary)
        encoder = V2Encoder(self._name, chosen, binary, _read_id(document))
        names = [output.name for output in chosen] if wanted else None
        return to.call(names, encoder, wants_typed=_any_opaque(chosen))

    def _decode_raw(self, body: bytes) -> Call:
        item = self._inputs.all[0] if len(self._inputs.all) == 1 else None
        if not isinstance(item, TensorInput):
            raise BadRequest(
                "a raw body (inference-header-content-length: 0) is for models with a single tensor input; "
                + self._inputs.listing()
            )
        to = Gathering()
        add_raw(body, item, to)
        chosen = self._outputs.all
        binary = [True] * len(chosen)
        _check_expressible(chosen, binary)
        return to.call(
            None, V2Encoder(self._name, chosen, binary, None), wants_typed=_any_opaque(chosen)
        )

    def _lift(self, body: bytes) -> dict[str, Any] | None:
        """The document of a large body with its number arrays already read; `None` leaves it to the exact way."""
        if b"\\u0000" in body:  # simdjson cannot look up a name with a NUL
            return None
        node = self._parser.parse(body)
        if type(node) is not simd.Object:
            return None
        document: dict[str, Any] = {}
        for name in node:
            child = look_up(node, name)
            if name == "inputs" and type(child) is simd.Array:
                document[name] = [self._lift_tensor(entry) for entry in child]
            else:
                document[name] = _plain(child)
        if len(document) != len(node) or _has_doubt(document.get("inputs")):
            return None
        return document if _count_lists(document) == count_arrays(body) else None

    def _lift_tensor(self, node: Any) -> dict[str, Any] | None:
        if type(node) is not simd.Object:
            return None
        tensor: dict[str, Any] = {}
        for name in node:
            child = look_up(node, name)
            if name == "data":
                stated = look_up(node, "name")
                known = self._inputs.by_name.get(stated) if type(stated) is str else None
                if not isinstance(known, TensorInput) or known.reader is None:
                    return None
                read = known.reader.read(child)
                if read is None:
                    return None
                tensor[name] = Numbers(*read)
            else:
                tensor[name] = _plain(child)
        return tensor if len(tensor) == len(node) else None


def _plain(node: Any) -> Any:
    if type(node) is simd.Array:
        return node.as_list()
    return node.as_dict() if type(node) is simd.Object else node


def _has_doubt(tensors: Any) -> bool:
    return type(tensors) is not list or None in tensors


def _count_lists(value: Any) -> int:
    """The arrays that a value was written with; a set of known depth, because simdjson bounds it."""
    if type(value) is Numbers:
        return value.arrays
    if type(value) is list:
        return 1 + sum(_count_lists(item) for item in value if type(item) in (list, dict))
    if type(value) is dict:
        return sum(_count_lists(item) for item in value.values())
    return 0


def _parameters(owner: dict[str, Any]) -> dict[str, Any]:
    parameters = owner.get("parameters")
    if parameters is None:
        return {}
    if type(parameters) is not dict:
        raise BadRequest("'parameters' has to be an object")
    return parameters


def _flag(parameters: dict[str, Any], name: str) -> bool | None:
    value = parameters.get(name)
    if value is not None and type(value) is not bool:
        raise BadRequest(f"parameter '{name}' has to be true or false")
    return value


def _binary_size(tensor: dict[str, Any], name: str) -> int | None:
    parameters = _parameters(tensor)
    if "shared_memory_region" in parameters:
        raise BadRequest(
            f"input '{name}' asks for shared memory, which this endpoint does not offer"
        )
    size = parameters.get("binary_data_size")
    if size is not None and (type(size) is not int or size < 0):
        raise BadRequest(f"input '{name}': binary_data_size has to be a number of bytes")
    return size


def _wants_binary(entry: dict[str, Any], everything: bool) -> bool:
    parameters = _parameters(entry)
    if parameters.get("classification"):
        raise BadRequest(
            f"output {printable(entry.get('name'))} asks for classification, which this endpoint does not do"
        )
    if "shared_memory_region" in parameters:
        raise BadRequest(
            f"output {printable(entry.get('name'))} asks for shared memory, which this endpoint does not offer"
        )
    wanted = _flag(parameters, "binary_data")
    return everything if wanted is None else wanted


def _read_id(document: dict[str, Any]) -> str | None:
    value = document.get("id")
    if value is not None and type(value) is not str:
        raise BadRequest("'id' has to be a text")
    return value


def _check_expressible(outputs: list[Output], binary: list[bool]) -> None:
    for output, is_binary in zip(outputs, binary, strict=True):
        if output.element is None:
            raise BadRequest(
                f"output '{output.name}' is {output.kind}, which /v2 cannot carry; "
                "name others in 'outputs', or use /score"
            )
        if not is_binary and not output.has_json:
            raise BadRequest(
                f"output '{output.name}' is {output.element.name}, which JSON cannot express; "
                "ask for it with the parameter binary_data: true"
            )


def _any_opaque(outputs: list[Output]) -> bool:
    return any(not output.has_json for output in outputs)
