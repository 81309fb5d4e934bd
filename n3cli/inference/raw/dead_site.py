"""Dead sites of a sensor, marked by the value 0: what denoises a mosaic should not see them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from n3cli.io.raw.mosaic import RawPicture
from n3cli.ops.array import Float32
from n3cli.ops.mosaic.layout import Pattern, planes_of
from n3cli.ops.noise.model import NoiseModel

_BELOW = 8.0  # deviations below black that no noise reaches
_MOST = 0.01  # share of dead sites; more are no defects


def find_dead(raw: RawPicture, noise: Sequence[NoiseModel]) -> NDArray[np.bool_]:
    """Where a mosaic's file has 0 although its noise never does, H×W."""
    top, left, bottom, right = raw.active
    values = raw.sensor[top:bottom, left:right]
    dead: NDArray[np.bool_] = values == 0
    count = np.count_nonzero(dead)
    # A noise that reaches 0 gets half-way more often, even if it was estimated too low.
    halfway = np.count_nonzero(values < raw.black.min() / 2) - count
    if halfway >= count or count > _MOST * dead.size:
        return np.zeros_like(dead)
    period = len(raw.pattern)
    for (row, column), colour in np.ndenumerate(raw.pattern):
        black = raw.black[row, column]
        unit = raw.white[row, column] - black
        if black <= _BELOW * unit * float(noise[int(colour)].deviation(np.zeros(()))):
            dead[row::period, column::period] = False
    return dead


def fill_dead(mosaic: Float32, pattern: Pattern, dead: NDArray[np.bool_]) -> Float32:
    """The mosaic H×W with the median of its colour's neighbours at dead sites, if any lives."""
    if not dead.any():
        return mosaic
    filled = mosaic.copy()
    for plane in planes_of(pattern):
        rows, columns = np.nonzero(plane.of(dead))
        if rows.size == 0:
            continue
        alive = np.where(plane.of(dead), np.float32(np.nan), plane.of(mosaic))
        around = np.pad(alive, 1, constant_values=np.nan)
        near = np.stack([around[rows + i, columns + j] for i in range(3) for j in range(3)])
        found = ~np.isnan(near).all(0)
        rows, columns = rows[found], columns[found]
        plane.of(filled)[rows, columns] = np.nanmedian(near[:, found], 0)
    return filled
