"""Muon: momentum whose steps are orthogonalised, for convolutions and linear layers.

Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024. `torch.optim.Muon`
takes matrices only, and skips what has no gradient of its own, as reshaped views of weights do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from n3cli.ops.precision import float32_as

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
_STEPS = 5


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonalised: each weight as a matrix of its outputs × all its inputs.

    Args:
        weights: of convolutions, out × in × height × width, or of linear layers, out × in.
        rate: learning rate.
        momentum: of the moving sum of gradients.
        decay: share of a weight that is taken away in a step, divided by the rate. Steps are of
            one size, however small the gradient, so that without it weights grow for ever; with
            it the largest singular value stays below about 1 / decay.
    """

    def __init__(
        self, weights: Iterable[nn.Parameter], rate: float, momentum: float, decay: float = 0.0
    ) -> None:
        super().__init__(weights, {"lr": rate, "momentum": momentum, "decay": decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """Take a step along the gradients that there are."""
        for group in self.param_groups:
            weights = [weight for weight in group["params"] if weight.grad is not None]
            if not weights:
                continue
            for weight in weights:
                if not self.state[weight]:
                    self.state[weight]["sum"] = torch.zeros_like(weight)
            gradients = [weight.grad for weight in weights]
            sums = [self.state[weight]["sum"] for weight in weights]
            torch._foreach_mul_(sums, group["momentum"])
            torch._foreach_add_(sums, gradients)
            ahead = torch._foreach_add(gradients, sums, alpha=group["momentum"])
            torch._foreach_mul_(weights, 1 - group["lr"] * group["decay"])
            torch._foreach_add_(weights, _steps(ahead), alpha=-group["lr"])


def _steps(directions: Sequence[Tensor]) -> list[Tensor]:
    """What is subtracted from each weight at a learning rate of 1.

    Those of a shape are worked on together, which spares a GPU launches; on a CPU it takes longer.
    """
    alike: dict[tuple[int, ...], list[int]] = {}
    for index, direction in enumerate(directions):
        own = (index,) if direction.device.type == "cpu" else ()
        alike.setdefault((*direction.shape, *own), []).append(index)
    steps: list[Tensor] = [*directions]
    for indices in alike.values():
        # Not view: weights are channels-last.
        matrices = torch.stack([directions[index].flatten(1) for index in indices])
        gain = max(1.0, matrices.shape[1] / matrices.shape[2]) ** 0.5
        with float32_as(torch.float32, matrices.device):
            orthogonal = orthogonalise(matrices).mul_(gain)
        for index, step in zip(indices, orthogonal, strict=True):
            steps[index] = step.view(directions[index].shape)
    return steps


def orthogonalise(matrix: Tensor) -> Tensor:
    """Bring the singular values of a matrix near 1 (0.7–1.2), its singular vectors unchanged.

    Five Newton–Schulz iterations X ← (a + b·XXᵀ + c·(XXᵀ)²) X. All factors are polynomials of the
    first Gram matrix, so they commute and are multiplied up on the short side alone: for a
    256×2304 matrix a third of the work. That needs float32, which is also the faster format on
    processors without bfloat16 instructions (there, by a hundred times).

    Args:
        matrix: …×R×C, each for itself.

    Returns:
        …×R×C, float32. Zero where a matrix is.
    """
    a, b, c = _COEFFICIENTS
    tall = matrix.shape[-2] > matrix.shape[-1]
    x = (matrix.mT if tall else matrix).float()
    x = x / (torch.linalg.matrix_norm(x, keepdim=True) + 1e-7)
    gram = x @ x.mT
    factor = _polynomial(gram, a, b, c)
    step = factor
    for _ in range(_STEPS - 1):
        gram = step @ gram @ step
        step = _polynomial(gram, a, b, c)
        factor = step @ factor
    y: Tensor = factor @ x
    return y.mT if tall else y


def _polynomial(matrix: Tensor, a: float, b: float, c: float) -> Tensor:
    """Evaluate a + b·M + c·M² of a symmetric M."""
    y = torch.add(b * matrix, matrix @ matrix, alpha=c)
    y.diagonal(dim1=-2, dim2=-1).add_(a)
    return y
