"""Seeds that follow from a run's seed and a step, so that a resumed run draws the same."""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """What is drawn: each has numbers of its own."""

    NOISE = 0
    LAYERS = 1
    WEIGHTS = 2
    SCALE = 3
    DEGRADATION = 4
    SCENE = 5
    SHOT = 6


def mix(seed: int, step: int, stream: Stream) -> int:
    """One seed of three numbers, such that neighbours have nothing in common.

    Returns:
        From 0 to 2⁶³ − 1, as torch's generators take it.
    """
    return int(np.random.SeedSequence((seed, step, stream)).generate_state(1, np.uint64)[0] >> 1)
