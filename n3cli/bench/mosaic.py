"""The rules where photographs are made into what a sensor sees, with its noise and known truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from n3cli.bench.method import Method
from n3cli.bench.protocol import load_clean
from n3cli.inference.mosaic import denoise_planes, denoise_stabilised
from n3cli.ops.layout import BAYER, XTRANS
from n3cli.ops.noise_model import NoiseModel

Array = NDArray[np.float32]

_SENSITIVITY = (0.5, 1.0, 0.6)  # of red, green and blue, as most sensors have it in daylight
_READING = 2.0  # electrons

RGGB = BAYER[0, :2, :2]
X_TRANS = XTRANS[0]


def protocol(name: str) -> str:
    """The rules in words, for a filter of that name."""
    return (
        "Mosaics made of photographs: sRGB's tone curve undone, halved by averaging (which takes "
        "away noise and JPEG traces of their own), red and blue times 0.5 and 0.6, filtered "
        f"{name}; linear, [0, 1]. Noise: photons by chance, a·Poisson(x/a), and Gaussian noise of "
        "2 electrons, variance b = 4a², neither clipped nor rounded, from numpy's "
        "default_rng(seed), where seed is the image's index from 0 in sorted order; "
        "a = (sigma/255)², so that sigma is the deviation at white. Networks for mosaics get it "
        "whole, and a and b. Every other method gets each plane of one colour by itself, as a grey "
        "image, its noise made even with that a and b by the generalised Anscombe transform (back "
        "by its exact unbiased inverse). Output clipped to [0, 1] before scoring the mosaic. PSNR "
        "in dB and SSIM (11×11 Gaussian window), means over the images."
    )


def load_mosaic(path: Path, pattern: NDArray[np.uint8] = RGGB) -> Array:
    """A photograph as a clean mosaic H×W×1 under a filter p×p.

    Raises:
        DataError: the file is not in colour.
        InputError: the file cannot be read.
    """
    values = load_clean(path, 3).astype(np.float64)
    # IEC 61966-2-1
    light = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    height, width = (size // 4 * 4 for size in light.shape[:2])
    small = light[:height, :width].reshape(height // 2, 2, width // 2, 2, 3).mean((1, 3))
    small *= _SENSITIVITY
    rows, columns = np.indices(small.shape[:2])
    colours = pattern[rows % len(pattern), columns % len(pattern)]
    mosaic: Array = np.take_along_axis(small, colours[..., None], 2).astype(np.float32)
    return mosaic


def noise_at(level: float) -> NoiseModel:
    """The sensor's noise whose deviation at white is a level on the 0–255 scale."""
    a = (level / 255) ** 2
    return NoiseModel(a, (_READING * a) ** 2)


def expose(clean: Array, level: float, seed: int) -> Array:
    """The noisy form of a mosaic."""
    noise, rng = noise_at(level), np.random.default_rng(seed)
    light = noise.a * rng.poisson(clean.astype(np.float64) / noise.a)
    reading = np.sqrt(noise.b) * rng.standard_normal(clean.shape)
    noisy: Array = (light + reading).astype(np.float32)
    return noisy


def run_on_mosaic(
    method: Method, noisy: Array, noise: NoiseModel, pattern: NDArray[np.uint8] = RGGB
) -> Array:
    """Denoise a mosaic whose noise is known: whole, or each plane by itself."""
    if method.on_mosaic:
        return method.on_mosaic(noisy, pattern, noise)
    return denoise_planes(
        noisy, lambda plane: denoise_stabilised(plane, noise.a, noise.b, method.run), pattern
    )
