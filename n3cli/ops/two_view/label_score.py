"""How good a selection of correspondences is, where it is known which are right."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class LabelScore(NamedTuple):
    """Figures of one pair, each from 0 to 1; not a number where there is nothing to find."""

    precision: float
    """The right ones' share of those that are kept; 0 where none is kept."""
    recall: float
    """The kept ones' share of those that are right."""
    f1: float
    """The harmonic mean of both."""
    average_precision: float
    """Precision at each right one, by falling score, averaged: no threshold enters it."""


def score_labels(
    right: NDArray[np.bool_], kept: NDArray[np.bool_], score: NDArray[Any]
) -> LabelScore:
    """Score a selection.

    Args:
        right: N: the truth.
        kept: N: what was selected.
        score: N: what correspondences were ranked by, higher is better. Of equal ones none comes
            first: they count as one step (as in scikit-learn's average_precision_score).
    """
    wanted = int(right.sum())
    if not wanted:
        return LabelScore(*[float("nan")] * 4)
    found = int((right & kept).sum())
    precision = found / max(1, int(kept.sum()))
    recall = found / wanted
    f1 = 2 * precision * recall / (precision + recall) if found else 0.0
    return LabelScore(precision, recall, f1, _average_precision(right, score))


def _average_precision(right: NDArray[np.bool_], score: NDArray[Any]) -> float:
    order = np.argsort(-score, kind="stable")
    ranked, values = right[order], score[order]
    ends = np.append(np.flatnonzero(np.diff(values)), len(values) - 1)
    found = np.cumsum(ranked)[ends]
    precision = found / (ends + 1)
    return float((np.diff(found, prepend=0) * precision).sum() / found[-1])
