"""The rules where noise is real: pairs of noisy and clean blocks, their noise level unknown."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from n3cli.bench.method import Run
from n3cli.inference.mosaic import denoise_planes, denoise_stabilised
from n3cli.inference.noise_level import estimate_sigma_array
from n3cli.ops.sensor_noise import estimate_sensor_noise
from n3cli.ops.stabilise import is_noise

Array = NDArray[np.float32]

AUTO = 0.0
"""The level that stands for what the noise of each image is measured as."""

PROTOCOL = (
    "Real noise: every method gets the noisy block in float32, [0, 1], and the same noise level: "
    "the one given, or (auto) what n3's own --sigma auto measures in that block. Output clipped to "
    "[0, 1] before scoring against the clean block, not rounded to 8 bits. PSNR in dB and SSIM "
    "(11×11 Gaussian window), means over the blocks."
)

RAW_AUTO = (
    "measures: a variance a·x + b of the block's values x, which is made even by the generalised "
    "Anscombe transform, or where nothing can be told, a level for each plane"
)

RAW_PROTOCOL = (
    "Real noise: every method gets the noisy block in float32, [0, 1], and the same noise level: "
    f"the one given, or (auto) what n3 {RAW_AUTO}. Each of the four planes of the mosaic is "
    "denoised by itself, as a grey image. Output clipped to [0, 1] before scoring the mosaic "
    "against the clean block. PSNR in dB and SSIM (11×11 Gaussian window), means over the blocks."
)


def run_on_image(run: Run, noisy: Array, level: float) -> Array:
    """Denoise an image at a level, or at the one that is measured in it."""
    return run(noisy, estimate_sigma_array(noisy).sigma if level == AUTO else level)


def run_on_mosaic(run: Run, noisy: Array, level: float) -> Array:
    """Denoise a mosaic H×W×1, each plane by itself: at a level, or as its noise is measured."""
    if level == AUTO:
        planes = [noisy[row::2, column::2, 0] for row in (0, 1) for column in (0, 1)]
        (noise,) = estimate_sensor_noise([planes])
        a, b = noise.model.a, noise.model.b
        if is_noise(a, b):  # uncertain or not, it is nearer than one level for all brightnesses
            return denoise_planes(noisy, lambda plane: denoise_stabilised(plane, a, b, run))
    return denoise_planes(noisy, lambda plane: run_on_image(run, plane, level))
