"""Where a large picture is looked at: squares spread evenly over it."""

from __future__ import annotations

import numpy as np


def spread_squares(height: int, width: int, side: int, most: int) -> tuple[list[int], list[int]]:
    """Spread squares over a picture from edge to edge, as many as `most` pixels make.

    Args:
        height: of the picture.
        width: of the picture.
        side: of a square; shorter where the picture is.
        most: pixels in all; one square there is in any case.

    Returns:
        Top rows and left columns; a square is at each of the one with each of the other.
    """
    count = max(most // side**2, 1)
    down = min(max(round((count * height / width) ** 0.5), 1), max(height // side, 1), count)
    across = min(count // down, max(width // side, 1))
    return _starts(height, side, down), _starts(width, side, across)


def _starts(size: int, side: int, count: int) -> list[int]:
    last = max(size - side, 0)
    starts: list[int] = np.linspace(0, last, count).astype(int).tolist()
    return starts if count > 1 else [last // 2]
