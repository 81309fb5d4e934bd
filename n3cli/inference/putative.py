"""Putative matches: for every keypoint, the one in the other picture that looks most alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_BLOCK = 1 << 24
"""Distances that are held at a time."""


@dataclass(frozen=True)
class Putative:
    """For each of N0 keypoints of the first picture.

    Attributes:
        index: int64, the keypoint of the second picture; -1 where that has none.
        ratio: float32, the descriptors' distance divided by that to the second nearest, 0–1; 1
            where there is no second.
        mutual: bool, whether it is the nearest of its nearest.
    """

    index: NDArray[np.int64]
    ratio: NDArray[np.float32]
    mutual: NDArray[np.bool_]


def match_nearest(descriptors0: NDArray[np.uint8], descriptors1: NDArray[np.uint8]) -> Putative:
    """Match descriptors N0×D and N1×D by Euclidean distance, exactly and in bounded memory."""
    count0, count1 = len(descriptors0), len(descriptors1)
    index = np.full(count0, -1, np.int64)
    ratio = np.ones(count0, np.float32)
    if not count0 or not count1:
        return Putative(index, ratio, np.zeros(count0, np.bool_))
    # Squared distances of bytes are whole numbers far below 2²⁴: float32 holds them exactly.
    first, second = descriptors0.astype(np.float32), descriptors1.astype(np.float32)
    lengths1 = (second**2).sum(1)
    best = np.full(count1, np.inf, np.float32)
    backwards = np.zeros(count1, np.int64)
    step = max(1, _BLOCK // count1)
    for top in range(0, count0, step):
        rows = slice(top, min(top + step, count0))
        distance = (first[rows] ** 2).sum(1)[:, None] + lengths1 - 2 * (first[rows] @ second.T)
        index[rows] = distance.argmin(1)
        if count1 > 1:
            two = np.sqrt(np.partition(distance, 1, axis=1)[:, :2])
            ratio[rows] = np.divide(
                two[:, 0], two[:, 1], out=np.ones(len(two), np.float32), where=two[:, 1] > 0
            )
        nearest = distance.argmin(0)
        near = distance[nearest, np.arange(count1)]
        nearer = near < best
        best[nearer], backwards[nearer] = near[nearer], nearest[nearer] + top
    return Putative(index, ratio, backwards[index] == np.arange(count0))
