"""The sensor that denoisers of mosaics are judged by: how it sees photographs, and its noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from n3cli.ops.array import Float32
from n3cli.ops.mosaic.layout import BAYER, Pattern
from n3cli.ops.noise.model import NoiseModel

_SENSITIVITY = (0.5, 1.0, 0.6)  # of red, green and blue, as most sensors have it in daylight
_READING = 2.0  # electrons

RGGB = BAYER[0, :2, :2]

SENSOR_IN_WORDS = (
    "sRGB's tone curve undone, halved by averaging (which takes away noise and JPEG traces of "
    "their own), red and blue times 0.5 and 0.6, filtered {}; linear, [0, 1]. Noise: photons by "
    "chance, a·Poisson(x/a), and Gaussian noise of 2 electrons, variance b = 4a², neither clipped "
    "nor rounded, from numpy's default_rng(seed), where seed is the image's index from 0 in sorted "
    "order; a = (sigma/255)², so that sigma is the deviation at white of the photons alone, and "
    "with reading it is √(1 + 4a) times that"
)
"""The rules, with a place for the filter's name."""


def see(picture: NDArray[np.floating], pattern: Pattern = RGGB) -> Float32:
    """A picture as a clean mosaic.

    Args:
        picture: H×W×3, sRGB in [0, 1]; what fills no 4×4 pixels is left out.
        pattern: the filter, p×p.

    Returns:
        h×w×1, half its size.
    """
    values = picture.astype(np.float64)
    # IEC 61966-2-1
    light = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    height, width = (size // 4 * 4 for size in light.shape[:2])
    small = light[:height, :width].reshape(height // 2, 2, width // 2, 2, 3).mean((1, 3))
    small *= _SENSITIVITY
    rows, columns = np.indices(small.shape[:2])
    colours = pattern[rows % len(pattern), columns % len(pattern)]
    mosaic: Float32 = np.take_along_axis(small, colours[..., None], 2).astype(np.float32)
    return mosaic


def noise_at(level: float) -> NoiseModel:
    """The sensor's noise at a level.

    Args:
        level: deviation of the photons alone at white, on the 0–255 scale. With reading the noise
            has √(1 + 4a) times that.
    """
    a = (level / 255) ** 2
    return NoiseModel(a, (_READING * a) ** 2)


def expose(clean: Float32, level: float, seed: int) -> Float32:
    """The noisy form of a mosaic."""
    noise, rng = noise_at(level), np.random.default_rng(seed)
    light = noise.a * rng.poisson(clean.astype(np.float64) / noise.a)
    reading = np.sqrt(noise.b) * rng.standard_normal(clean.shape)
    noisy: Float32 = (light + reading).astype(np.float32)
    return noisy
