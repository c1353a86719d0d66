"""XGBoost: model files (JSON, UBJSON) and pickles of boosters and scikit-learn estimators, through a writer of its own."""

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

_JSON = FileKind("json", (".json",), runs_code=False)
_UBJSON = FileKind("ubjson", (".ubj", ".bst"), runs_code=False)
_BINARY = FileKind(
    "binary", (".model", ".bin", ".bst"), runs_code=False, needs="--with xgboost-cpu==3.0.5"
)
_JOBLIB = FileKind("joblib", (".joblib",), runs_code=True)
_PICKLE = FileKind("pickle", (".pkl", ".pickle"), runs_code=True)
_HEAD = 4096
_FIRST_KEYS = (
    "attributes|feature_names|feature_types|gradient_booster|learner_model_param|objective"
)
_JSON_START = re.compile(
    rb'\s*\{\s*("version"\s*:\s*\[[\d,\s]*\]\s*,\s*)?"learner"\s*:\s*\{\s*"(%b)"'
    % _FIRST_KEYS.encode()
)
# `L`: the length of a key in eight bytes, the largest first.
_UBJSON_START = b"{L" + (7).to_bytes(8, "big") + b"learner{"
# Before 3.1: 136 bytes of parameters, then the objective's name after its length, in eight bytes.
_BINARY_PARAMETERS = 136
_OBJECTIVE = re.compile(rb"(reg|binary|multi|count|rank|survival):[a-z]{1,32}")


class XgboostConverter(Converter):
    """Boosted trees, random forests and linear boosters of XGBoost."""

    name = "xgboost"
    title = "XGBoost"
    kinds = (_JSON, _UBJSON, _BINARY, _JOBLIB, _PICKLE)
    environment = PinnedEnvironment(
        Path(__file__).parent / "locks" / "xgboost.txt", ("3.11", "3.12", "3.13", "3.14"), 85, 330
    )
    remedies = ("float64",)

    def recognise(self, path: Path) -> Recognised | None:
        """The first bytes of a model file, or a pickle whose object is XGBoost's."""
        if path.is_dir():
            return None
        with path.open("rb") as file:
            head = file.read(_HEAD)
        if _JSON_START.match(head):
            return Recognised(_JSON)
        if head.startswith(_UBJSON_START):
            return Recognised(_UBJSON)
        if _is_binary(head):
            return Recognised(_BINARY)
        from onnxport.converter.isolation.pickle_recognition import recognise_pickle

        return recognise_pickle(path, ("xgboost",), _PICKLE, _JOBLIB)

    def open(self, job: Job) -> Any:
        """The booster, read."""
        from onnxport.converter.inside.trees.start import without_sklearn

        pickled = job.kind in (_JOBLIB.name, _PICKLE.name)
        if not pickled:
            without_sklearn()
        from onnxport.converter.inside.xgboost.load import from_file, from_pickle

        with warnings.catch_warnings():
            # XGBoost warns of every file that an older version wrote; the remark on it is ours.
            warnings.simplefilter("ignore")
            return from_pickle(job) if pickled else from_file(job)

    def export(self, model: Any, job: Job) -> Exported:
        """ONNX with one input `X` of shape [batch, columns]."""
        import xgboost

        from onnxport.converter.inside.xgboost.write import outputs_of, write_learner

        onnx = write_learner(
            model.learner, model.missing, job.opset, double=job.remedy == "float64"
        )
        return Exported(onnx, outputs_of(model.learner), xgboost.__version__, model.remarks)

    def reference(self, model: Any, exported: Exported, job: Job) -> Iterator[Case]:  # noqa: ARG002
        """The booster's own answers."""
        from onnxport.converter.inside.trees.cases import cases_of
        from onnxport.converter.inside.xgboost.answer import answer_of, known_values

        yield from cases_of(
            job,
            known_values(model.learner, model.missing),
            model.learner.names or None,
            answer_of(model.booster, model.learner, model.missing),
            # XGBoost refuses infinite values.
            far=False,
        )

    def takes(self, model: object) -> bool:
        """A booster, or an estimator of `xgboost.sklearn`."""
        names = {f"{c.__module__}.{c.__qualname__}" for c in type(model).__mro__}
        return bool(names & {"xgboost.core.Booster", "xgboost.sklearn.XGBModel"})

    def save(self, model: Any, example: Any, folder: Path) -> Live:
        """As JSON, which runs no code; what the estimator alone knows is put among the booster's attributes."""
        from onnxport.converter.inside.xgboost.live import cases_of, sample_of, write_file

        source = folder / "model.json"
        write_file(model, source)
        if example is None:
            return Live(source, _JSON)
        sample = sample_of(source, example)
        return Live(source, _JSON, sample=sample, cases=cases_of(model, example, sample))


CONVERTER = XgboostConverter()


def _is_binary(head: bytes) -> bool:
    start = _BINARY_PARAMETERS + (4 if head.startswith(b"binf") else 0)
    length = int.from_bytes(head[start : start + 8], "little")
    name = head[start + 8 : start + 8 + length]
    return length <= 64 and _OBJECTIVE.fullmatch(name) is not None
