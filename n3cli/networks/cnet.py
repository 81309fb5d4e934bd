"""CNet: which of a set of putative correspondences are right, and the same with an N3 block.

Yi, Trulls, Ono, Lepetit, Salzmann, Fua, "Learning to Find Good Correspondences", CVPR 2018 (arXiv
1711.05971). With one N3 block in the middle it is what Plötz & Roth, NeurIPS 2018 (arXiv
1810.12575), Sec. 5.3, made of it. Every point goes through the same layers; points learn of each
other from the statistics that context normalisation takes over all of them, and from neighbours.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import prod

import torch
from torch import Tensor, nn

from n3cli.networks.context_norm import ContextNorm
from n3cli.networks.description import SetDescription
from n3cli.networks.layer import numbers
from n3cli.networks.n3_set_block import SetBlock
from n3cli.networks.n3_set_branch import N3SetBranch
from n3cli.networks.set_network import SetNetwork

_FEATURES, _EMBEDDING = 16, 16
"""Of a branch: features that are averaged, and dimensions of the space in which it looks."""


class _Context(SetNetwork):
    """A linear layer, blocks and a linear layer, all for each correspondence but what blocks do."""

    def __init__(self, inputs: int, width: int, blocks: Iterable[nn.Module]) -> None:
        super().__init__()
        self.description = SetDescription("match", inputs)
        self.head = nn.Linear(inputs, width)
        self.body = nn.Sequential(*blocks)
        self.tail = nn.Linear(width, 1)

    def forward(self, correspondences: Tensor) -> Tensor:
        """B×N×inputs → logits B×N."""
        shape, inputs = tuple(correspondences.shape), self.description.inputs
        if len(shape) != 3 or shape[1] < 1 or shape[2] != inputs:
            raise ValueError(f"expected B×N×{inputs} with N from 1 up, got {shape}")
        y: Tensor = self.head(correspondences)
        # Not under autocast, whose products know no arrays to write to.
        if self.training or torch.is_grad_enabled() or y.dtype != self.head.weight.dtype:
            y = self.body(y)
        else:
            y = self._through_body(y)
        return self.tail(y).squeeze(-1)  # type: ignore[no-any-return]

    def _through_body(self, y: Tensor) -> Tensor:
        """The body on an array that it may write to, always in the same memory.

        What is new memory to a process comes page by page, which takes as long as the products.
        """
        room = y.new_empty(2, y.numel())
        for block in self.body:
            y = block.in_place(y, room) if isinstance(block, ContextBlock) else block(y)
        return y


class CNet(_Context):
    """The network of Yi and others.

    Args:
        inputs: numbers that a correspondence comes with, see `SetDescription`; 4 in the paper.
        width: features of a correspondence.
        blocks: residual blocks, each of two layers.
    """

    about = (
        "CNet: layers that every correspondence goes through by itself, and normalisation over all "
        "of them, after Yi and others, Learning to Find Good Correspondences, CVPR 2018, arXiv "
        "1711.05971."
    )

    def __init__(self, inputs: int = 4, width: int = 128, blocks: int = 12) -> None:
        super().__init__(inputs, width, (ContextBlock(width, width) for _ in range(blocks)))


class N3CNet(_Context):
    """CNet with N3 blocks over all points.

    Args:
        inputs: see `CNet`.
        width: see `CNet`.
        blocks: see `CNet`.
        n3_after: list of the blocks, counted from 1, that an N3 block stands behind, with commas;
            in the paper one, in the middle.
        k: neighbours; in a narrow block k + 1 divides the width.
        block: ``narrow``: the paper's, `SetBlock`, before which features become fewer so that with
            those of the neighbours they are as many again; its inverse temperature is a linear
            output of any sign. ``branch``: `N3SetBranch`, which adds to all features.

    Raises:
        ValueError: there is no such place or block, or the width cannot be divided.
    """

    about = (
        "N3-CNet: CNet (Yi and others, CVPR 2018, arXiv 1711.05971) with neural nearest neighbours "
        "over all correspondences, after Plötz and Roth, NeurIPS 2018, arXiv 1810.12575."
    )

    def __init__(
        self,
        inputs: int = 4,
        width: int = 128,
        blocks: int = 12,
        n3_after: str = "6",
        k: int = 3,
        block: str = "narrow",
    ) -> None:
        places = set(numbers("n3_after", n3_after))
        if max(places) > blocks:
            raise ValueError(f"n3_after must be from 1 to {blocks}, got {n3_after}")
        if block not in ("narrow", "branch"):
            raise ValueError(f"block must be narrow or branch, got {block!r}")
        if block == "narrow" and width % (k + 1):
            raise ValueError(f"k + 1 must divide the width {width}, got k = {k}")
        narrow = width // (k + 1)
        body: list[nn.Module] = []
        for number in range(1, blocks + 1):
            if number not in places:
                body.append(ContextBlock(width, width))
            elif block == "narrow":
                body += [ContextBlock(width, narrow), SetBlock(narrow, width, k)]
            else:
                body += [ContextBlock(width, width), N3SetBranch(width, _FEATURES, _EMBEDDING, k)]
        super().__init__(inputs, width, body)


def correspondence_weight(logits: Tensor) -> Tensor:
    """Weights for the eight-point algorithm, of logits: relu(tanh(·)), as Yi and others have it."""
    return torch.relu(torch.tanh(logits))


class ContextBlock(nn.Module):
    """Two layers, each followed by two normalisations and ReLU, and what came in added.

    Args:
        inputs: features that come in.
        outputs: features that go out; where they differ, a linear layer adapts what is added.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(inputs, outputs), nn.Linear(outputs, outputs)
        self.norms = nn.ModuleList(ContextNorm(outputs) for _ in range(2))
        self.adapt = nn.Linear(inputs, outputs) if inputs != outputs else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """B×N×inputs → B×N×outputs."""
        y = self.norms[0](self.first(x))
        y = self.norms[1](self.second(y))
        return self.adapt(x) + y  # type: ignore[no-any-return]

    def in_place(self, x: Tensor, room: Tensor) -> Tensor:
        """The same in evaluation, without gradient.

        Args:
            x: contiguous; it may hold the result.
            room: 2×n, n at least B·N·outputs: memory to work in.
        """
        shape = *x.shape[:-1], self.second.out_features
        y, z = (array[: prod(shape)].view(shape) for array in room)
        self.norms[0].in_place(_linear(self.first, x, out=y), room=z)  # type: ignore[operator]
        self.norms[1].in_place(_linear(self.second, y, out=z), room=y)  # type: ignore[operator]
        return self.adapt(x).add_(z)  # type: ignore[no-any-return]


def _linear(layer: nn.Linear, x: Tensor, out: Tensor) -> Tensor:
    """A linear layer into an array that is there."""
    torch.addmm(layer.bias, x.flatten(0, 1), layer.weight.t(), out=out.flatten(0, 1))
    return out
