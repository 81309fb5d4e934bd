"""Weighted sums over chosen neighbours, and their transpose.

Both are one pass over memory each way: rows are summed where they are linked from (`collect`) or to
(`spread`), in an order that is sorted once.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor


class Links(NamedTuple):
    """Which K rows each of N rows is linked to."""

    target: Tensor
    """N×K."""
    source: Tensor
    """N·K rows that link, ordered by what they link to."""
    order: Tensor
    """N·K, for each of those which of its K links it is."""
    first: Tensor
    """N, where the links to each row begin among those."""


def link_pixels(places: Tensor, window: int) -> Links:
    """The links of an image's pixels, its rows one after the other, images one after the other.

    Args:
        places: B×K×H×W of any dtype, places in a window around each pixel, counted along its rows.
            What lies outside the image is taken from its border.
        window: side of it, in pixels, odd.
    """
    batch, count, height, width = places.shape
    places = places.long().permute(0, 2, 3, 1)
    rows, columns, images = (
        torch.arange(length, device=places.device) for length in (height, width, batch)
    )
    down = places.div(window, rounding_mode="floor") - window // 2 + rows[:, None, None]
    across = places % window - window // 2 + columns[:, None]
    pixel = down.clamp_(0, height - 1) * width + across.clamp_(0, width - 1)
    index = (pixel + images.view(-1, 1, 1, 1) * (height * width)).reshape(-1, count)
    ordered, order = index.flatten().sort(stable=True)
    first = torch.searchsorted(ordered, torch.arange(len(index), device=places.device))
    return Links(index, order.div(count, rounding_mode="floor"), order % count, first)


def collect(rows: Tensor, weights: Tensor, links: Links) -> Tensor:
    """Σ_k weights[k] · rows[target[n, k]] for every row n.

    Args:
        rows: N×F.
        weights: K.
        links: of N rows to K each.

    Returns:
        N×F.
    """
    result: Tensor = _Collect.apply(rows, weights, links, False)  # type: ignore[no-untyped-call]
    return result


def spread(rows: Tensor, weights: Tensor, links: Links) -> Tensor:
    """The transpose of `collect`: weights[k] · rows[n] is added to row target[n, k]."""
    result: Tensor = _Collect.apply(rows, weights, links, True)  # type: ignore[no-untyped-call]
    return result


def _sum(rows: Tensor, weights: Tensor, links: Links, transposed: bool) -> Tensor:
    if transposed:
        of_each = weights.index_select(0, links.order)
        return F.embedding_bag(
            links.source, rows, links.first, mode="sum", per_sample_weights=of_each
        )
    of_each = weights.expand(links.target.shape).contiguous()
    return F.embedding_bag(links.target, rows, mode="sum", per_sample_weights=of_each)


class _Collect(torch.autograd.Function):
    """Its own gradient is the other of the two, which torch's would do far more slowly."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, weights: Tensor, links: Links, transposed: bool) -> Tensor:
        ctx.save_for_backward(rows, weights)
        ctx.links, ctx.transposed = links, transposed
        return _sum(rows, weights, links, transposed)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None, None]:
        rows, weights = ctx.saved_tensors
        gradient = gradients[0].contiguous()
        far, near = (gradient, rows) if ctx.transposed else (rows, gradient)
        of_weights = [
            torch.vdot(far.index_select(0, to).flatten(), near.flatten())
            for to in ctx.links.target.T
        ]
        return (
            _sum(gradient, weights, ctx.links, not ctx.transposed),
            torch.stack(of_weights),
            None,
            None,
        )
