"""Correspondences as networks take them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from n3cli.ops.array import Float32


def stack_columns(
    points: NDArray[Any],
    ratio: NDArray[Any] | None,
    mutual: NDArray[Any] | None,
    inputs: int,
) -> Float32:
    """The columns that a network is told of each correspondence.

    Args:
        points: N×4: x0, y0, x1, y1 in normalised camera coordinates.
        ratio: N: distance of the descriptors, divided by that to the next best, 0–1; may be None
            for a network that is not told.
        mutual: N: whether each is the other's nearest, likewise.
        inputs: how many columns the network takes: 4, or 6 with both.

    Returns:
        N×inputs.

    Raises:
        ValueError: ratio or flag is needed, and None.
    """
    if inputs == points.shape[1]:
        return points.astype(np.float32)
    if ratio is None or mutual is None:
        raise ValueError(f"{inputs} columns need ratio and mutual flag")
    return np.column_stack([points, ratio, mutual]).astype(np.float32)
