"""Bicubic resizing as MATLAB's `imresize` does it: the field's reduction and its baseline.

Keys, "Cubic Convolution Interpolation for Digital Image Processing", 1981, eq. 15 with a = −1/2.
Where an image is reduced, the kernel is stretched so that it also takes away what would alias.
Beyond the border its pixels are repeated: so were the low-resolution images of Set5 and Set14
made, and what `resize` gives is the same to the bit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from n3cli.ops.length import resized_length
from n3cli.ops.precision import float32_as


@dataclass(frozen=True, eq=False)
class Taps:
    """Which pixels of an axis each output pixel is made of."""

    pixels: Tensor
    """Outputs×taps, never going back from one output to the next."""
    weight: Tensor
    """Outputs×taps, float64; each output's sum to 1."""
    whole: bool = False
    """Whether they are those of a whole axis, which are made once."""

    def __getitem__(self, outputs: slice) -> Taps:
        return Taps(self.pixels[outputs], self.weight[outputs])


def resize(
    image: Tensor, scale: float | None = None, *, size: tuple[int, int] | None = None
) -> Tensor:
    """Resize an image, rows first.

    Args:
        image: …×H×W; floating, or uint8, which is rounded after each axis, halves up, as MATLAB
            does.
        scale: size of the result, divided by the image's; above 0. Left out, each axis has its
            own.
        size: height and width of the result; by default ⌈H·scale⌉ and ⌈W·scale⌉.

    Returns:
        …×height×width in the image's dtype; floating values are neither clipped nor rounded.

    Raises:
        ValueError: neither scale nor size is given.
    """
    for axis in (-2, -1):
        length = image.shape[axis]
        if size is not None:
            outputs = size[axis]
        elif scale is not None:
            outputs = resized_length(length, scale)
        else:
            raise ValueError("resize needs a scale or a size")
        image = resize_axis(image, make_taps(length, outputs, scale or outputs / length), axis)
    return image


def resize_axis(image: Tensor, taps: Taps, axis: int) -> Tensor:
    """Resize along one axis, −2 or −1; see `resize`."""
    if not image.is_floating_point():
        return _sum_taps(image.double(), taps, axis).add_(0.5).floor_().clamp_(0, 255).to(image)
    # Not in the reduced precision of networks, which is too little for pixels.
    with (
        torch.autocast(image.device.type, enabled=False),
        float32_as(torch.float32, image.device),
    ):
        return _multiply_bands(image, taps, axis)


def _sum_taps(image: Tensor, taps: Taps, axis: int) -> Tensor:
    """Tap by tap, which rounds as MATLAB does."""
    shape = [1] * image.dim()
    shape[axis] = len(taps.pixels)
    pixels, weight = taps.pixels.to(image.device), taps.weight.to(image.device)
    return sum(  # type: ignore[return-value]
        image.index_select(axis, pixels[:, tap]) * weight[:, tap].view(shape).to(image)
        for tap in range(pixels.shape[1])
    )


def _multiply_bands(image: Tensor, taps: Taps, axis: int) -> Tensor:
    """A product with the taps as a band matrix, a block at a time: 40 times as fast on CPUs."""
    shape = list(image.shape)
    shape[axis] = len(taps.pixels)
    result = image.new_empty(shape)
    bands = _bands(taps, image.shape[axis], image.dtype, image.device)
    if image.is_cuda:
        with torch.cuda.device(image.device):  # whose stream is asked
            if torch.cuda.is_current_stream_capturing():
                _RECORDED.append(bands)
    for band in bands:
        part = image.narrow(axis, band.first, band.matrix.shape[1])
        product = band.matrix @ part if axis == -2 else part @ band.matrix.T
        result.narrow(axis, band.begin, len(band.matrix)).copy_(product)
    return result


class _Band(NamedTuple):
    """A block of outputs."""

    begin: int
    """The first of them."""
    first: int
    """The first pixel that they are made of."""
    matrix: Tensor
    """Outputs×pixels."""


_RECORDED: list[list[_Band]] = []
"""What CUDA graphs read whenever they are played back, by its address: it must not be freed."""


def _bands(taps: Taps, length: int, dtype: torch.dtype, device: torch.device) -> list[_Band]:
    """The taps as matrices; those of a whole axis are kept, as a network's steps all need them."""
    return (_keep_bands if taps.whole else _make_bands)(taps, length, dtype, device)


@lru_cache(maxsize=8)
@torch.inference_mode(False)  # else what is kept could not be used in training
def _keep_bands(taps: Taps, length: int, dtype: torch.dtype, device: torch.device) -> list[_Band]:
    return _make_bands(taps, length, dtype, device)


def _make_bands(taps: Taps, length: int, dtype: torch.dtype, device: torch.device) -> list[_Band]:
    outputs, count = taps.pixels.shape
    # So short that much of a block's matrix is not zero, so long that it is worth a call.
    block = max(16, 6 * count * outputs // length)
    bands = []
    for begin in range(0, outputs, block):
        part = taps[begin : begin + block]
        first, last = int(part.pixels.min()), int(part.pixels.max()) + 1
        matrix = part.weight.new_zeros(len(part.pixels), last - first)
        matrix = matrix.scatter_add_(1, part.pixels - first, part.weight).to(device, dtype)
        bands.append(_Band(begin, first, matrix))
    return bands


@lru_cache(maxsize=64)
def make_taps(length: int, outputs: int, scale: float) -> Taps:
    """The taps of an axis.

    Args:
        length: pixels of the axis.
        outputs: pixels of the result.
        scale: distance of pixels in the image divided by that in the result.
    """
    stretch = min(scale, 1.0)
    width = 4 / stretch
    # Centres of output pixels, in input pixels counted from the centre of the first.
    centre = (torch.arange(outputs, dtype=torch.float64, device="cpu") + 0.5) / scale - 0.5
    first = torch.floor(centre - width / 2)
    index = first[:, None] + torch.arange(math.ceil(width) + 2, device="cpu")
    weight = _cubic(stretch * (centre[:, None] - index))
    weight /= weight.sum(1, keepdim=True)
    return Taps(index.long().clamp_(0, length - 1), weight, whole=True)


def _cubic(x: Tensor) -> Tensor:
    x = x.abs()
    near = (1.5 * x - 2.5) * x**2 + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return torch.where(x <= 1, near, torch.where(x <= 2, far, 0.0))
