"""The N3 block as a residual branch: what a feature map's neighbours add to it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from n3cli.networks.description import Placement
from n3cli.networks.layer import convolution
from n3cli.networks.n3 import N3Aggregation

_LOGIT = 40
"""Size of the logits that embeddings of about unit size give."""


class N3Branch(nn.Module):
    """What a feature map's neighbours add to it.

    Args:
        width: planes of the feature map.
        features: planes that are averaged over neighbours.
        embedding: planes in which distances are measured.
        k: number of neighbours.
        patch: side of a patch in pixels of the feature map.
        stride: distance of patches in the same pixels.
        window: candidates along each axis, in patch positions.
    """

    def __init__(
        self,
        width: int,
        features: int,
        embedding: int,
        k: int,
        patch: int,
        stride: int,
        window: int,
    ) -> None:
        super().__init__()
        self.planes = [features, embedding, 1]
        scale = _LOGIT / (embedding * patch * patch)
        self.aggregation = N3Aggregation(k, patch, stride, window, scale=scale)
        self.project = convolution(width, sum(self.planes))
        self.merge = convolution(k * features, width, zero=True)

    def guide(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Features, embedding and log temperature, in float32 even under autocast."""
        with torch.autocast(x.device.type, enabled=False):
            weight = self.project.weight.to(torch.promote_types(x.dtype, torch.float32))
            planes = nn.functional.conv2d(x.to(weight.dtype), weight, padding=1)
        features, embedding, log_temperature = torch.split(planes, self.planes, dim=1)
        return features, embedding, log_temperature

    def forward(self, x: Tensor, place: Placement | None = None) -> Tensor:
        """B×width×H×W → the same shape, to be added to it; without `place` the image is whole."""
        features, embedding, log_temperature = self.guide(x)
        neighbours = self.aggregation(features, embedding, log_temperature, place)
        y: Tensor = self.merge(neighbours.to(self.merge.weight.dtype))
        return y


BeforeN3 = Callable[[int, N3Aggregation], int]
"""First pixel that goes into a block, from the first one that comes out."""


def look_around(first_input: Callable[[BeforeN3], int]) -> tuple[int, int]:
    """Halo and reach of a stage with N3 branches; see `Stage`.

    Args:
        first_input: first input pixel that the output of pixel 0 and of the ones behind it depend
            on, as the blocks have it.
    """
    halo = -first_input(lambda pixel, block: pixel - block.halo)
    reach = -first_input(lambda pixel, block: min(pixel - block.halo, -block.reach))
    return halo, reach
