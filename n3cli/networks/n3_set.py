"""The N3 block for sets of items: no image, no grid, every item may be every other's neighbour.

Plötz & Roth, NeurIPS 2018 (arXiv 1810.12575), Sec. 4. For images see `n3.py`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from n3cli.ops.n3.aggregation_set import aggregate_set
from n3cli.ops.n3.selection import SelectionRule, select_relaxed


class N3SetAggregation(nn.Module):
    """Differences of a set's K neighbour volumes to itself.

    Has no parameters: embedding and temperature are given.

    Args:
        k: number of neighbours.
        scale: factor of squared distances at log temperature 0.
        select: selection rule.
    """

    def __init__(
        self, k: int = 7, scale: float = 1.0, select: SelectionRule = select_relaxed
    ) -> None:
        super().__init__()
        self.k, self.scale, self.select = k, scale, select

    def extra_repr(self) -> str:
        """What `print` shows."""
        return f"k={self.k}, scale={self.scale:g}"

    def forward(self, features: Tensor, embedding: Tensor, log_temperature: Tensor) -> Tensor:
        """Compute X^1 − x, …, X^K − x.

        Args:
            features: B×N×F.
            embedding: B×N×E.
            log_temperature: B×N, of each item as a query.

        Returns:
            B×N×(K·F), neighbour 1's features first. It changes with the items' order only as they
            do (equivariance to permutation).
        """
        inverse_temperature = torch.exp(-log_temperature) * self.scale
        volumes = aggregate_set(features, embedding, inverse_temperature, self.k, self.select)
        return (volumes - features.unsqueeze(1)).transpose(1, 2).flatten(2)
