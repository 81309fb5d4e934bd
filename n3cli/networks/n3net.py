"""N3Net for denoising: DnCNNs with N3 blocks between them.

Plötz & Roth, "Neural Nearest Neighbors Networks", NeurIPS 2018 (arXiv 1810.12575), Sec. 4 and 5.1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from n3cli.networks.description import Description, Placement
from n3cli.networks.dncnn import ConvolutionStack, normalised_convolution
from n3cli.networks.n3 import DistanceNorm, N3Aggregation
from n3cli.networks.network import Network, Stage
from n3cli.ops.n3.selection import SELECTION_RULES, SelectionRule, select_relaxed

PLANES_BETWEEN = 8
"""Planes that go from stage to stage."""
_EMBEDDING = 8
_TEMPERATURE_BIAS = 0.1
_NO_BLOCKS = "none"


class N3Block(nn.Module):
    """Appends its K neighbours to a feature map, with own embedding and temperature CNNs.

    The hard and the stochastic rule give no gradient to logits: with them embedding, temperature
    and distance norm have none and stay as they are.

    Args:
        planes: planes of the feature map.
        features: planes inside the embedding and temperature CNNs.
        k: number of neighbours.
        patch: side of a patch in pixels.
        stride: distance of patches in pixels.
        window: candidates along each axis, in patch positions.
        select: selection rule.
        learn_temperature: with a CNN; else the log temperature is 0 everywhere.
        learn_embedding: with a CNN; else distances are those of the feature map.
    """

    def __init__(
        self,
        planes: int,
        features: int,
        k: int,
        patch: int,
        stride: int,
        window: int,
        select: SelectionRule = select_relaxed,
        learn_temperature: bool = True,
        learn_embedding: bool = True,
    ) -> None:
        super().__init__()
        self.embed = _guide(planes, features, _EMBEDDING) if learn_embedding else nn.Identity()
        self.temperature = _guide(planes, features, 1) if learn_temperature else _ZeroPlane()
        self._guide_depth = _GUIDE_DEPTH if learn_temperature or learn_embedding else 0
        self.distance_norm = DistanceNorm()
        self.aggregation = N3Aggregation(
            k, patch, stride, window, scale=1 / _TEMPERATURE_BIAS, select=select
        )

    @property
    def halo(self) -> int:
        """Pixels around an output pixel that its value depends on."""
        return self.aggregation.halo + max(self._guide_depth, self.aggregation.stride - 1)

    @property
    def reach(self) -> int:
        """Pixels from an image border on that values near it depend on."""
        return self.aggregation.reach + self._guide_depth + self.aggregation.stride

    def forward(self, x: Tensor, place: Placement | None = None) -> Tensor:
        """B×C×H×W → B×(K + 1)·C×H×W: x, X^1 − x, …, X^K − x.

        Without `place` the image is whole.
        """
        embedding, log_temperature = self.embed(x), self.temperature(x)
        neighbours = self.aggregation(x, embedding, log_temperature, place, self.distance_norm)
        return torch.cat([x, neighbours], dim=1)


_GUIDE_DEPTH = 3


def _guide(planes_in: int, features: int, planes_out: int) -> nn.Sequential:
    """Three convolutions that give the embedding or the temperature."""
    return nn.Sequential(
        *normalised_convolution(planes_in, features),
        *normalised_convolution(features, features),
        nn.Conv2d(features, planes_out, 3, padding=1),
    )


class _ZeroPlane(nn.Module):
    """B×C×H×W → B×1×H×W of zeros."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.zeros_like(x[:, :1])


class N3NetStage(nn.Module):
    """An N3 block (none in the first stage) and the DnCNN behind it."""

    def __init__(self, block: N3Block | None, cnn: ConvolutionStack) -> None:
        super().__init__()
        self.block, self.cnn = block, cnn

    def forward(self, x: Tensor, place: Placement) -> Tensor:
        """B×C×H×W and where it lies → B×C'×H×W."""
        if self.block is not None:
            x = self.block(x, place)
        y: Tensor = self.cnn(x)
        return y

    def as_stage(self) -> Stage:
        """How a tile is sent through."""
        if self.block is None:
            return Stage(self, self.cnn.halo)
        return Stage(self, self.cnn.halo + self.block.halo, self.cnn.halo + self.block.reach)


