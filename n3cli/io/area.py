"""A rectangle of pixels."""

from __future__ import annotations

from typing import NamedTuple


class Area(NamedTuple):
    """Rows and columns from 0; the last row and column are not part of it."""

    top: int
    left: int
    bottom: int
    right: int
