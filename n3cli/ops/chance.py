"""Whether an agreement of matches could be chance.

Moisan & Stival, "A probabilistic criterion to detect rigid point matches between two images and
estimate the fundamental matrix", IJCV 2004: the number of false alarms.
"""

from __future__ import annotations

import math

FUNDAMENTAL = 7, 3
ESSENTIAL = 5, 10
"""Matches that such a matrix goes through whatever they are, and how many matrices do at most."""


def false_alarms(matches: int, agreeing: int, share: float, kind: tuple[int, int]) -> float:
    """Expected number of matrices that so many of random matches would agree with, as log10.

    Args:
        matches: how many there are.
        agreeing: how many of them lie near their lines.
        share: the part of a view's area that is as near to a line.
        kind: `FUNDAMENTAL` or `ESSENTIAL`.

    Returns:
        The decimal logarithm; below 0 it is no chance. Infinite where they are no more
        than such a matrix goes through.
    """
    sample, solutions = kind
    if agreeing <= sample:
        return math.inf
    return (
        math.log10(solutions * (matches - sample))
        + _log10_choose(matches, agreeing)
        + _log10_choose(agreeing, sample)
        + (agreeing - sample) * math.log10(min(max(share, 1e-12), 1.0))
    )


def _log10_choose(all_: int, some: int) -> float:
    ways = math.lgamma(all_ + 1) - math.lgamma(some + 1) - math.lgamma(all_ - some + 1)
    return ways / math.log(10)
