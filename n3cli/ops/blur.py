"""Gaussian blur, of another width for each image of a batch."""

from __future__ import annotations

import math

import torch
from torch import Tensor

_REACH = 3.0
"""Standard deviations that the kernel goes out to."""


def gaussian_blur(images: Tensor, sigma: Tensor, widest: float | None = None) -> Tensor:
    """Blur with a Gaussian kernel; beyond the border its pixels are repeated.

    Args:
        images: B×C×H×W, floating.
        sigma: B standard deviations in pixels, best on the CPU; 0 leaves an image as it is.
        widest: the largest that may be; known, a device need not be waited for to learn it.

    Returns:
        B×C×H×W.
    """
    radius = math.ceil(_REACH * (float(sigma.max()) if widest is None else widest))
    if radius == 0:
        return images
    batch, channels, height, width = images.shape
    steps = torch.arange(-radius, radius + 1, device=images.device, dtype=images.dtype)
    # So narrow that nothing but the middle is left.
    narrowest = sigma.to(images).clamp_min(1e-3)
    kernel = torch.exp(-0.5 * (steps / narrowest[:, None]) ** 2)
    # Each to its own reach, so that an image does not depend on what else is in the batch.
    kernel *= steps.abs() <= torch.ceil(_REACH * narrowest)[:, None]
    kernel = (kernel / kernel.sum(1, keepdim=True)).repeat_interleave(channels, 0)
    # One group a plane, so that each has the kernel of its image.
    planes = images.reshape(1, batch * channels, height, width)
    planes = torch.nn.functional.pad(planes, (radius,) * 4, mode="replicate")
    across, down = kernel[:, None, None, :], kernel[:, None, :, None]
    planes = torch.nn.functional.conv2d(planes, across, groups=batch * channels)
    planes = torch.nn.functional.conv2d(planes, down, groups=batch * channels)
    return planes.reshape(images.shape)
