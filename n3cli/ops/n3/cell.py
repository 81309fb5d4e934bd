"""Groups of queries that are computed together: geometry of the fast aggregation.

A cell is one `Run` of rows by one of columns. Within it windows either all start at the same
candidate (step 0, at borders and where the window covers everything, as in training) or advance
with the query (step 1). Either way the candidates of a cell are one rectangle of blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from n3cli.ops.n3.window import Axis, Run, runs

# Few columns waste little of a cell's rectangle of candidates, many rows make long batches.
_CELL_COLUMNS = 8
_CELL_ROWS = 64


@dataclass(frozen=True)
class Grid:
    """Patches of an image (or of a tile of it), and the windows in which they look for others.

    Attributes:
        patch: side of a patch in pixels, a multiple of `stride`.
        stride: distance of neighbouring patches in pixels.
        rows: patch positions from top to bottom.
        columns: patch positions from left to right.
    """

    patch: int
    stride: int
    rows: Axis
    columns: Axis

    @property
    def blocks(self) -> int:
        """Blocks along the side of a patch."""
        return self.patch // self.stride


@dataclass(frozen=True)
class Cell:
    """Queries that are computed together: a run of rows by a run of columns."""

    rows: Run
    columns: Run
    window: tuple[int, int]
    """Candidates of a query, rows by columns."""
    m: int
    """Blocks along the side of a patch."""

    @property
    def query_blocks(self) -> tuple[slice, slice]:
        """Blocks that the queries are made of."""
        return _span(self.rows.first, self.rows.count + self.m - 1), _span(
            self.columns.first, self.columns.count + self.m - 1
        )

    @property
    def candidate_columns(self) -> slice:
        """Columns of blocks that the candidates are made of, for every row of the cell."""
        reach = (self.columns.count - 1) * self.columns.step
        return _span(self.columns.start, reach + self.window[1] + self.m - 1)

    @property
    def candidate_rows(self) -> int:
        """Rows of candidate blocks that one row of query blocks is compared with."""
        return self.window[0] + (self.m - 1) * (1 - self.rows.step)

    def of_queries(self, values: Tensor) -> Tensor:
        """The queries' part of B×rows×columns values."""
        rows = _span(self.rows.first, self.rows.count)
        return values[:, rows, _span(self.columns.first, self.columns.count)]

    def of_candidates(self, values: Tensor) -> Tensor:
        """Each query's window of B×rows×columns values: B×n×q×(window), a view."""
        for dim, run, size in ((1, self.rows, self.window[0]), (2, self.columns, self.window[1])):
            windows = values.unfold(dim, size, 1)
            if run.step:
                values = windows.narrow(dim, run.start, run.count)
            else:
                shape = list(windows.shape)
                shape[dim] = run.count
                values = windows.narrow(dim, run.start, 1).expand(shape)
        return values

    def own(self, device: torch.device) -> Tensor:
        """Index of each query itself among its candidates, counted row by row: n×q."""
        n = torch.arange(self.rows.count, device=device)
        q = torch.arange(self.columns.count, device=device)
        row = n * (1 - self.rows.step) + self.rows.first - self.rows.start
        column = q * (1 - self.columns.step) + self.columns.first - self.columns.start
        return row[:, None] * self.window[1] + column


def _span(start: int, length: int) -> slice:
    return slice(start, start + length)


def cells(grid: Grid) -> Iterator[Cell]:
    """Cut a grid into cells; where the windows cover everything, one cell is all of it."""
    window = grid.rows.size, grid.columns.size
    dense = grid.rows.count == window[0] and grid.columns.count == window[1]
    most_rows, most_columns = (
        (grid.rows.count, grid.columns.count) if dense else (_CELL_ROWS, _CELL_COLUMNS)
    )
    for columns in runs(grid.columns, most_columns):
        for rows in runs(grid.rows, most_rows):
            yield Cell(rows, columns, window, grid.blocks)
