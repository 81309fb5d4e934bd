"""Pictures that are read from top to bottom: what a source of rows is, and an array as one."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from n3cli.errors import InputError

_HIGHEST = 16.0  # highlights of linear pictures go beyond white, but not like 0–255


def check_floating(pixels: np.ndarray) -> None:
    """Refuse floating values that cannot be meant for [0, 1].

    Args:
        pixels: floating values, at least one.

    Raises:
        InputError: a value is not finite, or far beyond [0, 1].
    """
    farthest = float(np.abs(pixels).max())  # NaN if any value is
    if not np.isfinite(farthest):
        raise InputError(
            "the picture has values that are not finite (NaN or infinity); replace them first"
        )
    if farthest > _HIGHEST:
        raise InputError(
            f"expected floating values in 0–1, found magnitudes up to {farthest:g}; divide them by "
            "the value of white (255 for an 8-bit range, 65535 for a 16-bit range)"
        )


class RowSource(Protocol):
    """A picture that is read from top to bottom: an open file, a crop of one, an array."""

    height: int
    width: int
    channels: int
    dtype: np.dtype[Any]

    def rows(self, top: int, bottom: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Pixels h×W×C and alpha h×W (or None) of rows `top` to `bottom` (exclusive).

        `top` never goes back.
        """
        ...


class ArraySource:
    """An array H×W×C as a source of rows."""

    def __init__(self, pixels: np.ndarray) -> None:
        self.pixels = pixels
        self.height, self.width, self.channels = pixels.shape
        self.dtype = pixels.dtype

    def rows(self, top: int, bottom: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Rows `top` to `bottom`; no alpha."""
        return self.pixels[top:bottom], None
