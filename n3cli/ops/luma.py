"""Colour → grey."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_THOUSANDTHS = np.array([299, 587, 114])


def luma(image: NDArray[Any]) -> NDArray[Any]:
    """Luma of a colour image: 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601, section 2.5.1).

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