def chain_stages(
    planes_in: int,
    channels: int,
    cnns: int,
    depth: int,
    features: int,
    make_block: Callable[[], N3Block] | None,
    normalised: bool = True,
) -> nn.ModuleList:
    """Convolution stacks with N3 blocks between them, each an `N3NetStage`.

    Args:
        planes_in: planes of the network's input, image planes first.
        channels: image planes, which the last stack gives.
        cnns: number of stacks.
        depth: convolutions in each.
        features: planes inside each.
        make_block: makes an N3 block on `PLANES_BETWEEN` planes; None: each stack gets the planes
            of the one before it alone.
        normalised: whether the stacks have batch norms.
    """
    stages = nn.ModuleList()
    for i in range(cnns):
        block = make_block() if i and make_block else None
        planes = PLANES_BETWEEN if i else planes_in
        if block is not None:
            planes *= block.aggregation.k + 1
        planes_out = PLANES_BETWEEN if i < cnns - 1 else channels
        skipped = min(planes_out, planes if i else channels)
        stack = ConvolutionStack(planes, planes_out, depth, features, skipped, normalised)
        stages.append(N3NetStage(block, stack))
    return stages


def damp_stages(stages: nn.Module) -> None:
    """Begin with stacks that change their planes little, the last one not at all."""
    *inner, last = (module for module in stages.modules() if isinstance(module, ConvolutionStack))
    for stack in inner:
        stack.damp(0.1)
    last.damp(0)


class N3Net(Network):
    """DnCNN → N3 → DnCNN → N3 → DnCNN.

    The last three arguments are for ablations. Under ``select="hard"`` and ``"stochastic"``
    nothing of an N3 block is trained (see `N3Block`), so that they go with a fixed temperature
    and the features as embedding.

    Args:
        channels: image planes.
        sigma_input: take the noise level as one more plane (one network for all levels).
        cnns: number of DnCNNs.
        depth: convolutions in each.
        features: planes inside each.
        k: neighbours.
        patch: side of a patch in pixels.
        stride: distance of patches in pixels.
        window: candidates along each axis, in patch positions.
        select: ``"relaxed"``, ``"hard"`` or ``"stochastic"`` (`ops/n3/selection.py`), or
            ``"none"``: no N3 blocks, and each DnCNN gets the planes of the one before it alone.
        temperature: ``"learned"`` by a CNN, or ``"fixed"``: log temperature 0 everywhere.
        embedding: ``"learned"`` by a CNN, or ``"features"``: distances are those of the features.

    Raises:
        ValueError: a stride that does not divide the patch size, or none of the words above.
    """

    about = (
        "N3Net: convolutions (DnCNN) with neural nearest neighbours blocks (N3) between "
        "them, after Plötz and Roth, Neural Nearest Neighbors Networks, NeurIPS 2018, "
        "arXiv 1810.12575."
    )

    def __init__(
        self,
        channels: int = 1,
        sigma_input: bool = False,
        cnns: int = 3,
        depth: int = 6,
        features: int = 64,
        k: int = 7,
        patch: int = 10,
        stride: int = 5,
        window: int = 15,
        select: str = "relaxed",
        temperature: str = "learned",
        embedding: str = "learned",
    ) -> None:
        super().__init__()
        _check_word("select", select, (*SELECTION_RULES, _NO_BLOCKS))
        _check_word("temperature", temperature, ("learned", "fixed"))
        _check_word("embedding", embedding, ("learned", "features"))
        self.description = Description("denoise", channels, sigma_input, memory=22 * features)

        def make_block() -> N3Block:
            return N3Block(
                PLANES_BETWEEN,
                features,
                k,
                patch,
                stride,
                window,
                SELECTION_RULES[select],
                learn_temperature=temperature == "learned",
                learn_embedding=embedding == "learned",
            )

        self.parts = chain_stages(
            channels + sigma_input,
            channels,
            cnns,
            depth,
            features,
            None if select == _NO_BLOCKS else make_block,
        )

    @property
    def stages(self) -> Sequence[Stage]:
        """One stage a DnCNN; between them the image is 8 planes."""
        return tuple(part.as_stage() for part in self.parts if isinstance(part, N3NetStage))

    def start_near_identity(self) -> None:
        """Begin with DnCNNs that change their planes little, the last one not at all."""
        damp_stages(self)


def _check_word(option: str, given: str, choices: tuple[str, ...]) -> None:
    if given not in choices:
        raise ValueError(f"{option} must be one of {', '.join(choices)}; got {given!r}")
