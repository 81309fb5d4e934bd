"""The rotation between two views that explains their points best, and how well it does."""

from __future__ import annotations

import numpy as np

from n3cli.ops.array import Float64

_ROUNDS = 10


def fit_rotation(x0: Float64, x1: Float64) -> Float64:
    """The rotation that turns the rays of one view nearest to those of the other.

    Kabsch, "A solution for the best rotation to relate two sets of vectors", 1976, repeated with
    weights that make few wrong points harmless (a mean of distances, not of their squares).

    Args:
        x0: N×2 normalised points of the first view, N at least 2.
        x1: N×2 of the second.

    Returns:
        3×3.
    """
    rays0, rays1 = _rays(x0), _rays(x1)
    weight = np.ones(len(x0))
    for _ in range(_ROUNDS):
        left, _, right = np.linalg.svd((rays1 * weight[:, None]).T @ rays0)
        turn = np.diag([1, 1, np.sign(np.linalg.det(left @ right))])
        rotation: Float64 = left @ turn @ right
        apart = np.linalg.norm(rays1 - rays0 @ rotation.T, axis=1)
        weight = 1 / np.maximum(apart, 1e-6)
    return rotation


def rotated(rotation: Float64, x0: Float64) -> Float64:
    """Where a turned camera sees the points N×2; not a number behind it."""
    rays = _rays(x0) @ rotation.T
    depth = np.where(rays[:, 2:] > 0, rays[:, 2:], np.nan)
    moved: Float64 = rays[:, :2] / depth
    return moved


def _rays(points: Float64) -> Float64:
    """Directions of length 1, N×3."""
    rays = np.column_stack([points, np.ones(len(points))])
    unit: Float64 = rays / np.linalg.norm(rays, axis=1, keepdims=True)
    return unit
