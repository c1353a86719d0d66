"""What a person may say about a conversion."""

import json
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from onnxport.converter.interface import Arrays, Code
from onnxport.converter.isolation.environment import EnvironmentCache
from onnxport.converter.isolation.process import ChildLimits
from onnxport.service.conversion.errors import CodeUnusable


class Trust(StrEnum):
    """Whether the user vouches for a file that runs code when opened: not, in a process without network, or anyhow."""

    NO = "no"
    SANDBOXED = "sandboxed"
    UNSANDBOXED = "unsandboxed"


@dataclass(frozen=True, slots=True)
class ConvertOptions:
    """How to convert. Everything has a default.

    Attributes:
        output: where to write; beside the source if `None`.
        sample: real inputs: a file (.npz, .npy, .csv, .json) or arrays by name.
        expected: what the framework gave for the sample elsewhere: a file or arrays by name.
        code: the model class, for files that hold weights only.
        inputs: names of a graph's inputs, for old graphs that do not say them.
        outputs: names of a graph's outputs, likewise.
        framework: the converter's name, where a file could be of several.
        packages: requirements that replace or join the pinned ones of the converter's environment, such as `torch==2.9`.
        opset: the version of the main operator set to write; the converter's choice if `None`.
        trust: whether the user vouches for a file that runs code when opened.
        allow_unproven: write the model although it is not shown to predict the same; the proof says so.
        overwrite: replace the output.
        limits: time and memory of the conversion.
        environments: where converters' environments are kept; the user's cache if `None`.
    """

    output: Path | None = None
    sample: Path | Arrays | None = None
    expected: Path | Arrays | None = None
    code: Code | None = None
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    framework: str | None = None
    packages: tuple[str, ...] = ()
    opset: int | None = None
    trust: Trust = Trust.NO
    allow_unproven: bool = False
    overwrite: bool = False
    limits: ChildLimits = field(default_factory=ChildLimits)
    environments: EnvironmentCache | None = None

    @property
    def cache(self) -> EnvironmentCache:
        """Where converters' environments are kept."""
        return self.environments or EnvironmentCache.of_user()


def code_from(text: str, arguments: str | None = None) -> Code:
    """The model class from `FILE.py:NAME` and its arguments as JSON, a list or an object; raises `CodeUnusable`."""
    file, colon, name = text.rpartition(":")
    if not colon or not all(part.isidentifier() for part in name.split(".")):
        raise CodeUnusable(f"'{text}' does not name a class", "Write --code FILE.py:CLASS.")
    path = Path(file).expanduser()
    if not path.is_file():
        raise CodeUnusable(f"there is no file {file}", "Write --code FILE.py:CLASS.")
    given = _parsed_arguments(arguments)
    if isinstance(given, dict):
        return Code(path.absolute(), name, (), given)
    return Code(path.absolute(), name, tuple(given), {})


def _parsed_arguments(text: str | None) -> list[Any] | dict[str, Any]:
    try:
        given = json.loads(text or "[]")
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, (list, dict)):
        raise CodeUnusable(
            "the arguments of the model class are not a JSON list or object",
            """Write --code-args '[10, "relu"]' or --code-args '{"classes": 10}'.""",
        )
    return given
