"""How a query picks its K neighbours from O candidates: three rules of one signature.

Plötz & Roth, "Neural Nearest Neighbors Networks", NeurIPS 2018 (arXiv 1810.12575), Sec. 3. Every
rule takes logits α (higher is nearer: α = −distance / temperature), shape (…, O), and returns
weights of shape (K, …, O): weight volume t = 1…K, each summing to 1 over the candidates.

Candidates that may not be chosen carry the logit `EXCLUDED`. When fewer than K candidates are
left they are fallen back on, so that the weights stay finite for any K and O ≥ 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import e, log2

import torch
from torch import Tensor

EXCLUDED = -1e20
"""Logit of a candidate that may not be chosen: below every real one, and still finite."""

_USED_UP = -1e30
"""Logit of a candidate whose whole weight is spent: below `EXCLUDED`, so it is the last resort."""

_BITS = log2(e)
"""By what a logit is multiplied to be one to the base 2, of which processors find powers in half
the time."""

_NOTHING = -115.5
"""Logit to the base 2, relative to the highest, from which on a weight is 0: below, float32 has
denormals."""

_LEAST = 2e-35
"""A little above 2 to the power of `_NOTHING`."""

_UNDERFLOW = 1e-27
"""Below this remaining mass the product form could lose candidates to float32 underflow."""

SelectionRule = Callable[[Tensor, int], Tensor]


def select_hard(logits: Tensor, k: int) -> Tensor:
    """Choose the K nearest candidates, one after the other: the limit T → 0.

    Args:
        logits: (…, O) of any floating dtype.
        k: number of neighbours, at least 1.

    Returns:
        One-hot weights (K, …, O) of the logits' dtype. Where K > O the farthest is repeated.
    """
    candidates = logits.shape[-1]
    order = logits.topk(min(k, candidates), dim=-1).indices
    if k > candidates:
        last = order[..., -1:].expand(*order.shape[:-1], k - candidates)
        order = torch.cat([order, last], dim=-1)
    return _one_hot(order.movedim(-1, 0), logits)


def select_stochastic(logits: Tensor, k: int, generator: torch.Generator | None = None) -> Tensor:
    """Sample K candidates without replacement: the stochastic limit.

    w^t is a one-hot sample from Cat(α^t), whose logit then becomes −∞. Sampling adds Gumbel noise
    to the logits once: the K largest, in order, are such a sample (Vieira 2014, Kool et al. 2019).

    Args:
        logits: (…, O) of any floating dtype.
        k: number of neighbours, at least 1.
        generator: source of randomness, on the logits' device; the global one if None.

    Returns:
        One-hot weights (K, …, O) of the logits' dtype; no gradient flows through them.
    """
    scores = logits.detach().to(_working_dtype(logits))
    uniform = torch.rand(
        scores.shape, dtype=scores.dtype, device=scores.device, generator=generator
    )
    tiny = torch.finfo(scores.dtype).tiny
    exponential = (-uniform.clamp_min(tiny).log()).clamp_min(tiny)
    return select_hard(scores - exponential.log(), k).to(logits.dtype)


def select_relaxed(logits: Tensor, k: int) -> Tensor:
    """Continuous deterministic relaxation: what N3 networks train and run with.

    w^t = softmax(α^t); α^{t+1} = α^t + log(1 − w^t).

    Tends to `select_hard` as the logits are scaled up: then w rounds to 1 and its candidate is
    spent. Tends to 1/O for every candidate as they are scaled down to 0.

    Args:
        logits: (…, O) of any floating dtype; half precision is computed in float32.
        k: number of neighbours, at least 1.

    Returns:
        Weights (K, …, O) of the logits' dtype. The gradient stays bounded where w → 1.
    """
    working = logits.to(_working_dtype(logits))
    if torch.is_grad_enabled() and working.requires_grad:
        weights: Tensor = _Relaxed.apply(working, k)  # type: ignore[no-untyped-call]
    else:
        weights = _relax(working, k)
    return weights.to(logits.dtype)


def relaxed_in_turn(logits: Tensor, k: int, mass: Tensor, weights: Tensor) -> Iterator[Tensor]:
    """`select_relaxed` on a CPU without gradient, with memory for one weight volume.

    Args:
        logits: (…, O), contiguous, float32 or float64.
        k: number of neighbours, at least 1.
        mass: likewise, room to work in.
        weights: likewise.

    Yields:
        `weights`, K times: each volume, until the next is asked for.
    """
    rows, room, volume = (array.view(-1, array.shape[-1]) for array in (logits, mass, weights))
    for _ in _products(rows, room, [volume] * k):
        yield weights


SELECTION_RULES: Mapping[str, SelectionRule] = {
    "relaxed": select_relaxed,
    "hard": select_hard,
    "stochastic": select_stochastic,
}
"""The rules by the names that they have in a network's options."""


def _working_dtype(logits: Tensor) -> torch.dtype:
    return torch.float64 if logits.dtype == torch.float64 else torch.float32


def _one_hot(index: Tensor, like: Tensor) -> Tensor:
    weights = like.new_zeros(*index.shape, like.shape[-1])
    return weights.scatter_(-1, index.unsqueeze(-1), 1.0)


