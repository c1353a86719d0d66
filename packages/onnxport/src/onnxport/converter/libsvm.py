"""LIBSVM: the text files of svm-train and svm_save_model, read here and written as plain ONNX operators in float64."""

import importlib.metadata
import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from onnxport.converter.interface import (
    Case,
    ConversionRefused,
    Converter,
    Exported,
    FileKind,
    Job,
    Live,
    PinnedEnvironment,
    Recognised,
)

_MODEL = FileKind("libsvm", (".model",), runs_code=False)
_LIBLINEAR = FileKind("liblinear", (".model",), runs_code=False)
_HEAD = 1 << 16
_KEYS = rb"svm_type|kernel_type|degree|gamma|coef0|nr_class|total_sv|rho|label|prob\w+|nr_sv"
_FIRST_LINE = re.compile(rb"(?:%s) [^\r\n]*\r?\n" % _KEYS)
_TYPE = re.compile(rb"^svm_type \w+\s*$", re.MULTILINE)
_KERNEL = re.compile(rb"^kernel_type \w+\s*$", re.MULTILINE)
_LIVE = {"libsvm.svm.svm_model", "svm.svm_model"}


class LibsvmConverter(Converter):
    """Support vector machines of all of LIBSVM's types, with all of its own kernels."""

    name = "libsvm"
    title = "LIBSVM"
    kinds = (_MODEL,)
    # scikit-learn ships LIBSVM's code for all systems; LIBSVM's own package has no wheels for Linux.
    environment = PinnedEnvironment(
        Path(__file__).parent / "locks" / "sklearn.txt", ("3.11", "3.12", "3.13", "3.14"), 85, 320
    )

    def recognise(self, path: Path) -> Recognised | None:
        """A text file whose first line is one of LIBSVM's, and that states a type and a kernel before its vectors."""
        if path.is_dir():
            return None
        head = _head_of(path)
        if head.startswith(b"solver_type ") and b"\nnr_feature " in head:
            return Recognised(_LIBLINEAR)
        if not _FIRST_LINE.match(head) or not _TYPE.search(head) or not _KERNEL.search(head):
            return None
        return Recognised(_MODEL)

    def require(self, job: Job, recognised: Recognised) -> None:
        """LIBLINEAR's files look alike, but nothing can run them everywhere; kernels that were computed outside are not in the file."""
        if recognised.kind is _LIBLINEAR:
            raise ConversionRefused(
                f"{job.source.name} is a model of LIBLINEAR, which cannot be run on all systems, so a conversion could not be proven",
                "Train a linear machine with LIBSVM (svm-train -t 0) or with scikit-learn (LinearSVC, LogisticRegression).",
            )
        if b"\nkernel_type precomputed" in _head_of(job.source):
            raise ConversionRefused(
                f"{job.source.name} takes values of a kernel that was computed outside of LIBSVM, from training rows that it does not hold",
                "Train with one of LIBSVM's own kernels (svm-train -t 0 to -t 3).",
            )

    def open(self, job: Job) -> Any:
        """The machine that the file states."""
        from onnxport.converter.inside.libsvm.text import read_machine

        return read_machine(job.source)

    def export(self, model: Any, job: Job) -> Exported:
        """ONNX with one input `X` of shape [batch, columns], float64."""
        from onnxport.converter.inside.libsvm.write import outputs_of, write_onnx

        onnx = write_onnx(model, _width(model, job))
        return Exported(onnx, outputs_of(model), _runtime(), tuple(_remarks(model, job)))

    def reference(self, model: Any, exported: Exported, job: Job) -> Iterator[Case]:
        """LIBSVM's own answers for the file, which it reads by other means than `open`."""
        from onnxport.converter.inside.batches import in_batches
        from onnxport.converter.inside.libsvm import questions
        from onnxport.converter.inside.tabular import varied

        machine = _machine_itself(model, job)

        def run(inputs: Any) -> Any:
            answers = machine.answers(inputs["X"])
            return {output.name: answers[output.name] for output in exported.outputs}

        if job.sample is not None:
            asked = questions.sample_rows(job.sample, model.width)
            yield from in_batches("sample", {"X": asked}, run)
        rows = questions.candidates(model, _width(model, job))
        by = run({"X": rows})[exported.outputs[0].name]
        rows = varied(rows, by) if exported.outputs[0].role == "label" else rows[:256]
        yield from in_batches("generated", {"X": rows}, run)

    def takes(self, model: object) -> bool:
        """A model of LIBSVM's Python package."""
        return any(f"{c.__module__}.{c.__qualname__}" in _LIVE for c in type(model).__mro__)

    def save(self, model: Any, example: Any, folder: Path) -> Live:
        """LIBSVM's own file of the model, and what LIBSVM itself says of the example."""
        from onnxport.converter.inside.libsvm.live import example_rows
        from onnxport.converter.inside.libsvm.official import answers
        from onnxport.converter.inside.libsvm.text import read_machine

        svm = sys.modules[type(model).__module__]
        source = folder / "machine.model"
        if svm.libsvm.svm_save_model(str(source).encode(), model) != 0:
            raise ConversionRefused("LIBSVM could not save the model", "Free some disk space.")
        if example is None:
            return Live(source, _MODEL)
        first_index = read_machine(source).first_index
        inputs = {"X": example_rows(example, first_index)}
        case = Case("sample", inputs, answers(svm, model, inputs["X"], first_index))
        return Live(source, _MODEL, sample=inputs, cases=(case,))


CONVERTER = LibsvmConverter()


def _head_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD)


def _has_official() -> bool:
    """Whether LIBSVM's own package is in this environment, because the user asked for it."""
    return importlib.util.find_spec("libsvm") is not None


def _runtime() -> str:
    if _has_official():
        return importlib.metadata.version("libsvm-official")
    return f"in scikit-learn {importlib.metadata.version('scikit-learn')}"


def _machine_itself(model: Any, job: Job) -> Any:
    if _has_official():
        from onnxport.converter.inside.libsvm.official import OfficialMachine

        return OfficialMachine(job.source, model.first_index)
    from onnxport.converter.inside.libsvm.bundled import BundledMachine

    return BundledMachine(job.source)


def _width(model: Any, job: Job) -> int:
    """How many columns the input has: as many as the sample, else as many as the support vectors use."""
    if job.sample is not None:
        from onnxport.converter.inside.libsvm.questions import sample_rows

        return int(sample_rows(job.sample, model.width).shape[1])
    if model.width == 0:
        raise ConversionRefused(
            "the support vectors are all zero, so the file does not say how many columns the model takes",
            "Give a few real rows with --sample.",
        )
    return int(model.width)


def _remarks(model: Any, job: Job) -> Iterator[str]:
    if job.sample is None:
        yield (
            f"the input has {model.width} columns, as many as the support vectors use; "
            "where the data has more, give rows of it with --sample"
        )
    if model.first_index == 0:
        yield "the file uses the index 0: the first column of the input is index 0"
    if model.sigmoids is not None:
        yield "the label is the most probable one, as svm-predict -b 1 gives it; voted_label is that of svm-predict without -b"
