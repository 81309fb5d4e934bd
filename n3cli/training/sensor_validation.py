"""How well a network does on the noise of a sensor, in its mosaics or in developed pictures."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor

from n3cli.data.simulated.development import Development, in_8_bits
from n3cli.data.simulated.mosaic import SENSOR_IN_WORDS, expose, noise_at, see
from n3cli.data.simulated.smoothing import smooth_noise
from n3cli.networks.network import Network
from n3cli.ops.jpeg import Jpeg
from n3cli.ops.mosaic.layout import BAYER, sites
from n3cli.ops.mosaic.planes import MosaicForm, network_planes, split_mosaic
from n3cli.training.shot import TYPICAL_IN_WORDS, typical_shot
from n3cli.training.validation import Shown, mean_psnr

_CPU = torch.device("cpu")

_QUALITY = 90.0

_SMOOTHING = 0.7, 2.0
"""Of luma and of colour, pixels."""

MOSAIC_PROTOCOL = (
    "PSNR in dB of the mosaic, mean over the images, as the suite val40-raw has it: "
    f"{SENSOR_IN_WORDS.format('RGGB')}; a and b are given; the output is clipped to [0, 1]"
)

CAMERA_PROTOCOL = (
    f"PSNR in dB of the developed picture in sRGB, mean over the images: {TYPICAL_IN_WORDS}; "
    "normal numbers of numpy's default_rng(image index); filters in turn RGGB, GRBG, GBRG, BGGR; "
    "demosaicing of Malvar, He and Cutler, tone curve to the power of 1/2.2, noise smoothed by "
    "Gaussian kernels of a deviation of 0.7 pixels in luma and 2 in colour, 8 bits, JPEG of "
    "quality 90, for every second image with halved chroma; the output, clipped to [0, 1], is "
    "scored against the picture without noise and rounding, its chroma halved alike, and the noise "
    "level that is given is the deviation between what is stored with noise and without"
)


def mean_psnr_of_mosaics(
    network: Network, images: Sequence[Tensor], level: float, device: torch.device
) -> float:
    """Mean PSNR over mosaics; see `MOSAIC_PROTOCOL`.

    Whole images score as in `n3 bench val40-raw`, but for what is overexposed: `RawDenoiser` leaves
    sites inside white as they are, and this does not. Of filters it sees RGGB alone.

    Args:
        network: for mosaics, in evaluation mode, on `device`.
        images: clean, each 3×H×W in [0, 1].
        level: deviation of the photons at a value of 1, on the 0–255 scale.
        device: where to compute, in float32.

    Returns:
        dB.
    """
    form = network.description.mosaic
    assert form is not None
    return mean_psnr(network, images, level, device, partial(show_mosaic, form=form))


def mean_psnr_of_developed(
    network: Network, images: Sequence[Tensor], level: float, device: torch.device
) -> float:
    """Mean PSNR over developed pictures; see `CAMERA_PROTOCOL`.

    Args:
        network: for colour pictures, in evaluation mode, on `device`.
        images: clean, each 3×H×W in [0, 1].
        level: deviation of the photons at a value of 1, on the 0–255 scale.
        device: where to compute, in float32.

    Returns:
        dB.
    """
    return mean_psnr(network, images, level, device, show_developed)


def show_mosaic(image: Tensor, level: float, index: int, form: MosaicForm = "whole") -> Shown:
    """The mosaic of one validation image as a network takes it, with noise and without."""
    clean, noise = see(image.permute(1, 2, 0).numpy()), noise_at(level)
    both = expose(clean, level, index), clean
    noisy, light = (torch.from_numpy(each).permute(2, 0, 1)[None] for each in both)
    where = sites(torch.from_numpy(BAYER[:1]), *clean.shape[:2])
    a, b = (torch.full((1, 3), value) for value in (noise.a, noise.b))
    return network_planes(form, noisy, where, a, b), None, split_mosaic(form, light)


def show_developed(image: Tensor, level: float, index: int) -> Shown:
    """The picture that a camera makes of one validation image, with noise and without."""
    shot = typical_shot(level, index)
    pictures, normal = _with_chance(image, index)
    noisy, clean = Development(_CPU).photograph(pictures, shot, normal, torch.ones(1))
    luma, colour = (torch.tensor([width]) for width in _SMOOTHING)
    noisy = smooth_noise(noisy, clean, luma, colour, max(_SMOOTHING))
    jpeg, halved = Jpeg(_CPU), torch.tensor([index % 2 == 1])
    stored, still = (
        jpeg.apply(in_8_bits(each), torch.tensor([_QUALITY]), halved, (0, 0))
        for each in (noisy, clean)
    )
    sigma = float((stored - still).square().mean().sqrt())
    return stored, sigma, jpeg.halve_colour(clean, halved, (0, 0))


def _with_chance(image: Tensor, index: int) -> tuple[Tensor, Tensor]:
    """An image as a batch, what fills no 4×4 pixels cut off, and what chance does to its mosaic."""
    height, width = (length // 4 * 4 for length in image.shape[-2:])
    size = 2, height // 2, width // 2
    normal = np.random.default_rng(index).standard_normal(size, np.float32)
    return image[None, :, :height, :width], torch.from_numpy(normal)[None]
