"""The N3 block for sets as a residual branch: what an item's neighbours add to its features."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from n3cli.networks.n3_set import set_differences

_LOGIT = 8
"""Half the mean logit of two items at log temperature 0, without its sign. Of 200 items each then
averages over some tens."""

_EPSILON = 1e-3
"""Added to the variance of embeddings, as in context normalisation."""


class N3SetBranch(nn.Module):
    """Adds differences of K neighbour volumes to each item, at first nothing.

    Embeddings are normalised over the set, so that the mean squared distance of two items is two a
    dimension, and the temperature is a logarithm, at first 0: no query can turn to the farthest
    items, or to one alone before it has learnt which.

    Args:
        width: features of an item.
        features: of these, made by a linear layer, those that are averaged over neighbours.
        embedding: dimensions in which distances are measured, likewise.
        k: number of neighbours.
    """

    def __init__(self, width: int, features: int, embedding: int, k: int) -> None:
        super().__init__()
        self.parts = [features, embedding]
        self.project = nn.Linear(width, sum(self.parts))
        # By itself: among the rows of a matrix that Muon steps it would run away.
        self.temperature = nn.Linear(width, 1)
        self.k, self.scale = k, _LOGIT / embedding
        self.merge = nn.Linear(k * features, width)
        for layer in (self.temperature, self.merge):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def guide(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Features, embedding and log temperature, in float32 even under autocast."""
        with torch.autocast(x.device.type, enabled=False):
            x = x.to(torch.promote_types(x.dtype, torch.float32))
            features, embedding = torch.split(_linear(self.project, x), self.parts, -1)
            embedding = embedding - embedding.mean(1, keepdim=True)
            variance = embedding.square().mean((1, 2), keepdim=True)
            embedding = embedding * torch.rsqrt(variance + _EPSILON)
            log_temperature = _linear(self.temperature, x)
        return features, embedding, log_temperature.squeeze(-1)

    def forward(self, x: Tensor) -> Tensor:
        """B×N×width → the same shape."""
        features, embedding, log_temperature = self.guide(x)
        inverse_temperature = torch.exp(-log_temperature) * self.scale
        neighbours = set_differences(features, embedding, inverse_temperature, self.k)
        y: Tensor = self.merge(neighbours.to(self.merge.weight.dtype))
        return x + y


def _linear(layer: nn.Linear, x: Tensor) -> Tensor:
    """A linear layer at x's precision, whatever its weights have."""
    return nn.functional.linear(x, layer.weight.to(x.dtype), layer.bias.to(x.dtype))
