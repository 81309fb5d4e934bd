"""Colour → grey."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

LUMA = (0.299, 0.587, 0.114)
"""Shares of red, green and blue in luma (ITU-R BT.601, section 2.5.1)."""

_THOUSANDTHS = np.array([round(1000 * share) for share in LUMA])


def studio_luma(image: NDArray[np.floating[Any]]) -> NDArray[Any]:
    """Luma in the range of studios, as MATLAB's `rgb2ycbcr` has it (ITU-R BT.601, section 2.5.3).

    Args:
        image: H×W×3 in [0, 1].

    Returns:
        H×W×1 in [16/255, 235/255]: (16 + 65.481 R + 128.553 G + 24.966 B) / 255.
    """
    weights = np.array([65.481, 128.553, 24.966])[:, None] / 255
    grey: NDArray[Any] = image.astype(np.float64) @ weights + 16 / 255
    return grey.astype(image.dtype)


def luma(image: NDArray[Any]) -> NDArray[Any]:
    """Luma of a colour image, its planes summed in the shares of `LUMA`.

    Args:
        image: H×W×3, of any number type.

    Returns:
        H×W×1 of the same type; integers are rounded to the nearest, halves up.
    """
    grey: NDArray[Any]
    if np.issubdtype(image.dtype, np.integer):
        # In integers, so that halves are rounded alike on every machine.
        grey = (image @ _THOUSANDTHS[:, None] + 500) // 1000
    else:
        grey = image @ (_THOUSANDTHS[:, None] / 1000).astype(image.dtype)
    return grey.astype(image.dtype, copy=False)
