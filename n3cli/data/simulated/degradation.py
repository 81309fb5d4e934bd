"""How small pictures come about as people have them: a lens, a sensor, a JPEG file.

A large clean picture is blurred, reduced, made noisy, rounded to 8 bits and compressed.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from n3cli.io.recompress import recompress
from n3cli.ops.array import Float64
from n3cli.ops.blur import gaussian_blur
from n3cli.ops.resize import resize

_BLOCK = 8
"""Side of JPEG's blocks, in pixels."""


@dataclass(frozen=True)
class Strength:
    """How much of everything the pictures of a batch get: arrays of one entry each.

    Attributes:
        blur: standard deviation of the Gaussian, in pixels of the small picture.
        noise: standard deviation of white Gaussian noise, in [0, 1] units.
        grey: whether the noise is the same in all planes.
        quality: of JPEG, 1–100; 0: not compressed.
        halved: whether JPEG halves the resolution of colour.
        corner: B×2, row and column of JPEG's block grid that the picture begins in.
    """

    blur: Float64
    noise: Float64
    grey: NDArray[np.bool_]
    quality: NDArray[np.int64]
    halved: NDArray[np.bool_]
    corner: NDArray[np.int64]

    def __getitem__(self, part: slice) -> Strength:
        return Strength(**{each.name: getattr(self, each.name)[part] for each in fields(self)})


_TYPICAL = Strength(
    blur=np.array([0.6]),
    noise=np.array([5 / 255]),
    grey=np.array([False]),
    quality=np.array([75]),
    halved=np.array([True]),
    corner=np.zeros((1, 2), np.int64),
)
"""One picture's, in the middle of what people have."""

TYPICAL_IN_WORDS = (
    "blurred by a Gaussian of 0.6 pixels (of the reduced picture), reduced by MATLAB's bicubic, "
    "with white Gaussian noise of 5 (0–255 scale), rounded to 8 bits, and compressed as JPEG of "
    "quality 75 with halved chroma"
)


def degrade_typically(clean: Tensor, scale: int, index: int) -> Tensor:
    """Make a small picture of a large one, as models are judged: see `TYPICAL_IN_WORDS`.

    Args:
        clean: C×H×W in [0, 1].
        scale: how many times larger it is; H and W are multiples.
        index: of the picture; seed of its noise (numpy's default_rng).

    Returns:
        C×(H/scale)×(W/scale), multiples of 1/255 in [0, 1].
    """
    height, width = (length // scale for length in clean.shape[-2:])
    field = np.random.default_rng(index).standard_normal((height, width, len(clean)))
    noise = torch.from_numpy(field).to(clean).permute(2, 0, 1)
    return degrade(clean[None], scale, _TYPICAL, noise[None])[0]


def degrade(clean: Tensor, scale: int, strength: Strength, noise: Tensor) -> Tensor:
    """Make small pictures of large ones.

    Args:
        clean: B×C×H×W in [0, 1], on any device.
        scale: how many times larger they are; H and W are multiples.
        strength: B entries.
        noise: B×C×(H/scale)×(W/scale), standard normal, on the same device.

    Returns:
        B×C×(H/scale)×(W/scale), multiples of 1/255 in [0, 1].
    """
    blurred = gaussian_blur(clean, torch.from_numpy(scale * strength.blur))
    grey, level = (
        torch.from_numpy(values).to(clean.device).view(-1, 1, 1, 1)
        for values in (strength.grey, strength.noise.astype(np.float32))
    )
    small = resize(blurred, 1 / scale) + level * torch.where(grey, noise[:, :1], noise)
    pixels = small.mul_(255).round_().clamp_(0, 255)
    if strength.quality.any():
        pixels = _all_compressed(pixels.to(torch.uint8), strength).to(clean)
    return pixels.div_(255)


def _all_compressed(pixels: Tensor, strength: Strength) -> Tensor:
    """Pictures B×C×H×W, uint8, after JPEG; on the CPU."""
    pictures = pixels.permute(0, 2, 3, 1).cpu().numpy()
    each = zip(pictures, strength.quality, strength.halved, strength.corner, strict=True)
    return torch.from_numpy(np.stack([_compressed(*one) for one in each])).permute(0, 3, 1, 2)


def _compressed(
    picture: NDArray[np.uint8], quality: np.int64, halved: np.bool_, corner: NDArray[np.int64]
) -> NDArray[np.uint8]:
    """A picture H×W×C after JPEG, as a part of a larger one that begins `corner` before it."""
    if not quality:
        return picture
    top, left = (int(offset) % _BLOCK for offset in corner)
    larger = np.pad(picture, ((top, 0), (left, 0), (0, 0)), "symmetric")
    return recompress(larger, int(quality), halve_chroma=bool(halved))[top:, left:]
