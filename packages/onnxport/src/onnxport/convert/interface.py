"""What a converter is. A converter is one file of this folder, named after its framework, with `CONVERTER = ItsClass()`.

The same file is used on both sides: onnxport imports it to recognise files, and the converter's own environment imports it to open,
convert and run models. So it imports the standard library and this module at its top, and its framework inside the methods that
run there. Arrays are numpy's; they are `Any` here because this module is also imported where numpy is not.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from onnxport.errors import UserError


class ConversionRefused(UserError):
    """A model that the converter understands but cannot or must not convert."""

    code = "conversion_refused"


@dataclass(frozen=True)
class FileKind:
    """A kind of file: its name, its usual suffixes (shown, never trusted), and whether opening it runs code that it holds."""

    name: str
    suffixes: tuple[str, ...]
    runs_code: bool


@dataclass(frozen=True)
class Finding:
    """What a look into a file that can run code found, without opening it.

    `imports` are the names it would import when opened, `unexpected` those among them that the framework does not need;
    `complete` is false where the file could not be followed to its end. `written_by` is the framework's version, where it is stated.
    """

    imports: tuple[str, ...]
    unexpected: tuple[str, ...]
    complete: bool
    written_by: str | None = None


@dataclass(frozen=True)
class Recognised:
    """A file that a converter takes: its kind, and what a look into it found (kinds that run code only)."""

    kind: FileKind
    finding: Finding | None = None


@dataclass(frozen=True)
class PinnedEnvironment:
    """The environment of a converter: its lock with hashes, the Python versions it holds for (best first), rough sizes in megabytes."""

    lock: Path
    pythons: tuple[str, ...]
    download_mb: int
    disk_mb: int


@dataclass(frozen=True)
class Job:
    """One conversion, as the inside sees it.

    `sample` holds the user's arrays by name, or is `None`; `trusted` says whether the user vouches for the file; `precision` is
    `float32`, or `float64` when the first try was not exact enough.
    """

    source: Path
    kind: str
    precision: str = "float32"
    trusted: bool = False
    sample: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Output:
    """One output of the ONNX model, in graph order.

    `role` is `label` or `value`. `absolute` (at values around 1) and `relative` are the tolerances. A `label` output may name the
    output that holds its scores (`scores`), with one column per entry of `labels`: flips where the framework's own scores tie are seen so.
    """

    name: str
    role: str = "value"
    absolute: float = 1e-5
    relative: float = 1e-4
    scores: str | None = None
    labels: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Exported:
    """A converted model: ONNX bytes, its outputs, the framework's version, and remarks for the user."""

    onnx: bytes
    outputs: tuple[Output, ...]
    framework_version: str
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """One set of inputs (rows along the first axis) and what the framework gives for it; `origin` is `sample` or `generated`."""

    origin: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    expected: Mapping[str, Any] = field(default_factory=dict)


class Converter(ABC):
    """Turns the saved models of one framework into ONNX and runs the framework for comparison.

    `recognise` runs in onnxport's own process and must not run code from the file; `open`, `export` and `reference` run in the
    converter's environment, in a child process.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    kinds: ClassVar[tuple[FileKind, ...]]
    needs: ClassVar[str]
    environment: ClassVar[PinnedEnvironment]
    precisions: ClassVar[tuple[str, ...]] = ("float32",)

    @abstractmethod
    def recognise(self, path: Path) -> Recognised | None:
        """Whether the file is one of this framework's, by looking inside; `None` when it is not. `OSError` where it cannot be read."""

    @abstractmethod
    def open(self, job: Job) -> Any:
        """Load the model with the framework. Raises `ConversionRefused` with the reason; any other exception means a damaged file."""

    @abstractmethod
    def export(self, model: Any, job: Job) -> Exported:
        """Convert the model. Raises `ConversionRefused` for what the framework's exporter cannot do."""

    @abstractmethod
    def reference(self, model: Any, exported: Exported, job: Job) -> Iterable[Case]:
        """Run the framework on the user's sample, where given, and on inputs generated from what the model knows of its inputs."""
