"""Pixel types and the ways between them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[Any]
"""Pixels as files have them: uint8 and uint16 full range, float32 in [0, 1]."""

FULL = {np.dtype(np.uint8): 255.0, np.dtype(np.uint16): 65535.0, np.dtype(np.float32): 1.0}
"""The value of white and of full opacity."""


def to_depth(values: Pixels, dtype: np.dtype[Any]) -> Pixels:
    """Scale pixels to another type, white to white, rounded to the nearest value.

    Floats outside [0, 1] are clipped on their way to integers, NaN becomes 0.
    """
    if values.dtype == dtype:
        return values
    scaled: Pixels = values * np.float32(FULL[dtype] / FULL[values.dtype])
    if dtype == np.float32:
        return scaled
    np.nan_to_num(scaled, copy=False, nan=0.0, posinf=FULL[dtype])
    rounded: Pixels = np.rint(scaled.clip(0, FULL[dtype])).astype(dtype)
    return rounded


def over_white(pixels: Pixels, alpha: Pixels) -> Pixels:
    """Lay transparent pixels over white.

    Args:
        pixels: H×W×C.
        alpha: H×W of the same type, not premultiplied.
    """
    full = np.float32(FULL[pixels.dtype])
    opacity = alpha[..., None] / full
    blended: Pixels = full + (pixels - full) * opacity
    return blended if pixels.dtype == np.float32 else np.rint(blended).astype(pixels.dtype)
