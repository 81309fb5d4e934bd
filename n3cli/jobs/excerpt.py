"""What is kept of a picture while its rows go by: the whole of it, reduced, and a part as it is."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from n3cli.inference.tiling import strips
from n3cli.io.depth import Pixels, over_white, to_depth
from n3cli.jobs.view import Crop
from n3cli.ops.array import Float32
from n3cli.ops.row_source import RowSource

Shown = NDArray[np.uint8]
"""H×W×C as a page shows it: 8 bits, without transparency."""

_LONGEST_SIDE = 1600


def show(pixels: Pixels, alpha: Pixels | None) -> Shown:
    """Rows h×W×C, and their alpha h×W or None, as a page shows them."""
    opaque = pixels if alpha is None else over_white(pixels, alpha)
    return to_depth(opaque, np.dtype(np.uint8))


def reduce(source: RowSource) -> Shown:
    """A picture, reduced; its rows are read once, a strip at a time."""
    reduced = Reduced(source.height, source.width)
    for rows in strips(source.height, source.width):
        reduced.add(show(*source.rows(*rows)))
    return reduced.image


class Reduced:
    """A picture reduced by a whole factor, to at most 1600 pixels a side.

    Args:
        height: rows that will be added in all.
        width: columns.
    """

    def __init__(self, height: int, width: int) -> None:
        self._factor = math.ceil(max(height, width) / _LONGEST_SIDE)
        self._missing = height
        self._waiting: list[Shown] = []  # rows that do not fill the factor yet
        self._made: list[Shown] = []

    def add(self, rows: Shown) -> None:
        """Take the next rows."""
        self._missing -= len(rows)
        band = np.concatenate([*self._waiting, rows])
        ready = len(band) - (len(band) % self._factor if self._missing else 0)
        if ready:
            self._made.append(_box_means(band[:ready], self._factor))
        self._waiting = [band[ready:].copy()]

    @property
    def image(self) -> Shown:
        """The whole, once all rows have been added."""
        return np.concatenate(self._made)


class Excerpt:
    """The whole of a picture, reduced, and a part of it.

    Attributes:
        size: height and width of the picture, whose rows will be added.
        crop: the part.
    """

    def __init__(self, size: tuple[int, int], crop: Crop) -> None:
        self.size, self.crop = size, crop
        self._whole = Reduced(*size)
        self._parts: list[Shown] = []
        self._top = 0

    def add(self, rows: Shown) -> None:
        """Take the next rows."""
        left, top, width, height = self.crop
        down = slice(max(top - self._top, 0), max(top + height - self._top, 0))
        self._parts.append(rows[down, left : left + width].copy())
        self._whole.add(rows)
        self._top += len(rows)

    @property
    def whole(self) -> Shown:
        """The whole, once all rows have been added."""
        return self._whole.image

    @property
    def part(self) -> Shown:
        """The part, likewise."""
        return np.concatenate(self._parts)


def _box_means(image: Shown, factor: int) -> Shown:
    """The means of squares of `factor` pixels a side; those at the right and bottom may be less."""
    means: Float32 = image.astype(np.float32)
    for axis in (0, 1):
        starts = np.arange(0, image.shape[axis], factor)
        lengths = np.diff(starts, append=image.shape[axis])
        means = np.add.reduceat(means, starts, axis)
        means /= lengths.reshape(-1, *[1] * (2 - axis)).astype(np.float32)
    return np.rint(means).astype(np.uint8)
