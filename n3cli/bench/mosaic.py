"""The rules where photographs are made into what a sensor sees, with its noise and known truth."""

from __future__ import annotations

from pathlib import Path

from n3cli.bench.method import Method
from n3cli.bench.protocol import load_clean
from n3cli.data.simulated.mosaic import RGGB, SENSOR_IN_WORDS, see
from n3cli.inference.raw.mosaic import denoise_planes, denoise_stabilised
from n3cli.ops.array import Float32
from n3cli.ops.mosaic.layout import Pattern
from n3cli.ops.noise.model import NoiseModel


def protocol(name: str) -> str:
    """The rules in words, for a filter of that name."""
    return (
        f"Mosaics made of photographs: {SENSOR_IN_WORDS.format(name)}. Networks for mosaics get it "
        "whole, or its planes, and a and b. Every other method gets each plane of one colour by "
        "itself, as a grey image, its noise made even with that a and b by the generalised "
        "Anscombe transform (back by its exact unbiased inverse). Output clipped to [0, 1] before "
        "scoring the mosaic. PSNR in dB and SSIM (11×11 Gaussian window), means over the images."
    )


def load_mosaic(path: Path, pattern: Pattern = RGGB) -> Float32:
    """A photograph as a clean mosaic H×W×1 under a filter p×p.

    Raises:
        DataError: the file is not in colour.
        InputError: the file cannot be read.
    """
    return see(load_clean(path, 3), pattern)


def run_on_mosaic(
    method: Method, noisy: Float32, noise: NoiseModel, pattern: Pattern = RGGB
) -> Float32:
    """Denoise a mosaic whose noise is known: whole, or each plane by itself."""
    if method.on_mosaic:
        return method.on_mosaic(noisy, pattern, noise)
    return denoise_planes(
        noisy, lambda plane, *_: denoise_stabilised(plane, noise.a, noise.b, method.run), pattern
    )
