"""What a run by the clock has for its steps, between the validations at its start and its end."""

from __future__ import annotations

import warnings

from n3cli.errors import N3Warning, TrainingError

_LESS = (
    "or validate on less (--set validation.crop=64) or not at all (--set validation.images=none); "
    "for correspondences, --set correspondences.pairs=20, or 0"
)


def end_of_steps(
    minutes: float, *, before: float, ready: float, validated: float, validates: bool
) -> float:
    """When the steps shall end, so that the run does when its last validation does.

    A warning says so where they get less than half of the time that the run still has.

    Args:
        minutes: of the whole run.
        before: seconds of it that are over from when it was stopped, if it goes on.
        ready: seconds of it after which the first validation began.
        validated: seconds after which that was over.
        validates: whether there are images, or pairs, to validate on.

    Returns:
        Seconds of the run; 0 or less where not even the validations fit.
    """
    end = minutes * 60 - (validated - ready)
    left, of = end - validated, minutes * 60 - before
    if 0 < left < of / 2:
        warnings.warn(
            f"only {left:.0f} of {of:.0f} s are left for training: "
            f"{_spent(ready, validated, validates)}; give the run more time (--minutes N)"
            f"{f', {_LESS}' if validates else ''}",
            N3Warning,
            stacklevel=2,
        )
    return end


def no_time(minutes: float, *, ready: float, validated: float, validates: bool) -> TrainingError:
    """The error of a run that has no time for a step; see `end_of_steps`."""
    least = (2 * validated - ready) / 60
    return TrainingError(
        f"{minutes:g} min are too short for a single step: {_spent(ready, validated, validates)}",
        (
            f"give the run well above {least:.1f} minutes (--minutes N)",
            *([_LESS] if validates else []),
        ),
    )


def _spent(ready: float, validated: float, validates: bool) -> str:
    if not validates:
        return f"{validated:.0f} s passed before the first step"
    took = validated - ready
    return (
        f"{ready:.0f} s passed before the first validation, which took {took:.0f} s, and as much "
        "time is reserved for the last one"
    )
