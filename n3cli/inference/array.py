"""Arrays of people's own ↔ what is computed on. Light: torch is not loaded here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from n3cli.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

_CHANNELS = 1, 3
_WITH_ALPHA = {2: 1, 4: 3}
"""Channels with alpha → without."""


def check_array(image: object) -> np.ndarray:
    """The image as H×W×C of uint8, uint16 or float32.

    Args:
        image: H×W or H×W×C with C 1 or 3, of uint8, uint16 or floating values.

    Raises:
        InputError: see `check_shape`; or it has another dtype.
    """
    array = check_shape(image)
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    if array.dtype.kind == "f":
        array = array.astype(np.float32, copy=False)
    elif array.dtype not in (np.uint8, np.uint16):
        raise InputError(f"expected uint8, uint16 or floating values, got {array.dtype}")
    return array


def check_shape(image: object) -> np.ndarray:
    """The image as H×W×C, of its own dtype.

    Args:
        image: H×W or H×W×C with C 1 or 3.

    Raises:
        InputError: it is no array, is masked, or has another shape.
    """
    if not isinstance(image, np.ndarray):
        raise InputError(
            f"expected a NumPy array, got {type(image).__name__}; convert it with np.asarray"
        )
    if isinstance(image, np.ma.MaskedArray):
        raise InputError("a masked array hides values; fill them first: pass image.filled(value)")
    array = np.asarray(image)  # of a matrix, slices are none of an image
    shape = array.shape
    if 0 in shape or not (len(shape) == 2 or (len(shape) == 3 and shape[2] in _CHANNELS)):
        way = _way_to_an_image(shape)
        raise InputError(
            f"expected an image H×W or H×W×C with C 1 or 3, got shape {shape}{way and '; ' + way}"
        )
    return array.reshape(*shape[:2], -1)


def _way_to_an_image(shape: tuple[int, ...]) -> str:
    """What may have been meant by a shape, and what to pass then; else nothing."""
    if len(shape) not in (3, 4) or 0 in shape:
        return ""
    known = (*_CHANNELS, *_WITH_ALPHA)
    first = shape[-1] not in known and shape[-3] in known
    last = ".transpose(1, 2, 0)" if first else ""
    if len(shape) == 4:
        return f"one image at a time: pass image[0]{last} and so on"
    if first:
        return f"channels come last: pass image{last}"
    if kept := _WITH_ALPHA.get(shape[-1]):
        return f"remove the alpha channel first: pass image[..., :{kept}]"
    return ""


def to_pixels(planes: Tensor, dtype: np.dtype[Any]) -> np.ndarray:
    """Planes C×h×W as pixels h×W×C: integers are rounded and clipped, floats left as they are."""
    pixels = planes.permute(1, 2, 0)
    if dtype.kind == "u":
        peak = float(np.iinfo(dtype).max)
        pixels = (pixels * peak).round_().clamp_(0, peak)
    return np.ascontiguousarray(pixels.numpy().astype(dtype, copy=False))
