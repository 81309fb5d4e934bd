"""Integer geometry of tiles: sizes, and which input an output needs. Knows no network."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import product
from typing import NamedTuple

_SMALLEST = 64
"""Side of the smallest tile in pixels, but for its multiple: with it most work is halo already."""

UNLIMITED = 1 << 60
"""As a side or as a number of pixels: whole images."""

STRIP = 1 << 20
"""Pixels of a strip of a picture, where no network sets the pace."""


def input_span(
    first: int, last: int, length: int, *, halo: int, reach: int, multiple: int
) -> tuple[int, int]:
    """Which input the output `first`…`last` (exclusive) of an axis needs.

    Args:
        first: first output pixel.
        last: one past the last.
        length: of the axis.
        halo: pixels needed around each output pixel.
        reach: pixels needed from each end of the axis by outputs near it.
        multiple: both ends of the span are multiples of this, or the axis's end.
    """
    start = max(0, min(first - halo, length - reach))
    stop = min(length, max(last + halo, reach))
    return start // multiple * multiple, min(length, _rounded(stop, multiple))


def cuts(length: int, size: int) -> Iterator[tuple[int, int]]:
    """Cut an axis into spans of `size`, the last one shorter."""
    for start in range(0, length, size):
        yield start, min(start + size, length)


def strips(height: int, width: int) -> Iterator[tuple[int, int]]:
    """Cut a picture into strips of at most `STRIP` pixels or one row: the rows of each."""
    return cuts(height, max(1, STRIP // width))


def smallest_side(multiple: int) -> int:
    """Side of the smallest tile whose sides are such a multiple, in pixels."""
    return _rounded(_SMALLEST, multiple)


@lru_cache(maxsize=16)  # asked for every strip of a picture
def tile_shape(
    height: int, width: int, *, halo: int, reach: int, multiple: int, side: int, pixels: int
) -> tuple[int, int]:
    """Rows and columns of the tiles with which the fewest pixels are computed in all.

    Halos are computed once more for each tile, but not beyond the image's borders. So the image is
    taken whole if it fits, and else cut into few tiles of like size.

    Args:
        height: rows of the image.
        width: columns of it.
        halo: pixels needed around each output pixel.
        reach: pixels needed from each border of the image by outputs near it.
        multiple: rows and columns are multiples of this, or all that the image has.
        side: most rows and columns of a tile; below `smallest_side` it counts as that.
        pixels: most input pixels of a tile, with its halo.

    Returns:
        The best shape within both limits; the smallest square where none is.
    """
    options = (
        (rows.computed * columns.computed, rows.length, columns.length)
        for rows, columns in product(
            *(list(_divisions(whole, halo, reach, multiple, side)) for whole in (height, width))
        )
        if rows.needed * columns.needed <= pixels
    )
    smallest = smallest_side(multiple)
    _, rows, columns = min(options, default=(0, smallest, smallest))
    return rows, columns


class _Division(NamedTuple):
    """An axis cut into parts of one length."""

    length: int
    """Output pixels of a part."""
    needed: int
    """Input pixels of the part that needs most."""
    computed: int
    """Input pixels of all parts, but for what `reach` adds."""


def _divisions(whole: int, halo: int, reach: int, multiple: int, side: int) -> Iterator[_Division]:
    """The ways to cut an axis into parts of `smallest_side` to `side` pixels."""
    smallest, halo, reach = (_rounded(length, multiple) for length in (_SMALLEST, halo, reach))
    fewest = -(-whole // max(side // multiple * multiple, smallest))
    for parts in range(fewest, max(fewest, whole // smallest) + 1):
        length = min(whole, _rounded(-(-whole // parts), multiple))
        inner = min(parts - 1, 2)  # sides on which a part can have neighbours
        yield _Division(
            length,
            min(whole, max(length + inner * halo, reach)),
            min(whole * parts, whole + 2 * halo * (parts - 1)),
        )


def _rounded(length: int, multiple: int) -> int:
    """The next whole multiple."""
    return -(-length // multiple) * multiple
