"""What the user says that the framework gave, as one more case of the proof."""

from collections.abc import Sequence

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
