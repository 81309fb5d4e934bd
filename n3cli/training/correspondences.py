"""The task of telling right correspondences from wrong ones, on synthetic pairs of views.

Yi and others, "Learning to Find Good Correspondences", CVPR 2018 (arXiv 1711.05971), Sec. 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from n3cli.data.simulated.scene import make_scene
from n3cli.networks.cnet import correspondence_weight
from n3cli.networks.set_network import SetNetwork
from n3cli.ops.two_view.correspondence import stack_columns
from n3cli.ops.two_view.epipolar import eight_point, essential_matrix
from n3cli.training.ahead import Ahead, default_workers
from n3cli.training.config import Recipe
from n3cli.training.distributed import World
from n3cli.training.pair_validation import held_out_pairs, score_pairs
from n3cli.training.seed import Stream, mix
from n3cli.training.task import Inputs, Task


class Truth(NamedTuple):
    """What outputs are held against."""

    right: Tensor
    """B×N: 1 for right correspondences, 0 for wrong ones."""
    matrix: Tensor
    """B×3×3: the true essential matrices, of unit norm."""
    essential: float
    """Weight of the essential matrix's part of the loss in this step."""


class _Pairs(NamedTuple):
    """A batch as it is made, on the CPU."""

    columns: Tensor
    """B×N×inputs."""
    right: Tensor
    """See `Truth`."""
    matrix: Tensor
    """Likewise."""


@dataclass(frozen=True)
class _PairMaker:
    """Makes this process's pairs of a step's batch, of the seed and the step alone."""

    seed: int
    indices: range
    points: int
    inputs: int

    def __getitem__(self, step: int) -> _Pairs:
        drawn = mix(self.seed, step, Stream.SCENE)
        scenes = [
            make_scene(np.random.default_rng((drawn, index)), self.points) for index in self.indices
        ]
        columns = np.stack(
            [stack_columns(s.points, s.ratio, s.mutual, self.inputs) for s in scenes]
        )
        matrix = essential_matrix(
            torch.from_numpy(np.stack([scene.rotation for scene in scenes])),
            torch.from_numpy(np.stack([scene.translation for scene in scenes])),
        )
        return _Pairs(
            torch.from_numpy(columns),
            torch.from_numpy(np.stack([scene.right for scene in scenes])).float(),
            (matrix / torch.linalg.matrix_norm(matrix, keepdim=True)).float(),
        )


class CorrespondenceJudging(Task[SetNetwork, Truth]):
    """New pairs of views in every step.

    Args:
        recipe: the run's.
        inputs: numbers that the network takes of each correspondence.
        device: where it is.
        world: which process this is.
    """

    def __init__(self, recipe: Recipe, inputs: int, device: torch.device, world: World) -> None:
        self._settings, self._device = recipe.correspondences, device
        settings, batch = recipe.correspondences, recipe.data.batch
        workers = settings.workers
        if workers < 0:
            workers = default_workers(device, world.local_size)
        mine = range(batch)[world.share(batch)]
        make = _PairMaker(recipe.run.seed, mine, settings.points, inputs)
        self._batches = Ahead(make, workers)
        self._pairs = held_out_pairs(settings.pairs, settings.validation_points)

    def batch(self, step: int, done: float) -> tuple[Inputs, Truth]:
        """Correspondences b×N×inputs, and the truth."""
        columns, right, matrix = (self._sent(part) for part in self._batches[step])
        settings = self._settings
        weight = settings.essential if done >= settings.essential_from else 0.0
        return (columns,), Truth(right, matrix, weight)

    def _sent(self, part: Tensor) -> Tensor:
        """A part of a batch on the device, without waiting for the step before."""
        if self._device.type == "cuda":
            # Here, as a thread that pinned memory meanwhile would break the recording of a graph.
            part = part.pin_memory()
        return part.to(self._device, non_blocking=True)

    def loss(self, output: Tensor, target: Truth, inputs: Inputs) -> Tensor:
        """Cross-entropy in which right and wrong weigh the same, and that of the matrices."""
        loss = balanced_cross_entropy(output, target.right)
        if target.essential:
            points = inputs[0]
            assert isinstance(points, Tensor)
            loss = loss + target.essential * matrix_loss(points, output, target.matrix)
        return loss

    def validate(self, network: SetNetwork) -> Mapping[str, float]:
        """F1, average precision and mAP5 of the held-out pairs."""
        return score_pairs(network, self._pairs, self._device) if self._pairs else {}


def balanced_cross_entropy(logits: Tensor, right: Tensor) -> Tensor:
    """The mean over pairs of the mean cross-entropies of right and of wrong ones.

    Args:
        logits: B×N.
        right: B×N, 1 or 0. A pair that has none of one kind is judged by the other.

    Returns:
        A scalar.
    """
    loss = F.binary_cross_entropy_with_logits(logits, right, reduction="none")
    kinds = torch.stack([right, 1 - right])
    counts = kinds.sum(-1)
    means = (kinds * loss).sum(-1) / counts.clamp_min(1)
    return (means.sum(0) / (counts > 0).sum(0)).mean()


def matrix_loss(points: Tensor, logits: Tensor, matrix: Tensor) -> Tensor:
    """Squared distance of the matrix that the eight-point algorithm makes, whatever its sign.

    Args:
        points: B×N×(4 or more): x0, y0, x1, y1.
        logits: B×N.
        matrix: B×3×3, the true one, of unit norm.

    Returns:
        A scalar: the mean over pairs, from 0 to 2.
    """
    found = eight_point(points[..., :2], points[..., 2:4], correspondence_weight(logits))
    distances = [(found - sign * matrix).square().sum((-1, -2)) for sign in (1, -1)]
    return torch.minimum(*distances).mean()
