"""Neighbour volumes of a set of items: the N3 block where there is no image grid.

Plötz & Roth 2018, Sec. 4: every item looks at every other. Queries are taken in chunks, so that
memory grows with N and not with N².
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from math import prod

import torch
from torch import Tensor

from n3cli.ops.n3.selection import EXCLUDED, SelectionRule, relaxed_in_turn, select_relaxed
from n3cli.ops.precision import without_autocast

CHUNK = 2**18
"""Logits computed at once on a CPU, over the batch: 1 MB in float32 for each of 3 such arrays, or
K + 2 where a gradient is wanted. With more they do not stay in a processor's cache: eight times as
many took twice as long."""

LARGE_CHUNK = 2**26
"""Likewise on GPUs, which small pieces leave idle: 256 MB each, 1.3 GB in all for K = 3."""

_TELLS = "cuda", "xpu"
"""Devices that large pieces are tried on: their lack of memory is an error of its own kind."""


@without_autocast
def aggregate_set(
    features: Tensor,
    embedding: Tensor,
    inverse_temperature: Tensor,
    k: int,
    select: SelectionRule,
) -> Tensor:
    """The K neighbour volumes of every item, which is not among its own candidates.

    Queries are taken in chunks of as many as have `LARGE_CHUNK` logits on GPUs, and `CHUNK` on
    other devices and where a GPU's memory does not suffice for that.

    Args:
        features: B×N×F, the items.
        embedding: B×N×E, the same items where distances are measured.
        inverse_temperature: B×N, of each item as a query; logits are −‖e_m − e_n‖² · it.
        k: number of neighbours.
        select: selection rule, (logits, k) → weights.

    Returns:
        B×K×N×F in the features' dtype; distances and weights are computed in float32 at least.
    """
    working = torch.promote_types(embedding.dtype, torch.float32)
    values, keys = features.to(working), embedding.to(working)
    keys = keys - keys.detach().mean(1, keepdim=True)  # products of what is near it lose few digits
    # Logits are products of rows with one more column: 2·it·(e_m·e_n − ‖e_n‖²/2), but for what is
    # the same for all candidates of a query.
    scale = 2 * inverse_temperature.to(working).unsqueeze(-1)
    asked = torch.cat([keys * scale, scale], -1)
    half_norms = keys.square().sum(-1, keepdim=True) / 2
    columns = torch.cat([keys, -half_norms], -1).transpose(1, 2)

    def in_chunks(chunk: int) -> Tensor:
        parts = torch.split(asked, chunk, dim=1)
        given = parts, columns, values, k
        alone = _is_alone(select, asked, columns, values)
        found = _weigh_in_turn(*given) if alone else _weigh(*given, select)
        return found.transpose(0, 1).to(features.dtype)

    row = max(1, keys.shape[0] * keys.shape[1])
    if keys.device.type in _TELLS:
        with suppress(torch.OutOfMemoryError):
            return in_chunks(max(1, LARGE_CHUNK // row))
    return in_chunks(max(1, CHUNK // row))


def _is_alone(select: SelectionRule, *operands: Tensor) -> bool:
    """Whether a weight volume is needed no longer than until it has been multiplied."""
    gradient = torch.is_grad_enabled() and any(each.requires_grad for each in operands)
    return select is select_relaxed and operands[0].device.type == "cpu" and not gradient


def _weigh(
    parts: Sequence[Tensor],
    columns: Tensor,
    values: Tensor,
    k: int,
    select: SelectionRule,
) -> Tensor:
    """Neighbour volumes K×B×N×F of chunks of queries B×m×E, all K of a chunk at once."""
    volumes, start = [], 0
    for part in parts:
        logits = torch.bmm(part, columns)
        _exclude(logits, start)
        volumes.append(select(logits, k) @ values)
        start += part.shape[1]
    return torch.cat(volumes, dim=2)


def _weigh_in_turn(parts: Sequence[Tensor], columns: Tensor, values: Tensor, k: int) -> Tensor:
    """The same by the relaxed rule, one volume after another, always in the same memory.

    New memory for each chunk takes as long as what is computed in it.
    """
    batch, count, features = values.shape
    room = values.new_empty(3, batch * parts[0].shape[1] * count)
    found = values.new_empty(k, batch, sum(part.shape[1] for part in parts), features)
    start = 0
    for part in parts:
        shape = batch, part.shape[1], count
        logits, mass, weights = (array[: prod(shape)].view(shape) for array in room)
        torch.bmm(part, columns, out=logits)
        _exclude(logits, start)
        volumes = found[:, :, start : start + part.shape[1]]
        for volume, w in zip(volumes, relaxed_in_turn(logits, k, mass, weights), strict=True):
            torch.bmm(w, values, out=volume)
        start += part.shape[1]
    return found


def _exclude(logits: Tensor, start: int) -> None:
    """No query, the first of which is number `start`, is its own neighbour."""
    logits.diagonal(start, dim1=1, dim2=2)[:, : logits.shape[1]].fill_(EXCLUDED)
