"""Bicubic resizing as MATLAB's `imresize` does it: the field's reduction and its baseline.

Keys, "Cubic Convolution Interpolation for Digital Image Processing", 1981, eq. 15 with a = −1/2.
Where an image is reduced, the kernel is stretched so that it also takes away what would alias.
Beyond the border its pixels are repeated: so were the low-resolution images of Set5 and Set14
made, and what `resize` gives is the same to the bit.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def resize(image: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    """Resize an image of 8 bits; it is rounded after each axis, halves up, as MATLAB does.

    Args:
        image: H×W×C.
        scale: size of the result, divided by the image's; above 0.

    Returns:
        ⌈H·scale⌉×⌈W·scale⌉×C.
    """
    for axis in (0, 1):
        values = _along(image.astype(np.float64), scale, axis)
        image = np.clip(np.floor(values + 0.5), 0, 255).astype(np.uint8)
    return image


def resize_float(image: NDArray[np.float32], scale: float) -> NDArray[np.float32]:
    """Resize an image of floating values H×W×C, unclipped and unrounded; see `resize`."""
    values = image.astype(np.float64)
    for axis in (0, 1):
        values = _along(values, scale, axis)
    return values.astype(np.float32)


def _along(image: Floats, scale: float, axis: int) -> Floats:
    index, weight = _taps(image.shape[axis], scale)
    taken = image.take(index, axis)  # a new axis for the taps comes after the resized one
    shape = [1] * taken.ndim
    shape[axis : axis + 2] = weight.shape
    summed: Floats = (taken * weight.reshape(shape)).sum(axis + 1)
    return summed


@lru_cache(maxsize=64)
def _taps(length: int, scale: float) -> tuple[NDArray[np.int64], Floats]:
    """Which pixels an output pixel is made of, and their weights: both outputs×taps."""
    stretch = min(scale, 1.0)
    width = 4 / stretch
    outputs = int(np.ceil(length * scale - 1e-9))
    # Centres of output pixels, in input pixels counted from the centre of the first.
    centre = (np.arange(outputs) + 0.5) / scale - 0.5
    first = np.floor(centre - width / 2)
    index = first[:, None] + np.arange(int(np.ceil(width)) + 2)
    weight = _cubic(stretch * (centre[:, None] - index))
    weight /= weight.sum(1, keepdims=True)
    return np.clip(index.astype(np.int64), 0, length - 1), weight


def _cubic(x: Floats) -> Floats:
    x = np.abs(x)
    near = (1.5 * x - 2.5) * x**2 + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x <= 1, near, np.where(x <= 2, far, 0.0))
