"""Noise that grows with brightness made even, and the way back: the generalised Anscombe transform.

A sensor's value x of mean m has (nearly) the variance a·m + b: photons arrive by chance, and
reading adds Gaussian noise. After the transform the noise has (nearly) the standard deviation 1 at
every brightness, so that what was made for white Gaussian noise can be used. What comes out of that
estimates the mean of the transformed values, which is not the transform of the mean: the inverse
here is the unbiased one. Source: Mäkitalo, Foi, "Optimal Inversion of the Generalized Anscombe
Transformation for Poisson-Gaussian Noise", TIP 2013, equations 1 and 10.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from n3cli.errors import ConfigError
from n3cli.ops.array import Float64

_LEAST = 1e-9
"""Gain below which noise does not depend on the value, in units of the range of values."""


def is_noise(a: float, b: float) -> bool:
    """Whether a·m + b is a variance that values can be brought to 1 from."""
    return bool(np.isfinite(a) and np.isfinite(b) and a >= 0 and not is_clean(a, b))


def is_clean(a: float, b: float) -> bool:
    """Whether a·m + b is no noise to speak of, or below 0."""
    return a < _LEAST and b <= 0


def stabilise(values: NDArray[np.floating], a: float, b: float) -> Float64:
    """Transform values of variance a·m + b to values of variance (nearly) 1.

    Args:
        values: any shape and range.
        a: variance that a unit of the mean brings, at least 0.
        b: variance at black; below 0 it counts as 0.

    Raises:
        ConfigError: a and b are no noise.
    """
    spread = _spread(a, b)
    if a < _LEAST:
        return np.asarray(values, np.float64) / spread
    counts = np.asarray(values, np.float64) / a
    stable: Float64 = 2 * np.sqrt(np.maximum(counts + 3 / 8 + spread**2, 0))
    return stable


def restore(means: NDArray[np.floating], a: float, b: float) -> Float64:
    """The mean that values had whose transforms have these means; at least 0 where a is above 0.

    Args:
        means: of transformed values, any shape.
        a: as in `stabilise`.
        b: as in `stabilise`.

    Raises:
        ConfigError: a and b are no noise.
    """
    spread = _spread(a, b)
    if a < _LEAST:
        return np.asarray(means, np.float64) * spread
    # The series in 1/D is for D of 1 and more; the transform of pure darkness is not much less.
    d = np.maximum(means, 1.0).astype(np.float64)
    root = np.sqrt(1.5)
    counts = d**2 / 4 + root / (4 * d) - 11 / (8 * d**2) + 5 * root / (8 * d**3) - 1 / 8
    values: Float64 = a * np.maximum(counts - spread**2, 0)
    return values


def _spread(a: float, b: float) -> float:
    """Deviation of the Gaussian part, in counts where there is a gain."""
    if not is_noise(a, b):
        raise ConfigError(
            f"noise of variance {a:g}·x + {b:g} cannot be stabilised; a must be at least 0, and b "
            "above 0 if a is 0"
        )
    return float(np.sqrt(max(b, 0.0))) / (a if a >= _LEAST else 1.0)
