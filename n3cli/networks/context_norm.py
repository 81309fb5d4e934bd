"""The normalisations of CNet, over the points of a set and over the sets, as one.

Yi and others, "Learning to Find Good Correspondences", CVPR 2018 (arXiv 1711.05971), Sec. 3.2.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from n3cli.ops.derivative import refuse_second

_EPSILON = 1e-3
"""Added to variances of context normalisation, as in the paper's code."""

_BATCH = 1e-5
"""Added to variances of batch normalisation, PyTorch's default."""

_MOMENTUM = 0.1
"""How fast its average of variances moves, likewise."""


class ContextNorm(nn.Module):
    """Context normalisation over the points, batch normalisation without affine parameters, ReLU.

    What the first has normalised has a mean of exactly 0 over every set, and a variance that
    follows from the set's own; so both together are one factor a set and feature, in training as
    in evaluation, and there is nothing to fold.

    Args:
        features: of a point.
    """

    running_var: Tensor

    def __init__(self, features: int) -> None:
        super().__init__()
        self.register_buffer("running_var", torch.ones(features))

    def forward(self, x: Tensor) -> Tensor:
        """B×N×F → the same shape."""
        if not self.training:
            centred = x - x.mean(1, keepdim=True)
            return torch.relu(centred * self._factor(centred.square()))
        y: Tensor
        y, variance = _NormaliseAndRectify.apply(x)  # type: ignore[no-untyped-call]
        with torch.no_grad():
            count = x.shape[0] * x.shape[1]
            unbiased = variance * (count / max(1, count - 1))
            self.running_var.lerp_(unbiased.to(self.running_var.dtype), _MOMENTUM)
        return y

    def in_place(self, x: Tensor, room: Tensor) -> Tensor:
        """The same in evaluation, without gradient; `room`, of x's shape, is written to as well."""
        x.sub_(x.mean(1, keepdim=True))
        return x.mul_(self._factor(torch.mul(x, x, out=room))).relu_()

    def _factor(self, square: Tensor) -> Tensor:
        """What a set's centred features, whose squares are given, are multiplied by."""
        # In two steps: torch.var_mean takes twenty times as long on CPUs.
        context = torch.rsqrt(square.mean(1, keepdim=True) + _EPSILON)
        return context * torch.rsqrt(self.running_var + _BATCH)


class _NormaliseAndRectify(torch.autograd.Function):
    """`ContextNorm` in training, with few passes over the points, which is what its time goes into.

    With the variance v of a set's feature, ε and ε' of the two normalisations and a bar for the
    mean over the sets, the factor is f = r·q, r = (v + ε)^−½, q = (V + ε')^−½, V = mean of v·r².
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> tuple[Tensor, Tensor]:
        normal = x - x.mean(1, keepdim=True)
        square = torch.linalg.vector_norm(normal, dim=1, keepdim=True).square_() / x.shape[1]
        r = torch.rsqrt(square + _EPSILON)
        variance = (square * r.square()).mean(0)
        q = torch.rsqrt(variance + _BATCH)
        normal *= r * q
        ctx.save_for_backward(normal, r, q)
        variance = variance.squeeze(0)
        ctx.mark_non_differentiable(variance)
        return torch.relu(normal), variance

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        refuse_second("context normalisation in training")
        normal, r, q = ctx.saved_tensors
        sets, count, _ = normal.shape
        gradient: Tensor = torch.ops.aten.threshold_backward(gradients[0], normal, 0)
        mean = gradient.mean(1, keepdim=True)
        along = (gradient * normal).sum(1, keepdim=True)
        # Of the variance of each set: through its own r, and through q, which all sets share.
        shared = along.sum(0, keepdim=True) * q.square() * (_EPSILON / sets)
        change = -0.5 * (along * r.square() + shared * r.pow(4))
        factor = r * q
        gradient.sub_(mean).mul_(factor).addcmul_(normal, change / factor, value=2 / count)
        return gradient
