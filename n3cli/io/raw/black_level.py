"""DNG's levels of black: a pattern that repeats, and what rows and columns add to it.

Source: Adobe, DNG specification 1.7.1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from n3cli.io.tiff import LONG, RATIONAL, SHORT, SRATIONAL, Directory, Field
from n3cli.ops.array import Float64

BLACK_SIZE, BLACK, BLACK_COLUMNS, BLACK_ROWS, WHITE = 50713, 50714, 50715, 50716, 50717
LEVELS = (BLACK_SIZE, BLACK, BLACK_COLUMNS, BLACK_ROWS, WHITE)
_ONCE = Field(SHORT, bytes([1, 0, 1, 0]))
_HALVES = {RATIONAL: "<u4", SRATIONAL: "<i4"}
_LONGEST = 48  # of periods

Lines: TypeAlias = tuple[Float64, Float64]
"""What rows (H×1) and columns (1×W) of the active area add to black."""


@dataclass(frozen=True)
class BlackLevel:
    """Black in the active area.

    Attributes:
        pattern: p×q, repeats from the area's corner.
        rows: what each row adds, or nothing.
        columns: what each column adds, or nothing.
    """

    pattern: Float64
    rows: Float64
    columns: Float64

    def is_beyond(self, period: int) -> bool:
        """Whether LibRaw, which knows one level for each colour of a filter, cannot tell it."""
        most = 2 if period == 2 else 1  # one for each of a Bayer filter's sites
        return bool(self.rows.any() or self.columns.any()) or max(self.pattern.shape) > most

    def repeated(self, period: int) -> Float64 | None:
        """The pattern as a square that whole periods of a filter fill; None if that is too long."""
        side = math.lcm(period, *self.pattern.shape)
        times = [side // length for length in self.pattern.shape]
        return np.tile(self.pattern, times) if side <= _LONGEST else None

    def lines(self, height: int, width: int) -> Lines | None:
        """What rows and columns add; None if nothing.

        Args:
            height: of the active area; what is told for another is damaged.
            width: of the active area.
        """
        rows, columns = (
            each if each.size == length else np.zeros(length)
            for each, length in ((self.rows, height), (self.columns, width))
        )
        return (rows[:, None], columns[None]) if rows.any() or columns.any() else None


def black_at(black: Float64, lines: Lines | None, row: int, column: int) -> Float64:
    """Black of the sites of one place in the pattern: one level, or h×w where lines add to it.

    Args:
        black: p×p, the pattern.
        lines: see `BlackLevel.lines`.
        row: of the place, below p.
        column: likewise.
    """
    period = len(black)
    level: Float64 = black[row, column]
    if lines is None:
        return level
    rows, columns = lines
    return level + rows[row::period] + columns[:, column::period]


def read_black(fields: Directory) -> BlackLevel | None:
    """Read black from a mosaic's directory; None where it is not told, or damaged."""
    size = [int(length) for length in _values(fields.get(BLACK_SIZE, _ONCE))]
    values, rows, columns = (
        _values(fields[tag]) if tag in fields else np.zeros(0)
        for tag in (BLACK, BLACK_ROWS, BLACK_COLUMNS)
    )
    if len(size) != 2 or min(size) < 1 or values.size != math.prod(size):
        return None
    return BlackLevel(values.reshape(size), rows, columns)


def scale_black(fields: Directory, factor: int) -> Directory:
    """What a directory tells of black, in values that are `factor` times as fine."""
    found = {tag: fields[tag] for tag in (BLACK, BLACK_ROWS, BLACK_COLUMNS) if tag in fields}
    levels = {tag: _scaled(one, factor) for tag, one in found.items() if _values(one).size}
    return {BLACK_SIZE: fields.get(BLACK_SIZE, _ONCE)} | levels


def _scaled(field: Field, factor: int) -> Field:
    if field.type not in _HALVES:
        return Field(LONG, (factor * _values(field)).astype("<u4").tobytes())
    above, below = _pairs(field).T
    fits = np.abs(above) * factor < 1 << 31
    scaled = np.where(fits, above * factor, above), np.where(fits, below, below // factor)
    return Field(field.type, np.stack(scaled, 1).astype("<u4").tobytes())


def _values(field: Field) -> Float64:
    """Its numbers, if it is of a type that DNG has for levels."""
    if field.type in _HALVES:
        above, below = _pairs(field).T
        found = np.zeros(len(above))
        np.divide(above, below, out=found, where=below != 0)
        return found
    kind = {SHORT: "<u2", LONG: "<u4"}.get(field.type)
    return np.frombuffer(field.data, kind).astype(np.float64) if kind else np.zeros(0)


def _pairs(field: Field) -> NDArray[np.int64]:
    """Numerators and denominators, N×2."""
    return np.frombuffer(field.data, _HALVES[field.type]).reshape(-1, 2).astype(np.int64)
