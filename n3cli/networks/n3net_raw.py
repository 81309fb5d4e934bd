"""N3Net for the noise of sensors: planes of a mosaic, and two constant ones that say their noise.

Plötz & Roth, "Neural Nearest Neighbors Networks", NeurIPS 2018 (arXiv 1810.12575), Sec. 5.2: noise
of variance a·x + b.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from n3cli.networks.description import Placement
from n3cli.networks.n3net import N3Net, N3NetStage
from n3cli.networks.network import Stage
from n3cli.ops.mosaic.planes import MosaicForm

_FORMS: dict[int, MosaicForm] = {1: "planes", 4: "packed"}


class N3NetRaw(N3Net):
    """N3Net that gets a and b beside the planes (`n3cli.ops.mosaic.planes.noise_planes`).

    It takes their roots: the deviation of the photons at white and that of reading, which are as
    large as what is to be taken away. a and b themselves, 10⁻⁵ and 10⁻⁹ at low sensitivities, are
    nothing to a convolution. Only planes of the image take part in the first stack's skip.

    Args:
        channels: 1, each plane of one colour by itself, or 4, those of Bayer's 2×2 together.
        cnns: see `N3Net`, as all others.
        depth: see there.
        features: see there.
        k: see there.
        patch: see there.
        stride: see there.
        window: see there.

    Raises:
        ValueError: another number of planes, or see `N3Net`.
    """

    about = N3Net.about.replace("N3Net:", "N3Net for the noise of camera raw:")

    def __init__(
        self,
        channels: int = 1,
        cnns: int = 3,
        depth: int = 6,
        features: int = 64,
        k: int = 7,
        patch: int = 10,
        stride: int = 5,
        window: int = 15,
    ) -> None:
        if channels not in _FORMS:
            raise ValueError(
                "channels must be 1 (each plane of a mosaic by itself) or 4 (the planes of Bayer's "
                f"2×2 together), got {channels}"
            )
        super().__init__(channels, False, cnns, depth, features, k, patch, stride, window)
        self.description = replace(self.description, mosaic=_FORMS[channels])
        first = self.parts[0]
        assert isinstance(first, N3NetStage)
        first.cnn.head = nn.Conv2d(self.description.planes, features, 3, padding=1)

    @property
    def stages(self) -> Sequence[Stage]:
        """Those of N3Net, the first of which takes the roots."""
        first, *others = super().stages

        def begin(x: Tensor, place: Placement) -> Tensor:
            values, noise = torch.tensor_split(x, (self.description.channels,), dim=1)
            return first.run(torch.cat((values, noise.clamp_min(0).sqrt()), dim=1), place)

        return (replace(first, run=begin), *others)
