"""DnCNN: a plain stack of convolutions.

Zhang et al., "Beyond a Gaussian Denoiser", TIP 2017 (arXiv 1608.03981); in the form that N3Net
builds on (Plötz & Roth 2018): with a skip connection over the planes that input and output share.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import torch
from torch import Tensor, nn

from n3cli.networks.description import Description, Placement
from n3cli.networks.layer import keep_variance
from n3cli.networks.network import Network, Stage


class ConvolutionStack(nn.Module):
    """Convolution, ReLU, then convolution + batch norm + ReLU, then a convolution; plus its input.

    Without the norms it is the stack of VDSR (Kim et al., CVPR 2016).

    Args:
        planes_in: input planes.
        planes_out: output planes.
        depth: number of 3×3 convolutions, at least 2.
        features: planes between them.
        skipped: how many planes of the input are added to the first ones of the output.
        normalised: whether there are batch norms.
    """

    def __init__(
        self,
        planes_in: int,
        planes_out: int,
        depth: int,
        features: int,
        skipped: int,
        normalised: bool = True,
    ) -> None:
        super().__init__()
        if depth < 2:
            raise ValueError(f"a stack has at least 2 convolutions, got depth {depth}")
        self.halo = depth
        self.skipped = skipped
        self.head = nn.Conv2d(planes_in, features, 3, padding=1)
        self.body = nn.Sequential(
            *chain.from_iterable(
                normalised_convolution(features, features)
                if normalised
                else (nn.Conv2d(features, features, 3, padding=1), nn.ReLU(inplace=True))
                for _ in range(depth - 2)
            )
        )
        self.tail = nn.Conv2d(features, planes_out, 3, padding=1)
        if not normalised:
            keep_variance((self.head, *self.body))

    def forward(self, x: Tensor) -> Tensor:
        """B×planes_in×H×W → B×planes_out×H×W."""
        y: Tensor = self.tail(self.body(self.head(x).relu_()))
        skipped, rest = torch.tensor_split(y, (self.skipped,), dim=1)
        return torch.cat([x[:, : self.skipped] + skipped, rest], dim=1)

    @torch.no_grad()
    def damp(self, factor: float) -> None:
        """Multiply what the convolutions add to the skipped planes, and the other planes."""
        for parameter in self.tail.parameters():
            parameter.mul_(factor)


def normalised_convolution(planes_in: int, planes_out: int) -> tuple[nn.Module, ...]:
    """3×3 convolution without bias, batch norm, ReLU."""
    return (
        nn.Conv2d(planes_in, planes_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(planes_out),
        nn.ReLU(inplace=True),
    )


class DnCNN(Network):
    """DnCNN denoiser.

    Args:
        channels: image planes.
        sigma_input: take the noise level as one more plane (one network for all levels).
        depth: 3×3 convolutions; the paper has 17 for one noise level, 20 for a range.
        features: planes between them.
    """

    about = (
        "DnCNN: a plain stack of convolutions, after Zhang and others, Beyond a Gaussian "
        "Denoiser, TIP 2017, arXiv 1608.03981."
    )

    def __init__(
        self, channels: int = 1, sigma_input: bool = False, depth: int = 17, features: int = 64
    ) -> None:
        super().__init__()
        self.description = Description("denoise", channels, sigma_input, memory=14 * features)
        self.cnn = ConvolutionStack(channels + sigma_input, channels, depth, features, channels)

    @property
    def stages(self) -> Sequence[Stage]:
        """One stage."""

        def run(x: Tensor, place: Placement) -> Tensor:
            y: Tensor = self.cnn(x)
            return y

        return (Stage(run, self.cnn.halo),)

    def start_near_identity(self) -> None:
        """Begin as the identity: the last convolution is zero."""
        self.cnn.damp(0)
