"""What Keras files say of the model in them: the configuration, read without Keras and within bounds. Standard library only."""

import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LARGEST_CONFIG = 64 << 20
_LARGEST_SCAN = 1 << 30
_READ_AT_ONCE = 4 << 20
_MOST_FOUND, _MOST_TRIED = 64, 1000
# What zeros shrink to and no trained weights do.
_BOMB_RATIO, _BOMB_SIZE = 200, 256 << 20

HDF5 = b"\x89HDF\r\n\x1a\n"
_CONFIG = re.compile(rb'\{"(?:class_name|config|module|backend|keras_version)": ?["{\[]')
_WEIGHT_MARKS = (b"layer_names", b"weight_names", b"vars\x00", b"_layer_checkpoint_dependencies")
# Functions of TensorFlow that a layer may name and that only compute.
_COMPUTES = {
    "math",
    "nn",
    "linalg",
    "image",
    "signal",
    "strings",
    "sets",
    "sparse",
    "ragged",
    "bitwise",
    "__operators__",
}
_NOT_ALONE = {
    "print",
    "py_function",
    "numpy_function",
    "load_library",
    "load_op_library",
    "function",
}


@dataclass(frozen=True)
class KerasFile:
    """The configuration of a saved model, and the version of Keras that wrote it, where that is stated."""

    config: dict[str, Any]
    version: str | None

    def code(self) -> list[str]:
        """What of the model is code that the file holds or calls: Lambda layers, and layers of functions that do more than compute."""
        return sorted({name for entry in objects(self.config) if (name := _code(entry))})

    def custom(self) -> list[str]:
        """The classes that are not Keras's own."""
        return sorted({e["class_name"] for e in objects(self.config) if _is_custom(e)})

    def build_shape(self) -> tuple[int | None, ...] | None:
        """The shape that a model which is no graph of layers was built for, with free rows."""
        built = self.config.get("build_config")
        shape = built.get("input_shape") if isinstance(built, dict) else None
        plain = isinstance(shape, list) and all(s is None or isinstance(s, int) for s in shape)
        return (None, *shape[1:]) if plain and shape else None


def keras_zip(path: Path) -> KerasFile | None:
    """What a `.keras` file says; `None` when it is none. Raises `ValueError` for one that unpacks to far more than it is."""
    if not zipfile.is_zipfile(path):
        return None
    try:
        with zipfile.ZipFile(path) as archive:
            names = {entry.filename: entry for entry in archive.infolist()}
            if not {"config.json", "metadata.json"} <= set(names):
                return None
            metadata = _json(archive, names["metadata.json"])
            config = _json(archive, names["config.json"])
            unpacked = sum(entry.file_size for entry in names.values())
    except (
        ValueError,
        OSError,
        RuntimeError,
        EOFError,
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
    ):
        # No JSON, damaged, encrypted, nested beyond reason, packed in another way.
        return None
    if "keras_version" not in metadata or "class_name" not in config:
        return None
    if unpacked > _BOMB_SIZE and unpacked > _BOMB_RATIO * path.stat().st_size:
        raise ValueError(f"it unpacks to {unpacked >> 20} MiB")
    return KerasFile(_without_compilation(config), _text(metadata["keras_version"]))


def keras_hdf5(path: Path) -> tuple[KerasFile | None, bool]:
    """What an `.h5` file says, and whether it looks like Keras's weights; `(None, False)` when it is no file of Keras."""
    with path.open("rb") as file:
        if file.read(len(HDF5)) != HDF5:
            return None, False
    found, weights = _scan(path)
    configs = [entry for entry in found if isinstance(entry.get("config"), (dict, list))]
    models = [entry for entry in configs if _is_model(entry)]
    if not models:
        return None, weights
    # Every configuration in the file is looked at for code: which of them Keras takes is not known here.
    whole = {**models[0], "others": [entry for entry in configs if entry is not models[0]]}
    return KerasFile(whole, None), True


