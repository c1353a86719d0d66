"""scikit-learn: skops, joblib and pickle files of estimators and pipelines of numeric columns, through skl2onnx."""

import json
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from onnxport.converter.interface import (
    Case,
    ConversionRefused,
    Converter,
    Exported,
    FileKind,
    Finding,
    Job,
    Output,
    PinnedEnvironment,
    Recognised,
)

_SKOPS = FileKind("skops", (".skops",), runs_code=False)
_JOBLIB = FileKind("joblib", (".joblib",), runs_code=True)
_PICKLE = FileKind("pickle", (".pkl", ".pickle"), runs_code=True)
_OPSETS = {"": 21, "ai.onnx.ml": 3}
_LARGEST_SCHEMA = 64 << 20
# What fitted estimators are made of: nothing else is expected in a file.
_EXPECTED_ROOTS = {"sklearn", "numpy", "scipy", "joblib", "copyreg", "_codecs", "collections"}
_EXPECTED_BUILTINS = {"dict", "list", "tuple", "set", "frozenset", "slice", "range", "bytearray"}
_EXPECTED_BUILTINS |= {"complex", "int", "float", "bool", "str", "object"}
# Types that skops asks about and that only hold what was learned: parts of scikit-learn's own estimators.
_HARMLESS = {
    "numpy.dtype",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.feature_selection._univariate_selection.f_classif",
    "sklearn.feature_selection._univariate_selection.f_regression",
    "sklearn.gaussian_process.kernels.ConstantKernel",
    "sklearn.gaussian_process.kernels.Product",
    "sklearn.gaussian_process.kernels.RBF",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.metrics._scorer._PassthroughScorer",
    "sklearn.model_selection._split.KFold",
    "sklearn.model_selection._split.StratifiedKFold",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.tree._tree.Tree",
    "sklearn.utils._bunch.Bunch",
}


class SklearnConverter(Converter):
    """Fitted scikit-learn estimators whose input is a matrix of numbers."""

    name = "sklearn"
    title = "scikit-learn"
    kinds = (_SKOPS, _JOBLIB, _PICKLE)
    environment = PinnedEnvironment(
        Path(__file__).parent / "locks" / "sklearn.txt", ("3.11", "3.12", "3.13", "3.14"), 85, 320
    )
    remedies = ("float64",)

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
        import sklearn.utils.validation
        from sklearn.base import BaseEstimator
        from sklearn.exceptions import NotFittedError

        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            model = _load(job)
        if not isinstance(model, BaseEstimator):
            kind = type(model).__name__
            raise ConversionRefused(
                f"{job.source.name} holds a {kind}, not a scikit-learn estimator",
                "Save the fitted estimator or pipeline itself.",
            )
        try:
            sklearn.utils.validation.check_is_fitted(model)
        except NotFittedError:
            raise ConversionRefused(
                f"the {type(model).__name__} in {job.source.name} was saved before it was fitted",
                "Call fit, save it again, and convert that.",
            ) from None
        return model, _version_remarks(heard)

    def export(self, model: Any, job: Job) -> Exported:
        """ONNX from skl2onnx, with one input `X` of shape [batch, columns]."""
        import sklearn
        from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

        from onnxport.converter.inside.sklearn import exact, missing

        estimator, remarks = model
        _refuse_text_columns(estimator)
        outputs = _outputs_of(estimator)
        tensor = DoubleTensorType if job.remedy == "float64" else FloatTensorType
        columns = _columns_of(estimator, job)
        try:
            copied = exact.exact_copy(estimator)
            converted = _convert(copied, tensor([None, columns]))
            missing.send_missing(converted, estimator)
            exact.mend_binary_discriminant(converted, estimator)
            del converted.graph.output[len(outputs) :]
        except MemoryError:
            raise
        except Exception as error:  # skl2onnx has no base class for "cannot"
            said = " ".join(str(error).split())[:300]
            raise ConversionRefused(
                f"skl2onnx cannot convert this {type(estimator).__name__}: {said}",
                "Replace the step that it names by one that skl2onnx supports.",
            ) from error
        return Exported(converted.SerializeToString(), outputs, sklearn.__version__, remarks)

    def reference(self, model: Any, exported: Exported, job: Job) -> Iterator[Case]:
        """The estimator's own answers, on the same float32 values that ONNX Runtime gets."""
        from onnxport.converter.inside import tabular
        from onnxport.converter.inside.sklearn import missing, ranges

        estimator, _ = model
        columns = _columns_of(estimator, job)
        if job.sample is not None:
            names = getattr(estimator, "feature_names_in_", None)
            rows = tabular.sample_matrix(job.sample, columns, names)
            yield from _cases("sample", estimator, exported, rows, job)
        rows = tabular.rows_between(ranges.known_values(estimator, columns))
        try:
            rows = _choose(estimator, exported, rows)
        except ValueError:
            # Some estimators take no negative values.
            rows = _choose(estimator, exported, abs(rows))
        yield from _cases("generated", estimator, exported, rows, job)
        if missing.handles_missing(estimator):
            # Not every estimator lets them through: then they are not part of what is promised.
            with suppress(ValueError):
                yield from _cases("generated", estimator, exported, tabular.with_missing(rows), job)


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


