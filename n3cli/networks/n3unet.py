"""N3-UNet: a U-Net that looks up its neighbours at half resolution. People's default denoiser.

No biases and no normalisation layers. The N3 block is a residual branch of the way up: patches of
8×8 at stride 4 on features of half resolution, so that one query stands for 64 pixels and the block
is nearly free. Without it, it is the plain U-Net that it is compared with.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from n3cli.networks.description import Description, Placement
from n3cli.networks.layer import ResidualBlock, convolution, numbers
from n3cli.networks.n3_branch import BeforeN3, N3Branch, look_around
from n3cli.networks.network import Network, Stage


class N3UNet(Network):
    """The network, with a plane of the noise level as second input.

    Level 0 has the image's resolution, each further level half of the one before. Lists are
    written with commas, level 0 first.

    Args:
        channels: image planes.
        widths: list of the planes at each level; the last one is the middle.
        blocks: list of the residual blocks at each level, on the way down and on the way up each;
            in the middle once.
        n3_levels: list of the levels of the way up at which N3 branches stand; empty: a plain
            U-Net.
        features: planes that are averaged over neighbours.
        embedding: planes in which distances are measured.
        k: number of neighbours.
        patch: side of a patch in pixels of its level.
        stride: distance of patches in the same pixels.
        window: candidates along each axis, in patch positions.

    Raises:
        ValueError: a list that is none, or lists of different lengths.
    """

    about = (
        "N3-UNet: a U-Net that also looks up each place's most similar places in the "
        "neighbourhood with a neural nearest neighbours block (N3: Plötz and Roth, Neural "
        "Nearest Neighbors Networks, NeurIPS 2018, arXiv 1810.12575)."
    )

    def __init__(
        self,
        channels: int = 1,
        widths: str = "32,64,128,256",
        blocks: str = "2,4,1,1",
        n3_levels: str = "1",
        features: int = 16,
        embedding: int = 16,
        k: int = 7,
        patch: int = 8,
        stride: int = 4,
        window: int = 15,
    ) -> None:
        super().__init__()
        planes, counts = numbers("widths", widths), numbers("blocks", blocks)
        if len(planes) != len(counts):
            raise ValueError(
                f"widths and blocks need one number a level, got {widths} and {blocks}"
            )
        depth = len(planes) - 1
        multiple = 2**depth
        self.description = Description(
            "denoise",
            channels,
            sigma_input=True,
            size_multiple=multiple,
            size_minimum=2 * multiple,
            memory=18 * planes[0],
        )
        self.head = convolution(channels + 1, planes[0])
        self.encoder = nn.ModuleList(map(_blocks, planes[:-1], counts[:-1]))
        self.down = nn.ModuleList(
            nn.Conv2d(fine, coarse, 2, stride=2, bias=False) for fine, coarse in pairwise(planes)
        )
        self.middle = _blocks(planes[-1], counts[-1])
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(coarse, fine, 2, stride=2, bias=False)
            for fine, coarse in pairwise(planes)
        )
        self.decoder = nn.ModuleList(map(_blocks, planes[:-1], counts[:-1]))
        self.n3 = nn.ModuleDict(
            {
                str(level): N3Branch(planes[level], features, embedding, k, patch, stride, window)
                for level in _levels(n3_levels, depth)
            }
        )
        self.tail = convolution(planes[0], channels, zero=True)

    @property
    def stages(self) -> Sequence[Stage]:
        """One stage: its skip connections span the whole network."""
        return (Stage(self.run, *look_around(self._first_input)),)

    def run(self, x: Tensor, place: Placement) -> Tensor:
        """Noisy planes and noise level B×(C + 1)×H×W → B×C×H×W, both sides whole multiples."""
        return x[:, :-1] + self.residual(x, place)

    def residual(self, x: Tensor, place: Placement) -> Tensor:
        """What the head takes → what the tail gives, to be added to the noisy planes."""
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
            if str(level) in self.n3:
                y = y + self.n3[str(level)](y, place.reduced(2**level))
            y = self.decoder[level](y)
        residual: Tensor = self.tail(y)
        return residual

    def _first_input(self, before_n3: BeforeN3) -> int:
        """First input pixel that output pixel 0 and the ones behind it depend on.

        Follows the network backwards: a 3×3 convolution looks one pixel further, a transposed one
        halves the coordinate, a strided one doubles it.
        """
        pixel = -1  # tail
        for level, blocks in enumerate(self.decoder):
            pixel -= _reach(blocks)
            if str(level) in self.n3:
                branch = self.n3[str(level)]
                assert isinstance(branch, N3Branch)
                pixel = before_n3(pixel - 1, branch.aggregation) - 1  # merge, block, project
            pixel //= 2  # up
        pixel -= _reach(self.middle)
        for blocks in reversed(self.encoder):
            pixel = 2 * pixel - _reach(blocks)  # down, encoder
        return pixel - 1  # head


def _levels(text: str, depth: int) -> list[int]:
    """Levels of the way up that a text names.

    Raises:
        ValueError: it is no list of levels.
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    known = [str(level) for level in range(depth)]
    if unknown := [word for word in words if word not in known]:
        has = "only level" if depth == 1 else "levels"
        raise ValueError(
            f"n3_levels: a way up of {depth + 1} widths has {has} {', '.join(known)}, "
            f"not {unknown[0]!r}"
        )
    return sorted(set(map(int, words)))


def _reach(blocks: nn.Module) -> int:
    """Pixels around an output pixel that residual blocks look at."""
    assert isinstance(blocks, nn.Sequential)
    return 2 * len(blocks)


def _blocks(width: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(ResidualBlock(width) for _ in range(count)))
