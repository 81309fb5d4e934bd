"""The homography between two views: what a plane, or a camera that only turned, leaves of them."""

from __future__ import annotations

import numpy as np

from n3cli.ops.array import Float64
from n3cli.ops.opencv import load_opencv

_FEWEST = 4
_CONFIDENCE, _ROUNDS = 0.9999, 2000


def fit_homography(x0: Float64, x1: Float64, tolerance: float) -> Float64 | None:
    """The homography that takes most points of one view near those of the other.

    OpenCV's RANSAC and refinement, whose draws are always the same.

    Args:
        x0: N×2 points of the first view.
        x1: N×2 of the second.
        tolerance: distance in the second view up to which a point agrees, in the points' unit.

    Returns:
        3×3 of norm 1; None where the points tell none: fewer than four, or all on a line.
    """
    if len(x0) < _FEWEST:
        return None
    cv2 = load_opencv("a homography needs")
    found, _ = cv2.findHomography(
        x0, x1, cv2.RANSAC, tolerance, maxIters=_ROUNDS, confidence=_CONFIDENCE
    )
    if found is None or not np.isfinite(found).all():
        return None
    matrix: Float64 = found / np.linalg.norm(found)
    return matrix


def transferred(matrix: Float64, x0: Float64) -> Float64:
    """Where a homography 3×3 takes points N×2; not a number behind the second camera."""
    moved = np.column_stack([x0, np.ones(len(x0))]) @ matrix.T
    # The sign of a homography is free: most points are before the camera.
    depth = moved[:, 2] * np.sign(np.median(moved[:, 2]))
    depth = np.where(depth > 0, moved[:, 2], np.nan)
    points: Float64 = moved[:, :2] / depth[:, None]
    return points
