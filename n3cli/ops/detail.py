"""Where in an image there is most to see."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def most_detailed(image: NDArray[Any], height: int, width: int) -> tuple[int, int]:
    """The part of an image with the largest gradients.

    Args:
        image: H×W×C, of any range.
        height: of the part, up to H.
        width: of the part, up to W.

    Returns:
        Its top row and left column.
    """
    grey = image.mean(2)
    detail = np.zeros_like(grey)
    detail[1:] += np.abs(np.diff(grey, axis=0))
    detail[:, 1:] += np.abs(np.diff(grey, axis=1))
    total = np.pad(detail.cumsum(0, dtype=np.float64).cumsum(1), ((1, 0), (1, 0)))
    sums = total[height:, width:] - total[:-height, width:] - total[height:, :-width]
    sums += total[:-height, :-width]
    top, left = np.unravel_index(sums.argmax(), sums.shape)
    return int(top), int(left)
