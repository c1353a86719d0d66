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

Arrays = Mapping[str, Any]
"""numpy arrays by name."""


class ConversionRefused(UserError):
    """A model that the converter understands but cannot or must not convert.

    `stage` is where it was refused: `require`, `open`, `export` or `reference`.
    """

    code = "conversion_refused"
    stage: str = "require"


@dataclass(frozen=True)
class FileKind:
    """A kind of file, or of folder.

    `suffixes` are the usual ones (shown, never trusted); `runs_code` says whether opening it runs code that it holds; `needs` is what a
    person must give beside it, in a few words, empty where nothing.
    """

    name: str
    suffixes: tuple[str, ...]
    runs_code: bool
    needs: str = ""


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
    """A file or folder that a converter takes: its kind, and what a look into it found (kinds that run code only)."""

    kind: FileKind
    finding: Finding | None = None


@dataclass(frozen=True)
class PinnedEnvironment:
    """The environment of a converter: its lock with hashes, the Python versions it holds for (best first), rough sizes in megabytes.

    Beside the lock `locks/<name>.txt` lies what it was made from, `locks/<name>.in`. `torch_backend` is uv's setting of that name, for
    locks that hold PyTorch.
    """

    lock: Path
    pythons: tuple[str, ...]
    download_mb: int
    disk_mb: int
    torch_backend: str | None = None


@dataclass(frozen=True)
class Code:
    """The user's model class: the file, the name in it, and what to call it with (positional and by name)."""

    file: Path
    name: str
    positional: tuple[Any, ...] = ()
    named: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Job:
    """One conversion, as the inside sees it.

    `source` is a file or folder. `remedy` is empty at the first try, else one of the converter's remedies. `trusted` says whether the
    user vouches for the file. `sample` holds the user's arrays by name, `code` their model class; `inputs` and `outputs` are names for
    old graphs that do not say which these are; `opset` is the operator set that they want. All may be missing.
    """

    source: Path
    kind: str
    remedy: str = ""
    trusted: bool = False
    sample: Arrays | None = None
    code: Code | None = None
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    opset: int | None = None


@dataclass(frozen=True)
class Output:
    """One output of the ONNX model, in graph order; it gets this name.

    `role` is `label` or `value`. `absolute` (at values around 1) and `relative` are the tolerances. A `label` output may name the
    output that holds its scores (`scores`), with one column per entry of `labels`: flips where the framework's own scores tie are seen so.
    A `label` output with several columns names one output of scores for each, with a tuple of `labels` for each; or one output that has
    for each column the probability that it is set.
    `step` is a difference that is always allowed, whatever the size of the values: quantised models have one.
    """

    name: str
    role: str = "value"
    absolute: float = 1e-5
    relative: float = 1e-4
    scores: str | tuple[str, ...] | None = None
    labels: tuple[Any, ...] = ()
    step: float = 0.0


@dataclass(frozen=True)
class Exported:
    """A converted model: ONNX bytes, its outputs, the framework's version, and remarks for the user.

    `inputs` are the names that the model's inputs get, in graph order; empty where they are right as they are. `gap` says for which inputs
    the model answers something else, where no comparison would see it, and what to do; then nothing is proven.
    """

    onnx: bytes
    outputs: tuple[Output, ...]
    framework_version: str
    remarks: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    gap: str = ""


@dataclass(frozen=True)
class Case:
    """One set of inputs, by the ONNX model's input names, and what the framework gives for it, by its output names.

    `origin` is `sample` or `generated`. `batched` says that the first axis of every input and output counts rows, which is how the errors
    are told; otherwise the whole set is one row. `optional` cases are told but not held against the conversion (an empty batch). Without
    a runtime of the framework `expected` is empty.
    """

    origin: str
    inputs: Arrays = field(default_factory=dict)
    expected: Arrays = field(default_factory=dict)
    batched: bool = True
    optional: bool = False


@dataclass(frozen=True)
class Live:
    """An object of the user's process, put into files for its converter.

    `source` and `kind` are what `recognise` would say of it. `packages` are requirements that replace the converter's pins
    (`scikit-learn==1.7.2`), so that the file is read by what wrote it. `cases` is what the object itself gave for the example.
    `remarks` are for the user: what changed when it was put into the file.

    Where the object cannot be put into a file (a function), `exported` is its conversion, made in the user's process: then `source` is of
    no use, `packages` say what took part, and the proof rests on `cases`.
    """

    source: Path
    kind: FileKind
    packages: tuple[str, ...] = ()
    sample: Arrays | None = None
    cases: tuple[Case, ...] = ()
    exported: Exported | None = None
    remarks: tuple[str, ...] = ()


class Converter(ABC):
    """Turns the saved models of one framework into ONNX and runs the framework for comparison.

    `recognise`, `require` and `remedies_for` run in onnxport's own process and must not run code from the file, `takes` and `save` in that
    of the user; `open`, `export` and `reference` run in the converter's environment, in a child process.

    Attributes:
        name: the file's name without `.py`.
        title: the framework's own name.
        kinds: the kinds of file that it takes.
        environment: where it runs.
        remedies: what else to try, in this order, when the first conversion fails or is not proven.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    kinds: ClassVar[tuple[FileKind, ...]]
    environment: ClassVar[PinnedEnvironment]
    remedies: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def recognise(self, path: Path) -> Recognised | None:
        """What the file or folder is, by looking inside; `None` when it is not this framework's. `OSError` where it cannot be read."""

    def require(self, job: Job, recognised: Recognised) -> None:  # noqa: B027 - most kinds need nothing
        """Raise `ConversionRefused` for what the file does not hold and the job does not give; called before the environment is made."""

    def remedies_for(self, job: Job) -> tuple[str, ...]:  # noqa: ARG002
        """Those of the remedies that can change something for this kind of file and these options."""
        return self.remedies

    @abstractmethod
    def open(self, job: Job) -> Any:
        """Load the model with the framework. Raises `ConversionRefused` with the reason; any other exception means a damaged file."""

    @abstractmethod
    def export(self, model: Any, job: Job) -> Exported:
        """Convert the model. Raises `ConversionRefused` for what the exporter cannot do, or for a remedy that does not apply."""

    @abstractmethod
    def reference(self, model: Any, exported: Exported, job: Job) -> Iterable[Case]:
        """Run the framework on the user's sample, where given, and on inputs generated from what the model knows of its inputs.

        With a free batch dimension: batches of 1, 2 and many rows, and an empty one as an optional case where the framework takes it.
        """

    def takes(self, model: object) -> bool:  # noqa: ARG002
        """Whether a live object is a model of this framework, told by the names of its classes: the framework is not imported for it."""
        return False

    def save(self, model: Any, example: Any, folder: Path) -> Live:
        """Put a live object into files, in the process that holds it; only called where `takes` says yes.

        `example` is what the user gave: an array, a data frame, a tuple of arrays in the order of the inputs, or arrays by name.
        """
        raise NotImplementedError
