"""The selection rules as their paper writes them, in float64 NumPy, one query at a time."""

import numpy as np


def relaxed(logits, k):
    """w^t = softmax(α^t); α^{t+1} = α^t + log(1 − w^t)."""
    alpha = np.asarray(logits, np.float64)
    weights = []
    for _ in range(k):
        mass = np.exp(alpha - alpha.max())
        w = mass / mass.sum()
        weights.append(w)
        with np.errstate(divide="ignore"):
            alpha = alpha + np.log1p(-w)
    return np.array(weights)


def nearest(logits, k):
    """One-hot rows of the K largest logits, largest first; where K > O the last is repeated."""
    order = np.argsort(-np.asarray(logits), kind="stable")
    return np.eye(len(logits))[order[np.minimum(np.arange(k), len(order) - 1)]]


def without_replacement(logits, k):
    """Probability of every ordered choice of K candidates, {(i, j, …): p}."""
    chances = {(): 1.0}
    for _ in range(k):
        longer = {}
        for chosen, chance in chances.items():
            mass = np.exp(np.asarray(logits, np.float64))
            mass[list(chosen)] = 0
            for candidate, w in enumerate(mass / mass.sum()):
                if w > 0:
                    longer[(*chosen, candidate)] = chance * w
        chances = longer
    return chances
