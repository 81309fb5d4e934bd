"""The rules where noise is real: pairs of noisy and clean blocks, their noise level unknown."""

from __future__ import annotations

from n3cli.bench import mosaic
from n3cli.bench.method import Method
from n3cli.inference.noise_level import measure_noise
from n3cli.inference.raw.mosaic import denoise_planes
from n3cli.ops.array import Float32
from n3cli.ops.mosaic.layout import find_bayer
from n3cli.ops.noise.model import NoiseModel
from n3cli.ops.noise.sensor import estimate_sensor_noise
from n3cli.ops.noise.stabilise import is_noise

AUTO = 0.0
"""The level that stands for what the noise of each image is measured as."""

PROTOCOL = (
    "Real noise: every method gets the noisy block in float32, [0, 1], and the same noise level: "
    "the one given, or (auto) what n3's own --sigma auto measures in that block. Output clipped to "
    "[0, 1] before scoring against the clean block, not rounded to 8 bits. PSNR in dB and SSIM "
    "(11×11 Gaussian window), means over the blocks."
)

PHOTO_PROTOCOL = (
    "Real noise: every method gets the noisy photo in float32, [0, 1], and the noise level given, "
    "or (auto) what n3's own --sigma auto measures in that photo: for models of the noise of "
    "cameras in their way, for all other methods as white noise. Output clipped to [0, 1] before "
    "scoring against the mean of many photos, not rounded to 8 bits. PSNR in dB and SSIM (11×11 "
    "Gaussian window), means over the photos."
)

RAW_AUTO = (
    "measures: a variance a·x + b of the block's values x, which is made even by the generalised "
    "Anscombe transform, or where nothing can be told, a level for each plane"
)

RAW_PROTOCOL = (
    "Real noise: every method gets the noisy block in float32, [0, 1], and the same noise level: "
    f"the one given, or (auto) what n3 {RAW_AUTO}. Each of the four planes of the mosaic is "
    "denoised by itself, as a grey image; networks for mosaics get the block, and which "
    "sites are green is told by their likeness. Output clipped to [0, 1] before scoring the mosaic "
    "against the clean block. PSNR in dB and SSIM (11×11 Gaussian window), means over the blocks."
)


def run_on_image(method: Method, noisy: Float32, level: float) -> Float32:
    """Denoise an image at a level, or at the one that is measured in it."""
    return method.run(noisy, _level_of(noisy, level))


def run_on_mosaic(method: Method, noisy: Float32, level: float) -> Float32:
    """Denoise a mosaic H×W×1, whole or each plane by itself: at a level, or as it is measured."""
    if level == AUTO:
        planes = [noisy[row::2, column::2, 0] for row in (0, 1) for column in (0, 1)]
        (found,) = estimate_sensor_noise([planes])
        if is_noise(found.model.a, found.model.b):
            # Uncertain or not, it is nearer than one level for all brightnesses.
            return mosaic.run_on_mosaic(method, noisy, found.model, find_bayer(noisy[..., 0]))
    if method.on_mosaic:
        known = NoiseModel(0.0, (_level_of(noisy, level) / 255) ** 2)
        return method.on_mosaic(noisy, find_bayer(noisy[..., 0]), known)
    return denoise_planes(noisy, lambda plane, *_: run_on_image(method, plane, level))


def _level_of(noisy: Float32, level: float) -> float:
    return measure_noise(noisy).sigma if level == AUTO else level
