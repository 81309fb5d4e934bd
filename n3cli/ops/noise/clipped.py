"""Gaussian noise that was clipped to the range of a file: how much of it is left, and the way back.

A value with true mean m and noise of deviation sigma is stored as clip(m + sigma·n). Its mean and
variance follow from m and sigma; where areas are flat, both can be measured.
"""

from __future__ import annotations

import numpy as np

from n3cli.ops.array import Float64

Bounds = tuple[float, float]
"""Lowest and highest value that can be stored; infinite where nothing is clipped."""

_GRID = 1024  # means in [0, 1] for which the share is tabled
_LEAST = 0.1 / 255  # deviation below which clipping is not looked at more closely


def share_kept(means: Float64, sigma: float, bounds: Bounds) -> Float64:
    """The share of the noise's variance that clipping leaves.

    Args:
        means: of the stored (clipped) values, any shape, in [0, 1].
        sigma: deviation of the noise before clipping.
        bounds: where values are clipped.

    Returns:
        For each mean a number from 0 (all values are at a bound) to 1 (none is).
    """
    sigma = max(sigma, _LEAST)
    mean, variance = _clip(sigma, bounds)
    table = np.interp(np.linspace(0, 1, _GRID), mean, variance / sigma**2)
    return table[np.clip(np.rint(means * (_GRID - 1)), 0, _GRID - 1).astype(np.intp)]


def undo_clipping(variance: float, means: Float64, bounds: Bounds) -> float:
    """The deviation that noise had before clipping.

    Args:
        variance: of the stored values, on average over places with these means.
        means: of the stored values in many places, one-dimensional.
        bounds: where values are clipped.

    Returns:
        The deviation, at most 1.
    """
    means = means[:: -(-len(means) // 1000)]  # a thousand places are as good as all
    low, high = 0.0, 1.0
    for _ in range(16):  # the variance that is left grows with sigma: halve the interval
        sigma = (low + high) / 2
        if np.interp(means, *_clip(sigma, bounds)).mean() < variance:
            low = sigma
        else:
            high = sigma
    return high


def _clip(sigma: float, bounds: Bounds) -> tuple[Float64, Float64]:
    """Mean and variance of clipped values, for true means from below black to above white."""
    normal = np.linspace(-4, 4, 81)
    weight = np.exp(-(normal**2) / 2)
    weight /= weight.sum()
    true = np.linspace(-4 * sigma, 1 + 4 * sigma, 257)
    values = np.clip(true[:, None] + sigma * normal, *bounds)
    mean = values @ weight
    return mean, np.maximum(values**2 @ weight - mean**2, 0)
