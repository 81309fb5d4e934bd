"""The N3 block for sets of items: no image, no grid, every item may be every other's neighbour.

Plötz & Roth, NeurIPS 2018 (arXiv 1810.12575), Sec. 4. For images see `n3.py`.
"""

from __future__ import annotations

from torch import Tensor

from n3cli.ops.n3.aggregation_set import aggregate_set
from n3cli.ops.n3.selection import select_relaxed


def set_differences(
    features: Tensor, embedding: Tensor, inverse_temperature: Tensor, k: int
) -> Tensor:
    """Differences of a set's K neighbour volumes to itself: X^1 − x, …, X^K − x.

    Args:
        features: B×N×F.
        embedding: B×N×E.
        inverse_temperature: B×N, of each item as a query.
        k: number of neighbours.

    Returns:
        B×N×(K·F), neighbour 1's features first. It changes with the items' order only as they
        do (equivariance to permutation).
    """
    volumes = aggregate_set(features, embedding, inverse_temperature, k, select_relaxed)
    return (volumes - features.unsqueeze(1)).transpose(1, 2).flatten(2)
