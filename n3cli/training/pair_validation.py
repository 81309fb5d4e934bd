"""How well a network judges correspondences of pairs of views that it was not trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from n3cli.data.simulated.scene import Scene, make_scene
from n3cli.inference.match.estimator import estimate_by_eight_points
from n3cli.inference.match.pose_error import pose_error
from n3cli.networks.cnet import correspondence_weight
from n3cli.networks.set_network import SetNetwork
from n3cli.ops.array import Float32
from n3cli.ops.two_view.correspondence import stack_columns
from n3cli.ops.two_view.label_score import LabelScore, score_labels
from n3cli.ops.two_view.pose_score import mean_accuracy

_SEED = 2**63
"""Of the held-out pairs: no run's seed is as large."""

LABELS = {"f1": "F1", "ap": "average precision", "map5": "mAP5"}
"""The scores, and what people call them."""

PAIR_PROTOCOL = (
    "Means over the pairs, in per cent. F1 of the correspondences with a logit above 0; average "
    "precision of the logits; mAP5: the share of pairs whose rotation and direction of translation "
    "are both within 5 degrees, by the weighted eight-point algorithm (Hartley's points) alone"
)


def held_out_pairs(count: int, points: int) -> list[Scene]:
    """Pairs that no run is trained on, the same for all."""
    return [make_scene(np.random.default_rng((_SEED, index)), points) for index in range(count)]


@torch.no_grad()
def score_pairs(
    network: SetNetwork, pairs: Sequence[Scene], device: torch.device
) -> Mapping[str, float]:
    """The scores of `LABELS`, from 0 to 1.

    Args:
        network: in evaluation mode, on `device`.
        pairs: some, each judged by itself.
        device: where to compute, in float32.
    """
    labels: list[LabelScore] = []
    errors: list[float] = []
    for pair in pairs:
        columns = stack_columns(pair.points, pair.ratio, pair.mutual, network.description.inputs)
        logits = network(torch.from_numpy(columns)[None].to(device))[0].cpu()
        found: Float32 = logits.numpy()
        labels.append(score_labels(pair.right, found > 0, found))
        weight = correspondence_weight(logits.double()).numpy()
        truth = pair.rotation, pair.translation
        errors.append(pose_error(estimate_by_eight_points, pair.points, weight, *truth))
    return {
        "f1": float(np.nanmean([each.f1 for each in labels])),
        "ap": float(np.nanmean([each.average_precision for each in labels])),
        "map5": mean_accuracy(errors, 5),
    }
