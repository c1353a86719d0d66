"""LightGBM: text files of boosters, and pickles of boosters and scikit-learn estimators, through a writer of its own."""

import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from onnxport.converter.interface import (
    Case,
    Converter,
    Exported,
    FileKind,
    Job,
    Live,
    PinnedEnvironment,
    Recognised,
)

_TEXT = FileKind("text", (".txt", ".lgb", ".model"), runs_code=False)
_JOBLIB = FileKind("joblib", (".joblib",), runs_code=True)
_PICKLE = FileKind("pickle", (".pkl", ".pickle"), runs_code=True)
_START = re.compile(rb"tree\r?\nversion=v\d")


class LightgbmConverter(Converter):
    """Boosted trees and random forests of LightGBM, with categories, missing values and linear leaves."""

    name = "lightgbm"
    title = "LightGBM"
    kinds = (_TEXT, _JOBLIB, _PICKLE)
    environment = PinnedEnvironment(
        Path(__file__).parent / "locks" / "lightgbm.txt", ("3.11", "3.12", "3.13", "3.14"), 80, 320
    )
    remedies = ("float64",)

    def recognise(self, path: Path) -> Recognised | None:
        """The first lines of a text file, or a pickle whose object is LightGBM's."""
        if path.is_dir():
            return None
        with path.open("rb") as file:
            if _START.match(file.read(64)):
                return Recognised(_TEXT)
        from onnxport.converter.isolation.pickle_recognition import recognise_pickle

        return recognise_pickle(path, ("lightgbm",), _PICKLE, _JOBLIB)

    def open(self, job: Job) -> Any:
        """The booster, read."""
        from onnxport.converter.inside.trees.start import without_sklearn

        if job.kind == _TEXT.name:
            without_sklearn()
        from onnxport.converter.inside.lightgbm.load import from_pickle, from_text

        with warnings.catch_warnings():
            # Which version of scikit-learn wrote the file does not matter to trees.
            warnings.simplefilter("ignore")
            return from_text(job) if job.kind == _TEXT.name else from_pickle(job)

    def export(self, model: Any, job: Job) -> Exported:
        """ONNX with one input `X` of shape [batch, columns]."""
        import lightgbm

        from onnxport.converter.inside.lightgbm.write import labels_of, outputs_of, write_model

        labels = labels_of(model.model, model.classes)
        onnx = write_model(model.model, labels, job.opset)
        return Exported(onnx, outputs_of(labels), lightgbm.__version__, model.remarks)

    def reference(self, model: Any, exported: Exported, job: Job) -> Iterator[Case]:  # noqa: ARG002
        """The booster's own answers."""
        import numpy as np

        from onnxport.converter.inside.lightgbm.answer import answer_of, known_values
        from onnxport.converter.inside.lightgbm.write import labels_of
        from onnxport.converter.inside.trees.cases import cases_of

        labels = labels_of(model.model, model.classes)
        yield from cases_of(
            job,
            known_values(model.model),
            model.model.names,
            answer_of(model.booster, labels),
            # Infinite times a coefficient is what rounding makes of it.
            far=not model.model.linear,
            # LightGBM compares in float64.
            asked=np.float64,
            fed=np.float64 if model.model.is_double else np.float32,
        )

    def takes(self, model: object) -> bool:
        """A booster, or an estimator of `lightgbm.sklearn`."""
        names = {f"{c.__module__}.{c.__qualname__}" for c in type(model).__mro__}
        return bool(names & {"lightgbm.basic.Booster", "lightgbm.sklearn.LGBMModel"})

    def save(self, model: Any, example: Any, folder: Path) -> Live:
        """As text, which runs no code, with an estimator's class labels among its lines."""
        from onnxport.converter.inside.lightgbm.live import cases_of, sample_of, write_file

        source = folder / "model.txt"
        write_file(model, source)
        if example is None:
            return Live(source, _TEXT)
        sample = sample_of(model, example)
        return Live(source, _TEXT, sample=sample, cases=cases_of(model, example, sample))


CONVERTER = LightgbmConverter()
