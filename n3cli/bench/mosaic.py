"""The rules where photographs are made into what a sensor sees, with its noise and known truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from n3cli.bench.method import Run
from n3cli.bench.protocol import load_clean
from n3cli.inference.mosaic import denoise_planes, denoise_stabilised
from n3cli.ops.noise_model import NoiseModel

Array = NDArray[np.float32]

_SENSITIVITY = (0.5, 1.0, 0.6)  # of red, green and blue, as most sensors have it in daylight
_READING = 2.0  # electrons

PROTOCOL = (
    "Mosaics made of photographs: sRGB's tone curve undone, halved by averaging (which takes away "
    "noise and JPEG traces of their own), red and blue times 0.5 and 0.6, filtered RGGB; linear, "
    "[0, 1]. Noise: photons by chance, a·Poisson(x/a), and Gaussian noise of 2 electrons, variance "
    "b = 4a², neither clipped nor rounded, from numpy's default_rng(seed), where seed is the "
    "image's index from 0 in sorted order; a = (sigma/255)², so that sigma is the deviation at "
    "white. Every method gets each of the four planes by itself, as a grey image, its noise made "
    "even with that a and b by the generalised Anscombe transform (back by its exact unbiased "
    "inverse). Output clipped to [0, 1] before scoring the mosaic. PSNR in dB and SSIM (11×11 "
    "Gaussian window), means over the images."
)


def load_mosaic(path: Path) -> Array:
    """A photograph as a clean mosaic H×W×1.

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
    mosaic: Array = small[..., 1:2].astype(np.float32)
    mosaic[::2, ::2, 0] = small[::2, ::2, 0]
    mosaic[1::2, 1::2, 0] = small[1::2, 1::2, 2]
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


def run_on_planes(run: Run, noisy: Array, level: float) -> Array:
    """Denoise a mosaic whose noise is known, each plane by itself."""
    noise = noise_at(level)
    return denoise_planes(noisy, lambda plane: denoise_stabilised(plane, noise.a, noise.b, run))
