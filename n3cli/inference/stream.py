"""A chain of stages over rows: what comes out of one is kept only while the next needs it.

Each stage is computed in strips of tiles over the whole width. To make a strip it asks the stage
before it for the rows of its halo, and that one makes strips until it has them. So memory follows
the tile side and the image's width, never its height; and since a tile is placed in the whole
image, the result does not depend on the tiling. A stage may enlarge: its tiles, halo and reach are
counted in pixels of what goes in.
"""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

from n3cli.inference.engine import Engine, TileTooLargeError
from n3cli.inference.source import PaddedRows, Progress, Rows, TensorRows
from n3cli.inference.tiling import cuts, input_span
from n3cli.networks.description import Placement
from n3cli.networks.network import padded_size


class StageRows:
    """The output rows of one stage, `scale` times as many and as long as those that go in.

    Args:
        engine: the network.
        stage: number of the stage.
        before: the rows that go into it.
        height: rows of the (padded) image that goes in.
        width: columns of it.
        progress: is called with the share of the stage's rows that are done.
    """

    def __init__(
        self,
        engine: Engine,
        stage: int,
        before: TensorRows,
        height: int,
        width: int,
        progress: Progress | None = None,
    ) -> None:
        self._engine, self._stage, self._before = engine, stage, before
        self._height, self._width = height, width
        self._progress = progress
        self._scale = engine.stages[stage].scale
        self._done = 0  # input rows whose output has been made
        self._held = Rows()

    @property
    def inexact_tile(self) -> tuple[int, int] | None:
        """Rows and columns of its tiles where they may show; None where they do not."""
        rows, columns = self._engine.tile(self._stage, self._height, self._width)
        whole = rows >= self._height and columns >= self._width
        return None if whole or self._engine.description.exact_tiles else (rows, columns)

    def rows(self, top: int, bottom: int) -> Tensor:
        """B×C×h×W output rows; `top` never goes back."""
        while self._held.bottom < bottom:
            self._make_strip()
        return self._held.take(top, bottom)

    def strips(self) -> Iterator[Tensor]:
        """All rows from top to bottom, B×C×h×W, as they are made."""
        while self._done < self._height:
            top = self._held.bottom
            self._make_strip()
            yield self._held.take(top, self._held.bottom)

    def _make_strip(self) -> None:
        while True:
            rows, columns = self._engine.tile(self._stage, self._height, self._width)
            try:
                last = min(self._done + rows, self._height)
                strip = self._strip(self._done, last, columns)
            except TileTooLargeError:
                self._engine.shrink(self._stage, rows, columns)
            else:
                self._done = last
                return self._held.append(strip)

    def _strip(self, first: int, last: int, columns: int) -> Tensor:
        """What the input rows `first` to `last` (exclusive) become, one tile high."""
        engine, scale = self._engine, self._scale
        top, bottom = self._needed(first, last, self._height)
        band = self._before.rows(top, bottom)
        strip: Tensor | None = None
        for left, right in cuts(self._width, columns):
            begin, end = self._needed(left, right, self._width)
            place = Placement(top, begin, self._height, self._width)
            tile = engine.run(self._stage, band[..., begin:end], place)
            down = slice(scale * (first - top), scale * (last - top))
            tile = tile[..., down, scale * (left - begin) : scale * (right - begin)]
            if strip is None:
                strip = tile.new_empty(*tile.shape[:-1], scale * self._width)
            strip[..., scale * left : scale * right] = tile
            if self._progress:
                self._progress((first + (last - first) * right / self._width) / self._height)
        assert strip is not None
        return strip

    def _needed(self, first: int, last: int, length: int) -> tuple[int, int]:
        stage = self._engine.stages[self._stage]
        multiple = self._engine.multiple(self._stage)
        return input_span(
            first, last, length, halo=stage.halo, reach=stage.reach, multiple=multiple
        )


def chain(
    engine: Engine,
    source: TensorRows,
    size: tuple[int, int],
    progress: Progress | None = None,
) -> StageRows:
    """All stages of a network over a source of that size, which is padded for it.

    What has become of the padding is still there. Progress is of the last stage.
    """
    height, width = padded_size(*size, engine.description)
    rows: TensorRows = PaddedRows(source, size, (height, width))
    count = len(engine.stages)
    for stage in range(count - 1):
        rows = StageRows(engine, stage, rows, height, width)
        height, width = (engine.stages[stage].scale * length for length in (height, width))
    return StageRows(engine, count - 1, rows, height, width, progress)
