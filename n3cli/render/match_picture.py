"""Two pictures side by side, and lines between what belongs together."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from n3cli.ops.opencv import load_opencv

Colours = NDArray[np.uint8]
"""H×W×3, RGB."""

_GAP: Final = 10
"""Pixels between the pictures."""

_CAPTION: Final = 1 / 60
"""Height of the caption, by the width of all."""

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
    width = across + second.shape[1]
    line = max(18, round(_CAPTION * width))
    paper = np.full((height + line, width, 3), _PAPER, np.uint8)
    paper[: len(first), : first.shape[1]] = first
    paper[: len(second), across:] = second
    begin = np.rint(points0).astype(int)
    end = np.rint(points1 + np.array([across, 0])).astype(int)
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
        (line // 4, height + round(0.7 * line)),
        cv2.FONT_HERSHEY_SIMPLEX,
        line / 46,
        _INK,
        1,
        cv2.LINE_AA,
    )
    return paper


def _colour(probability: float) -> tuple[int, int, int]:
    share = min(max(probability, 0.0), 1.0)
    return round(255 * min(1, 2 - 2 * share)), round(220 * min(1, 2 * share)), 40
