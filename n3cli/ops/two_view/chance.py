"""Whether an agreement of matches could be chance.

Moisan & Stival, "A probabilistic criterion to detect rigid point matches between two images and
estimate the fundamental matrix", IJCV 2004: the number of false alarms.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from n3cli.ops.array import Float64

FUNDAMENTAL = 7, 3
ESSENTIAL = 5, 10
BESIDE_PLANE = 2, 1
"""Matches that such a matrix goes through whatever they are, and how many matrices do at most. With
a plane's homography known, two matches beside the plane give the fundamental matrix (Chum, Werner
and Matas, "Two-view geometry estimation unaffected by a dominant plane", CVPR 2005)."""


def false_alarms(matches: int, shares: Float64, kind: tuple[int, int]) -> float:
    """Expected number of matrices that random matches would agree with as well, as log10.

    Each number of the nearest matches is looked at: few that are very near tell as much as many
    that are fairly near.

    Args:
        matches: how many there are.
        shares: of each match that agrees, the part of a view's area that is as near to a line.
        kind: `FUNDAMENTAL`, `ESSENTIAL` or `BESIDE_PLANE`.

    Returns:
        The decimal logarithm; below 0 it is no chance. Infinite where they are no more than such a
        matrix goes through.
    """
    sample, solutions = kind
    agreeing = np.arange(sample + 1, len(shares) + 1)
    if not len(agreeing):
        return math.inf
    nearest = np.sort(shares).clip(1e-12, 1)[sample:]
    logarithms = np.concatenate([[0.0], np.cumsum(np.log10(np.arange(1, matches + 1)))])

    def choose(all_: NDArray[np.int64] | int, some: NDArray[np.int64] | int) -> Any:
        return logarithms[all_] - logarithms[some] - logarithms[all_ - some]

    alarms = (
        math.log10(solutions * (matches - sample))
        + choose(matches, agreeing)
        + choose(agreeing, sample)
        + (agreeing - sample) * np.log10(nearest)
    )
    return float(alarms.min())
