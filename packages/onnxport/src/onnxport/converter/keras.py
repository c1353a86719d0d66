"""Keras: `.keras` and `.h5` files of whole models, of Keras 3 and 2, and weights with the user's code, through tf2onnx."""

import json
from collections.abc import Iterator
from dataclasses import replace
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
    Live,
    PinnedEnvironment,
    Recognised,
)

_KERAS = FileKind("keras", (".keras",), runs_code=False)
_LAMBDA = FileKind("keras-lambda", (".keras",), runs_code=True)
_HDF5 = FileKind("hdf5", (".h5", ".hdf5"), runs_code=False)
_HDF5_LAMBDA = FileKind("hdf5-lambda", (".h5", ".hdf5"), runs_code=True)
_WEIGHTS = FileKind("weights", (".weights.h5",), runs_code=False, needs="the model class (--code)")
# Keras 3 builds some layers wrongly where the number of steps is free (TimeDistributed).
_SIZED = "the sizes of the sample"
# ONNX Runtime has no bfloat16 kernels for the CPU, and float16 rounds at other places in each runtime.
_SINGLE = "computing in float32"
_WIDENED = "the model computes in 16 bits; the ONNX model computes in float32 with the same weights, and was compared with Keras doing so"
_LIVE = {
    "keras.src.models.model.Model",
    "keras.src.engine.training.Model",
    "keras.engine.training.Model",
    "tf_keras.src.engine.training.Model",
    "tensorflow.python.keras.engine.training.Model",
}


class KerasConverter(Converter):
    """Models of layers that Keras saved."""

    name = "keras"
    title = "Keras"
    kinds = (_KERAS, _LAMBDA, _HDF5, _HDF5_LAMBDA, _WEIGHTS)
    environment = PinnedEnvironment(
        Path(__file__).parent / "locks" / "tensorflow.txt", ("3.11", "3.12", "3.13"), 330, 1590
    )
    remedies = (_SIZED, _SINGLE, "opset 15", "unoptimised")

    def recognise(self, path: Path) -> Recognised | None:
        """A zip with Keras's configuration, or HDF5 with one; weights by the groups that Keras puts them into."""
        from onnxport.converter.inside.keras.files import keras_hdf5, keras_zip

        if path.is_dir():
            return None
        try:
            zipped = keras_zip(path)
        except ValueError:
            # Too large when unpacked: `require` says so.
            return Recognised(_KERAS)
        if zipped is not None:
            return _with_code(zipped.code(), _KERAS, _LAMBDA)
        said, is_keras = keras_hdf5(path)
        if said is not None:
            return _with_code(said.code(), _HDF5, _HDF5_LAMBDA)
        return Recognised(_WEIGHTS) if is_keras else None

    def require(self, job: Job, recognised: Recognised) -> None:
        """The user's classes, where the file names some; a file that is no bomb."""
        from onnxport.converter.inside.keras.files import keras_hdf5, keras_zip

        if recognised.kind == _WEIGHTS:
            _require_code(job)
            return
        try:
            said = keras_zip(job.source) or keras_hdf5(job.source)[0]
        except ValueError as error:
            raise ConversionRefused(
                f"{job.source.name} is not opened: {error}, far more than trained weights do",
                "Save the model again with Keras.",
            ) from None
        if said is not None and job.code is None and (custom := said.custom()):
            raise ConversionRefused(
                f"{job.source.name} uses classes that are not Keras's own: {', '.join(custom[:8])}",
                "Give the file that defines them: --code FILE.py:NAME (all that the file defines is used).",
            )

    def remedies_for(self, job: Job) -> tuple[str, ...]:
        """A sample fixes sizes; only models that say so compute in 16 bits; an operator set that is asked for stays."""
        without = set() if job.sample is not None else {_SIZED}
        without |= {"opset 15"} if job.opset is not None else set()
        without |= set() if _is_narrow(job) else {_SINGLE}
        return tuple(remedy for remedy in self.remedies if remedy not in without)

    def open(self, job: Job) -> Any:
        """The model as one graph, ready to run; `None` where the remedy does not apply."""
        from onnxport.converter.inside.keras.graph import (
            has_free_sizes,
            refuse_state,
            specs_of,
            traced,
            version_of,
            widened,
            with_sizes,
        )
        from onnxport.converter.inside.keras.load import load

        if job.remedy == _SIZED and job.sample is None:
            return None
        model, said = load(job)
        refuse_state(model)
        if job.remedy == _SINGLE and not widened(model):
            return None
        specs = specs_of(model, said, job.sample)
        if job.remedy == _SIZED and job.sample is not None:
            if not has_free_sizes(specs):
                return None
            specs = with_sizes(specs, job.sample)
        made = traced(model, specs).with_outputs(job.outputs)
        remarks = (_WIDENED,) if job.remedy == _SINGLE else ()
        return replace(made, framework_version=version_of(model), remarks=remarks)

    def export(self, model: Any, job: Job) -> Exported:
        """ONNX from tf2onnx, with the names of the layers."""
        from onnxport.converter.inside.tensorflow.export import export_traced

        if model is None:
            raise ConversionRefused(
                f"{job.remedy} would be nothing else for this model",
                "Give a sample with --sample.",
            )
        return export_traced(model, job)

    def reference(self, model: Any, exported: Exported, job: Job) -> Iterator[Case]:
        """Keras's own answers."""
        from onnxport.converter.inside.tensorflow.cases import reference

        return reference(model, exported, job)

    def takes(self, model: object) -> bool:
        """Any Keras model, of Keras 3 or 2."""
        return any(f"{c.__module__}.{c.__qualname__}" in _LIVE for c in type(model).__mro__)

    def save(self, model: Any, example: Any, folder: Path) -> Live:
        """A `.keras` file, with the answers of the model that was given."""
        from onnxport.converter.inside.keras.live import save_live

        place = folder / "model.keras"
        sample, case = save_live(model, example, place)
        recognised = self.recognise(place)
        assert recognised is not None
        return Live(place, recognised.kind, sample=sample, cases=() if case is None else (case,))


CONVERTER = KerasConverter()


def _is_narrow(job: Job) -> bool:
    """Whether the model computes in float16 or bfloat16 somewhere, as far as its file says."""
    from onnxport.converter.inside.keras.files import keras_hdf5, keras_zip

    if job.kind == _WEIGHTS.name:
        return True
    try:
        said = keras_zip(job.source) or keras_hdf5(job.source)[0]
        return said is not None and "float16" in json.dumps(said.config)
    except (OSError, ValueError, RecursionError):
        return False


def _with_code(code: list[str], plain: FileKind, running: FileKind) -> Recognised:
    if not code:
        return Recognised(plain)
    return Recognised(running, Finding(tuple(code), (), complete=True))


def _require_code(job: Job) -> None:
    if job.code is None:
        raise ConversionRefused(
            f"{job.source.name} holds weights only: the layers that they belong to are in the program that saved them",
            "Give the model's class or function with --code FILE.py:NAME (and --code-args); or build the model, call "
            "load_weights, and save it whole with model.save('model.keras').",
        )
