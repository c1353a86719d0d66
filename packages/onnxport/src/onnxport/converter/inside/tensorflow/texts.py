"""Operations on text, as the operators that ONNX has for it since set 20: lower case, characters left out, words, and counts of words."""

import re
from typing import Any

import numpy as np

from onnxport.converter.inside.tensorflow.making import Maker
from onnxport.converter.interface import ConversionRefused

OPSET_OF_TEXT = 20
NEEDS_OPSET = {"StringSplit", "StringConcat"}
"""Operators that there are only since set 20; `Equal` takes text since set 19."""

_ONE_OF = re.compile(r"\[(?!\^)((?:[^\\\[\]]|\\[^A-Za-z0-9])+)\]\+?\Z")
_LITERAL = re.compile(r"(?:[^\\\[\]().*+?{}|^$]|\\[^A-Za-z0-9])+\Z")
# ONNX Runtime splits at the space only, TensorFlow at all of these.
_SPACES = "\t\n\v\f\r"


def change_case(graph: Any, node: Any, *_: Any, **__: Any) -> None:
    """Of ASCII letters only, as TensorFlow does where no encoding is named; the locale C does the same on every machine."""
    if node.get_attr_value("encoding", b""):
        raise ConversionRefused(
            f"{node.name} changes the case of all alphabets, for which ONNX depends on the machine's languages",
            "Leave out encoding='utf-8', or change the case before.",
        )
    action = {"StringLower": "LOWER", "StringUpper": "UPPER"}[node.type]
    make = Maker(graph, node)
    flat = _flat(make)
    changed = make.inner(
        "StringNormalizer",
        [flat],
        make.kind,
        case_change_action=action,
        is_case_sensitive=1,
        locale="C",
    )
    _back(make, changed)


def replace(graph: Any, node: Any, *_: Any, **__: Any) -> None:
    """`StaticRegexReplace` of single characters or of a plain text: split there, and put together again."""
    pattern, put = (
        str(bytes(node.get_attr_value(name, b"")), "utf-8", "replace")
        for name in ("pattern", "rewrite")
    )
    found = searched(pattern, put)
    if found is None or not node.get_attr_value("replace_global", 1):
        raise ConversionRefused(
            f"{node.name} replaces the expression {pattern!r}, for which ONNX has no operator: only single characters, as in '[,.!]', "
            "and plain texts are converted",
            "Change the text before, or in a scoring script, and save the model from there on.",
        )
    make = Maker(graph, node)
    text = _flat(make)
    for part in found:
        text = _replaced(graph, make, text, part, put)
    _back(make, text)


def split(graph: Any, node: Any, *_: Any, **__: Any) -> None:
    """`StringSplitV2` at white space: places, words and sizes."""
    from onnx import TensorProto

    separator = node.inputs[1]
    plain = (
        separator.is_const() and not np.asarray(separator.get_tensor_value(as_list=False)).item()
    )
    if not plain or node.get_attr_value("maxsplit", -1) != -1:
        raise ConversionRefused(
            f"{node.name} splits text otherwise than at white space, which is not converted",
            "Split at white space (split='whitespace'), or split before.",
        )
    places, words, sizes = node.output
    number, truth = TensorProto.INT64, TensorProto.BOOL
    make = Maker(graph, node)
    text = make.inputs[0]
    for space in _SPACES:
        text = _replaced(graph, make, text, space, " ")
    table, counts = make.several("StringSplit", [text], [make.kind, number])
    table_sizes = make.inner("Shape", [table], number)
    zero, one = make.constant(np.int64(0)), make.constant(np.int64(1))
    longest = make.inner("Gather", [table_sizes, one], number)
    columns = make.inner("Range", [zero, longest, one], number)
    rows = make.inner("Unsqueeze", [counts, make.constant(np.array([1], np.int64))], number)
    there = make.inner("Less", [columns, rows], truth)
    found = make.inner("NonZero", [there], number)
    at = make.named("Transpose", [found], places, number, perm=[1, 0])
    make.named("GatherND", [table, at], words, TensorProto.STRING)
    make.named("Identity", [table_sizes], sizes, number)


