"""Two pictures side by side, and lines between what belongs together."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from n3cli.ops.opencv import load_opencv

Colours = NDArray[np.uint8]
"""H×W×3, RGB."""

_GAP: Final = 10
_LINE: Final = 26
"""Pixels between the pictures, and height of the caption."""

_INK: Final = (32, 32, 32)
_PAPER: Final = 255


def draw_matches(
    first: Colours,
    second: Colours,
    points0: NDArray[Any],
    points1: NDArray[Any],
    probability: NDArray[Any],
    caption: str = "",
) -> Colours:
    """Draw matches, from red (probability 0) over yellow to green (1); the surest on top.

    Args:
        first: the first picture, H×W×3.
        second: the second, of any size.
        points0: N×2, x and y in the first one's pixels.
        points1: N×2 in the second's.
        probability: N, 0–1.
        caption: a line below; what is no ASCII is shown as ``?``.

    Returns:
        The picture on white paper.

    Raises:
        ConfigError: OpenCV cannot be loaded.
    """
    cv2 = load_opencv("drawing matches needs")
    height = max(len(first), len(second))
    across = first.shape[1] + _GAP
    paper = np.full((height + _LINE, across + second.shape[1], 3), _PAPER, np.uint8)
    paper[: len(first), : first.shape[1]] = first
    paper[: len(second), across:] = second
    begin = np.rint(points0).astype(int)
    end = np.rint(points1 + [across, 0]).astype(int)
    for index in np.argsort(probability, kind="stable"):
        colour = _colour(float(probability[index]))
        cv2.line(paper, begin[index].tolist(), end[index].tolist(), colour, 1, cv2.LINE_AA)
    for index in np.argsort(probability, kind="stable"):
        colour = _colour(float(probability[index]))
        for place in (begin[index], end[index]):
            cv2.circle(paper, place.tolist(), 2, colour, -1, cv2.LINE_AA)
    text = caption.encode("ascii", "replace").decode()
    cv2.putText(
        paper,
        text,
        (4, height + _LINE - 8),
        cv2.FONT_HERSHEY_SIMPLEX,
        0.5,
        _INK,
        1,
        cv2.LINE_AA,
    )
    return paper


def _colour(probability: float) -> tuple[int, int, int]:
    share = min(max(probability, 0.0), 1.0)
    return round(255 * min(1, 2 - 2 * share)), round(220 * min(1, 2 * share)), 40
