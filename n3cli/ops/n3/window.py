"""Which patch positions a query looks at: integer geometry along one image axis.

A query looks at `size` consecutive positions centred on itself. At the image's borders the window
is shifted, not cut, so that every query has the same number of candidates.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Axis:
    """Patch positions along one axis of a tile, and where the tile lies in the image.

    Attributes:
        count: positions in the tile.
        offset: position of the tile's first one in the image.
        total: positions in the image.
        window: candidates a query looks at along this axis, if the image has as many.
    """

    count: int
    offset: int
    total: int
    window: int

    @property
    def size(self) -> int:
        """Candidates of every query: the window, or all positions where there are fewer."""
        return min(self.window, self.total, self.count)

    def start(self, query: int) -> int:
        """First candidate of a query, both counted from the tile's first position.

        The window keeps inside the image. Near a tile's inner edge it is also kept inside the
        tile: such a query's result is wrong, belongs to the tile's halo and is thrown away.
        """
        centred = query + self.offset - self.window // 2
        in_image = max(0, min(centred, self.total - self.window)) - self.offset
        return max(0, min(in_image, self.count - self.size))


@dataclass(frozen=True)
class Run:
    """Consecutive queries whose windows share one start (step 0) or advance with them (step 1)."""

    first: int
    count: int
    start: int
    step: int


def runs(axis: Axis, longest: int) -> Iterator[Run]:
    """Cut an axis into runs of at most `longest` queries, in order and without gaps."""
    first = 0
    while first < axis.count:
        start = axis.start(first)
        step = 1 if first + 1 < axis.count and axis.start(first + 1) == start + 1 else 0
        count = 1
        while (
            count < longest
            and first + count < axis.count
            and axis.start(first + count) == start + count * step
        ):
            count += 1
        yield Run(first, count, start, step if count > 1 else 0)
        first += count
