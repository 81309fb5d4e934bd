"""Which colour the filter over each site of a sensor has: Bayer's four orders and X-Trans.

Periods of 2 and of 6 both fill 6×6 sites, so every layout is written as such a square.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

PERIOD = 6
"""Side of a layout, in sites."""

Pattern: TypeAlias = NDArray[np.uint8]
"""P×p, the colours of a filter's period: 0 red, 1 green, 2 blue."""

Layouts: TypeAlias = NDArray[np.uint8]
Kind = TypeVar("Kind", bound=np.generic)


def _bayer() -> Layouts:
    """4×6×6: RGGB, GRBG, GBRG, BGGR; 0 red, 1 green, 2 blue."""
    order = np.tile(np.array([[0, 1], [1, 2]], np.uint8), (3, 3))
    corners = [(row, column) for row in (0, 1) for column in (0, 1)]
    return np.stack([np.roll(order, (-row, -column), (0, 1)) for row, column in corners])


def _xtrans() -> Layouts:
    """All that X-Trans looks like from where a crop may begin, turned or not."""
    square = np.array([[1, 2, 1], [0, 1, 0], [1, 2, 1]], np.uint8)  # green, blue, red
    other = 2 - square
    filters = np.block([[square, other], [other, square]])
    seen = [
        np.roll(turned, (row, column), (0, 1))
        for turned in (filters, filters.T)
        for row in range(PERIOD)
        for column in range(PERIOD)
    ]
    return np.unique(seen, axis=0)


BAYER = _bayer()
"""Layouts 4×6×6, in the order RGGB, GRBG, GBRG, BGGR."""

XTRANS = _xtrans()
"""Layouts N×6×6."""


def sites(layouts: Tensor, height: int, width: int) -> Tensor:
    """Where the sites of red, green and blue are.

    Args:
        layouts: B×p×p, colours as 0, 1, 2; p a period of the filter.
        height: rows.
        width: columns.

    Returns:
        B×3×height×width float32: 1 there, else 0.
    """
    period = layouts.shape[-1]
    repeats = -(-height // period), -(-width // period)
    colours = layouts.repeat(1, *repeats)[:, None, :height, :width]
    return (colours == torch.arange(3, device=layouts.device).view(3, 1, 1)).float()


def mosaic_planes(values: Tensor, where: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """What networks for mosaics take (`n3cli.networks.description.MOSAIC_PLANES`).

    Args:
        values: noisy ones B×1×H×W: linear, black 0, white 1, before white balance.
        where: `sites`, B×3×H×W.
        a: B×3, the noise's variance at value x of red, green and blue is a·max(x, 0) + b.
        b: B×3, see there.

    Returns:
        B×5×H×W: the values, their sites, and the standard deviation of the noise.
    """
    variance = at_sites(a, where) * values.clamp_min(0) + at_sites(b, where)
    return torch.cat((values, where, variance.clamp_min(0).sqrt()), dim=1)


def at_sites(each: Tensor, where: Tensor) -> Tensor:
    """What is known of red, green and blue, B×3 or B×3×H×W, at their sites: B×1×H×W."""
    if each.dim() == 2:
        each = each[..., None, None]
    return (each * where).sum(1, keepdim=True)


def find_bayer(mosaic: NDArray[np.floating]) -> Layouts:
    """The order of a Bayer filter, as far as a mosaic tells it.

    The two greens see the same light, so their diagonal is the one whose means differ less. Which
    of the other two is red cannot be told so: the upper one counts as red.

    Args:
        mosaic: H×W, at least 2×2.

    Returns:
        2×2: RGGB or GRBG.
    """
    size = min(16, *(length // 2 for length in mosaic.shape))  # sites of a plane
    height, width = (length // (2 * size) for length in mosaic.shape)
    whole = np.asarray(mosaic[: 2 * size * height, : 2 * size * width])
    means = whole.reshape(height, size, 2, width, size, 2).mean((1, 4), np.float64)
    falling = np.abs(means[:, 0, :, 0] - means[:, 1, :, 1]).sum()
    rising = np.abs(means[:, 0, :, 1] - means[:, 1, :, 0]).sum()
    return BAYER[int(falling < rising), :2, :2]


class Plane(NamedTuple):
    """Sites of one colour on a square grid, which make a picture of their own."""

    row: int
    column: int
    step: int
    colour: int

    def of(self, mosaic: NDArray[Kind]) -> NDArray[Kind]:
        """The plane's part of a mosaic H×W(×…), as a view."""
        return mosaic[self.row :: self.step, self.column :: self.step]


def planes_of(pattern: Pattern) -> Iterator[Plane]:
    """The planes of a filter, as fine as they can be.

    A filter of 2×2 has four. X-Trans repeats after six sites, but five greens of its 3×3 after
    three already: they make five planes, and red and blue eight each.
    """
    period = len(pattern)
    half = period // 2 if period > 2 else period
    for row, column in np.ndindex(half, half):
        colours = pattern[row::half, column::half]
        if (colours == colours[0, 0]).all():
            yield Plane(row, column, half, int(colours[0, 0]))
            continue
        for (down, across), colour in np.ndenumerate(colours):
            yield Plane(row + down * half, column + across * half, period, int(colour))
