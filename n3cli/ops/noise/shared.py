"""Noise that neighbouring pixels share, as in photos that cameras have stored.

Demosaicing, a camera's own denoising and JPEG leave noise that is smooth over a few pixels, and
weaker in flat places than beside detail. Between means of 2×2 pixels most of it is still there,
while its finest details are gone; white noise has the same strength in both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from n3cli.ops.array import Float64
from n3cli.ops.noise.level import PLAIN, halve, may_be_shared, measure_flat

_CELL = 4  # details of 2×2 means in a row, 16 pixels
_QUIET = 25  # per cent of the cells; above it texture may be, much below only the quietest corner
_VISIBLE = 1.5 / 255  # at half the size; pictures free of noise have as much
_MOST = 40 / 255  # stronger than any photo that was looked at; cameras smooth theirs away
_PLAIN_TOLD, _VISIBLE_TOLD = 1.5, 1.2 / 255  # the same where the file names its camera


@dataclass(frozen=True)
class SharedNoise:
    """What a channel shows of shared noise.

    Attributes:
        sigma: its standard deviation, for values in [0, 1], if the channel has any.
        seen: whether it shows clearly.
        likely: whether it shows as clearly as it does in a photo that names its camera.
        drawn: whether most of the channel is plain, and the rest may be lines and letters.
    """

    sigma: float
    seen: bool = False
    likely: bool = False
    drawn: bool = False


def find_shared_noise(planes: Sequence[NDArray[np.floating]]) -> SharedNoise:
    """Look for shared noise.

    The level is the lower quartile of local deviations, of what differs between means of 2×2
    pixels. Photos with texture nearly everywhere read high.

    Args:
        planes: parts of the luma of a picture, H×W each, nominally in [0, 1]. Parts smaller than
            16×16 say nothing.

    Returns:
        What there is; nothing in pictures that are constant.
    """
    parts = [np.asarray(plane, np.float64) for plane in planes if min(plane.shape) >= 2 * 8]
    if not parts:
        return SharedNoise(0.0)
    halves = [halve(part) for part in parts]
    deviations = np.concatenate([_local(half) for half in halves])
    live = deviations[deviations > 0]
    sigma = float(np.percentile(live, _QUIET)) if len(live) else 0.0
    fine, coarse = measure_flat(parts), measure_flat(halves)
    if fine is None or coarse is None:
        return SharedNoise(sigma)
    smooth = sigma <= _MOST and may_be_shared(fine, coarse)

    def stands_out(visible: float, plain: float) -> bool:
        return smooth and 2 * coarse.details > visible and coarse.cells <= plain * coarse.details

    seen = stands_out(_VISIBLE, PLAIN) and not fine.drawn
    return SharedNoise(sigma, seen, stands_out(_VISIBLE_TOLD, _PLAIN_TOLD), fine.drawn)


def _local(half: Float64) -> Float64:
    """Deviations of details of 2×2 means in cells, stated as those of the whole size."""
    height, width = (size // 2 * 2 for size in half.shape)
    a, b, c, d = (half[i:height:2, j:width:2] for i in (0, 1) for j in (0, 1))
    energy = ((a + b - c - d) ** 2 + (a - b + c - d) ** 2 + (a - b - c + d) ** 2) / 12
    height, width = (size // _CELL * _CELL for size in energy.shape)
    cells = energy[:height, :width].reshape(height // _CELL, _CELL, width // _CELL, _CELL)
    deviations: Float64 = 2 * np.sqrt(cells.mean(axis=(1, 3))).ravel()
    return deviations