def from_text(text: str, version: str | None) -> KerasFile:
    """What a configuration says that Keras's own reader found."""
    config = json.loads(text)
    if not isinstance(config, dict):
        raise ValueError("the configuration is no object")
    return KerasFile(_without_compilation(config), version)


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object with a class in a configuration."""
    waiting = [value]
    while waiting:
        entry = waiting.pop()
        if isinstance(entry, dict):
            if isinstance(entry.get("class_name"), str):
                yield entry
            waiting += entry.values()
        elif isinstance(entry, list):
            waiting += entry


def _code(entry: dict[str, Any]) -> str | None:
    name = entry["class_name"]
    if name in {"Lambda", "__lambda__"}:
        return "Lambda"
    config = entry.get("config")
    if not isinstance(config, dict):
        return None
    if name in {"TFOpLambda", "SlicingOpLambda"} and not _only_computes(config.get("function")):
        return f"{name}({config.get('function')})"
    # Keras 2 writes the byte code of a function that a layer takes under this type.
    types = [value for key, value in config.items() if key.endswith("function_type")]
    return name if "lambda" in types else None


def _only_computes(function: Any) -> bool:
    parts = str(function).removeprefix("compat.v1.").split(".")
    return parts[0] in _COMPUTES if len(parts) > 1 else parts[0] not in _NOT_ALONE


def _is_custom(entry: dict[str, Any]) -> bool:
    """Whether the class is another's: Keras writes the module of its own, and a package before the name of registered ones."""
    name, registered = entry["class_name"], entry.get("registered_name")
    if name.startswith("__") or name == "function" or "module" not in entry:
        return False
    module = entry["module"]
    own = isinstance(module, str) and module.partition(".")[0] in {"keras", "tf_keras", "builtins"}
    return not own or (isinstance(registered, str) and ">" in registered)


def _is_model(entry: dict[str, Any]) -> bool:
    config = entry["config"]
    if isinstance(config, list):
        # Sequential models of Keras before 2.2.3.
        return entry.get("class_name") == "Sequential"
    return isinstance(entry.get("class_name"), str) and isinstance(config.get("layers"), list)


def _without_compilation(config: dict[str, Any]) -> dict[str, Any]:
    """Without optimizer, loss and metrics, which are not opened."""
    return {key: value for key, value in config.items() if key != "compile_config"}


def _json(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> dict[str, Any]:
    if entry.file_size > _LARGEST_CONFIG:
        raise ValueError("too large")
    with archive.open(entry) as file:
        body = file.read(_LARGEST_CONFIG + 1)
    value = _parsed(body)
    if not isinstance(value, dict):
        raise ValueError("no object")
    return value


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except RecursionError as error:
        raise ValueError("nested beyond reason") from error


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _scan(path: Path) -> tuple[list[dict[str, Any]], bool]:
    """The objects in JSON that begin like a configuration, and whether marks of weights were seen."""
    found: list[dict[str, Any]] = []
    weights = False
    done = tried = 0
    with path.open("rb") as file:
        place = 0
        while place < _LARGEST_SCAN and len(found) < _MOST_FOUND:
            file.seek(place)
            block = file.read(_READ_AT_ONCE)
            if not block:
                break
            weights = weights or any(mark in block for mark in _WEIGHT_MARKS)
            for match in _CONFIG.finditer(block):
                start = place + match.start()
                if start < done or len(found) >= _MOST_FOUND or tried >= _MOST_TRIED:
                    continue
                tried += 1
                value, length = _decoded(file, start)
                if value is not None:
                    found.append(value)
                    done = start + length
            # What begins at the end of a block is seen again in the next.
            place += max(1, len(block) - 64) if len(block) == _READ_AT_ONCE else len(block)
    return found, weights


def _decoded(file: Any, start: int) -> tuple[dict[str, Any] | None, int]:
    """The object in JSON at a place, and how long it is."""
    size = 1 << 16
    while size <= _LARGEST_CONFIG:
        file.seek(start)
        body = file.read(size)
        text = body.decode("latin-1")
        try:
            value, end = json.JSONDecoder().raw_decode(text)
        except RecursionError:
            return None, 0
        except json.JSONDecodeError as error:
            cut = error.msg.startswith("Unterminated") or error.pos >= len(text) - 16
            if len(body) < size or not cut:
                return None, 0
            size *= 8
            continue
        return (value, end) if isinstance(value, dict) else (None, 0)
    return None, 0
