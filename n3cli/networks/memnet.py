"""MemNet: blocks that remember, for super-resolution of what bicubic interpolation has enlarged.

Tai, Yang, Liu, Xu, "MemNet: A Persistent Memory Network for Image Restoration", ICCV 2017 (arXiv
1708.02209), Sec. 3, in the basic form: the image is rebuilt from the last block's features alone.
Multi-supervision (Sec. 3.3), which rebuilds it from every block's, is left out.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from n3cli.networks.description import Description, Placement
from n3cli.networks.layer import factors
from n3cli.networks.network import Network, Stage
from n3cli.networks.vdsr import enlarging


class MemNet(Network):
    """The network; the same weights serve every scale, since it works at the size of the output.

    80 layers: two convolutions a recursion and a gate a block, one to begin and one to end with.

    Args:
        channels: image planes; 1 in the paper, which enlarges the luma.
        scales: list of the whole factors that it is for, with commas.
        blocks: memory blocks.
        recursions: how often the residual unit of a block is run.
        features: planes between the layers.

    Raises:
        ValueError: scales that are none.
    """

    about = (
        "MemNet: recursive blocks whose gates remember all earlier blocks, on the bicubically "
        "enlarged image, after Tai and others, ICCV 2017, arXiv 1708.02209."
    )

    def __init__(
        self,
        channels: int = 1,
        scales: str = "2,3,4",
        blocks: int = 6,
        recursions: int = 6,
        features: int = 64,
    ) -> None:
        super().__init__()
        known = factors(scales)
        self.description = Description(
            "upscale",
            channels,
            sigma_input=False,
            scale=known[-1],
            scales=known,
            memory=4 * features * (blocks + 11),
        )
        self.head = nn.Conv2d(channels, features, 3, padding=1)
        self.blocks = nn.ModuleList(
            MemoryBlock(features, recursions, remembered) for remembered in range(1, blocks + 1)
        )
        self.tail = nn.Sequential(
            *_activated(features), nn.Conv2d(features, channels, 3, padding=1)
        )
        # The 3×3 convolutions in a row; the gates look at one pixel.
        self._halo = 2 * blocks * recursions + 2

    @property
    def stages(self) -> Sequence[Stage]:
        """Bicubic interpolation, and everything else: between blocks there is too much to keep."""
        return enlarging(self.description.scale), Stage(self.run, self._halo)

    def run(self, x: Tensor, place: Placement) -> Tensor:
        """Enlarged planes B×C×H×W → the same, with what the network adds."""
        memories = [self.head(x)]
        for block in self.blocks:
            memories.append(block(memories))
        y: Tensor = self.tail(memories[-1])
        return x + y

    def start_near_identity(self) -> None:
        """Begin as bicubic interpolation: the last convolution is zero."""
        for parameter in self.tail[-1].parameters():
            nn.init.zeros_(parameter)


class MemoryBlock(nn.Module):
    """A residual unit run several times, and a gate over all its states and all earlier blocks.

    The convolutions of the unit are the same in each recursion; the batch norms are not, as in the
    authors' files.

    Args:
        features: planes.
        recursions: how often the unit is run.
        remembered: how many feature maps of before the gate sees.
    """

    def __init__(self, features: int, recursions: int, remembered: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(features, features, 3, padding=1)
        self.second = nn.Conv2d(features, features, 3, padding=1)
        self.outer = nn.ModuleList(nn.BatchNorm2d(features) for _ in range(recursions))
        self.inner = nn.ModuleList(nn.BatchNorm2d(features) for _ in range(recursions))
        self.gates = nn.ModuleList(
            nn.Sequential(*_activated(features), nn.Conv2d(features, features, 1, bias=not index))
            for index in range(recursions + remembered)
        )

    def forward(self, memories: Sequence[Tensor]) -> Tensor:
        """What the earlier blocks gave, each B×F×H×W → the same shape.

        The gate is one 1×1 convolution over all of them one behind the other; it is computed as the
        sum over its parts, so that no state is kept for long.
        """
        y = memories[-1]
        states, gates = iter(memories), iter(self.gates)
        gathered: Tensor = next(gates)(next(states))
        for state in states:
            gathered = gathered + next(gates)(state)
        for outer, inner, gate in zip(self.outer, self.inner, gates, strict=True):
            y = y + self.second(self._inside(outer(y).relu_(), inner).relu_())
            gathered = gathered + gate(y)
        return gathered

    def _inside(self, x: Tensor, norm: nn.Module) -> Tensor:
        """The first convolution and the norm behind it; folded into one when not in training.

        `fold_batch_norm` cannot do it, as the convolution has one norm a recursion.
        """
        if norm.training:
            y: Tensor = norm(self.first(x))
            return y
        assert isinstance(norm, nn.BatchNorm2d)
        assert norm.running_var is not None
        assert norm.running_mean is not None
        assert self.first.bias is not None
        factor = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
        bias = norm.bias + (self.first.bias - norm.running_mean) * factor
        return F.conv2d(x, self.first.weight * factor.view(-1, 1, 1, 1), bias, padding=1)


def _activated(features: int) -> tuple[nn.Module, ...]:
    """Batch norm and ReLU, which stand before a convolution here."""
    return nn.BatchNorm2d(features), nn.ReLU(inplace=True)
