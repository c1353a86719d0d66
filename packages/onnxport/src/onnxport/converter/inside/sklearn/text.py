r"""Text vectorisers: tokens as scikit-learn's patterns find them, counted and weighted in ONNX.

ONNX Runtime's tokeniser takes RE2 patterns, in which `\w` and `\b` know ASCII only. Python's `\w` is letters, numbers and `_`; since
`\w\w+` takes all of a run of them, `\b\w\w+\b` finds the runs of at least two, which needs no `\b`.
"""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
from onnx import TensorProto, helper

from onnxport.converter.inside.sklearn.graph import RUNTIME, Graph, Precision
from onnxport.converter.interface import ConversionRefused

_WORD = r"[\p{L}\p{N}_]"
_NO_SPACE = r"[^\s\x0b\x1c-\x1f\x85\p{Z}]+"
# The C library's own names of languages are not installed everywhere; this one is, and it knows all letters.
_LOCALE = "C.UTF-8"
_SPACE = r"[\s\x0b\x1c-\x1f\x85\p{Z}]"
# No character, and not zero, at which tensors of text end.
_PADDING = "\uffff"
_RUN = re.compile(
    r"(?:\(\?u\))?(?:\\b)?(?P<run>(?:\\w|\\w\{\d+,?\})*(?:\\w\+|\\w\{\d+,\}))(?:\\b)?"
)
_PLAIN_SET = re.compile(r"(?:\[[A-Za-z0-9_\-'+#.@&À-ÿ]+\](?:\+|\{\d+,?\d*\})?)+")


def vectorise(scope: Any, operator: Any, container: Any) -> None:
    """`CountVectorizer` and `TfidfVectorizer` of one column of text."""
    graph = Graph(scope, operator, container)
    step = operator.raw_operator
    write = _WAYS.get(step.analyzer, _words)
    pattern = pattern_of(step)
    text = graph.reshape(operator.inputs[0].full_name, -1)
    if step.lowercase:
        text = graph.add(
            "StringNormalizer",
            text,
            case_change_action="LOWER",
            is_case_sensitive=1,
            locale=_LOCALE,
        )
    counts = graph.as_numbers(write(graph, step, text, pattern))
    if step.binary:
        counts = graph.add("Min", counts, graph.numbers(1))
    graph.give(_weighted(graph, step, counts))


def _words(graph: Graph, step: Any, text: str, pattern: str) -> str:
    """Counts of words and of runs of words, without stop words where these would stand between them."""
    tokens = _tokens(graph, text, pattern)
    pool = _pool(step, lambda term: term.split(" "))
    stop_words = step.get_stop_words()
    if not stop_words or step.ngram_range[1] == 1:
        return graph.add("TfIdfVectorizer", tokens, mode="TF", **pool)
    body = helper.make_graph(
        [
            helper.make_node(
                "StringNormalizer",
                ["row"],
                ["kept"],
                case_change_action="NONE",
                is_case_sensitive=1,
                locale=_LOCALE,
                stopwords=sorted(stop_words),
            ),
            helper.make_node("TfIdfVectorizer", ["kept"], ["counts"], mode="TF", **pool),
        ],
        "row",
        [helper.make_tensor_value_info("row", TensorProto.STRING, [None])],
        [helper.make_tensor_value_info("counts", TensorProto.FLOAT, [len(step.vocabulary_)])],
    )
    return graph.add("Scan", tokens, body=body, num_scan_inputs=1)


def _characters(graph: Graph, step: Any, text: str, _: str) -> str:
    """Counts of runs of characters; several spaces count as one."""
    tokens = _tokens(graph, text, rf"{_SPACE}{{2,}}|(?s:.)")
    spaces = graph.add("RegexFullMatch", tokens, pattern=rf"{_SPACE}{{2,}}")
    tokens = graph.add("Where", spaces, graph.constant(np.array(" ")), tokens)
    return graph.add("TfIdfVectorizer", tokens, mode="TF", **_pool(step, list))


def _characters_of_words(graph: Graph, step: Any, text: str, _: str) -> str:
    """Counts of runs of characters within words, each with a space on both sides: two spaces side by side are in no run."""
    words = _tokens(graph, text, _NO_SPACE)
    space = graph.constant(np.array(" "))
    wrapped = graph.add("StringConcat", graph.add("StringConcat", space, words), space)
    padding = graph.constant(np.array(_PADDING))
    wrapped = graph.add("Where", graph.add("Equal", words, padding), padding, wrapped)
    tokens = graph.reshape(_tokens(graph, wrapped, "(?s:.)"), 0, -1)
    return graph.add("TfIdfVectorizer", tokens, mode="TF", **_pool(step, list))


