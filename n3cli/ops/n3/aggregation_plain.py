"""Neighbour volumes of an image's patches in the obvious form: one gathered patch at a time.

Computes what `aggregation.py` computes, from unfolded patches and explicit lists of candidates.
It is the yardstick of the fast form, and it can say which candidates a query chose.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from n3cli.ops.n3.cell import Grid
from n3cli.ops.n3.selection import EXCLUDED, SelectionRule
from n3cli.ops.precision import without_autocast

_QUERIES_AT_ONCE = 512


@without_autocast
def aggregate_plain(
    features: Tensor,
    embedding: Tensor,
    inverse_temperature: Tensor,
    grid: Grid,
    k: int,
    select: SelectionRule,
) -> Tensor:
    """The K neighbour volumes of every pixel; arguments and result as in `aggregate`."""
    working = torch.promote_types(embedding.dtype, torch.float32)
    embedding, inverse_temperature = embedding.to(working), inverse_temperature.to(working)
    batch, channels, height, width = features.shape
    values = F.unfold(features.to(working), grid.patch, stride=grid.stride).transpose(1, 2)
    keys = F.unfold(embedding, grid.patch, stride=grid.stride).transpose(1, 2)
    table = candidates(grid, embedding.device)
    volumes = []
    for first in range(0, len(table), _QUERIES_AT_ONCE):
        queries = torch.arange(
            first, min(first + _QUERIES_AT_ONCE, len(table)), device=table.device
        )
        weights = neighbour_weights(keys, inverse_temperature, table, queries, k, select)
        volumes.append(torch.einsum("kbqo,bqof->kbqf", weights, values[:, table[queries]]))
    patches = torch.cat(volumes, dim=2).transpose(2, 3).flatten(0, 1)
    size = (height, width)
    ones = torch.ones(1, grid.patch**2, len(table), dtype=patches.dtype, device=patches.device)
    cover = F.fold(ones, size, grid.patch, stride=grid.stride)
    image = F.fold(patches, size, grid.patch, stride=grid.stride) / cover
    result = image.view(k, batch, channels, height, width).transpose(0, 1)
    return result.to(features.dtype)


def candidates(grid: Grid, device: torch.device | str = "cpu") -> Tensor:
    """Candidates of every query, (rows·columns)×O: flat indices of patch positions."""
    rows, columns = (
        torch.tensor([axis.start(query) for query in range(axis.count)])[:, None]
        + torch.arange(axis.size)
        for axis in (grid.rows, grid.columns)
    )
    table = rows[:, None, :, None] * grid.columns.count + columns[None, :, None, :]
    return table.reshape(grid.rows.count * grid.columns.count, -1).to(device)


def neighbour_weights(
    keys: Tensor,
    inverse_temperature: Tensor,
    table: Tensor,
    queries: Tensor,
    k: int,
    select: SelectionRule,
) -> Tensor:
    """Weights of some queries' candidates.

    Args:
        keys: B×N×F, embedded patches.
        inverse_temperature: B×rows×columns.
        table: N×O from `candidates`.
        queries: Q flat indices of patch positions.
        k: number of neighbours.
        select: selection rule.

    Returns:
        K×B×Q×O.
    """
    difference = keys[:, queries, None, :] - keys[:, table[queries]]
    logits = -difference.square().sum(-1) * inverse_temperature.flatten(1)[:, queries, None]
    logits = logits.masked_fill(table[queries] == queries[:, None], EXCLUDED)
    return select(logits, k)
