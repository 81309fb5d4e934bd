"""How well a network does on images that it was not trained on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from n3cli.data.simulated.degradation import TYPICAL_IN_WORDS
from n3cli.networks.network import Network
from n3cli.ops.array import Float32
from n3cli.ops.luma import studio_luma
from n3cli.ops.metric import psnr
from n3cli.ops.noise.added import add_gaussian_noise
from n3cli.ops.resize import resize

NOISE_PROTOCOL = (
    "PSNR in dB, mean over the images; white Gaussian noise of numpy's default_rng(image index), "
    "neither clipped nor rounded; the noise level is given; the output is clipped to [0, 1]"
)

_SCALE_PROTOCOL = (
    "PSNR in dB of the luma (Y of BT.601 in 16 to 235, unrounded; grey images as they are), mean "
    "over the images; input {}; the output is "
    "clipped to [0, 1]; a border of as many pixels as the scale is left out"
)

SCALE_PROTOCOL = _SCALE_PROTOCOL.format("reduced by MATLAB's bicubic and rounded to 8 bits")

PHOTO_PROTOCOL = _SCALE_PROTOCOL.format(
    f"{TYPICAL_IN_WORDS}, noise of numpy's default_rng(image index)"
)

Reduce = Callable[[Tensor, int, int], Tensor]
"""Clean image C×H×W in [0, 1], scale and the image's index → the small one, likewise."""


Shown = tuple[Tensor, float | None, Tensor]
"""What the network gets, the noise level it is given, and what it should give; of one image, each
1×C×H×W."""


def show_noisy(clean: Tensor, level: float, index: int) -> Shown:
    """A validation image with noise and without."""
    # The benchmarks' noise is that of an image of H×W×C.
    noisy = add_gaussian_noise(clean.permute(1, 2, 0).numpy(), level / 255, seed=index)
    return torch.from_numpy(noisy).permute(2, 0, 1)[None], level / 255, clean[None]


@torch.no_grad()
def mean_psnr(
    network: Network,
    images: Sequence[Tensor],
    level: float,
    device: torch.device,
    show: Callable[[Tensor, float, int], Shown] = show_noisy,
) -> float:
    """Mean PSNR over images at one noise level.

    Args:
        network: in evaluation mode, on `device`.
        images: clean, each C×H×W in [0, 1].
        level: of the noise, on the 0–255 scale.
        device: where to compute, in float32.
        show: an image, the level and the image's index → what is made of it.

    Returns:
        dB.
    """
    total = 0.0
    for index, image in enumerate(images):
        given, sigma, clean = show(image, level, index)
        estimate = network(given.to(device), sigma).clamp(0, 1).cpu()
        total += psnr(estimate.flatten(0, 1).numpy(), clean.flatten(0, 1).numpy(), peak=1)
    return total / len(images)


def reduce_bicubically(clean: Tensor, scale: int, index: int) -> Tensor:
    """Reduce and round to 8 bits; a `Reduce`."""
    return resize((clean * 255).round().to(torch.uint8), 1 / scale).float() / 255


@torch.no_grad()
def mean_psnr_enlarged(
    network: Network,
    images: Sequence[Tensor],
    scale: float,
    device: torch.device,
    reduce: Reduce = reduce_bicubically,
) -> float:
    """Mean PSNR of the luma over images at one scale.

    Args:
        network: in evaluation mode, on `device`.
        images: clean, each C×H×W in [0, 1]; what a whole multiple of the scale leaves at the
            right and the bottom is cut off.
        scale: one of the network's.
        device: where to compute, in float32.
        reduce: makes the small images.

    Returns:
        dB.
    """
    factor, total = round(scale), 0.0
    for index, image in enumerate(images):
        height, width = (length // factor * factor for length in image.shape[-2:])
        clean = image[:, :height, :width]
        small = reduce(clean, factor, index)
        output = network(small[None].to(device), scale=factor)[0].clamp(0, 1).cpu()
        part = slice(factor, -factor)
        ours, theirs = (_luma(each)[part, part] for each in (output, clean))
        total += psnr(ours, theirs, peak=1)
    return total / len(images)


def _luma(image: Tensor) -> Float32:
    """H×W×1 of C×H×W."""
    pixels: Float32 = image.permute(1, 2, 0).numpy()
    return studio_luma(pixels) if pixels.shape[2] == 3 else pixels


def centre(image: Tensor, side: int) -> Tensor:
    """The square of at most `side` pixels in the middle of C×H×W; all of it where side is 0."""
    if not side:
        return image
    height, width = (min(side, length) for length in image.shape[-2:])
    top, left = (image.shape[-2] - height) // 2, (image.shape[-1] - width) // 2
    return image[..., top : top + height, left : left + width]
