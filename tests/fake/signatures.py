"""Signatures and codecs of made-up models, for tests of the data plane."""

from typing import Any

from onnxport_serve.codec import Call, ModelCodec, compile_codec
from onnxport_serve.signature import NamedValue, Signature, TensorType, ValueType

JSON = b"application/json"


def tensor(dtype: str, *shape: int | str | None) -> TensorType:
    """The type of a tensor."""
    return TensorType(dtype, shape)


def named(types: dict[str, ValueType], optional: tuple[str, ...] = ()) -> tuple[NamedValue, ...]:
    """Values of a signature; those in `optional` may be left out."""
    return tuple(NamedValue(name, kind, name not in optional) for name, kind in types.items())


def signature(
    inputs: dict[str, ValueType],
    outputs: dict[str, ValueType] | None = None,
    optional: tuple[str, ...] = (),
) -> Signature:
    """A signature; without outputs it has one, `y` float32[...]."""
    if outputs is None:
        outputs = {"y": TensorType("float32", None)}
    return Signature(named(inputs, optional), named(outputs))


def codec(
    inputs: dict[str, ValueType],
    outputs: dict[str, ValueType] | None = None,
    *,
    optional: tuple[str, ...] = (),
    depth: int = 64,
) -> ModelCodec:
    """The codec of a made-up model called `fake`."""
    return compile_codec(signature(inputs, outputs, optional), name="fake", json_depth=depth)


def score(compiled: ModelCodec, body: bytes, content_type: bytes = JSON) -> Call:
    """Decode a `/score` body."""
    return compiled.decode_score(body, content_type)


def single(dtype: str, *shape: int | str | None, **options: Any) -> ModelCodec:
    """The codec of a model with the one input `x`."""
    return codec({"x": TensorType(dtype, shape)}, **options)
