"""How far the pose that an estimator makes of correspondences is from the true one."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from n3cli.inference.match.estimator import Estimator, Problem
from n3cli.inference.match.geometry import FEWEST
from n3cli.ops.array import Float32, Float64
from n3cli.ops.two_view.pose import pose_of_essential, rotation_error, translation_error

THRESHOLD: Final = 1e-3
"""Distance to the epipolar line, in normalised coordinates, up to which a match agrees (Yi and
others, CVPR 2018)."""

_FOCAL: Final = 1000.0
"""Estimators count in pixels: any will do, and with this one the threshold is one of them."""


def pose_error(
    estimator: Estimator,
    points: Float32,
    weight: Float64,
    rotation: Float64,
    translation: Float64,
    seed: int = 0,
) -> float:
    """The larger one of the errors of rotation and translation, in degrees.

    Args:
        estimator: for essential matrices.
        points: N×4: x0, y0, x1, y1 in normalised camera coordinates.
        weight: N, at least 0; those of 0 are left out.
        rotation: 3×3, the true one.
        translation: 3, the true one of length 1; its sign does not matter.
        seed: of what the estimator draws.

    Returns:
        ∞ where fewer than 8 have a weight, or no pose was found.
    """
    chosen = weight > 0
    if int(chosen.sum()) < FEWEST:
        return math.inf
    x0, x1 = np.split(points[chosen].astype(np.float64), 2, axis=1)
    focal = (_FOCAL, _FOCAL)
    problem = Problem(_FOCAL * x0, _FOCAL * x1, focal, weight[chosen], _FOCAL * THRESHOLD, seed)
    matrix = estimator(problem)
    if matrix is None or not np.isfinite(matrix).all() or not matrix.any():
        return math.inf
    pose = pose_of_essential(matrix, x0, x1)
    return max(
        rotation_error(pose.rotation, rotation), translation_error(pose.translation, translation)
    )
