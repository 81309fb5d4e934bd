"""Two views: essential and fundamental matrices, and how far points lie from their lines.

Hartley and Zisserman, "Multiple View Geometry in Computer Vision", 2nd ed. 2004 (HZ). Points are
x0 in the first and x1 in the second view, x1ᵀ E x0 = 0; a camera's pose takes points of the first
view's frame to the second's: X1 = R·X0 + t.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from n3cli.ops.derivative import refuse_second

_NEAR = 1e-7
"""Distance of two eigenvalues, as a part of their sum, below which a gradient is damped."""


def homogeneous(points: Tensor) -> Tensor:
    """…×N×2 → …×N×3, with 1 as the last coordinate."""
    return torch.cat([points, torch.ones_like(points[..., :1])], -1)


def essential_matrix(rotation: Tensor, translation: Tensor) -> Tensor:
    """E = [t]× R of a relative pose (HZ, eq. 9.12).

    Args:
        rotation: …×3×3.
        translation: …×3.

    Returns:
        …×3×3, with the translation's length as its two singular values.
    """
    x, y, z = translation.unbind(-1)
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1)
    matrix: Tensor = cross.unflatten(-1, (3, 3)) @ rotation  # type: ignore[no-untyped-call]
    return matrix


def symmetric_epipolar_distance(matrix: Tensor, x0: Tensor, x1: Tensor) -> Tensor:
    """Squared distances of points to their epipolar lines, in both views, summed (HZ, eq. 11.10).

    Args:
        matrix: …×3×3; essential for normalised points, fundamental for pixels.
        x0: …×N×2, in the first view.
        x1: …×N×2, in the second.

    Returns:
        …×N, in the points' units squared. Points in an epipole are infinitely far or not a number
        where the formula has no value; they get the largest finite number.
    """
    first, second = homogeneous(x0), homogeneous(x1)
    lines1 = first @ matrix.transpose(-1, -2)  # in the second view, of points in the first
    lines0 = second @ matrix
    error = (second * lines1).sum(-1).square()
    weight = 1 / lines1[..., :2].square().sum(-1) + 1 / lines0[..., :2].square().sum(-1)
    largest = torch.finfo(error.dtype).max
    return torch.nan_to_num(error * weight, nan=largest, posinf=largest)


def eight_point(x0: Tensor, x1: Tensor, weight: Tensor, *, normalise: bool = False) -> Tensor:
    """The matrix that fits weighted correspondences best (HZ, 11.2; Yi and others, CVPR 2018).

    The smallest eigenvector of XᵀWX, for rows X of the nine products of coordinates. With its sign
    undetermined, and without making two singular values equal.

    Args:
        x0: …×N×2, in the first view.
        x1: …×N×2, in the second.
        weight: …×N, at least 0.
        normalise: move and scale each view's points to the origin and a mean distance of √2 first
            (weighted; Hartley, "In Defense of the Eight-Point Algorithm", TPAMI 1997).

    Returns:
        …×3×3 of unit norm. Its gradient is finite, also where eigenvalues meet.
    """
    if normalise:
        (x0, into0), (x1, into1) = (_conditioned(points, weight) for points in (x0, x1))
    first, second = homogeneous(x0), homogeneous(x1)
    rows = (second.unsqueeze(-1) * first.unsqueeze(-2)).flatten(-2)
    system = rows.transpose(-1, -2) @ (rows * weight.unsqueeze(-1))
    vector: Tensor = _SmallestEigenvector.apply(system)  # type: ignore[no-untyped-call]
    matrix: Tensor = vector.unflatten(-1, (3, 3))  # type: ignore[no-untyped-call]
    if normalise:
        matrix = into1.transpose(-1, -2) @ matrix @ into0
        matrix = matrix / torch.linalg.matrix_norm(matrix, keepdim=True)
    return matrix


def _conditioned(points: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Hartley's points, and the 3×3 matrix that makes them."""
    tiny = torch.finfo(points.dtype).tiny
    share = (weight / weight.sum(-1, keepdim=True).clamp_min(tiny)).unsqueeze(-1)
    centre = (share * points).sum(-2, keepdim=True)
    distance = (share * (points - centre).norm(dim=-1, keepdim=True)).sum((-1, -2))
    scale = 2**0.5 / distance.clamp_min(torch.finfo(points.dtype).eps)
    matrix = torch.diag_embed(torch.stack([scale, scale, torch.ones_like(scale)], -1))
    matrix[..., :2, 2] = -scale.unsqueeze(-1) * centre.squeeze(-2)
    return (points - centre) * scale[..., None, None], matrix


class _SmallestEigenvector(torch.autograd.Function):
    """Of a symmetric matrix …×n×n: the unit eigenvector …×n of its smallest eigenvalue.

    Of the gradient Σ vⱼ vⱼᵀ/(λ₀ − λⱼ), a quotient whose eigenvalues nearly meet is damped,
    d/(d² + ε²) for 1/d, where torch's own would become infinite.
    """

    @staticmethod
    def forward(ctx: Any, matrix: Tensor) -> Tensor:
        # Near a multiple solution float32 has no digits left.
        values, vectors = torch.linalg.eigh(_in_float64(matrix))
        ctx.save_for_backward(values, vectors)
        smallest: Tensor = vectors[..., 0].to(matrix)
        return smallest

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        refuse_second("the eight-point algorithm")
        (gradient,) = gradients
        values, vectors = ctx.saved_tensors
        difference = values[..., :1] - values[..., 1:]
        near = _NEAR * values.abs().sum(-1, keepdim=True).clamp_min(1e-30)
        quotient = difference / (difference.square() + near.square())
        others = vectors[..., 1:]
        along = (others.transpose(-1, -2) @ _in_float64(gradient).unsqueeze(-1)).squeeze(-1)
        change = (others * (along * quotient).unsqueeze(-2)).sum(-1)
        outer = change.unsqueeze(-1) * vectors[..., :1].transpose(-1, -2)
        symmetric: Tensor = ((outer + outer.transpose(-1, -2)) / 2).to(gradient)
        return symmetric


def _in_float64(values: Tensor) -> Tensor:
    """In float64; on the CPU where the device has none."""
    return (values.cpu() if values.device.type == "mps" else values).double()
