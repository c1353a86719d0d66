"""Models whose work depends on values of a request, not on its size: no golden run says how long another run takes.

A false alarm costs speed only.
"""

from __future__ import annotations

from pathlib import Path

from onnxport_serve.model.operators import find_operator
from onnxport_serve.signature import (
    MapType,
    OptionalType,
    SequenceType,
    Signature,
    TensorType,
    ValueType,
)

_LOOPS = ("Loop", "Scan", "BeamSearch", "GreedySearch", "Sampling")
_MAKE_SIZES = (
    *("AffineGrid", "CenterCropPad", "Col2Im", "ConstantOfShape", "DFT", "Expand", "MaxUnpool"),
    *("MelWeightMatrix", "OneHot", "Pad", "Range", "Resize", "SplitToSequence", "Tile", "Upsample"),
    *("BlackmanWindow", "HammingWindow", "HannWindow", "RepeatInterleave", "STFT"),
)
"""What these give is as large as values say. Those that only choose from their input (NonZero, TopK, Slice) are not among them."""


def open_ended(file: Path, signature: Signature) -> str | None:
    """Why a run of the model can take any time; `None` where it cannot, as far as can be told.

    Networks use operators that make sizes with fixed or derived sizes too. They count only where a value of the request can be a size:
    an output has a dimension that is neither fixed nor a dimension of an input, or an input is an integer or a list of them.
    """
    loop = find_operator(file, _LOOPS)
    if loop is not None:
        return f"loops in the model ({loop}) can take any time"
    where = _where_sizes_are_free(signature)
    maker = find_operator(file, _MAKE_SIZES) if where is not None else None
    if maker is None:
        return None
    return f"values of a request can decide how much {maker} makes: {where}"


def _where_sizes_are_free(signature: Signature) -> str | None:
    known: set[str] = set()
    for value in signature.inputs:
        kind = value.type.element if isinstance(value.type, OptionalType) else value.type
        if not isinstance(kind, TensorType):
            continue
        if "int" in kind.dtype and (kind.shape is None or len(kind.shape) < 2):
            return f"input '{value.name}' is {value.type}"
        known.update(size for size in kind.shape or () if isinstance(size, str))
    for value in signature.outputs:
        if _is_free(value.type, known):
            return f"output '{value.name}' is {value.type}"
    return None


def _is_free(kind: ValueType, known: set[str]) -> bool:
    match kind:
        case TensorType(_, shape):
            return shape is None or any(
                size is None or (isinstance(size, str) and size not in known) for size in shape
            )
        case MapType():
            return False
        case SequenceType(element):
            return isinstance(element, TensorType)
        case OptionalType(element):
            return _is_free(element, known)
