"""How well scores tell right from wrong: F1 and average precision."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def precision_and_recall(
    chosen: NDArray[np.bool_], right: NDArray[np.bool_]
) -> tuple[float, float]:
    """The share of what was chosen that is right, and of what is right that was chosen.

    Args:
        chosen: N.
        right: N.

    Returns:
        From 0 to 1 each. Precision is 0 where nothing was chosen, recall where nothing is right.
    """
    both = float((chosen & right).sum())
    return both / max(1, int(chosen.sum())), both / max(1, int(right.sum()))


def f1(chosen: NDArray[np.bool_], right: NDArray[np.bool_]) -> float:
    """The harmonic mean of precision and recall; 0 where both are."""
    precision, recall = precision_and_recall(chosen, right)
    return 2 * precision * recall / max(precision + recall, 1e-12)


def average_precision(score: NDArray[np.floating], right: NDArray[np.bool_]) -> float:
    """The mean of the precisions at the places of the right ones, when the highest come first.

    Those with the same score come together: each counts with the precision behind all of them.

    Args:
        score: N, higher for what is more likely right.
        right: N.

    Returns:
        From 0 to 1; 0 where nothing is right.
    """
    if not right.any():
        return 0.0
    order = np.argsort(-score, kind="stable")
    ranked, hits = score[order], right[order]
    last = np.append(ranked[1:] != ranked[:-1], True)  # of those that share a score
    found = np.cumsum(hits)[last]
    precision = found / (np.flatnonzero(last) + 1)
    return float((precision * np.diff(found, prepend=0)).sum() / right.sum())
