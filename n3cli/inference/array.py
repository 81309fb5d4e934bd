"""Arrays of people's own ↔ what is computed on."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

from n3cli.errors import InputError


def check_array(array: np.ndarray) -> np.ndarray:
    """The array as H×W×C of uint8, uint16 or float32.

    Args:
        array: H×W or H×W×C with C 1 or 3, of uint8, uint16 or floating values.

    Raises:
        InputError: it is no array, or has another shape or dtype.
    """
    if not isinstance(array, np.ndarray):
        raise InputError(
            f"expected a NumPy array, got {type(array).__name__}; convert it with np.asarray"
        )
    shape = array.shape
    if len(shape) not in (2, 3) or 0 in shape or (len(shape) == 3 and shape[2] not in (1, 3)):
        raise InputError(
            f"expected an array H×W or H×W×C with C 1 or 3, got shape {shape}; "
            "remove an alpha channel first"
        )
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    if array.dtype.kind == "f":
        array = array.astype(np.float32, copy=False)
    elif array.dtype not in (np.uint8, np.uint16):
        raise InputError(f"expected uint8, uint16 or floating values, got {array.dtype}")
    return array.reshape(*shape[:2], -1)


def to_pixels(planes: Tensor, dtype: np.dtype[Any]) -> np.ndarray:
    """Planes C×h×W as pixels h×W×C: integers are rounded and clipped, floats left as they are."""
    pixels = planes.permute(1, 2, 0)
    if dtype.kind == "u":
        peak = float(np.iinfo(dtype).max)
        pixels = (pixels * peak).round_().clamp_(0, peak)
    return np.ascontiguousarray(pixels.numpy().astype(dtype, copy=False))