def count_words(graph: Any, node: Any, *_: Any, **__: Any) -> None:
    """`RaggedBincount` without weights: one is added in the row and column of every number."""
    from onnx import TensorProto

    weights = graph.get_shape(node.input[3])
    if weights is None or 0 not in weights or graph.opset < 16:
        raise ConversionRefused(
            f"{node.name} counts with weights, which is not converted",
            "Use output_mode='count', 'multi_hot' or 'tf_idf'.",
        )
    once = bool(node.get_attr_value("binary_output", 0))
    number, truth = TensorProto.INT64, TensorProto.BOOL
    make = Maker(graph, node)
    splits = make.inner("Cast", make.inputs[:1], number, to=number)
    values, size = (make.inner("Cast", [name], number, to=number) for name in make.inputs[1:3])
    zero, one = make.constant(np.int64(0)), make.constant(np.int64(1))
    first, last = make.constant(np.array([1], np.int64)), make.constant(np.array([-1], np.int64))
    axis = make.constant(np.array([0], np.int64))
    # Rows begin where the splits say: one more row at each of them gives the row of every number.
    begins = make.inner("Slice", [splits, first, last, axis], number)
    total = make.inner("Shape", [values], number)
    longer = make.inner("Add", [total, first], number)
    marks = make.inner("Expand", [zero, longer], number)
    ones = make.inner("Expand", [one, make.inner("Shape", [begins], number)], number)
    places = make.inner("Unsqueeze", [begins, last], number)
    marks = make.inner("ScatterND", [marks, places, ones], number, reduction="add")
    row_of = make.inner("CumSum", [marks, zero], number)
    row_of = make.inner("Slice", [row_of, axis, total, axis], number)
    rows = make.inner("Sub", [make.inner("Shape", [splits], number), first], number)
    whole = make.inner(
        "Concat", [rows, make.inner("Unsqueeze", [size, axis], number)], number, axis=0
    )
    inside = make.inner("Less", [values, size], truth)
    least = make.inner("Where", [inside, values, zero], number)
    added = make.inner("Cast", [inside], make.kind, to=make.kind)
    pairs = make.inner(
        "Concat",
        [make.inner("Unsqueeze", [name, last], number) for name in (row_of, least)],
        number,
        axis=1,
    )
    nothing = make.inner("Expand", [make.constant(_zero(make.kind)), whole], make.kind)
    counted = [nothing, pairs, added]
    if once:
        sums = make.inner("ScatterND", counted, make.kind, reduction="add")
        make.last("Min", [sums, make.constant(_zero(make.kind) + 1)])
    else:
        make.last("ScatterND", counted, reduction="add")


def equal(graph: Any, node: Any, *_: Any, **__: Any) -> None:
    """`Equal` and `NotEqual`, which take text since set 19."""
    from onnx import TensorProto

    if graph.get_dtype(node.input[0]) != TensorProto.STRING:
        from tf2onnx.onnx_opset.logical import Equal

        Equal.version_11(graph, node)
        return
    other = node.type == "NotEqual"
    make = Maker(graph, node)
    if not other:
        make.last("Equal", make.inputs)
        return
    make.last("Not", [make.inner("Equal", make.inputs, make.kind)])


def searched(pattern: str, put: str) -> list[str] | None:
    """The characters, or the one text, that an expression stands for; `None` for all other expressions."""
    if not (pattern.isascii() and put.isascii() and "\\" not in put):
        return None
    if _ONE_OF.match(pattern):
        one_of = re.compile(pattern.removesuffix("+"))
        repeated = pattern.endswith("+")
        found = [chr(code) for code in range(1, 128) if one_of.match(chr(code))]
        # What is put in must not be searched again, and several characters in a row are one only where nothing is put in.
        return None if (repeated and put) or set(put) & set(found) else found
    if _LITERAL.match(pattern):
        return [re.sub(r"\\(.)", r"\1", pattern)]
    return None


def _replaced(graph: Any, make: Maker, text: str, part: str, put: str) -> str:
    """Texts of one axis, with something else in place of a part."""
    from onnx import TensorProto

    kind, number, truth = TensorProto.STRING, TensorProto.INT64, TensorProto.BOOL
    pieces, counts = make.several("StringSplit", [text], [kind, number], delimiter=part)
    zero, one = make.constant(np.int64(0)), make.constant(np.int64(1))
    most = make.inner("Gather", [make.inner("Shape", [pieces], number), one], number)
    empty = make.constant(np.array("", object))
    nothing = make.inner("Where", [make.constant(np.array(False)), text, empty], kind)
    step, going, so_far = (make.fresh(name) for name in ("step", "going", "so_far"))
    body = graph.create_new_graph_with_same_config()
    body.parent_graph = graph
    body.add_graph_input(step, number, [])
    body.add_graph_input(going, truth, [])
    body.add_graph_input(so_far, kind, [-1])

    def node(operator: str, inputs: list[str], made: int, **attributes: Any) -> str:
        return str(body.make_node(operator, inputs, attr=attributes, dtypes=[made]).output[0])

    joined = so_far
    if put:
        between = node(
            "And",
            [node("Greater", [step, zero], truth), node("Less", [step, counts], truth)],
            truth,
        )
        joined = node(
            "StringConcat",
            [joined, node("Where", [between, make.constant(np.array(put, object)), empty], kind)],
            kind,
        )
    joined = node("StringConcat", [joined, node("Gather", [pieces, step], kind, axis=1)], kind)
    body.add_graph_output(node("Identity", [going], truth), truth, [])
    body.add_graph_output(joined, kind, [-1])
    always = make.constant(np.array(True))
    loop = graph.make_node(
        "Loop", [most, always, nothing], branches={"body": body}, dtypes=[kind], shapes=[[-1]]
    )
    return str(loop.output[0])


def _flat(make: Maker) -> str:
    return make.inner(
        "Reshape", [make.inputs[0], make.constant(np.array([-1], np.int64))], make.kind
    )


def _back(make: Maker, text: str) -> None:
    """In the shape of what the node was given."""
    from onnx import TensorProto

    make.last("Reshape", [text, make.inner("Shape", make.inputs[:1], TensorProto.INT64)])


def _zero(kind: int) -> Any:
    from onnxport.converter.inside.tensorflow.making import numpy_of

    return np.array(0, numpy_of(kind))
