"""What is in an ONNX file, and what stands in the way of serving it.

`inspect_model` tells everything, with findings; `read_model` is for callers that go on with the model, and refuses one that holds
an error. Neither trusts the file: it is looked at first (`recognise`), then read in a child process with bounded memory and time
(`isolated`, `_child`).
"""

from pathlib import Path

from onnxport.inspect.errors import ModelRefused, ModelTooLarge
from onnxport.inspect.finding import Finding, Severity
from onnxport.inspect.inspection import (
    ExternalFile,
    Inspection,
    OperatorCount,
    Opset,
    RuntimeCheck,
)
from onnxport.inspect.isolated import inspect_isolated
from onnxport.inspect.limits import MAX_FILE_BYTES
from onnxport.inspect.locate import find_model_file
from onnxport.inspect.recognise import recognise_file

__all__ = [
    "ExternalFile",
    "Finding",
    "Inspection",
    "OperatorCount",
    "Opset",
    "RuntimeCheck",
    "Severity",
    "find_model_file",
    "inspect_model",
    "read_model",
]


def inspect_model(path: Path, *, load: bool = True) -> Inspection:
    """Everything about the ONNX file at `path` (or the only one in that folder), errors among the findings.

    Args:
        path: a file or a folder.
        load: also create a session in the installed ONNX Runtime, which finds what only it can know.

    Raises:
        UserError: the file cannot be read as a model at all; see `onnxport.inspect.errors`.
        InspectionBroken: the reading process does not work on this machine.
    """
    file = find_model_file(path)
    size = recognise_file(file)
    if size > MAX_FILE_BYTES:
        raise ModelTooLarge(file, size)
    return inspect_isolated(file, size, load=load)


def read_model(path: Path, *, load: bool = False) -> Inspection:
    """As `inspect_model`, for a model that is about to be used: one with an error is refused.

    Raises:
        ModelRefused: the model holds an error; the exception's `findings` has all of them.
        UserError: the file cannot be read as a model at all.
    """
    inspection = inspect_model(path, load=load)
    if inspection.errors:
        raise ModelRefused(inspection.file, inspection.errors)
    return inspection
