"""From a graph to ONNX, by tf2onnx in this process, and what is said where it cannot."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from onnxport.converter.interface import ConversionRefused

OPSET = 18
OLDER_OPSET = "opset 15"
UNOPTIMISED = "unoptimised"
REMEDIES = (OLDER_OPSET, UNOPTIMISED)
"""What else to try: tf2onnx takes other ways for an older operator set, and its rewriting of the result can be left out."""

_OWN_DOMAINS = {"", "ai.onnx", "ai.onnx.ml"}
_TOO_LARGE = ("2GB", "2 GB", "string too long", "exceeds maximum protobuf size")
_DRAWS = ("Random", "Multinomial", "TruncatedNormal", "StatelessRandom")


@dataclass(frozen=True)
class Converted:
    """The ONNX model, and the tensors that its inputs and outputs were, in graph order."""

    onnx: bytes
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def convert(
    graph_def: Any,
    tables: Mapping[Any, Any],
    begins: Sequence[str],
    ends: Sequence[str],
    opset: int | None,
    remedy: str,
    lite: str | None = None,
) -> Converted:
    """Convert a graph, or the TFLite file `lite`. Raises `ConversionRefused` with the operations that tf2onnx does not know."""
    if opset is not None and remedy == OLDER_OPSET:
        raise ConversionRefused(
            f"the operator set {opset} was asked for, so no other is tried", "Leave out --opset."
        )
    chosen = 15 if remedy == OLDER_OPSET else opset or OPSET
    try:
        model = _run_tf2onnx(graph_def, tables, begins, ends, chosen, remedy, lite)
        _take_operators_for_text(model, opset)
        data = model.SerializeToString()
    except ConversionRefused:
        raise
    except MemoryError:
        raise
    except Exception as error:  # tf2onnx has no base class for "cannot"
        raise _refused(error) from error
    graph = model.graph
    return Converted(data, tuple(v.name for v in graph.input), tuple(v.name for v in graph.output))


def drawn(graph_def: Any) -> list[str]:
    """The operations of a graph that draw random numbers."""
    nodes = [*graph_def.node, *(n for f in graph_def.library.function for n in f.node_def)]
    return sorted({node.op for node in nodes if node.op.startswith(_DRAWS)})


def _run_tf2onnx(
    graph_def: Any,
    tables: Mapping[Any, Any],
    begins: Sequence[str],
    ends: Sequence[str],
    opset: int,
    remedy: str,
    lite: str | None,
) -> Any:
    from tf2onnx import constants, optimizer
    from tf2onnx.tfonnx import process_tf_graph

    from onnxport.converter.inside.tensorflow.operators import handlers
    from onnxport.converter.inside.tensorflow.runtime import load_tensorflow

    tf = load_tensorflow()
    _order_nodes_by_name()
    highest = max(constants.OPSET_TO_IR_VERSION)
    if not 9 <= opset <= highest:
        raise ConversionRefused(
            f"tf2onnx makes the operator sets 9 to {highest}, not {opset}",
            f"Leave out --opset, which gives {OPSET}.",
        )
    heard = _Heard()
    logger = logging.getLogger("tf2onnx")
    logger.addHandler(heard)
    try:
        with tf.Graph().as_default() as graph:
            if lite is None:
                tf.import_graph_def(graph_def, name="")
            made = process_tf_graph(
                graph,
                opset=opset,
                input_names=list(begins) or None,
                output_names=list(ends) or None,
                initialized_tables=dict(tables),
                tflite_path=lite,
                custom_op_handlers=handlers(tables),
                use_default=_defaults(graph_def, begins),
                continue_on_error=True,
            )
            if heard.refusals:
                raise heard.refusals[0]
            _refuse_unknown(made, heard.errors)
            if remedy != UNOPTIMISED:
                made = optimizer.optimize_graph(made, catch_errors=True)
            model = made.make_model("model")
            _leave_out_unknown_types(model.graph)
            return model
    finally:
        logger.removeHandler(heard)


def _leave_out_unknown_types(graph: Any) -> None:
    """Loops of TensorFlow 1 have ends whose type tf2onnx does not know; ONNX Runtime finds it where none is stated."""
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                inner = attribute.g
                for value in (*inner.input, *inner.output, *inner.value_info):
                    tensor = value.type.tensor_type
                    if value.type.HasField("tensor_type") and not tensor.elem_type:
                        value.ClearField("type")
                _leave_out_unknown_types(inner)


def _take_operators_for_text(model: Any, asked: int | None) -> None:
    """Name the operator set that has those for text, which tf2onnx does not know; nothing else that it makes changed until there."""
    from onnxport.converter.inside.tensorflow.texts import NEEDS_OPSET, OPSET_OF_TEXT

    texts = {
        value.name for value in (*model.graph.initializer, *model.graph.input) if _is_text(value)
    }
    if not any(
        node.op_type in NEEDS_OPSET or (node.op_type == "Equal" and texts & set(node.input))
        for node in _all_nodes(model.graph)
    ):
        return
    if asked is not None:
        raise ConversionRefused(
            f"the model takes text apart, for which ONNX has operators since set {OPSET_OF_TEXT}, not in {asked}",
            "Leave out --opset.",
        )
    for entry in model.opset_import:
        if entry.domain in ("", "ai.onnx"):
            entry.version = OPSET_OF_TEXT
    model.ir_version = max(model.ir_version, 9)


def _is_text(value: Any) -> bool:
    """Whether an initializer or an input holds text."""
    from onnx import TensorProto

    kind = value.data_type if isinstance(value, TensorProto) else value.type.tensor_type.elem_type
    return bool(kind == TensorProto.STRING)


def _all_nodes(graph: Any) -> Iterator[Any]:
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from _all_nodes(attribute.g)


def _order_nodes_by_name() -> None:
    """tf2onnx walks sets of its nodes, which would lie in the order of their addresses, another in every run."""
    from tf2onnx.graph import Node

    Node.__hash__ = lambda node: hash(node.name)


def _defaults(graph_def: Any, begins: Sequence[str]) -> list[str]:
    """The nodes that stand for their default, as nobody feeds them: tf2onnx would make inputs of them."""
    fed = {begin.partition(":")[0] for begin in begins}
    nodes = () if graph_def is None else graph_def.node
    return [n.name for n in nodes if n.op == "PlaceholderWithDefault" and n.name not in fed]


def _refuse_unknown(graph: Any, errors: Sequence[str]) -> None:
    from onnx import defs

    unknown: dict[str, str] = {}
    graphs = [graph]
    while graphs:
        inner = graphs.pop()
        for node in inner.get_nodes():
            graphs += node.get_body_graphs().values() if node.get_body_graphs() else []
            known = node.domain in _OWN_DOMAINS and defs.has(node.type, node.domain)
            if not known and not node.is_graph_input() and not node.is_const():
                unknown.setdefault(node.type, node.name)
    if unknown:
        shown = ", ".join(f"{kind} ({name})" for kind, name in list(unknown.items())[:6])
        raise ConversionRefused(
            f"tf2onnx has no ONNX operators for these operations of the model: {shown}",
            "Leave that part out of the saved model (do it before, or in a scoring script), or build it of other layers.",
        )
    if errors:
        raise ConversionRefused(
            f"tf2onnx cannot convert a part of the model: {errors[0]}",
            "Build that part of other layers, or leave it out of the saved model.",
        )


def _refused(error: Exception) -> ConversionRefused:
    said = " ".join(str(error).split())[:300]
    if any(words in said for words in _TOO_LARGE):
        return ConversionRefused(
            "the model is larger than 2 GB, which one ONNX file cannot hold",
            "Convert a smaller model, or save it with float16 weights.",
        )
    return ConversionRefused(
        f"tf2onnx cannot convert this model: {type(error).__name__}: {said}",
        "Build the part that it names of other layers, or leave it out of the saved model.",
    )


class _Heard(logging.Handler):
    """Keeps what tf2onnx only logs: with `continue_on_error` its errors are no exceptions."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.errors: list[str] = []
        self.refusals: list[ConversionRefused] = []

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, ConversionRefused):
            self.refusals.append(error)
        self.errors.append(" ".join(record.getMessage().split())[:300])
