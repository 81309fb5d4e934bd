"""Integer geometry of tiles: sizes, and which input an output needs. Knows no network."""

from __future__ import annotations

from collections.abc import Iterator

SMALLEST = 64
"""Side of the smallest tile, in pixels: with it most work is halo already."""

LARGEST = 1024
"""Side of the largest tile chosen by itself: above it speed gains nothing."""


def input_span(
    first: int, last: int, length: int, *, halo: int, reach: int, multiple: int
) -> tuple[int, int]:
    """Which input the output `first`…`last` (exclusive) of an axis needs.

    Args:
        first: first output pixel.
        last: one past the last.
        length: of the axis, a multiple of `multiple`.
        halo: pixels needed around each output pixel.
        reach: pixels needed from each end of the axis by outputs near it.
        multiple: both ends of the span are multiples of this.
    """
    start = max(0, min(first - halo, length - reach))
    stop = min(length, max(last + halo, reach))
    return start // multiple * multiple, -(-stop // multiple) * multiple


def cuts(length: int, size: int) -> Iterator[tuple[int, int]]:
    """Cut an axis into spans of `size`, the last one shorter."""
    for start in range(0, length, size):
        yield start, min(start + size, length)


def tile_side(memory: int, per_pixel: int, halo: int, multiple: int) -> int:
    """Side of the largest square tile that, with its halo, fits into `memory` bytes.

    Returns:
        A multiple of `multiple`, from `SMALLEST` to `LARGEST`.
    """
    side = int((memory / per_pixel) ** 0.5) - 2 * halo
    return max(SMALLEST, min(side, LARGEST)) // multiple * multiple
