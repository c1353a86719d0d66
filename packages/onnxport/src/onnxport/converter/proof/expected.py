"""What is known of the framework's answers from elsewhere, as more cases of the proof: from the user, or from a live object."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from onnxport.converter.interface import Arrays, Case
from onnxport.errors import UserError


class ExpectedUnusable(UserError):
    """Expected outputs that do not belong to the outputs or the sample."""

    code = "expected_unusable"

    def __init__(self, why: str) -> None:
        super().__init__(
            f"the expected outputs cannot be compared: {why}",
            "Give one array per output, under the outputs' names or in their order, for the rows of --sample.",
        )


def expected_case(expected: Arrays, outputs: Sequence[str], cases: Sequence[Case]) -> Case:
    """The user's sample, as the model takes it, with the outputs that the user expects; raises `ExpectedUnusable`."""
    sample = next((case for case in cases if case.origin == "sample"), None)
    if sample is None:
        raise ExpectedUnusable("the sample was not used")
    named = {name: expected[name] for name in outputs if name in expected}
    if not named and len(expected) == len(outputs):
        named = dict(zip(outputs, expected.values(), strict=True))
    if not named:
        raise ExpectedUnusable(
            f"they are {', '.join(list(expected)[:8])}, the model's outputs are {', '.join(outputs)}"
        )
    rows = len(next(iter(sample.inputs.values())))
    wrong = [name for name, array in named.items() if sample.batched and len(array) != rows]
    if wrong:
        raise ExpectedUnusable(
            f"'{wrong[0]}' has {len(named[wrong[0]])} rows, the sample has {rows}"
        )
    return Case("expected", sample.inputs, named, sample.batched)


def given_case(case: Case, cases: Sequence[Case]) -> Case:
    """A case from before the conversion, with its numbers in the type that the converted model takes, as the converter's cases say."""
    if not cases:
        return case
    taken = cases[0].inputs
    inputs = {
        name: array.astype(taken[name].dtype) if _differ(array, taken.get(name)) else array
        for name, array in case.inputs.items()
    }
    return replace(case, inputs=inputs)


def _differ(array: Any, taken: Any) -> bool:
    return taken is not None and array.dtype.kind == "f" == taken.dtype.kind
