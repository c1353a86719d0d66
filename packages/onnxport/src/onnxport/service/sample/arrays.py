"""Arrays as input: `.npy` for a model with one input, `.npz` with the names of several."""

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from onnxport.domain.signature import NamedValue, Signature, TensorType
from onnxport.service.sample.errors import UnusableInput

NPY_TYPE = "application/x-npy"
_JSON_TYPE = "application/json"
_MAX_UNPACKED = 1024**3
_UNNAMED = "arr_0"  # what np.savez calls the first array that is given without a name
_NUMERIC = frozenset(
    [
        "float16",
        "float32",
        "float64",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "bool",
    ]
)


def body_of_array(path: Path, data: bytes, signature: Signature) -> tuple[bytes, str]:
    """The request for one array in the `.npy` format; raises `UnusableInput`."""
    value = only_input(path, signature)
    return body_of({value.name: fit_array(path, _load(path, data), value)})


def body_of_archive(path: Path, data: bytes, signature: Signature) -> tuple[bytes, str]:
    """The request for an `.npz` archive: arrays under the names of the inputs, or an unnamed one for the only input."""
    arrays = _load_archive(path, data)
    required = [value for value in signature.inputs if value.required]
    values = {value.name: value for value in signature.inputs}
    if list(arrays) == [_UNNAMED] and len(required) == 1 and _UNNAMED not in values:
        arrays = {required[0].name: arrays[_UNNAMED]}
    missing = [value.name for value in required if value.name not in arrays]
    unknown = sorted(set(arrays) - set(values))
    if missing or unknown:
        raise UnusableInput(
            path,
            f"it holds {_names(arrays)} and the model takes {_names(values)}",
            "Save it with the inputs' names: np.savez(path, **{name: array}).",
        )
    return body_of({name: fit_array(path, arrays[name], values[name]) for name in arrays})


def body_of(arrays: Mapping[str, np.ndarray]) -> tuple[bytes, str]:
    """The request for arrays that fit: `.npy` for a single numeric one, JSON else."""
    if len(arrays) == 1:
        (array,) = arrays.values()
        if array.dtype.kind not in "US":
            buffer = io.BytesIO()
            np.save(buffer, np.ascontiguousarray(array).reshape(array.shape), allow_pickle=False)
            return buffer.getvalue(), NPY_TYPE
    document = {"inputs": {name: array.tolist() for name, array in arrays.items()}}
    return json.dumps(document, allow_nan=False, separators=(",", ":")).encode(), _JSON_TYPE


def only_input(path: Path, signature: Signature) -> NamedValue:
    """The one input that a single array is for; raises `UnusableInput` where the model wants several or none."""
    required = [value for value in signature.inputs if value.required] or list(signature.inputs[:1])
    if len(required) == 1:
        return required[0]
    names = _names([value.name for value in signature.inputs])
    raise UnusableInput(
        path,
        f"it is one array and the model takes {names}",
        "Give a .npz archive or a JSON body with a value for each input.",
    )


def fit_array(path: Path, array: np.ndarray, value: NamedValue) -> np.ndarray:
    """The array in the input's element type and rank; a missing first dimension of one is added.

    Raises:
        UnusableInput: values would change, or the input is not a plain tensor.
    """
    kind = value.type
    if not isinstance(kind, TensorType):
        raise UnusableInput(path, f"the input {value.name!r} is {kind}", "Give a JSON body.")
    if kind.shape is not None and array.ndim == len(kind.shape) - 1:
        first = kind.shape[0]
        if first == 1 or not isinstance(first, int):
            array = array[np.newaxis]
    return cast_array(path, array, value.name, kind)


def cast_array(path: Path, array: np.ndarray, name: str, kind: TensorType) -> np.ndarray:
    """The array in the tensor's element type, values unchanged but for the precision of floats; raises `UnusableInput`."""
    wanted = kind.dtype.value
    if wanted == "string":
        if array.dtype.kind not in "US":
            raise UnusableInput(path, f"it holds {array.dtype}, and {name!r} is {kind}")
        return array.astype(str)
    if wanted not in _NUMERIC:
        remedy = "Send it as a binary tensor to /v2/models/NAME/infer."
        raise UnusableInput(path, f"the input {name!r} is {kind}", remedy)
    if array.dtype == np.dtype(wanted):
        return array
    with np.errstate(all="ignore"):
        cast = array.astype(wanted) if array.dtype.kind in "biuf" else None
        if cast is None or not _same_values(array, cast):
            raise UnusableInput(
                path,
                f"it holds {array.dtype} values that are not {wanted}, and {name!r} is {kind}",
                f"Convert it first: array.astype('{wanted}').",
            )
    return cast


def _same_values(array: np.ndarray, cast: np.ndarray) -> bool:
    """Whether a cast lost nothing but the precision of floats; a float that becomes infinite is lost."""
    if cast.dtype.kind == "f":
        return bool(np.array_equal(np.isfinite(array), np.isfinite(cast)))
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        return False
    return bool(np.array_equal(array, cast.astype(array.dtype))) and bool(
        np.array_equal(array < 0, cast < 0)
    )


def _load(path: Path, data: bytes) -> np.ndarray:
    try:
        return np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
    except (ValueError, EOFError, OSError, MemoryError, OverflowError, SyntaxError) as error:
        raise UnusableInput(path, "it is a damaged array, or one of Python objects") from error


def _load_archive(path: Path, data: bytes) -> dict[str, np.ndarray]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [e for e in archive.infolist() if e.filename.endswith(".npy")]
            if not entries or sum(entry.file_size for entry in entries) > _MAX_UNPACKED:
                raise UnusableInput(path, "it holds no arrays, or more than 1 GiB of them")
            return {
                entry.filename.removesuffix(".npy"): _load(path, archive.read(entry))
                for entry in entries
            }
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        raise UnusableInput(path, "it is a damaged archive") from error


def _names(names: Any) -> str:
    return ", ".join(repr(name) for name in list(names)[:8]) or "nothing"
