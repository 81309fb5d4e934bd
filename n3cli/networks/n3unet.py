"""N3-UNet: a U-Net that looks up its neighbours at half resolution. People's default denoiser.

No biases and no normalisation layers. The N3 block is a residual branch of the decoder: patches
of 8×8 at stride 4 on features of half resolution, so that one query stands for 64 pixels and the
block is nearly free.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from n3cli.networks.description import Description, Placement
from n3cli.networks.n3 import N3Aggregation
from n3cli.networks.network import Network, Stage

_WIDTHS = (32, 64, 128, 256)
_N3_LEVEL = 1


class ResidualBlock(nn.Module):
    """x + conv3(relu(conv3(x))); the second convolution starts at zero."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = _convolution(width, width)
        self.conv2 = _convolution(width, width, zero=True)

    def forward(self, x: Tensor) -> Tensor:
        """B×width×H×W → the same shape."""
        y: Tensor = x + self.conv2(self.conv1(x).relu_())
        return y


class N3Branch(nn.Module):
    """What a feature map's neighbours add to it.

    Args:
        width: planes of the feature map.
        features: planes that are averaged over neighbours.
        embedding: planes in which distances are measured.
        k: number of neighbours.
    """

    def __init__(self, width: int, features: int = 16, embedding: int = 16, k: int = 7) -> None:
        super().__init__()
        self.planes = [features, embedding, 1]
        patch = 8
        scale = 40 / (embedding * patch * patch)
        self.aggregation = N3Aggregation(k, patch, stride=4, window=9, scale=scale)
        self.project = _convolution(width, sum(self.planes))
        self.merge = _convolution(k * features, width, zero=True)

    def guide(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Features, embedding and log temperature, in float32 even under autocast."""
        with torch.autocast(x.device.type, enabled=False):
            weight = self.project.weight.to(torch.promote_types(x.dtype, torch.float32))
            planes = nn.functional.conv2d(x.to(weight.dtype), weight, padding=1)
        features, embedding, log_temperature = torch.split(planes, self.planes, dim=1)
        return features, embedding, log_temperature

    def forward(self, x: Tensor, place: Placement) -> Tensor:
        """B×width×H×W → the same shape, to be added to it."""
        features, embedding, log_temperature = self.guide(x)
        neighbours = self.aggregation(features, embedding, log_temperature, place)
        y: Tensor = self.merge(neighbours)
        return y


class N3UNet(Network):
    """The network, with a plane of the noise level as second input.

    Args:
        channels: image planes.
    """

    about = (
        "N3-UNet: a U-Net that also looks up each place's most similar places in the "
        "neighbourhood with a neural nearest neighbours block (N3: Plötz and Roth, Neural "
        "Nearest Neighbors Networks, NeurIPS 2018, arXiv 1810.12575)."
    )

    def __init__(self, channels: int = 1) -> None:
        super().__init__()
        depth = len(_WIDTHS) - 1
        multiple = 2**depth
        self.description = Description(
            "denoise",
            channels,
            sigma_input=True,
            size_multiple=multiple,
            size_minimum=2 * multiple,
            memory=768,
        )
        self.head = _convolution(channels + 1, _WIDTHS[0])
        self.encoder = nn.ModuleList(ResidualBlock(width) for width in _WIDTHS[:-1])
        self.down = nn.ModuleList(
            nn.Conv2d(_WIDTHS[i], _WIDTHS[i + 1], 2, stride=2, bias=False) for i in range(depth)
        )
        self.middle = ResidualBlock(_WIDTHS[-1])
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(_WIDTHS[i + 1], _WIDTHS[i], 2, stride=2, bias=False)
            for i in range(depth)
        )
        self.decoder = nn.ModuleList(ResidualBlock(width) for width in _WIDTHS[:-1])
        self.n3 = N3Branch(_WIDTHS[_N3_LEVEL])
        self.tail = _convolution(_WIDTHS[0], channels, zero=True)

    @property
    def stages(self) -> Sequence[Stage]:
        """One stage: its skip connections span the whole network."""
        aggregation = self.n3.aggregation
        return (
            Stage(
                self.run,
                halo=-_first_input(0, lambda pixel: pixel - aggregation.halo),
                reach=-_first_input(0, lambda pixel: -aggregation.reach),
            ),
        )

    def run(self, x: Tensor, place: Placement) -> Tensor:
        """Noisy planes and noise level B×(C + 1)×H×W → B×C×H×W; H and W multiples of 8."""
        y = self.head(x)
        kept = []
        for block, down in zip(self.encoder, self.down, strict=True):
            y = block(y)
            kept.append(y)
            y = down(y)
        y = self.middle(y)
        for level in reversed(range(len(kept))):
            y = self.up[level](y)
            y += kept.pop()
            if level == _N3_LEVEL:
                y = y + self.n3(y, place.reduced(2**level))
            y = self.decoder[level](y)
        residual: Tensor = self.tail(y)
        return x[:, :-1] + residual


def _first_input(output: int, before_n3: Callable[[int], int]) -> int:
    """First input pixel that output pixels from `output` (a multiple of 8) on depend on.

    Follows the network backwards: a 3×3 convolution looks one pixel further, a transposed one
    halves the coordinate, a strided one doubles it.
    """
    depth = len(_WIDTHS) - 1
    pixel = output - 1  # tail
    for level in range(depth):
        pixel -= 2  # decoder
        if level == _N3_LEVEL:
            pixel = before_n3(pixel - 1) - 1  # merge, aggregation, project
        pixel //= 2  # up
    pixel -= 2  # middle
    for _ in range(depth):
        pixel = 2 * pixel - 2  # down, encoder
    return pixel - 1  # head


def _convolution(planes_in: int, planes_out: int, zero: bool = False) -> nn.Conv2d:
    convolution = nn.Conv2d(planes_in, planes_out, 3, padding=1, bias=False)
    if zero:
        nn.init.zeros_(convolution.weight)
    return convolution
