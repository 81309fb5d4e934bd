"""Many pictures on one: small copies in rows, each with a caption."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from n3cli.ops.opencv import load_opencv

Colours = NDArray[np.uint8]
"""H×W×3, RGB."""

_PAPER: Final = 255
_INK: Final = (32, 32, 32)
_GAP: Final = 8
"""Pixels between pictures and around them."""

_LINE: Final = 16
"""Height of a caption in pixels."""

_LETTERS: Final = 0.4
"""Size of the captions' letters, in OpenCV's measure: about 9 pixels high."""


def contact_sheet(
    pictures: Sequence[NDArray[Any]],
    captions: Sequence[str],
    *,
    columns: int | None = None,
    cell: int = 160,
) -> Colours:
    """Lay small copies of pictures in rows.

    Args:
        pictures: each H×W×C with C 1 or 3; uint8 and uint16 full range, float in [0, 1].
        captions: one for each; what is no ASCII is shown as ``?``, what is too long loses its
            beginning.
        columns: pictures in a row; by default about as many as rows.
        cell: width and height that a picture is fitted into, in pixels; smaller ones stay as
            they are.

    Returns:
        The sheet on white paper, H×W×3.

    Raises:
        ValueError: there is no picture, or not one caption for each.
        ConfigError: OpenCV cannot be loaded.
    """
    if not pictures or len(pictures) != len(captions):
        raise ValueError(f"{len(pictures)} pictures and {len(captions)} captions")
    columns = min(columns or math.ceil(math.sqrt(len(pictures))), len(pictures))
    rows = math.ceil(len(pictures) / columns)
    width, height = cell + _GAP, cell + _LINE + _GAP
    sheet = np.full((rows * height + _GAP, columns * width + _GAP, 3), _PAPER, np.uint8)
    for index, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
        row, column = divmod(index, columns)
        top, left = _GAP + row * height, _GAP + column * width
        small = _shrink(_to_colours(picture), cell)
        # At the bottom, near its caption.
        down, right = cell - small.shape[0], (cell - small.shape[1]) // 2
        sheet[top + down :, left + right :][: small.shape[0], : small.shape[1]] = small
        _write(sheet[top + cell : top + cell + _LINE, left : left + cell], caption)
    return sheet


def _to_colours(picture: NDArray[Any]) -> Colours:
    """Make any picture 8-bit RGB."""
    full = np.iinfo(picture.dtype).max if picture.dtype.kind == "u" else 1.0
    scaled = np.nan_to_num(picture.astype(np.float32)) * np.float32(255 / full)
    eight_bit = np.rint(scaled.clip(0, 255)).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(eight_bit, (*eight_bit.shape[:2], 3)))


def _shrink(picture: Colours, cell: int) -> Colours:
    """Fit a picture into a square, keeping its form."""
    height, width = picture.shape[:2]
    scale = cell / max(height, width)
    if scale >= 1:
        return picture
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    cv2 = load_opencv("contact sheets need")
    small: Colours = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return small


def _write(strip: Colours, caption: str) -> None:
    """Draw a caption into a part of the sheet."""
    cv2 = load_opencv("contact sheets need")
    text = caption.encode("ascii", "replace").decode()
    kept = text
    while kept and _width(kept) > strip.shape[1]:
        text = text[1:]
        kept = f"..{text}" if text else ""
    drawn = np.ascontiguousarray(strip)
    cv2.putText(
        drawn, kept, (0, _LINE - 4), cv2.FONT_HERSHEY_SIMPLEX, _LETTERS, _INK, 1, cv2.LINE_AA
    )
    strip[:] = drawn


def _width(text: str) -> int:
    cv2 = load_opencv("contact sheets need")
    (width, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, _LETTERS, 1)
    return int(width)