class _Relaxed(torch.autograd.Function):
    """The recurrence, with the gradient that it has in log space, from the weights alone.

    With A^t the gradient at α^t and G^t that at w^t, backwards from t = K with A^{K+1} = 0:
    H = G^t − A^{t+1} / (1 − w^t);  A^t = A^{t+1} + w^t · (H − Σ w^t H).
    The division is damped by the dtype's epsilon, so that it stays bounded where w → 1.
    """

    @staticmethod
    def forward(logits: Tensor, k: int) -> Tensor:
        return _relax(logits, k)

    @staticmethod
    def setup_context(
        ctx: torch.autograd.function.FunctionCtx, inputs: tuple[Tensor, int], output: Tensor
    ) -> None:
        ctx.save_for_backward(output)

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, *grads: Tensor) -> tuple[Tensor, None]:
        (weights,) = ctx.saved_tensors  # type: ignore[attr-defined]
        # The gradient is differentiated in its turn only where a graph of it is made.
        backwards = _backwards_for_graphs if torch.is_grad_enabled() else _backwards
        return backwards(weights, grads[0]), None


def _backwards(weights: Tensor, gradient: Tensor) -> Tensor:
    """The gradient at the logits, in memory for two volumes."""
    epsilon = torch.finfo(weights.dtype).eps
    found: Tensor | None = None
    # Not reversed(), which copies.
    for w, g in zip(weights.unbind()[::-1], gradient.unbind()[::-1], strict=True):
        if found is None:
            product = w * g
            found = product.addcmul_(w, product.sum(-1, keepdim=True), value=-1)
            continue
        rest = (1 + epsilon) - w
        product = torch.div(found, rest, out=rest).neg_().add_(g).mul_(w)
        total = product.sum(-1, keepdim=True)
        found = found.add_(product).addcmul_(w, total, value=-1)
    assert found is not None
    return found


def _backwards_for_graphs(weights: Tensor, gradient: Tensor) -> Tensor:
    """The same, written so that it can be differentiated."""
    epsilon = torch.finfo(weights.dtype).eps
    found = torch.zeros_like(weights[0])
    for w, g in zip(weights.unbind()[::-1], gradient.unbind()[::-1], strict=True):
        product = w * (g - found / ((1 + epsilon) - w))
        found = found + product - w * product.sum(-1, keepdim=True)
    return found


def _relax(logits: Tensor, k: int) -> Tensor:
    """The recurrence, forward only."""
    # The products look at values to choose their way, which a graph of operations cannot.
    if logits.device.type == "cpu" and not torch.compiler.is_compiling():
        return _relax_by_products(logits, k)
    return _relax_by_logarithms(logits, k)


def _relax_by_logarithms(logits: Tensor, k: int) -> Tensor:
    """The recurrence as it is written, for devices that find logarithms cheap.

    Whatever the logits, it does the same: a device need not be waited for, and its work can be
    captured in a graph.
    """
    weights = logits.new_empty(k, *logits.shape)
    for t in range(k):
        torch.softmax(logits, dim=-1, out=weights[t])
        if t + 1 < k:
            logits = _spend(logits, weights[t])
    return weights


def _relax_by_products(logits: Tensor, k: int) -> Tensor:
    """The recurrence without logarithms, for processors, which find them dear."""
    rows = logits.reshape(-1, logits.shape[-1])
    weights = rows.new_empty(k, *rows.shape)
    for _ in _products(rows, torch.empty_like(rows), weights.unbind()):
        pass
    return weights.view(k, *logits.shape)


def _products(logits: Tensor, mass: Tensor, weights: Sequence[Tensor]) -> Iterator[Tensor]:
    """Three passes a neighbour: u ← u·(1 − w) with w = u / Σu.

    Where almost no mass of a query is left, u begins anew from its logits, as the logarithms bring
    them down so far. Forward only: its own gradient is unstable where w → 1.

    Args:
        logits: (queries, O).
        mass: of the same shape, written.
        weights: of the same shape each, written one after another; all may be the same.
    """
    _masses(logits, out=mass)
    for t, w in enumerate(weights):
        total = mass.sum(dim=-1, keepdim=True)
        if t and not (total > _UNDERFLOW).all():
            low = (~(total.squeeze(-1) > _UNDERFLOW)).nonzero().squeeze(-1)
            left = logits.index_select(0, low)  # whole rows: masks as indices take far longer
            for _ in range(t):
                left = _spend(left, torch.softmax(left, dim=-1))
            mass.index_copy_(0, low, _masses(left))
            total = mass.sum(dim=-1, keepdim=True)
        # A quotient, not the product with 1/Σu, which is not 1 for all that is left: then a
        # candidate would never be spent.
        torch.div(mass, total, out=w)
        yield w
        if t + 1 < len(weights):
            mass.addcmul_(mass, w, value=-1.0)


def _spend(logits: Tensor, weights: Tensor) -> Tensor:
    """What is left of logits: α + log(1 − w)."""
    left = torch.log1p(-weights).add_(logits)
    return left.masked_fill_(weights >= 1, _USED_UP)


def _masses(logits: Tensor, out: Tensor | None = None) -> Tensor:
    """exp(α − max α), without denormal numbers, which take processors far longer than others."""
    below = torch.sub(logits, logits.amax(dim=-1, keepdim=True), out=out)
    # What it underflows for takes exp2 twice as long, too.
    return torch.threshold_(below.mul_(_BITS).clamp_min_(_NOTHING).exp2_(), _LEAST, 0.0)
