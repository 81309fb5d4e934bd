"""N3Net for denoising: DnCNNs with N3 blocks between them.

Plötz & Roth, "Neural Nearest Neighbors Networks", NeurIPS 2018 (arXiv 1810.12575), Sec. 4 and 5.1.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from n3cli.networks.description import Description, Placement
from n3cli.networks.dncnn import ConvolutionStack, normalised_convolution
from n3cli.networks.n3 import DistanceNorm, N3Aggregation
from n3cli.networks.network import Network, Stage

_PLANES_BETWEEN = 8
_EMBEDDING = 8
_TEMPERATURE_BIAS = 0.1


class N3Block(nn.Module):
    """Appends its K neighbours to a feature map, with own embedding and temperature CNNs.

    Args:
        planes: planes of the feature map.
        features: planes inside the embedding and temperature CNNs.
        k: number of neighbours.
        patch: side of a patch in pixels.
        stride: distance of patches in pixels.
        window: candidates along each axis, in patch positions.
    """

    def __init__(
        self, planes: int, features: int, k: int, patch: int, stride: int, window: int
    ) -> None:
        super().__init__()
        self.embed = _guide(planes, features, _EMBEDDING)
        self.temperature = _guide(planes, features, 1)
        self.distance_norm = DistanceNorm()
        self.aggregation = N3Aggregation(k, patch, stride, window, scale=1 / _TEMPERATURE_BIAS)

    @property
    def halo(self) -> int:
        """Pixels around an output pixel that its value depends on."""
        return self.aggregation.halo + max(_GUIDE_DEPTH, self.aggregation.stride - 1)

    @property
    def reach(self) -> int:
        """Pixels from an image border on that values near it depend on."""
        return self.aggregation.reach + _GUIDE_DEPTH + self.aggregation.stride

    def forward(self, x: Tensor, place: Placement) -> Tensor:
        """B×C×H×W → B×(K + 1)·C×H×W: x, X^1 − x, …, X^K − x."""
        embedding, log_temperature = self.embed(x), self.temperature(x)
        neighbours = self.aggregation(x, embedding, log_temperature, place, self.distance_norm)
        return torch.cat([x, neighbours], dim=1)


_GUIDE_DEPTH = 3


def _guide(planes_in: int, features: int, planes_out: int) -> nn.Sequential:
    """Three convolutions that give the embedding or the temperature."""
    return nn.Sequential(
        *normalised_convolution(planes_in, features),
        *normalised_convolution(features, features),
        nn.Conv2d(features, planes_out, 3, padding=1),
    )


class N3NetStage(nn.Module):
    """An N3 block (none in the first stage) and the DnCNN behind it."""

    def __init__(self, block: N3Block | None, cnn: ConvolutionStack) -> None:
        super().__init__()
        self.block, self.cnn = block, cnn

    def forward(self, x: Tensor, place: Placement) -> Tensor:
        """B×C×H×W and where it lies → B×C'×H×W."""
        if self.block is not None:
            x = self.block(x, place)
        y: Tensor = self.cnn(x)
        return y

    def as_stage(self) -> Stage:
        """How a tile is sent through."""
        if self.block is None:
            return Stage(self, self.cnn.halo)
        return Stage(self, self.cnn.halo + self.block.halo, self.cnn.halo + self.block.reach)


class N3Net(Network):
    """DnCNN → N3 → DnCNN → N3 → DnCNN.

    Args:
        channels: image planes.
        sigma_input: take the noise level as one more plane (one network for all levels).
        cnns: number of DnCNNs.
        depth: convolutions in each.
        features: planes inside each.
        k: neighbours.
        patch: side of a patch in pixels.
        stride: distance of patches in pixels.
        window: candidates along each axis, in patch positions.
    """

    def __init__(
        self,
        channels: int = 1,
        sigma_input: bool = False,
        cnns: int = 3,
        depth: int = 6,
        features: int = 64,
        k: int = 7,
        patch: int = 10,
        stride: int = 5,
        window: int = 15,
    ) -> None:
        super().__init__()
        self.description = Description("denoise", channels, sigma_input, memory=22 * features)
        inner = _PLANES_BETWEEN
        modules = []
        for i in range(cnns):
            block = N3Block(inner, features, k, patch, stride, window) if i else None
            planes_in = (k + 1) * inner if i else channels + sigma_input
            planes_out = inner if i < cnns - 1 else channels
            skipped = min(planes_out, planes_in if i else channels)
            cnn = ConvolutionStack(planes_in, planes_out, depth, features, skipped)
            modules.append(N3NetStage(block, cnn))
        self.parts = nn.ModuleList(modules)

    @property
    def stages(self) -> Sequence[Stage]:
        """One stage a DnCNN; between them the image is 8 planes."""
        return tuple(part.as_stage() for part in self.parts if isinstance(part, N3NetStage))