def _load(job: Job) -> Any:
    if job.kind == _SKOPS.name:
        return _load_skops(job)
    import joblib

    try:
        # joblib reads plain pickles too.
        return joblib.load(job.source)
    except ModuleNotFoundError as error:
        raise ConversionRefused(
            f"{job.source.name} needs the package '{error.name}', which is not scikit-learn's",
            "Convert the model of that package with its own converter, or leave it out of the pipeline.",
        ) from None
    except AttributeError as error:
        raise ConversionRefused(
            f"{job.source.name} uses code that is not in scikit-learn's environment: {error}",
            "Build the model from scikit-learn's own classes.",
        ) from None


def _load_skops(job: Job) -> Any:
    from skops.io import get_untrusted_types, load

    asked = set(get_untrusted_types(file=job.source))
    if (unknown := sorted(asked - _HARMLESS)) and not job.trusted:
        raise ConversionRefused(
            f"{job.source.name} holds types that skops does not know to be harmless: {', '.join(unknown[:8])}",
            "If you know where the file comes from and vouch for it, run again with --trust.",
        )
    return load(job.source, trusted=sorted(asked))


def _version_remarks(heard: list[warnings.WarningMessage]) -> tuple[str, ...]:
    import sklearn

    versions = {
        original
        for message in heard
        if (original := getattr(message.message, "original_sklearn_version", None)) is not None
    }
    return tuple(
        f"the file was written by scikit-learn {version} and opened with {sklearn.__version__}, which may not read it as it was meant: "
        "compare with predictions made where it was trained"
        for version in sorted(versions)
    )


def _columns_of(estimator: Any, job: Job) -> int:
    columns = getattr(estimator, "n_features_in_", None)
    if columns is None and job.sample is not None:
        columns = next(iter(job.sample.values())).shape[-1]
    if columns is None:
        raise ConversionRefused(
            f"the {type(estimator).__name__} does not say how many columns it takes",
            "Give a sample of its input with --sample.",
        )
    return int(columns)


def _refuse_text_columns(estimator: Any) -> None:
    for part in _all_parts(estimator):
        by_name = any(
            isinstance(columns, str) or any(isinstance(column, str) for column in columns)
            for _, _, columns in getattr(part, "transformers_", ())
            if not callable(columns) and not isinstance(columns, slice)
        )
        text = any(
            getattr(values, "dtype", None) is not None and values.dtype.kind in "OUS"
            for values in getattr(part, "categories_", ())
        )
        if by_name or text or hasattr(part, "vocabulary_"):
            raise ConversionRefused(
                f"the {type(part).__name__} in this model takes columns by name or of text, which this converter cannot do yet",
                "Fit a pipeline on one matrix of numbers.",
            )


def _all_parts(estimator: Any) -> Iterator[Any]:
    yield estimator
    steps = [step for _, step in getattr(estimator, "steps", ())]
    columns = [part for _, part, _ in getattr(estimator, "transformers_", ())]
    for part in [*steps, *columns]:
        if not isinstance(part, str) and part is not None:
            yield from _all_parts(part)


