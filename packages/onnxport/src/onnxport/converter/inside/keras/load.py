"""Opening Keras files with the Keras that wrote them: version 3, or the one that lives on as tf_keras."""

import importlib
import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from onnxport.converter.inside.keras.files import HDF5, KerasFile, from_text, keras_zip
from onnxport.converter.inside.tensorflow.runtime import load_tensorflow
from onnxport.converter.interface import Code, ConversionRefused, Job


def load(job: Job) -> tuple[Any, KerasFile | None]:
    """The model, and what its file says (nothing, for weights)."""
    if job.kind == "weights":
        return _with_weights(job), None
    said = _said(job.source)
    if not job.trusted and (code := said.code()):
        # The look from outside may have seen another configuration than Keras does.
        raise ConversionRefused(
            f"{job.source.name} holds code: {', '.join(code)}",
            "If you know where it comes from and vouch for it, run again with --trust.",
        )
    keras = _keras_of(said.version)
    custom = {**_operations(keras, job), **_custom_objects(job.code, said)}
    settings = {"compile": False, "custom_objects": custom, "safe_mode": not job.trusted}
    try:
        model = keras.models.load_model(str(job.source), **settings)
    except MemoryError:
        raise
    except Exception as error:  # Keras has no error of its own for "unknown class"
        _refuse_unknown_class(job, error)
        raise
    return model, said


def _with_weights(job: Job) -> Any:
    """The user's model with the weights of the file."""
    assert job.code is not None
    load_tensorflow()
    named = getattr(_module_of(job.code), job.code.name.partition(".")[0])
    for part in job.code.name.split(".")[1:]:
        named = getattr(named, part)
    model = named(*job.code.positional, **job.code.named)
    if not getattr(model, "built", False) or not getattr(model, "weights", None):
        if job.sample is None:
            raise ConversionRefused(
                f"{job.code.name} has no weights before it is called, so there is nothing to load the file into",
                "Give a sample of its input with --sample.",
            )
        tensors = list(job.sample.values())
        model(tensors[0] if len(tensors) == 1 else tensors, training=False)
    try:
        model.load_weights(str(job.source))
    except (ValueError, KeyError, AttributeError) as error:
        said = " ".join(str(error).split())[:300]
        raise ConversionRefused(
            f"the weights in {job.source.name} do not fit {job.code.name}: {said}",
            "Give the class, and its arguments with --code-args, that the weights were saved from.",
        ) from None
    return model


def _said(path: Path) -> KerasFile:
    with path.open("rb") as file:
        is_hdf5 = file.read(len(HDF5)) == HDF5
    found = _said_by_hdf5(path) if is_hdf5 else keras_zip(path)
    if found is None:
        raise ConversionRefused(
            f"{path.name} holds no configuration of a model",
            "Save the whole model: model.save('model.keras').",
        )
    return found


def _said_by_hdf5(path: Path) -> KerasFile | None:
    import h5py

    with h5py.File(path, "r") as file:
        config, version = file.attrs.get("model_config"), file.attrs.get("keras_version")
    if config is None:
        return None
    text = config.decode("utf-8") if isinstance(config, bytes) else str(config)
    stated = version.decode("utf-8") if isinstance(version, bytes) else version
    return from_text(text, stated)


def _keras_of(version: str | None) -> ModuleType:
    """Keras 3 for what it wrote, else its predecessor: each reads its own files as they were meant."""
    if (version or "").startswith("3"):
        load_tensorflow()
        return importlib.import_module("keras")
    # Then `tensorflow.keras` in the user's code is the same Keras.
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    load_tensorflow()
    return importlib.import_module("tf_keras")


def _operations(keras: ModuleType, job: Job) -> dict[str, Any]:
    """Keras 3's operations by name: it writes them into `.h5` files (a mask is `NotEqual`) and does not find them when it reads."""
    if not job.kind.startswith("hdf5") or not hasattr(keras, "Operation"):
        return {}
    names = ("core", "image", "linalg", "math", "nn", "numpy")
    modules = [importlib.import_module(f"keras.src.ops.{name}") for name in names]
    return {
        name: value
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, keras.Operation)
        and not (value is keras.Operation or hasattr(keras.layers, name))
    }


def _custom_objects(code: Code | None, said: KerasFile) -> dict[str, Any]:
    """The classes and functions of the user's file, by their names and by those under which the model's file knows them."""
    if code is None:
        return {}
    module = _module_of(code)
    own = {
        name: value
        for name, value in vars(module).items()
        if callable(value) and getattr(value, "__module__", "") == module.__name__
    }
    if code.name.partition(".")[0] not in vars(module):
        raise ConversionRefused(
            f"{code.file.name} has no {code.name}; it has {', '.join(list(own)[:12]) or 'no class'}",
            "Name one of them.",
        )
    from onnxport.converter.inside.keras.files import objects

    for entry in objects(said.config):
        name, registered = entry["class_name"].rpartition(">")[2], entry.get("registered_name")
        if name in own and isinstance(registered, str):
            own[registered] = own[name]
    return own


def _module_of(code: Code) -> ModuleType:
    """The user's file as a module, under a name that no package has; what lies beside it can be imported."""
    name = f"onnxport_code_{code.file.stem}"
    if name in sys.modules:
        return sys.modules[name]
    sys.path.append(str(code.file.parent))
    spec = importlib.util.spec_from_file_location(name, code.file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except MemoryError:
        raise
    except Exception as error:  # whatever the user's code raises
        said = " ".join(str(error).split())[:200]
        raise ConversionRefused(
            f"{code.file.name} could not be imported: {type(error).__name__}: {said}",
            "Its imports must be Python's, TensorFlow's or Keras's, or be added with --with.",
        ) from error
    return module


def _refuse_unknown_class(job: Job, error: Exception) -> None:
    text = " ".join(str(error).split())
    if "Could not locate" in text or "Unknown layer" in text or "Unknown object" in text:
        raise ConversionRefused(
            f"{job.source.name} uses a class or function that Keras does not know: {text[:200]}",
            "Give the file that defines it: --code FILE.py:NAME (all that the file defines is used).",
        ) from None
    if "Lambda" in text and "safe" in text:
        raise ConversionRefused(
            f"{job.source.name} holds the code of a Lambda layer",
            "If you know where it comes from and vouch for it, run again with --trust.",
        ) from None
