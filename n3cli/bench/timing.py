"""How long things take, compared fairly on a machine whose speed drifts."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

_SHORT: Final = 30
"""Seconds that are not worth announcing."""


@dataclass(frozen=True)
class Timing:
    """How long one case took.

    Attributes:
        seconds: of each round.
    """

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """Median of the rounds, in seconds."""
        return statistics.median(self.seconds)

    def facts(self) -> dict[str, object]:
        """What it says, for programs."""
        return {"median": self.median, "rounds": list(self.seconds)}

    def ratio(self, other: Timing) -> float:
        """Median over the rounds of this case's time divided by the other's."""
        pairs = zip(self.seconds, other.seconds, strict=True)
        return statistics.median(mine / theirs for mine, theirs in pairs)


def time_left(spent: float, done: int, of: int) -> str:
    """What to add to a line of progress: the time that the rest will take, if it is worth saying.

    Args:
        spent: seconds.
        done: how many of the equal parts took that long.
        of: how many there are.
    """
    left = round(spent / done * (of - done)) if done else 0
    return f", {timedelta(seconds=left)} left" if left >= _SHORT else ""


def time_interleaved(
    cases: Mapping[str, Callable[[], object]], repeats: int, progress: Callable[[str], None]
) -> dict[str, Timing]:
    """Time cases in turn, A B C A B C …, so that a slow moment hits all of them.

    Args:
        cases: what to run, by name; each must have finished its work when it returns.
        repeats: counted rounds, after one that is not.
        progress: told before each run.

    Returns:
        The timings by name.
    """
    seconds: dict[str, list[float]] = {name: [] for name in cases}
    for round_number in range(repeats + 1):
        for name, run in cases.items():
            title = f"round {round_number} of {repeats}" if round_number else "warm-up"
            progress(f"speed: {title}, {name}")
            start = time.perf_counter()
            run()
            took = time.perf_counter() - start
            if round_number:
                seconds[name].append(took)
    return {name: Timing(tuple(values)) for name, values in seconds.items()}
