"""Seeds that follow from others, so that a run's random numbers follow from its seed and a step."""

from __future__ import annotations

import numpy as np


def mix(seed: int, step: int) -> int:
    """One seed of two numbers, such that neighbours of either have nothing in common.

    Returns:
        From 0 to 2⁶³ − 1, as torch's generators take it.
    """
    return int(np.random.SeedSequence((seed, step)).generate_state(1, np.uint64)[0] >> 1)
