"""Learning rates over a run."""

from __future__ import annotations

import math

from n3cli.training.config import ScheduleSettings

_WARMUP_ENDS = 0.1
"""Part of a run after which its warm-up is over, even with steps left."""


def rate_factor(settings: ScheduleSettings, step: int, progress: float) -> float:
    """What the learning rates are multiplied with.

    Args:
        settings: of the recipe.
        step: steps done; the warm-up counts them, but is over when a tenth of the run is.
        progress: part of the run that is done, in steps or in time, from 0 to 1.
    """
    warm = 1.0
    if settings.warmup:  # a run by the clock may have fewer steps than that
        warm = min(1.0, max((step + 1) / settings.warmup, progress / _WARMUP_ENDS))
    if settings.decay == "cosine":
        return warm * 0.5 * (1 + math.cos(math.pi * progress))
    if settings.decay == "exponential":
        epochs = max(1, round(settings.crops / settings.epoch))
        # Plötz & Roth 2018: 10^(−3 · epoch / 50) in epochs 0 … 50. 1e-9 mends 1/51 · 51 < 1.
        epoch = min(int(progress * epochs + 1e-9), epochs - 1)
        return warm * math.pow(10, -settings.decades * epoch / max(1, epochs - 1))
    return warm
