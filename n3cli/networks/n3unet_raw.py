"""N3-UNet for the mosaic of a sensor, at full resolution, whatever the order of its filters.

Where the colours are is data, so one set of weights is for every Bayer order and for X-Trans. The
N3 block's patches are of 6×6 at stride 3 on features of half resolution: shifts between them are
multiples of 6 pixels, whole periods of Bayer's 2 and of X-Trans' 6, so that a place is compared
with places under the same filters.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from n3cli.networks.description import Placement
from n3cli.networks.layer import convolution
from n3cli.networks.n3unet import N3UNet

_GAIN = 4.0
"""Brings linear values, which are dark, to the size that those of pictures have; the distances of
N3 count on it."""


class N3UNetRaw(N3UNet):
    """The network; its image is `MOSAIC_PLANES`, and what comes out is the mosaic's estimate.

    Its head sees values and noise of each colour apart, zero at the sites of others. Without
    biases, all that is not looked up among neighbours is then scaled as values and noise are: a
    mosaic multiplied by a number is nothing new. Twice the light is, for its photons have √2 times
    the noise.

    Args:
        widths: see `N3UNet`, as all others.
        blocks: see there.
        n3_levels: see there.
        features: see there.
        embedding: see there.
        k: see there.
        patch: see there.
        stride: see there.
        window: see there.

    Raises:
        ValueError: see `N3UNet`.
    """

    about = N3UNet.about.replace("N3-UNet:", "N3-UNet for the mosaics of camera raw:")

    def __init__(
        self,
        widths: str = "32,64,128,256",
        blocks: str = "2,4,1,1",
        n3_levels: str = "1",
        features: int = 16,
        embedding: int = 16,
        k: int = 7,
        patch: int = 6,
        stride: int = 3,
        window: int = 13,
    ) -> None:
        super().__init__(
            1, widths, blocks, n3_levels, features, embedding, k, patch, stride, window
        )
        self.description = replace(self.description, sigma_input=False, mosaic="whole")
        self.head = convolution(6, self.head.out_channels)

    def run(self, x: Tensor, place: Placement) -> Tensor:
        """`MOSAIC_PLANES` B×5×H×W → B×1×H×W, both sides whole multiples."""
        values, sites, noise = torch.split(x, [1, 3, 1], dim=1)
        apart = torch.cat((sites * values, sites * noise), dim=1)
        estimate: Tensor = values + self.residual(apart * _GAIN, place) / _GAIN
        return estimate
