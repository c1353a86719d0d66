"""CatBoost: model files (binary, JSON) and pickles of models of numbers and categories, through a writer of its own."""

import re
from collections.abc import Iterator, Sequence
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

_CBM = FileKind("cbm", (".cbm",), runs_code=False)
_JSON = FileKind("json", (".json",), runs_code=False)
_JOBLIB = FileKind("joblib", (".joblib",), runs_code=True)
_PICKLE = FileKind("pickle", (".pkl", ".pickle"), runs_code=True)
_MAGIC = b"CBM1"
_HEAD = 1 << 16
# The keys of the document, which CatBoost writes in this order; statistics of categories come first and may be long.
_JSON_START = re.compile(
    rb'\s*\{\s*(?:"ctr_data"\s*:\s*\{\s*"\{\\"identifier\\"\s*:'
    rb'|(?:"ctr_data"\s*:.{0,60000}?)?"features_info"\s*:\s*\{\s*'
    rb'(?:"(?:cat_features_hash|(?:float|categorical|text|embedding)_features)"\s*:|\}\s*,\s*"model_info"\s*:))',
    re.DOTALL,
)


class CatboostConverter(Converter):
    """Trees of CatBoost over columns of numbers and categories."""

    name = "catboost"
    title = "CatBoost"
    kinds = (_CBM, _JSON, _JOBLIB, _PICKLE)
    environment = PinnedEnvironment(
        Path(__file__).parent / "locks" / "catboost.txt", ("3.11", "3.12", "3.13", "3.14"), 210, 790
    )
    remedies = ("float64",)

    def recognise(self, path: Path) -> Recognised | None:
        """The first bytes of a model file, or a pickle whose object is CatBoost's."""
        if path.is_dir():
            return None
        with path.open("rb") as file:
            head = file.read(_HEAD)
        if head.startswith(_MAGIC):
            return Recognised(_CBM)
        if _JSON_START.match(head):
            return Recognised(_JSON)
        from onnxport.converter.isolation.pickle_recognition import recognise_pickle

        return recognise_pickle(path, ("catboost", "_catboost"), _PICKLE, _JOBLIB)

    def open(self, job: Job) -> Any:
        """The model, what was read from it, and its categories."""
        from onnxport.converter.inside.catboost.load import open_model

        return open_model(job)

    def export(self, model: Any, job: Job) -> Exported:
        """ONNX with one input `X` of shape [batch, columns]; with categories, an input [batch, 1] per column."""
        import catboost

        from onnxport.converter.inside.catboost.write import input_names, outputs_of, write_model

        _, read, vocabulary = model
        inputs = input_names(read, vocabulary)
        onnx = write_model(read, vocabulary, job.opset, double=job.remedy == "float64")
        remarks = (*_remarks(read), *(vocabulary.remarks if vocabulary else ()))
        remarks += _unused(read.names, inputs)
        return Exported(
            onnx,
            outputs_of(read, inputs),
            catboost.__version__,
            remarks,
            inputs,
            vocabulary.gap if vocabulary else "",
        )

    def reference(self, model: Any, exported: Exported, job: Job) -> Iterator[Case]:
        """The model's own answers."""
        from onnxport.converter.inside.catboost.answer import answer_of
        from onnxport.converter.inside.catboost.rows import mixed_cases
        from onnxport.converter.inside.trees.cases import cases_of
        from onnxport.converter.inside.trees.forest import known_values

        opened, read, vocabulary = model
        answer = answer_of(opened, read)
        if vocabulary is not None:
            yield from mixed_cases(job, read, vocabulary, exported.outputs, answer)
            return
        yield from cases_of(job, known_values(read.trees, len(read.names)), read.names, answer)

    def takes(self, model: object) -> bool:
        """Any model of CatBoost."""
        names = {f"{c.__module__}.{c.__qualname__}" for c in type(model).__mro__}
        return "catboost.core.CatBoost" in names

    def save(self, model: Any, example: Any, folder: Path) -> Live:
        """As CatBoost's own binary file, which runs no code and holds the class labels."""
        from onnxport.converter.inside.catboost.live import cases_of, sample_of

        source = folder / "model.cbm"
        model.save_model(str(source))
        if example is None:
            return Live(source, _CBM)
        sample = sample_of(model, example)
        return Live(source, _CBM, sample=sample, cases=cases_of(model, example, sample))


CONVERTER = CatboostConverter()


def _unused(names: Sequence[str], inputs: Sequence[str]) -> tuple[str, ...]:
    """A remark on columns that are no inputs; one input takes all."""
    unused = [name for name in names if name not in inputs] if inputs else []
    if not unused:
        return ()
    dots = ", ..." if len(unused) > 12 else ""
    return (f"columns that the model never looks at are no inputs: {', '.join(unused[:12])}{dots}",)


def _remarks(read: Any) -> tuple[str, ...]:
    if read.loss:
        return ()
    return (
        "the file names no loss of CatBoost's own, so the prediction is the sum of the trees, as CatBoost.predict gives it",
    )