def _outputs_of(estimator: Any) -> tuple[Output, ...]:
    """The outputs that the ONNX model will have, by what kind of estimator it is."""
    from sklearn.base import is_classifier, is_outlier_detector, is_regressor

    from onnxport.converter.inside.sklearn.exact import score_tolerance

    tolerance = score_tolerance(estimator)
    if is_classifier(estimator):
        if isinstance(estimator.classes_, list):
            raise ConversionRefused(
                "the model gives several labels per row, which this converter cannot do yet",
                "Convert one classifier per label.",
            )
        labels = tuple(int(c) if c.dtype.kind != "U" else str(c) for c in _classes_of(estimator))
        if not any(hasattr(estimator, name) for name in ("predict_proba", "decision_function")):
            # Votes, say: the framework gives no scores to compare.
            return (Output("label", "label"),)
        scores = "probabilities" if hasattr(estimator, "predict_proba") else "scores"
        return Output("label", "label", scores=scores, labels=labels), Output(
            scores, "value", tolerance
        )
    if is_regressor(estimator):
        return (Output("prediction", "value", tolerance),)
    if is_outlier_detector(estimator):
        return Output("label", "label", scores="scores", labels=(-1, 1)), Output(
            "scores", "value", tolerance
        )
    if hasattr(estimator, "predict") and hasattr(estimator, "predict_proba"):
        return Output("label", "label", scores="probabilities"), Output("probabilities")
    if hasattr(estimator, "predict") and hasattr(estimator, "transform"):
        return Output("label", "label", scores="scores"), Output("scores")
    return (Output("transformed"),)


def _classes_of(estimator: Any) -> Any:
    import numpy as np

    classes = np.asarray(estimator.classes_)
    return classes.astype(str) if classes.dtype == object else classes


def _convert(estimator: Any, tensor: Any) -> Any:
    """Run skl2onnx, with its options where the last estimator has them: it raises `NameError` where not."""
    from skl2onnx import convert_sklearn

    # With a name of its own making, skl2onnx gives other bytes each time.
    given: dict[str, Any] = {
        "name": type(estimator).__name__,
        "initial_types": [("X", tensor)],
        "target_opset": _OPSETS,
    }
    with _plain_attributes(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return convert_sklearn(estimator, options=_options_for(estimator), **given)
        except NameError:
            return convert_sklearn(estimator, **given)


def _options_for(estimator: Any) -> dict[int, dict[str, bool]] | None:
    """Plain tensors instead of maps, and scores of support vector machines with scikit-learn's sign."""
    from sklearn.base import is_classifier

    last = estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator
    if not is_classifier(last):
        return None
    options = {"zipmap": False}
    if type(last).__name__ in {"SVC", "NuSVC"} and not hasattr(last, "predict_proba"):
        options["raw_scores"] = True
    return {id(last): options}


@contextmanager
def _plain_attributes() -> Iterator[None]:
    """Let onnx take truth values and numpy's numbers as attributes, as skl2onnx gives them for HistGradientBoosting."""
    import onnx.helper

    original = onnx.helper.make_attribute

    def plain(value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return [plain(entry) for entry in value]
        value = value.item() if type(value).__module__ == "numpy" and value.ndim == 0 else value
        return int(value) if isinstance(value, bool) else value

    def make_attribute(key: str, value: Any, *rest: Any, **named: Any) -> Any:
        return original(key, plain(value), *rest, **named)

    onnx.helper.make_attribute = make_attribute
    try:
        yield
    finally:
        onnx.helper.make_attribute = original


def _choose(estimator: Any, exported: Exported, rows: Any) -> Any:
    from onnxport.converter.inside import tabular

    if exported.outputs[0].role == "label":
        return tabular.varied(rows, estimator.predict(rows))
    return rows[: tabular.ROWS]


def _cases(origin: str, estimator: Any, exported: Exported, rows: Any, job: Job) -> Iterator[Case]:
    from onnxport.converter.inside.batches import in_batches

    def run(inputs: Any) -> Any:
        with warnings.catch_warnings():
            # Column names and numerical remarks are of no interest here.
            warnings.simplefilter("ignore")
            return {o.name: _answer(estimator, o, inputs["X"]) for o in exported.outputs}

    precision = "float64" if job.remedy == "float64" else "float32"
    yield from in_batches(origin, {"X": rows.astype(precision)}, run)


def _answer(estimator: Any, output: Output, rows: Any) -> Any:
    import numpy as np

    if output.role == "label":
        labels = np.asarray(estimator.predict(rows))
        return labels.astype(str) if labels.dtype.kind in "OUS" else labels.astype(np.int64)
    if output.name == "probabilities":
        return estimator.predict_proba(rows)
    if output.name == "scores":
        has_decision = hasattr(estimator, "decision_function")
        return estimator.decision_function(rows) if has_decision else estimator.transform(rows)
    return np.asarray(
        estimator.predict(rows) if output.name == "prediction" else estimator.transform(rows)
    )
