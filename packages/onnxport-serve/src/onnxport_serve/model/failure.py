"""What a failed run means for the client: a refused input or a failure of the model."""

from __future__ import annotations

import re

from onnxport_serve.errors import BadRequest, RequestError, RunFailed

_LONGEST_DETAIL = 300
_DIMENSIONS = re.compile(
    r"Got invalid dimensions for input: (?P<name>.{1,120}?) for the following indices\s+"
    r"index: (?P<index>\d+) Got: (?P<got>\d+) Expected: (?P<wanted>\d+)"
)
_RANK = re.compile(
    r"Invalid rank for input: (?P<name>.{1,120}?) Got: (?P<got>\d+) Expected: (?P<wanted>\d+)"
)
_NODE = re.compile(r"while running (?P<operator>\w{1,60}) node\. Name:'(?P<node>[^']{0,120})'")
_ABOUT_INPUT = re.compile(
    r"INVALID_ARGUMENT|broadcast|dimension|shape|rank|axis|axes|bounds|out of range|"
    r"incompatible|must match|must be|mismatch|cannot be cast|failed to parse|cannot be parsed",
    re.IGNORECASE,
)


def detail(error: Exception) -> str:
    """The first line of an error of ONNX Runtime without its prefix, cut."""
    text = str(error).split(" : ", 3)[-1].strip().partition("\n")[0]
    return text[:_LONGEST_DETAIL] or type(error).__name__


def explain(error: Exception) -> RequestError:
    """Turn an error of ONNX Runtime into the answer: 400 where the input is the cause, else 500.

    ONNX Runtime's own text can hold values of the request; only names, dimensions and operators are taken from it.
    """
    text = str(error)
    if found := _DIMENSIONS.search(text):
        return BadRequest(
            f"input '{found['name']}' has {found['got']} in dimension {found['index']}, "
            f"the model wants {found['wanted']}"
        )
    if found := _RANK.search(text):
        return BadRequest(
            f"input '{found['name']}' has {found['got']} dimensions, the model wants {found['wanted']}"
        )
    where = ""
    if found := _NODE.search(text):
        where = f" in its operator {found['operator']}" + (
            f" '{found['node']}'" if found["node"] else ""
        )
    if _ABOUT_INPUT.search(text):
        return BadRequest(f"the model cannot compute with these shapes or values{where}")
    return RunFailed(f"the model failed{where}; the endpoint's log says more under the request id")
