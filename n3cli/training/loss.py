"""What is made small: functions of what a network gives and what it should give."""

from __future__ import annotations

import torch
from torch import Tensor

from n3cli.training.config import LossKind

_ROUND = 1e-3
"""Errors in [0, 1] units below which Charbonnier's loss is quadratic."""


def pixel_loss(
    kind: LossKind,
    output: Tensor,
    target: Tensor,
    sigma: Tensor | None,
    floor: float = 2 / 255,
) -> Tensor:
    """The loss of a batch, mean over its crops.

    Args:
        kind: as in `LossSettings`.
        output: B×C×H×W in [0, 1] units, float32.
        target: the same shape.
        sigma: noise levels in [0, 1] units, B or B×1×H×W, where there are any.
        floor: what is added to them in the weighted loss.

    Returns:
        A scalar.

    Raises:
        ValueError: the loss needs noise levels, and there are none.
    """
    error = (output - target).square()
    match kind:
        case "mse":
            return error.mean()
        case "charbonnier":
            # Charbonnier et al. 1994; with this ε Lai et al., CVPR 2017 (LapSRN), eq. 3.
            return torch.sqrt(error + _ROUND**2).mean()
        case "sse":
            # Plötz & Roth 2018 and Zhang et al. 2017: ½ Σ over crops of 40×40.
            pixels = target.shape[-2] * target.shape[-1]
            return 0.5 * error.sum((1, 2, 3)).mean() * (1600 / pixels)
        case "weighted":
            if sigma is None:
                raise ValueError("loss.kind weighted needs noise levels")
            levels = sigma.view(-1, 1, 1, 1) if sigma.dim() == 1 else sigma
            return (error * (255 / (levels + floor))).mean()
