"""Putative matches: for every keypoint, the one in the other picture that looks most alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from n3cli.ops.array import Float32

_BLOCK = 1 << 19
"""Distances that are held at a time: 2 MB, which stay in a processor's cache."""


@dataclass(frozen=True)
class Putative:
    """For each of N0 keypoints of the first picture.

    Attributes:
        index: int64, the keypoint of the second picture; -1 where that has none.
        ratio: float32, the descriptors' distance divided by that to the second nearest, 0–1; 1
            where there is no second.
        mutual: bool, whether no other is nearer to its nearest.
    """

    index: NDArray[np.int64]
    ratio: Float32
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
    lengths0, lengths1 = (first**2).sum(1), (second**2).sum(1)
    best = np.empty(count0, np.float32)
    best_backwards = np.full(count1, np.inf, np.float32)
    step = max(1, _BLOCK // count1)
    for top in range(0, count0, step):
        rows = slice(top, min(top + step, count0))
        distance = first[rows] @ second.T
        distance *= -2
        distance += lengths1
        distance += lengths0[rows, None]
        np.minimum(best_backwards, distance.min(0), out=best_backwards)
        index[rows] = chosen = distance.argmin(1)
        here = np.arange(len(distance)), chosen
        best[rows] = distance[here]
        distance[here] = np.inf
        next_best = distance.min(1)  # with one in the second picture it stays infinite
        known = (next_best > 0) & np.isfinite(next_best)
        np.divide(best[rows], next_best, out=ratio[rows], where=known)
    return Putative(index, np.sqrt(ratio), best <= best_backwards[index])
