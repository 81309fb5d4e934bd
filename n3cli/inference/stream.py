"""A chain of stages over rows: what comes out of one is kept only while the next needs it.

Each stage is computed in strips of tiles over the whole width. To make a strip it asks the stage
before it for the rows of its halo, and that one makes strips until it has them. So memory follows
the tile side and the image's width, never its height; and since a tile is placed in the whole
image, the result does not depend on the tiling.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from torch import Tensor

from n3cli.inference.engine import Engine, TileTooLargeError
from n3cli.inference.source import Rows
from n3cli.inference.tiling import cuts, input_span
from n3cli.networks.description import Placement


class TensorRows(Protocol):
    """Anything that gives rows of B×C×H×W from top to bottom."""

    def rows(self, top: int, bottom: int) -> Tensor:
        """B×C×h×W; `top` never goes back."""
        ...


class StageRows:
    """The output rows of one stage.

    Args:
        engine: the network.
        stage: number of the stage.
        before: the rows that go into it.
        height: rows of the (padded) image.
        width: columns of the (padded) image.
        progress: is called with the share of the stage's rows that are done.
    """

    def __init__(
        self,
        engine: Engine,
        stage: int,
        before: TensorRows,
        height: int,
        width: int,
        progress: Callable[[float], None] | None = None,
    ) -> None:
        self._engine, self._stage, self._before = engine, stage, before
        self._height, self._width = height, width
        self._progress = progress
        self._held = Rows()

    def rows(self, top: int, bottom: int) -> Tensor:
        """B×C×h×W output rows; `top` never goes back."""
        while self._held.bottom < bottom:
            self._make_strip()
        return self._held.take(top, bottom)

    def strips(self) -> Iterator[Tensor]:
        """All rows from top to bottom, B×C×h×W, as they are made."""
        while (top := self._held.bottom) < self._height:
            self._make_strip()
            yield self._held.take(top, self._held.bottom)

    def _make_strip(self) -> None:
        while True:
            rows, columns = self._engine.tile(self._stage, self._height, self._width)
            try:
                strip = self._strip(self._held.bottom, rows, columns)
            except TileTooLargeError:
                self._engine.shrink(rows, columns)
            else:
                return self._held.append(strip)

    def _strip(self, first: int, rows: int, columns: int) -> Tensor:
        """The rows from `first` on, one tile high."""
        engine = self._engine
        last = min(first + rows, self._height)
        top, bottom = self._needed(first, last, self._height)
        band = self._before.rows(top, bottom)
        strip: Tensor | None = None
        for left, right in cuts(self._width, columns):
            begin, end = self._needed(left, right, self._width)
            place = Placement(top, begin, self._height, self._width)
            tile = engine.run(self._stage, band[..., begin:end], place)
            tile = tile[..., first - top : last - top, left - begin : right - begin]
            if strip is None:
                strip = tile.new_empty(*tile.shape[:-1], self._width)
            strip[..., left:right] = tile
            if self._progress:
                self._progress((first + (last - first) * right / self._width) / self._height)
        assert strip is not None
        return strip

    def _needed(self, first: int, last: int, length: int) -> tuple[int, int]:
        stage = self._engine.stages[self._stage]
        multiple = self._engine.description.size_multiple
        return input_span(
            first, last, length, halo=stage.halo, reach=stage.reach, multiple=multiple
        )


def chain(
    engine: Engine,
    source: TensorRows,
    height: int,
    width: int,
    progress: Callable[[float], None] | None = None,
) -> StageRows:
    """All stages of a network over a source; progress is that of the last one."""
    rows: TensorRows = source
    count = len(engine.stages)
    for stage in range(count - 1):
        rows = StageRows(engine, stage, rows, height, width)
    return StageRows(engine, count - 1, rows, height, width, progress)
