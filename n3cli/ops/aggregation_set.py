"""Neighbour volumes of a set of items: the N3 block where there is no image grid.

Plötz & Roth 2018, Sec. 4: every query looks at every item of the database. Queries are taken in
chunks, so that memory grows with N and not with M·N.
"""

from __future__ import annotations

from contextlib import suppress

import torch
from torch import Tensor

from n3cli.ops.precision import without_autocast
from n3cli.ops.selection import EXCLUDED, SelectionRule

CHUNK = 2**18
"""Logits computed at once on a CPU, over the batch: 1 MB in float32 for each of K + 2 such arrays.
With more they do not stay in a processor's cache: eight times as many took twice as long."""

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
    queries: Tensor | None = None,
    chunk: int | None = None,
) -> Tensor:
    """The K neighbour volumes of every query.

    Args:
        features: B×N×F, items of the database.
        embedding: B×N×E, the same items where distances are measured.
        inverse_temperature: B×M, of each query; logits are −‖e_m − e_n‖² · it.
        k: number of neighbours.
        select: selection rule, (logits, k) → weights.
        queries: B×M×E, embedded queries. None: the items themselves, each excluded from its own
            candidates.
        chunk: queries computed at once; by default as many as have `LARGE_CHUNK` logits on GPUs,
            and `CHUNK` on other devices and where a GPU's memory does not suffice for that.

    Returns:
        B×K×M×F in the features' dtype; distances and weights are computed in float32 at least.
    """
    working = torch.promote_types(embedding.dtype, torch.float32)
    values, keys = features.to(working), embedding.to(working)
    origin = keys.detach().mean(1, keepdim=True)  # products of what is near it lose few digits
    keys = keys - origin
    asked = keys if queries is None else queries.to(working) - origin
    # Logits are products of rows with one more column: 2·it·(e_m·e_n − ‖e_n‖²/2), but for what is
    # the same for all candidates of a query.
    scale = 2 * inverse_temperature.to(working).unsqueeze(-1)
    asked = torch.cat([asked * scale, scale], -1)
    half_norms = keys.square().sum(-1, keepdim=True) / 2
    columns = torch.cat([keys, -half_norms], -1).transpose(1, 2)

    def in_chunks(chunk: int) -> Tensor:
        volumes = []
        for start in range(0, asked.shape[1], chunk):
            part = asked[:, start : start + chunk]
            logits = torch.bmm(part, columns)
            if queries is None:
                itself = logits.diagonal(start, dim1=1, dim2=2)[:, : part.shape[1]]
                itself.fill_(EXCLUDED)
            volumes.append(select(logits, k) @ values)
        return torch.cat(volumes, dim=2).transpose(0, 1).to(features.dtype)

    if chunk is not None:
        return in_chunks(chunk)
    row = max(1, keys.shape[0] * keys.shape[1])
    if keys.device.type in _TELLS:
        with suppress(torch.OutOfMemoryError):
            return in_chunks(max(1, LARGE_CHUNK // row))
    return in_chunks(max(1, CHUNK // row))
