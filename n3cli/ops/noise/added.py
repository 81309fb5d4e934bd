"""Noise that is added on purpose, the same on every machine for the same seed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from n3cli.ops.array import Float32


def add_gaussian_noise(clean: NDArray[np.floating], sigma: float, seed: int) -> Float32:
    """White Gaussian noise on an image, neither clipped nor rounded.

    Args:
        clean: the image, any shape, in [0, 1].
        sigma: standard deviation of the noise, in the image's own units (25/255, not 25).
        seed: of numpy's `default_rng`; one seed gives one noise field, scaled by `sigma`.

    Returns:
        A new array of the same shape; values may lie outside [0, 1].
    """
    field = np.random.default_rng(seed).standard_normal(clean.shape)
    return (clean + sigma * field).astype(np.float32)
