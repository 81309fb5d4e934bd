"""N3-SR: super-resolution that works at low resolution and looks up its neighbours there.

A residual body at the size of the input, so that it costs the same whatever the scale; in its
middle an N3 branch; one pixel-shuffle head a scale (Shi et al., CVPR 2016, arXiv 1609.05158). What
comes out is added to bicubic interpolation, as in VDSR (Kim et al., CVPR 2016, arXiv 1511.04587).
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from n3cli.networks.description import Description, Placement
from n3cli.networks.layer import ResidualBlock, convolution, factors
from n3cli.networks.n3_branch import BeforeN3, N3Branch, look_around
from n3cli.networks.network import Network, Stage
from n3cli.ops.resize import resize

_LARGEST_SCALE = 8


class N3SR(Network):
    """The network, with its heads for several scales. No biases and no normalisation layers.

    Args:
        channels: image planes.
        width: planes of the body.
        blocks: residual blocks before the N3 branch, and as many behind it.
        scales: list of the whole factors that there are heads for, with commas.
        n3: whether there is an N3 branch.
        features: planes that are averaged over neighbours.
        embedding: planes in which distances are measured.
        k: number of neighbours.
        patch: side of a patch in pixels of the input.
        stride: distance of patches in the same pixels.
        window: candidates along each axis, in patch positions.

    Raises:
        ValueError: scales that are none, or a stride that does not divide the patch.
    """

    about = (
        "N3-SR: a residual network at low resolution that also looks up each place's most similar "
        "places in the neighbourhood with a neural nearest neighbours block (N3: Plötz and Roth, "
        "Neural Nearest Neighbors Networks, NeurIPS 2018, arXiv 1810.12575), with a pixel-shuffle "
        "head for each scale."
    )

    def __init__(
        self,
        channels: int = 3,
        width: int = 64,
        blocks: int = 4,
        scales: str = "2,3,4",
        n3: bool = True,
        features: int = 16,
        embedding: int = 16,
        k: int = 7,
        patch: int = 8,
        stride: int = 4,
        window: int = 9,
    ) -> None:
        super().__init__()
        known = factors(scales)
        if not 2 <= known[0] <= known[-1] <= _LARGEST_SCALE:
            raise ValueError(f"scales must be from 2 to {_LARGEST_SCALE}, got {scales}")
        self.description = Description(
            "upscale",
            channels,
            sigma_input=False,
            scale=known[-1],
            scales=known,
            memory=44 * width,
        )
        self.head = convolution(channels, width)
        self.before = nn.Sequential(*(ResidualBlock(width) for _ in range(blocks)))
        self.n3 = N3Branch(width, features, embedding, k, patch, stride, window) if n3 else None
        self.behind = nn.Sequential(*(ResidualBlock(width) for _ in range(blocks)))
        self.tails = nn.ModuleDict(
            {str(scale): convolution(width, channels * scale**2, zero=True) for scale in known}
        )

    @property
    def stages(self) -> Sequence[Stage]:
        """One stage: the skip connections span the whole network."""
        return (Stage(self.run, *look_around(self._first_input), self.description.scale),)

    def run(self, x: Tensor, place: Placement) -> Tensor:
        """B×C×H×W → B×C×(scale·H)×(scale·W)."""
        scale = self.description.scale
        first: Tensor = self.head(x)
        y = self.before(first)
        if self.n3 is not None:
            y = y + self.n3(y, place)
        y = self.behind(y) + first
        detail = nn.functional.pixel_shuffle(self.tails[str(scale)](y), scale)
        return resize(x, scale) + detail

    def _first_input(self, before_n3: BeforeN3) -> int:
        """First input pixel that the output of pixel 0 and of the ones behind it depend on."""
        pixel = -1 - 2 * len(self.behind)  # tail, body
        if self.n3 is not None:
            pixel = before_n3(pixel - 1, self.n3.aggregation) - 1  # merge, block, project
        return pixel - 2 * len(self.before) - 1  # body, head