def _tokens(graph: Graph, text: str, pattern: str) -> str:
    return graph.add(
        "Tokenizer",
        text,
        domain=RUNTIME,
        mark=0,
        mincharnum=1,
        pad_value=_PADDING,
        tokenexp=pattern,
    )


def weigh_counts(scope: Any, operator: Any, container: Any) -> None:
    """`TfidfTransformer`."""
    graph = Graph(scope, operator, container)
    graph.give(_weighted(graph, operator.raw_operator, graph.matrix()))


def set_vectorised_shape(operator: Any) -> None:
    """One column for each term."""
    operator.outputs[0].type = Precision.tensor(len(operator.raw_operator.vocabulary_))


def pattern_of(step: Any) -> str:
    """The RE2 pattern of a vectoriser's tokens; `ConversionRefused` for what ONNX cannot do in the same way."""
    name = type(step).__name__
    if step.analyzer in _WAYS and step.preprocessor is None:
        pattern: str | None = ""
    elif step.tokenizer is str.split and step.preprocessor is None and step.analyzer == "word":
        pattern = _NO_SPACE
    else:
        refused = [
            what
            for what, given in (
                (f"analyzer={step.analyzer!r}", step.analyzer != "word"),
                ("a tokenizer of its own", step.tokenizer is not None),
                ("a preprocessor of its own", step.preprocessor is not None),
            )
            if given
        ]
        if refused:
            raise _refusal(name, refused[0])
        pattern = _translated(step.token_pattern)
    if pattern is None:
        raise _refusal(name, f"token_pattern={step.token_pattern!r}")
    if step.strip_accents is not None:
        raise _refusal(name, f"strip_accents={step.strip_accents!r}")
    return pattern


def _refusal(name: str, what: str) -> ConversionRefused:
    return ConversionRefused(
        f"the {name} uses {what}, which ONNX cannot do in the same way",
        "Use analyzer='char', 'char_wb', or 'word' with a token_pattern like scikit-learn's own; "
        "no strip_accents, preprocessor or tokenizer of its own.",
    )


def _translated(pattern: str) -> str | None:
    if found := _RUN.fullmatch(pattern):
        return found["run"].replace(r"\w", _WORD)
    if pattern.removeprefix("(?u)") == r"\S+":
        return _NO_SPACE
    return pattern if _PLAIN_SET.fullmatch(pattern) else None


def _pool(step: Any, split: Callable[[str], list[str]]) -> dict[str, Any]:
    """The n-grams by their length, as ONNX lists them, each with its column."""
    grams = [(split(term), int(column)) for term, column in step.vocabulary_.items()]
    grams.sort(key=lambda gram: (len(gram[0]), gram[1]))
    longest = max(len(words) for words, _ in grams)
    starts = [
        sum(len(words) for words, _ in grams if len(words) < length)
        for length in range(1, longest + 1)
    ]
    return {
        # Of characters within words, a word that is too short counts as it is.
        "min_gram_length": len(grams[0][0]),
        "max_gram_length": longest,
        "max_skip_count": 0,
        "pool_strings": [word for words, _ in grams for word in words],
        "ngram_counts": starts,
        "ngram_indexes": [column for _, column in grams],
    }


def _weighted(graph: Graph, step: Any, counts: str) -> str:
    """Counts as `TfidfVectorizer` weighs them: logarithm, rarity, length."""
    if not hasattr(step, "sublinear_tf"):
        return counts
    if step.sublinear_tf:
        # log(0) does not matter: it is not chosen.
        some = graph.add("Greater", counts, graph.numbers(0))
        logs = graph.add("Log", graph.add("Max", counts, graph.numbers(1)))
        grown = graph.add("Add", logs, graph.numbers(1))
        counts = graph.add("Where", some, grown, counts)
    if step.use_idf:
        counts = graph.add("Mul", counts, graph.numbers(np.ravel(step.idf_)[np.newaxis]))
    if step.norm is None:
        return counts
    kind = {"l1": "ReduceL1", "l2": "ReduceL2"}[step.norm]
    length = graph.add(kind, counts, graph.constant(np.array([1], np.int64)), keepdims=1)
    empty = graph.add("Equal", length, graph.numbers(0))
    return graph.add("Div", counts, graph.add("Where", empty, graph.numbers(1), length))


_WAYS: dict[str, Callable[[Graph, Any, str, str], str]] = {
    "char": _characters,
    "char_wb": _characters_of_words,
}
