"""Networks of other people that spandrel builds, with our interface around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, Self

import torch
from torch import Tensor, nn

from n3cli.networks.description import Description, Placement
from n3cli.networks.network import Network, Stage

HALO = 64
"""How many pixels around a tile such a network is shown. Nothing tells how far it looks: what is
farther away has little weight in networks for noise, but may have some."""


class Descriptor(Protocol):
    """What is used of spandrel's ImageModelDescriptor."""

    @property
    def model(self) -> nn.Module:
        """The network itself."""

    def __call__(self, image: Tensor) -> Tensor:
        """1×C×H×W in [0, 1] → 1×C×H×W, clipped to [0, 1]; any size, padded inside."""


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
        return (Stage(self.run, HALO),)

    def run(self, x: Tensor, place: Placement) -> Tensor:
        """Planes (and noise level) B×C×H×W → B×C×H×W."""
        x = x.contiguous()
        if self.description.sigma_input:
            y: Tensor = self.module(x)
            return y
        return torch.cat([self._descriptor(image) for image in x.split(1)])  # type: ignore[no-untyped-call]

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """As of every module, but the layout in memory stays: some of them count on it."""
        kwargs.pop("memory_format", None)
        return super().to(*args, **kwargs)
