"""scikit-learn: skops, joblib and pickle files of estimators and pipelines, through skl2onnx."""

import json
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from onnxport.converter.interface import (
    Case,
    Converter,
    Exported,
    FileKind,
    Finding,
    Job,
    Live,
    PinnedEnvironment,
    Recognised,
)

_SKOPS = FileKind("skops", (".skops",), runs_code=False)
_JOBLIB = FileKind("joblib", (".joblib",), runs_code=True)
_PICKLE = FileKind("pickle", (".pkl", ".pickle"), runs_code=True)
_LARGEST_SCHEMA = 64 << 20
# What fitted estimators are made of: nothing else is expected in a file.
_EXPECTED_ROOTS = {"sklearn", "numpy", "scipy", "joblib", "copyreg", "_codecs", "collections"}
_EXPECTED_BUILTINS = {"dict", "list", "tuple", "set", "frozenset", "slice", "range", "bytearray"}
_EXPECTED_BUILTINS |= {"complex", "int", "float", "bool", "str", "object"}


class SklearnConverter(Converter):
    """Fitted scikit-learn estimators and pipelines, of numbers and of text."""

    name = "sklearn"
    title = "scikit-learn"
    kinds = (_SKOPS, _JOBLIB, _PICKLE)
    environment = PinnedEnvironment(
        Path(__file__).parent / "locks" / "sklearn.txt", ("3.11", "3.12", "3.13", "3.14"), 100, 410
    )
    remedies = ("float64", "rounded inputs")

    def recognise(self, path: Path) -> Recognised | None:
        """A zip with the schema of skops that names scikit-learn, or a pickle whose first class is scikit-learn's."""
        if path.is_dir():
            return None
        if zipfile.is_zipfile(path):
            return Recognised(_SKOPS) if _is_skops_of_sklearn(path) else None
        from onnxport.converter.isolation.pickle_scan import scan_pickle

        scan = scan_pickle(path)
        if scan is None or not _is_ours(scan.root, scan.imports):
            return None
        unexpected = tuple(name for name in scan.imports if not _is_expected(name))
        written_by = scan.attributes.get("_sklearn_version")
        finding = Finding(scan.imports, unexpected, scan.complete, written_by)
        return Recognised(_JOBLIB if scan.is_joblib else _PICKLE, finding)

    def open(self, job: Job) -> Any:
        """The fitted estimator, and what scikit-learn warned of while loading it."""
        from onnxport.converter.inside.sklearn.loading import opened

        return opened(job)

    def export(self, model: Any, job: Job) -> Exported:
        """ONNX from skl2onnx: one input `X` of shape [batch, columns], or one of shape [batch, 1] for each column."""
        import sklearn

        from onnxport.converter.inside.sklearn.proof import Subject

        estimator, remarks = model
        subject = Subject(estimator, job)
        return Exported(
            subject.converted(),
            subject.outputs,
            sklearn.__version__,
            (*remarks, *subject.remarks),
            subject.names,
        )

    def reference(self, model: Any, exported: Exported, job: Job) -> Iterator[Case]:
        """The estimator's own answers, on the numbers as they are before ONNX Runtime gets them in its own types."""
        from onnxport.converter.inside.sklearn.proof import Subject

        estimator, _ = model
        yield from Subject(estimator, job).cases(exported.outputs)

    def takes(self, model: object) -> bool:
        """Whether a live object is a scikit-learn estimator, and of no package that has a converter of its own."""
        names = [f"{c.__module__}.{c.__qualname__}" for c in type(model).__mro__]
        others = ("xgboost.", "lightgbm.", "catboost.")
        return "sklearn.base.BaseEstimator" in names and not any(
            name.startswith(others) for name in names
        )

    def save(self, model: Any, example: Any, folder: Path) -> Live:
        """A joblib file of the estimator, and what it gives for the example."""
        from onnxport.converter.inside.sklearn.live import saved

        source, packages, sample, cases = saved(model, example, folder)
        pinned = self.environment.lock.read_text(encoding="utf-8")
        other = tuple(wanted for wanted in packages if f"\n{wanted} " not in pinned)
        return Live(source, _JOBLIB, other, sample, cases)


CONVERTER = SklearnConverter()


def _is_skops_of_sklearn(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo("schema.json").file_size > _LARGEST_SCHEMA:
                return False
            schema = json.loads(archive.read("schema.json"))
    except (KeyError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error):
        # No schema, no JSON, encrypted, nested beyond reason, damaged.
        return False
    return isinstance(schema, dict) and str(schema.get("__module__", "")).startswith("sklearn.")


def _is_ours(root: str | None, imports: tuple[str, ...]) -> bool:
    """By the object that the file holds; where the scan did not get so far, by the first class that is not plumbing."""
    plumbing = {"copyreg", "joblib", "numpy", "builtins", "_codecs"}
    first = next((name for name in imports if name.partition(".")[0] not in plumbing), "")
    return (root or first).startswith("sklearn.") or first.startswith("sklearn.")


def _is_expected(name: str) -> bool:
    module, _, attribute = name.rpartition(".")
    if module in {"builtins", "__builtin__"}:
        return attribute in _EXPECTED_BUILTINS
    return name.partition(".")[0] in _EXPECTED_ROOTS
