"""Pictures as input: decoded, resized and laid out as the signature states."""

import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from onnxport.domain.signature import Dimension, Signature, TensorType
from onnxport.service.sample.arrays import body_of, cast_array, only_input
from onnxport.service.sample.errors import UnusableInput

_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
_MAX_PIXELS = 64_000_000
_LEAST_SIDE = (
    8  # fewer are rows of numbers, boxes or one-hot values rather than a picture's height or width
)


@dataclass(frozen=True, slots=True)
class PictureLayout:
    """Where a tensor has its channels, and the picture's size where the signature fixes it."""

    channels: int
    channels_last: bool
    batch: bool
    height: int | None
    width: int | None


def body_of_picture(
    path: Path, data: bytes, signature: Signature, scale: float
) -> tuple[bytes, str]:
    """The request for a picture: pixel values 0..255 times `scale`, resized to the input's height and width.

    Raises:
        UnusableInput: the picture cannot be decoded, or the only input is not laid out like a picture.
    """
    value = only_input(path, signature)
    layout = read_layout(value.type.shape) if isinstance(value.type, TensorType) else None
    if layout is None or not isinstance(value.type, TensorType):
        raise UnusableInput(
            path,
            f"the input {value.name!r} is {value.type}, which is not laid out like a picture",
            "Give the values as .npy, .json or .csv.",
        )
    pixels = _decode(path, data, layout).astype(np.float32) * np.float32(scale)
    if not layout.channels_last:
        pixels = pixels.transpose(2, 0, 1)
    shape = value.type.shape
    if shape is not None and len(shape) == 2:
        pixels = pixels.reshape(pixels.shape[-2:])
    elif layout.batch:
        pixels = pixels[np.newaxis]
    return body_of({value.name: cast_array(path, pixels, value.name, value.type)})


def read_layout(shape: tuple[Dimension, ...] | None) -> PictureLayout | None:
    """How a tensor holds one picture: [N, C, H, W], [N, H, W, C], the same without N, or [H, W]; `None` if it does not.

    A dimension of 1, 3 or 4 in a channel's place is the channels; the first place is tried first. Free channels are taken as 3
    where there are four dimensions. Fewer dimensions hold other things more often than pictures: there the channels are fixed, and
    height and width are fixed and at least 8, or both free behind 3 or 4 channels.
    """
    if shape is None or not 2 <= len(shape) <= 4:
        return None
    if len(shape) == 2:
        height, width = shape
        found = PictureLayout(1, False, False, _size(height), _size(width))
        return found if _are_sides(height, width) else None
    return _read_three(shape) if len(shape) == 3 else _read_four(shape)


def _read_three(shape: tuple[Dimension, ...]) -> PictureLayout | None:
    first, second, last = shape
    free = not isinstance(second, int) and not isinstance(last, int)
    if first in _MODES and (_are_sides(second, last) or (free and first != 1)):
        return PictureLayout(int(first), False, False, _size(second), _size(last))
    if last in _MODES and _are_sides(first, second):
        return PictureLayout(int(last), True, False, _size(first), _size(second))
    return None


def _read_four(shape: tuple[Dimension, ...]) -> PictureLayout | None:
    count, first, second, last = shape
    if isinstance(count, int) and count != 1:
        return None
    if first in _MODES:
        return PictureLayout(int(first), False, True, _size(second), _size(last))
    if last in _MODES:
        return PictureLayout(int(last), True, True, _size(first), _size(second))
    if not isinstance(first, int):
        return PictureLayout(3, False, True, _size(second), _size(last))
    return None


def _are_sides(height: Dimension, width: Dimension) -> bool:
    return all(isinstance(side, int) and side >= _LEAST_SIDE for side in (height, width))


def _size(dimension: Dimension) -> int | None:
    return dimension if isinstance(dimension, int) else None


def _decode(path: Path, data: bytes, layout: PictureLayout) -> np.ndarray:
    """Pixels as uint8 [H, W, C]."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            opened = Image.open(io.BytesIO(data))
        size = (layout.width or opened.width, layout.height or opened.height)
        for width, height in (opened.size, size):
            if width * height > _MAX_PIXELS:
                raise UnusableInput(path, f"{width} x {height} pixels are too many")
        picture = ImageOps.exif_transpose(opened).convert(_MODES[layout.channels])
        size = (layout.width or picture.width, layout.height or picture.height)
        if size != picture.size:
            picture = picture.resize(size, Image.Resampling.BILINEAR)
    except (
        UnidentifiedImageError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
        OSError,
        SyntaxError,
        ValueError,
    ) as error:
        raise UnusableInput(path, "the picture cannot be decoded") from error
    return np.asarray(picture, dtype=np.uint8).reshape(size[1], size[0], layout.channels)
