"""The N3 block over all points of a set, in the form of the paper.

Plötz & Roth, "Neural Nearest Neighbors Networks", NeurIPS 2018 (arXiv 1810.12575), Sec. 5.3.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from n3cli.networks.n3_set import set_differences


class SetBlock(nn.Module):
    """The N3 block over all points: their features and those of K neighbour volumes.

    Args:
        features: of a point.
        hidden: features inside the embedding and temperature networks.
        k: neighbours.
    """

    def __init__(self, features: int, hidden: int, k: int) -> None:
        super().__init__()
        self.k = k
        self.embedding = _residual_layers(features, hidden, hidden, features)
        self.temperature = _residual_layers(features, hidden, hidden, 1)

    def forward(self, x: Tensor) -> Tensor:
        """B×N×F → B×N×(K+1)·F: each point, then the differences of its volumes to it."""
        inverse_temperature = self.temperature(x).squeeze(-1)
        differences = set_differences(x, self.embedding(x), inverse_temperature, self.k)
        return torch.cat([x, differences], -1)


class _ResidualLayers(nn.Module):
    """Two linear layers with ReLU between, and what came in added."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(inputs, outputs), nn.Linear(outputs, outputs)
        self.adapt = nn.Linear(inputs, outputs) if inputs != outputs else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.second(torch.relu(self.first(x)))
        return self.adapt(x) + y  # type: ignore[no-any-return]


def _residual_layers(*widths: int) -> nn.Sequential:
    return nn.Sequential(*(_ResidualLayers(*pair) for pair in pairwise(widths)))
