"""Errors of ONNX Runtime become answers that name the cause and never a value of the request."""

import pytest
from onnxport_serve.errors import BadRequest, RunFailed
from onnxport_serve.model.failure import explain

CODE = "[ONNXRuntimeError] : 2 : INVALID_ARGUMENT : "
NODE = "Non-zero status code returned while running {} node. Name:'{}' Status Message: {}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            CODE
            + "Got invalid dimensions for input: X for the following indices\n index: 1 Got: 5 Expected: 4\n"
            " Please fix either the inputs/outputs or the model.",
            "input 'X' has 5 in dimension 1, the model wants 4",
        ),
        (
            CODE + "Invalid rank for input: X Got: 3 Expected: 2 Please fix either the inputs",
            "input 'X' has 3 dimensions, the model wants 2",
        ),
        (
            CODE + NODE.format("Gather", "g/1", "indices element out of data bounds, idx=4711"),
            "the model cannot compute with these shapes or values in its operator Gather 'g/1'",
        ),
        (
            "[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : "
            + NODE.format("Add", "", "Attempting to broadcast an axis by 4711"),
            "the model cannot compute with these shapes or values in its operator Add",
        ),
    ],
    ids=["dimension", "rank", "bounds", "broadcast"],
)
def test_an_input_that_does_not_fit_is_the_clients(text: str, message: str) -> None:
    error = explain(RuntimeError(text))

    assert (BadRequest, message) == (type(error), error.message)
    assert "4711" not in error.message


def test_anything_else_is_a_failure_of_the_model() -> None:
    error = explain(RuntimeError("[ONNXRuntimeError] : 1 : FAIL : 4711 exploded"))

    assert isinstance(error, RunFailed)
    assert "4711" not in error.message
