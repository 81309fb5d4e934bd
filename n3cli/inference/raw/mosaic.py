"""Sensor values denoised plane by plane with what was made for grey pictures.

A mosaic of 2×2 colours is four planes, one of X-Trans 21; each is denoised by itself, as the
published entries of DND were. Where the noise's variance is known to grow with the value, it is
made even first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from n3cli.inference.source import Progress
from n3cli.inference.tiling import strips
from n3cli.ops.array import Float32
from n3cli.ops.mosaic.layout import BAYER, Pattern, planes_of
from n3cli.ops.noise.stabilise import is_clean, restore, stabilise

DenoiseImage: TypeAlias = Callable[[Float32, float], Float32]
"""Image H×W×1 in [0, 1], and its noise level on the 0–255 scale → estimate."""


DenoisePlane: TypeAlias = Callable[[Float32, int, Progress | None], Float32]
"""From a plane h×w×1, its colour, and who is told the fraction done, to its estimate."""


def denoise_planes(
    mosaic: Float32,
    denoise: DenoisePlane,
    pattern: Pattern = BAYER[0, :2, :2],
    progress: Progress | None = None,
) -> Float32:
    """Denoise each plane of a mosaic by itself.

    Args:
        mosaic: H×W×1.
        denoise: what does it.
        pattern: p×p, the filter; which colours are where makes no difference to Bayer's planes.
        progress: is called with the fraction done.

    Returns:
        The mosaic's estimate, H×W×1.
    """
    estimate = np.empty(mosaic.shape, np.float32)
    done = 0
    for plane in planes_of(pattern):
        values = np.ascontiguousarray(plane.of(mosaic))
        if values.size == 0:  # of a mosaic smaller than its filter's period
            continue
        tell = _part_of(progress, done / mosaic.size, values.size / mosaic.size)
        plane.of(estimate)[...] = denoise(values, plane.colour, tell)
        done += values.size
    return estimate


def denoise_stabilised(plane: Float32, a: float, b: float, denoise: DenoiseImage) -> Float32:
    """Denoise values x whose noise has the variance a·x + b by what takes white Gaussian noise.

    Args:
        plane: H×W×1, linear, nominally in [0, 1].
        a: see above.
        b: see above; a and b may be a camera's, or measured.
        denoise: for white Gaussian noise.

    Returns:
        The estimate, H×W×1.

    Raises:
        ConfigError: a and b are no noise.
    """
    if is_clean(a, b):
        return plane.copy()
    low, high = (float(end) for end in stabilise(np.array([0.0, 1.0]), a, b))
    span = high - low
    parts = [slice(*rows) for rows in strips(*plane.shape[:2])]  # float64 is for few at a time
    given, result = np.empty(plane.shape, np.float32), np.empty(plane.shape, np.float32)
    for rows in parts:
        given[rows] = (stabilise(plane[rows], a, b) - low) / span
    estimate = denoise(given, 255 / span)
    for rows in parts:
        result[rows] = restore(estimate[rows] * span + low, a, b)
    return result


def _part_of(progress: Progress | None, before: float, share: float) -> Progress | None:
    """Who is told the fraction done of a part that comes after others."""
    return progress and (lambda fraction: progress(before + share * fraction))
