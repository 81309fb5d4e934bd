"""How good many poses are, from their errors: the field's two kinds of figures.

An error is the larger one of a pose's rotation and translation errors in degrees; a pose that
could not be had has the error ∞. Errors may be an array of any shape: all of it counts alike.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

BIN = 5.0
"""Width of the bins of `mean_accuracy`, in degrees."""


def accuracy(errors: ArrayLike, threshold: float) -> float:
    """The share of errors that are not above a threshold (degrees)."""
    return float(np.mean(_checked(errors) <= threshold))


def mean_accuracy(errors: ArrayLike, threshold: float) -> float:
    """The mAP of Yi and others, CVPR 2018: the mean of the accuracies at 5°, 10° … `threshold`.

    Args:
        errors: degrees.
        threshold: a multiple of `BIN`. mAP5, mAP10 and mAP20 are those of 5, 10 and 20.
    """
    return float(_mean_accuracies(_checked(errors), threshold).mean())


def area_under_curve(errors: ArrayLike, threshold: float) -> float:
    """The exact AUC: the area under the accuracy as a function of its threshold, up to one.

    Every error below the threshold adds a step, so the area is the mean of what is left of the
    threshold behind each. (SuperGlue, CVPR 2020, joins the steps' corners by straight lines,
    which gives a little less or more.)

    Args:
        errors: degrees.
        threshold: degrees, above 0.

    Returns:
        From 0 to 1.
    """
    left = np.clip(threshold - _checked(errors), 0, None)
    return float(np.mean(left) / threshold)


def _mean_accuracies(errors: np.ndarray, threshold: float) -> np.ndarray:
    """`mean_accuracy` of each error alone."""
    bins = np.arange(BIN, threshold + BIN / 2, BIN)
    means: np.ndarray = (errors[..., None] <= bins).mean(-1)
    return means


def _checked(errors: ArrayLike) -> np.ndarray:
    values = np.asarray(errors, np.float64)
    if values.size == 0 or np.isnan(values).any() or (values < 0).any():
        raise ValueError("errors must be some, none of them negative or not a number")
    return values


def bootstrap_interval(
    errors: ArrayLike, threshold: float, *, rounds: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """The 95 % interval of `mean_accuracy` when pairs are drawn again with replacement.

    Args:
        errors: N×…, degrees; what belongs to one pair stays together.
        threshold: as of `mean_accuracy`.
        rounds: how often N pairs are drawn.
        seed: of the drawing.
    """
    values = _checked(errors)
    of_pairs = _mean_accuracies(values, threshold).reshape(len(values), -1).mean(1)
    drawn = np.random.default_rng(seed).choice(of_pairs, (rounds, len(values))).mean(1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)
