"""Networks of other people that spandrel builds, with our interface around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, Self

import torch
from torch import Tensor, nn

from n3cli.networks.description import Description, Placement
from n3cli.networks.network import Network, Stage

_HALO = 64
"""How many pixels around a tile a network for noise is shown. Nothing tells how far it looks: what
is farther away has little weight, but may have some."""

_HALO_TO_ENLARGE = 32
"""Likewise for networks that enlarge. The authors' own programs take 10 (Real-ESRGAN), 16 (SwinIR,
whose tiles overlap by 32 and are blended) and 32 (HAT); more is dear, as their tiles are small."""

_GRID = 32
"""Where tiles may begin. Such a network counts its windows of attention from the tile's corner: so
those of 4, 8, 16 or 32 pixels lie as in the whole image, without which tiles would differ much."""


class Descriptor(Protocol):
    """What is used of spandrel's ImageModelDescriptor."""

    @property
    def model(self) -> nn.Module:
        """The network itself."""

    def __call__(self, image: Tensor) -> Tensor:
        """1×C×H×W in [0, 1] → 1×C×(scale·H)×(scale·W), clipped; any size, padded inside."""


class ForeignNetwork(Network):
    """A network that is not ours. Tiles are close to the whole image's result, not exact.

    Args:
        descriptor: the network with its weights and the way to call it.
        description: facts about it. If it takes a noise level, its last plane is that (in [0, 1]
            units), and the network is called directly; its descriptor would choose a level itself.
        about: what it is, one sentence for people.
    """

    def __init__(self, descriptor: Descriptor, description: Description, about: str) -> None:
        super().__init__()
        self.description, self.about = description, about
        self.module = descriptor.model
        # Not a module: copies of this network copy both together, so that they stay one.
        self._descriptor = descriptor

    @property
    def stages(self) -> Sequence[Stage]:
        """One stage."""
        scale = self.description.scale
        halo = _HALO if scale == 1 else _HALO_TO_ENLARGE
        return (Stage(self.run, halo, scale=scale, grid=_GRID),)

    def run(self, x: Tensor, place: Placement) -> Tensor:
        """Planes (and noise level) B×C×H×W → B×C×(scale·H)×(scale·W)."""
        x = x.contiguous()
        if self.description.sigma_input:
            y: Tensor = self.module(x)
            return y
        return torch.cat([self._descriptor(image) for image in x.split(1)])  # type: ignore[no-untyped-call]

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """As of every module, but the layout in memory stays: some of them count on it."""
        kwargs.pop("memory_format", None)
        return super().to(*args, **kwargs)
