"""An ONNX Runtime session of a bundle's model, with threads and providers said explicitly."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import onnxruntime

from onnxport_serve.errors import LoadError
from onnxport_serve.model.failure import detail
from onnxport_serve.signature import (
    MapType,
    NamedValue,
    OptionalType,
    SequenceType,
    Signature,
    TensorType,
    ValueType,
)

# Errors come as exceptions; ONNX Runtime's own lines would repeat them, unbounded and with values of the request.
_LOG_FATAL = 4
_ORT_NAME = {"float32": "float", "float64": "double"}


def open_session(path: Path, providers: Sequence[str], intra_op_threads: int) -> Any:
    """Load a model. Its external data is found beside it.

    One thread pool per session (`intra_op_threads`), none across operators; idle threads sleep instead of spinning, because the
    event loop and other runs need the cores.

    Raises:
        LoadError: a provider is not there, or ONNX Runtime does not take the file. Another provider is never used instead.
    """
    _check_providers(providers)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = intra_op_threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _LOG_FATAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=list(providers), enable_fallback=0
        )
    except Exception as error:
        raise LoadError(
            "model_not_loadable",
            f"ONNX Runtime {onnxruntime.__version__} cannot load '{path.name}': "
            + detail(error).replace(str(path), path.name),
            "Look at the file with `onnxport inspect`; it names what is missing or unsupported.",
        ) from error
    missing = set(providers) - set(session.get_providers())
    if missing:
        raise _provider_missing(min(missing), session.get_providers())
    return session


def check_signature(session: Any, signature: Signature) -> None:
    """Compare what the session takes and gives with what the bundle says; raises `LoadError`.

    Overridable initializers, which ONNX Runtime lists apart, count as inputs.
    """
    inputs = [*session.get_inputs(), *session.get_overridable_initializers()]
    _check_side("input", inputs, signature.inputs)
    _check_side("output", session.get_outputs(), signature.outputs)


def _check_providers(providers: Sequence[str]) -> None:
    available = onnxruntime.get_available_providers()
    for provider in providers:
        if provider not in available:
            raise _provider_missing(provider, available)


def _provider_missing(provider: str, available: Sequence[str]) -> LoadError:
    return LoadError(
        "provider_missing",
        f"the execution provider '{provider}' is not there; this ONNX Runtime offers {', '.join(available)}",
        "Install the ONNX Runtime package that has it, or deploy with one that is there.",
    )


def _check_side(side: str, found: Sequence[Any], stated: Sequence[NamedValue]) -> None:
    types = {value.name: value.type for value in found}
    for value in stated:
        wanted = ort_type(value.type)
        actual = types.get(value.name)
        if actual is None:
            if side == "input" and not value.required:
                continue
            raise _mismatch(f"the model has no {side} '{value.name}'")
        if actual != wanted:
            raise _mismatch(f"{side} '{value.name}' is {actual}, the bundle says {wanted}")
    unstated = set(types) - {value.name for value in stated}
    required = {value.name for value in found} & unstated if side == "output" else set()
    if required:
        raise _mismatch(f"the bundle does not know the model's {side} '{min(required)}'")


def _mismatch(what: str) -> LoadError:
    return LoadError(
        "signature_mismatch",
        f"the bundle's signature is not that of its model: {what}",
        "Deploy the model again; the bundle was made for another file.",
    )


def ort_type(kind: ValueType) -> str:
    """A type in ONNX Runtime's words: `tensor(float)`, `seq(map(int64,tensor(float)))`."""
    match kind:
        case TensorType(dtype):
            return f"tensor({_ORT_NAME.get(dtype, dtype)})"
        case SequenceType(element):
            return f"seq({ort_type(element)})"
        case MapType(key, value):
            return f"map({_ORT_NAME.get(key, key)},{ort_type(value)})"
        case OptionalType(element):
            return f"optional({ort_type(element)})"
