"""Relative poses of two cameras: from an essential matrix, and how far they are from the truth.

Hartley and Zisserman, "Multiple View Geometry in Computer Vision", 2nd ed. 2004 (HZ). All in
float64; X1 = R·X0 + t.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from n3cli.ops.array import Float64


class Pose(NamedTuple):
    """A relative pose."""

    rotation: Float64
    """3×3."""
    translation: Float64
    """3, of length 1."""
    before: NDArray[np.bool_]
    """N: which points lie before both cameras."""


def pose_of_essential(matrix: Float64, x0: Float64, x1: Float64) -> Pose:
    """The pose of the four that an essential matrix allows with most points before both cameras.

    HZ, 9.6.2 and 9.6.3.

    Args:
        matrix: 3×3; it need not have two equal singular values.
        x0: N×2 normalised points of the first view.
        x1: N×2 of the second.
    """
    left, _, right = np.linalg.svd(np.asarray(matrix, np.float64))
    # Rotations, not reflections; the sign of E is free.
    left, right = left * np.sign(np.linalg.det(left)), right * np.sign(np.linalg.det(right))
    turn = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    poses = [
        Pose(rotation, translation, _is_before(rotation, translation, x0, x1))
        for rotation in (left @ turn @ right, left @ turn.T @ right)
        for translation in (left[:, 2], -left[:, 2])
    ]
    return max(poses, key=lambda pose: int(pose.before.sum()))


def _is_before(
    rotation: Float64, translation: Float64, x0: Float64, x1: Float64
) -> NDArray[np.bool_]:
    """Which points have a positive depth in both views, along rays that need not meet.

    The depths a, b that bring a·R·r0 + t and b·r1 nearest to each other solve two equations; their
    signs are those of the numerators, as the determinant is not negative.
    """
    first = _rays(x0) @ rotation.T
    second = _rays(x1)
    across = (first * second).sum(1)
    lengths0, lengths1 = (first**2).sum(1), (second**2).sum(1)
    along0, along1 = first @ translation, second @ translation
    depth0 = across * along1 - lengths1 * along0
    depth1 = lengths0 * along1 - across * along0
    before: NDArray[np.bool_] = (depth0 > 0) & (depth1 > 0)
    return before


def _rays(points: Float64) -> Float64:
    return np.concatenate([points, np.ones_like(points[:, :1])], 1)


def rotation_error(one: Float64, other: Float64) -> float:
    """The angle of the rotation between two rotations 3×3, in degrees, from 0 to 180."""
    between = one.T @ other
    # From sine and cosine: the arc cosine alone has no digits left for small angles.
    sine = 0.5 * np.linalg.norm(
        [
            between[2, 1] - between[1, 2],
            between[0, 2] - between[2, 0],
            between[1, 0] - between[0, 1],
        ]
    )
    return float(np.degrees(np.arctan2(sine, (np.trace(between) - 1) / 2)))


def translation_error(one: Float64, other: Float64) -> float:
    """The angle between two directions of translation, without regard to sign: 0 to 90 degrees.

    Returns:
        Degrees; 90 where one of them has no length, for then it says nothing.
    """
    lengths = np.linalg.norm(one) * np.linalg.norm(other)
    if not lengths > 0:
        return 90.0
    sine = np.linalg.norm(np.cross(one, other))
    return float(np.degrees(np.arctan2(sine, abs(one @ other))))
