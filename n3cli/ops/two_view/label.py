"""Which correspondences are right, where the cameras are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from n3cli.ops.two_view.epipolar import essential_matrix, symmetric_epipolar_distance

POSITIVE = 1e-4
"""Symmetric squared epipolar distance below which a correspondence counts as right (normalised
coordinates; Yi and others, "Learning to Find Good Correspondences", CVPR 2018)."""


def label_right(
    points: NDArray[Any], rotation: NDArray[Any], translation: NDArray[Any]
) -> NDArray[np.bool_]:
    """Whether each correspondence is right by `POSITIVE`.

    Args:
        points: N×4: x0, y0, x1, y1 in normalised camera coordinates.
        rotation: 3×3, X1 = R·X0 + t.
        translation: 3, of any length but 0.

    Returns:
        N; the distance does not depend on the translation's length.
    """
    pose = (np.asarray(part, np.float64) for part in (rotation, translation))
    matrix = essential_matrix(*map(torch.from_numpy, pose))
    x0, x1 = torch.from_numpy(points.astype(np.float64).reshape(-1, 2, 2)).unbind(1)
    right: NDArray[np.bool_] = (symmetric_epipolar_distance(matrix, x0, x1) < POSITIVE).numpy()
    return right
