"""One request out of a proof: generated inputs that the framework answered, as the body of a `/score` request."""

import json
from collections.abc import Sequence
from typing import Any

from onnxport.converter.interface import Case

_MOST_ELEMENTS = 10_000


def example_of(cases: Sequence[Case]) -> str | None:
    """The last generated row, as JSON; `None` where JSON cannot say it or it would be long. The user's own data stays out of proofs."""
    for case in cases:
        if case.origin != "generated" or case.optional or not case.inputs:
            continue
        inputs = _one_row(case)
        if sum(array.size for array in inputs.values()) <= _MOST_ELEMENTS and all(
            _can_be_said(array) for array in inputs.values()
        ):
            return _document({name: array.tolist() for name, array in inputs.items()})
    return None


def _one_row(case: Case) -> dict[str, Any]:
    if not case.batched:
        return dict(case.inputs)
    return {name: array[-1:] for name, array in case.inputs.items()}


def _can_be_said(array: Any) -> bool:
    import numpy as np

    if array.dtype.kind not in "biufU":
        return False
    return array.dtype.kind != "f" or bool(np.isfinite(array).all())


def _document(values: dict[str, Any]) -> str:
    return json.dumps(
        {"data": next(iter(values.values()))} if len(values) == 1 else {"inputs": values}
    )
