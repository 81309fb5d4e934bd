"""Bicubic resizing of rows as they come, the same as `ops.resize` of the whole image."""

from __future__ import annotations

from torch import Tensor

from n3cli.inference.source import Rows, TensorRows
from n3cli.ops.resize import Taps, make_taps, resize_axis


class ResizedRows:
    """The rows of a resized image.

    It asks for the rows that its taps need and no more. Columns go first: what is held, then, is
    as wide as the result and not higher than the taps.

    Args:
        before: the rows of the image.
        size: height and width of the image.
        target: height and width of the result.
    """

    def __init__(self, before: TensorRows, size: tuple[int, int], target: tuple[int, int]) -> None:
        self._before = before
        self._down, self._across = (
            make_taps(length, outputs, outputs / length) if outputs != length else None
            for length, outputs in zip(size, target, strict=True)
        )
        self._held = Rows()

    def rows(self, top: int, bottom: int) -> Tensor:
        """…×h×W rows of the result; `top` never goes back."""
        if self._down is None:
            return self._stretched(top, bottom)
        taps = self._down[top:bottom]
        first, last = int(taps.pixels[0, 0]), int(taps.pixels[-1, -1])
        image = self._stretched(first, last + 1)
        return resize_axis(image, Taps(taps.pixels - first, taps.weight), -2)

    def _stretched(self, top: int, bottom: int) -> Tensor:
        """Rows of the image with as many columns as the result has."""
        if bottom > self._held.bottom:  # taps overlap: none of the rows before is left out
            fresh = self._before.rows(self._held.bottom, bottom)
            if self._across is not None:
                fresh = resize_axis(fresh, self._across, -1)
            self._held.append(fresh)
        return self._held.take(top, bottom)
