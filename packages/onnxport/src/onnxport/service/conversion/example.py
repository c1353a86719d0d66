"""One request out of a proof: inputs that the framework answered, as the body of a `/score` request."""

import json
from collections.abc import Sequence
from typing import Any

from onnxport.bundle.interface import SampleRequest
from onnxport.converter.interface import Case

_MOST_ELEMENTS = 50_000


def example_of(cases: Sequence[Case]) -> SampleRequest | None:
    """The first row of the user's sample, else the last of the generated rows; `None` where JSON cannot say it or it would be large."""
    for case in sorted(cases, key=lambda case: case.origin != "sample"):
        if case.optional or not case.inputs:
            continue
        inputs = _one_row(case)
        if all(_can_be_said(array) for array in inputs.values()):
            return _request({name: array.tolist() for name, array in inputs.items()})
    return None


def _one_row(case: Case) -> dict[str, Any]:
    if not case.batched:
        return dict(case.inputs)
    row = slice(0, 1) if case.origin == "sample" else slice(-1, None)
    return {name: array[row] for name, array in case.inputs.items()}


def _can_be_said(array: Any) -> bool:
    import numpy as np

    if array.size > _MOST_ELEMENTS or array.dtype.kind not in "biufU":
        return False
    return array.dtype.kind != "f" or bool(np.isfinite(array).all())


def _request(values: dict[str, Any]) -> SampleRequest:
    document = {"data": next(iter(values.values()))} if len(values) == 1 else {"inputs": values}
    return SampleRequest(json.dumps(document).encode(), "application/json", "proof")
