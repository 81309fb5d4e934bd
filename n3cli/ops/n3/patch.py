"""Images as grids of square blocks and of the overlapping patches that the blocks make up.

With stride s and patch size p = m·s, an image of Gh·s × Gw·s pixels is a grid of Gh × Gw blocks,
and patch (i, j) is the m × m blocks from block (i, j) on.
"""

from __future__ import annotations

import torch
from torch import Tensor


def to_blocks(image: Tensor, size: int) -> Tensor:
    """B×C×H×W → B×Gh×Gw×(size²·C); height and width must be multiples of `size`.

    A block is laid out as networks lay out images on CPUs, channels last.
    """
    batch, channels, height, width = image.shape
    rows, columns = height // size, width // size
    grid = image.permute(0, 2, 3, 1).reshape(batch, rows, size, columns, size, channels)
    return grid.transpose(2, 3).reshape(batch, rows, columns, size * size * channels)


def from_blocks(blocks: Tensor, size: int) -> Tensor:
    """B×Gh×Gw×K×(size²·C) → B×K×C×H×W: undoes `to_blocks` for each of K volumes."""
    batch, rows, columns, volumes, length = blocks.shape
    channels = length // (size * size)
    grid = blocks.reshape(batch, rows, columns, volumes, size, size, channels)
    image = grid.permute(0, 1, 4, 2, 5, 3, 6)
    image = image.reshape(batch, rows * size, columns * size, volumes, channels)
    return image.permute(0, 3, 4, 1, 2)


def sum_over_patches(values: Tensor, blocks: int, dim: int) -> Tensor:
    """Sum each run of `blocks` neighbouring entries of a dimension (its length shrinks)."""
    count = values.shape[dim] - blocks + 1
    total = values.narrow(dim, 0, count)
    for shift in range(1, blocks):
        total = total + values.narrow(dim, shift, count)
    return total


def patches_over_block(positions: int, blocks: int, like: Tensor) -> Tensor:
    """How many patches cover each block along an axis of `positions` patches."""
    index = torch.arange(positions + blocks - 1, device=like.device)
    covering = torch.minimum(index + 1, index.flip(0) + 1).clamp_max(min(blocks, positions))
    return covering.to(like.dtype)
