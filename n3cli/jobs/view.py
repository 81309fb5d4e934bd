"""Between a picture's reader and who takes its rows: a crop, a memory for alpha, hidden colours."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np

from n3cli.errors import InputError
from n3cli.io.depth import Pixels
from n3cli.io.reader import PictureReader
from n3cli.ops.bleed import bleed
from n3cli.ops.row_source import RowSource


class Crop(NamedTuple):
    """A rectangle of a picture, in its file's pixels."""

    left: int
    top: int
    width: int
    height: int


def check_crop(crop: Crop, height: int, width: int, name: str) -> None:
    """Make sure that a crop lies inside a picture of that size.

    Raises:
        InputError: it does not.
    """
    if crop.left + crop.width > width or crop.top + crop.height > height:
        raise InputError(
            f"{name}: the crop {','.join(map(str, crop))} reaches outside the picture, which is "
            f"{width} wide and {height} high; give X,Y,W,H inside it"
        )


class CroppedReader:
    """A reader seen through a crop; offers the reader's own attributes and rows.

    Args:
        reader: an open picture.
        crop: the part to see; None is everything.

    Raises:
        InputError: the crop does not lie inside the picture.
    """

    def __init__(self, reader: PictureReader, crop: Crop | None = None) -> None:
        self._reader = reader
        self.crop = crop or Crop(0, 0, reader.width, reader.height)
        check_crop(self.crop, reader.height, reader.width, reader.name)
        self.width, self.height = self.crop.width, self.crop.height
        self.file_size = reader.width, reader.height
        self.name, self.meta, self.dtype = reader.name, reader.meta, reader.dtype
        self.channels, self.has_alpha = reader.channels, reader.has_alpha

    def rows(self, top: int, bottom: int) -> tuple[Pixels, Pixels | None]:
        """Read the rows [top, bottom) of the crop: h×W×C, and alpha h×W or None."""
        columns = slice(self.crop.left, self.crop.left + self.width)
        pixels, alpha = self._reader.rows(self.crop.top + top, self.crop.top + bottom)
        return pixels[:, columns], None if alpha is None else alpha[:, columns]


class AlphaKeeper(CroppedReader):
    """A reader that keeps the alpha of the rows that go by until `take` fetches it.

    A network reads rows some strips before the result is written. Keeping their alpha until then
    lets the file be read once, and memory follows the strips.
    """

    def __init__(self, reader: PictureReader, crop: Crop | None = None) -> None:
        super().__init__(reader, crop)
        self._strips: deque[Pixels] = deque()
        self._kept = 0  # rows kept so far, taken ones included

    def rows(self, top: int, bottom: int) -> tuple[Pixels, Pixels | None]:
        """Read the rows [top, bottom); no row may be left out."""
        pixels, alpha = super().rows(top, bottom)
        if alpha is not None and bottom > self._kept:
            self._strips.append(alpha[self._kept - top :])
            self._kept = bottom
        return pixels, alpha

    def take(self, count: int) -> Pixels | None:
        """The next `count` alpha rows, each given once; None where the picture has no alpha.

        Rows that have not gone by yet are read.
        """
        if not self.has_alpha:
            return None
        missing = count - sum(map(len, self._strips))
        if missing > 0:
            self.rows(self._kept, self._kept + missing)
        taken: list[Pixels] = []
        while count:
            strip = self._strips.popleft()
            if len(strip) > count:
                self._strips.appendleft(strip[count:])
            taken.append(strip[:count])
            count -= len(taken[-1])
        return np.concatenate(taken)


class AlphaPlane:
    """What an `AlphaKeeper` keeps, as a picture of one channel; its rows are read once, in order.

    Args:
        keeper: a view of a picture that has alpha.
    """

    channels = 1

    def __init__(self, keeper: AlphaKeeper) -> None:
        self._keeper = keeper
        self.height, self.width, self.dtype = keeper.height, keeper.width, keeper.dtype

    def rows(self, top: int, bottom: int) -> tuple[Pixels, None]:
        """The next rows, h×W×1."""
        alpha = self._keeper.take(bottom - top)
        assert alpha is not None
        return alpha[..., None], None


class Bled:
    """A picture where visible colours reach into what is wholly transparent, see `ops.bleed`.

    Args:
        source: a picture with alpha; its rows are read once, in order.
        distance: how many pixels far.
    """

    def __init__(self, source: RowSource, distance: int) -> None:
        self._source, self._distance = source, distance
        self.height, self.width = source.height, source.width
        self.channels, self.dtype = source.channels, source.dtype
        self._top = self._bottom = 0  # of the rows that are held
        self._held: tuple[list[Pixels], list[Pixels]] = [], []

    def rows(self, top: int, bottom: int) -> tuple[Pixels, Pixels]:
        """Read the rows [top, bottom): h×W×C, and alpha h×W; `top` never goes back."""
        last = min(self.height, bottom + self._distance)
        if last > self._bottom:
            pixels, alpha = self._source.rows(self._bottom, last)
            assert alpha is not None
            self._held[0].append(pixels)
            self._held[1].append(alpha)
            self._bottom = last
        pixels, alpha = map(np.concatenate, self._held)
        first = max(0, top - self._distance)
        pixels, alpha = pixels[first - self._top :], alpha[first - self._top :]
        self._held, self._top = ([pixels], [alpha]), first
        wanted = slice(top - first, bottom - first)
        return bleed(pixels, alpha > 0, self._distance)[wanted], alpha[wanted]
