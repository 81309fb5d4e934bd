"""Reflection that works at any size."""

from __future__ import annotations

import torch
from torch import Tensor


def reflected(length: int, padded: int, device: torch.device | str = "cpu") -> Tensor:
    """Source indices 0…`length`−1 that extend an axis to `padded` entries by reflection.

    The border entry is not repeated (0 1 2 → 0 1 2 1 0 1 …); a single entry is.
    """
    period = max(2 * length - 2, 1)
    place = torch.arange(padded, device=device) % period
    return torch.minimum(place, period - place)


def mirror(image: Tensor, margin: int) -> Tensor:
    """Extend …×H×W by `margin` pixels on all sides, mirrored with the border repeated."""
    for dim in (-2, -1):
        image = image.index_select(dim, _mirrored(image.shape[dim], margin, image.device))
    return image


def fold_mirrored(image: Tensor, margin: int) -> Tensor:
    """The transpose of `mirror`: what was mirrored is added back to where it came from."""
    for dim in (-2, -1):
        shape = list(image.shape)
        shape[dim] -= 2 * margin
        index = _mirrored(shape[dim], margin, image.device)
        image = image.new_zeros(shape).index_add(dim, index, image)
    return image


def _mirrored(length: int, margin: int, device: torch.device) -> Tensor:
    """Source indices (1 0 0 1 2 2 1 …)."""
    place = torch.arange(-margin, length + margin, device=device) % (2 * length)
    return torch.minimum(place, 2 * length - 1 - place)
