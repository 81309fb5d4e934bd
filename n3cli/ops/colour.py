"""Colours of pictures mixed by matrices."""

from __future__ import annotations

import torch
from torch import Tensor


def mix(colours: Tensor, matrices: Tensor) -> Tensor:
    """Matrices B×3×3, or 1×3×3 for all, applied to colours B×3×H×W: B×3×H×W.

    Sums of products, which no device computes in less than the precision of what it gets.
    """
    columns = matrices[..., None, None].unbind(2)
    parts = colours.unsqueeze(2).unbind(1)
    first, *others = (column * part for column, part in zip(columns, parts, strict=True))
    return sum(others, first)


def inverse(matrices: Tensor) -> Tensor:
    """Inverses of B×3×3, without waiting for the device as a solver does to tell of failure."""
    a, b, c = matrices.unbind(1)
    columns = b.cross(c, dim=1), c.cross(a, dim=1), a.cross(b, dim=1)
    determinant = (a * columns[0]).sum(1)
    return torch.stack(columns, dim=2) / determinant.view(-1, 1, 1)
