"""Correspondences as networks take them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def stack_columns(
    points: NDArray[np.floating],
    ratio: NDArray[np.floating],
    mutual: NDArray[np.bool_],
    inputs: int,
) -> NDArray[np.float32]:
    """The columns that a network is told of each correspondence.

    Args:
        points: N×4: x0, y0, x1, y1 in normalised camera coordinates.
        ratio: N: distance of the descriptors, divided by that to the next best, 0–1.
        mutual: N: whether each is the other's nearest.
        inputs: how many columns the network takes: 4, or 6 with both flags.

    Returns:
        N×inputs.
    """
    columns = [points, ratio[:, None], mutual[:, None]]
    return np.concatenate(columns, 1).astype(np.float32)[:, :inputs]
