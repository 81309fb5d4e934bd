"""VDSR: super-resolution of what bicubic interpolation has enlarged, and the same with N3 blocks.

Kim, Lee, Lee, "Accurate Image Super-Resolution Using Very Deep Convolutional Networks", CVPR 2016
(arXiv 1511.04587). With N3 blocks between shorter stacks it is what Plötz & Roth, NeurIPS 2018
(arXiv 1810.12575), Sec. 5, put them into.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from n3cli.networks.description import Description, Placement
from n3cli.networks.layer import factors
from n3cli.networks.n3net import PLANES_BETWEEN, N3Block, N3NetStage, chain_stages, damp_stages
from n3cli.networks.network import Network, Stage
from n3cli.ops.resize import resize

_BICUBIC_HALO = 2
"""Input pixels that bicubic interpolation looks at on each side."""


def enlarging(scale: int) -> Stage:
    """The first stage of networks that work at the size of the output: bicubic interpolation."""

    def enlarge(x: Tensor, place: Placement) -> Tensor:
        return resize(x, scale)

    return Stage(enlarge, _BICUBIC_HALO, scale=scale)


class VDSR(Network):
    """The network; the same weights serve every scale, since it works at the size of the output.

    Args:
        channels: image planes; 1 in the papers, which enlarge the luma.
        scales: list of the whole factors that it is for, with commas.
        cnns: number of convolution stacks, with N3 blocks between them; 1 is plain VDSR.
        depth: 3×3 convolutions in each; 20 in VDSR.
        features: planes between them.
        k: neighbours.
        patch: side of a patch in pixels of the output.
        stride: distance of patches in the same pixels.
        window: candidates along each axis, in patch positions.

    Raises:
        ValueError: scales that are none, or a stride that does not divide the patch.
    """

    about = (
        "VDSR: a deep stack of convolutions on the bicubically enlarged image, after Kim and "
        "others, CVPR 2016, arXiv 1511.04587."
    )

    def __init__(
        self,
        channels: int = 1,
        scales: str = "2,3,4",
        cnns: int = 1,
        depth: int = 20,
        features: int = 64,
        k: int = 7,
        patch: int = 10,
        stride: int = 5,
        window: int = 15,
    ) -> None:
        super().__init__()
        known = factors(scales)
        self.description = Description(
            "upscale",
            channels,
            sigma_input=False,
            scale=known[-1],
            scales=known,
            memory=22 * features,
        )
        self.parts = chain_stages(
            channels,
            channels,
            cnns,
            depth,
            features,
            lambda: N3Block(PLANES_BETWEEN, features, k, patch, stride, window),
            normalised=False,
        )

    @property
    def stages(self) -> Sequence[Stage]:
        """Bicubic interpolation, and one stage a stack."""
        return (
            enlarging(self.description.scale),
            *(part.as_stage() for part in self.parts if isinstance(part, N3NetStage)),
        )

    def start_near_identity(self) -> None:
        """Begin as bicubic interpolation."""
        damp_stages(self)
