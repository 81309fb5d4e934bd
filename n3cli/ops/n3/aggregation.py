"""Neighbour volumes of an image's patches, fast and exact: the aggregation of the N3 block.

Every patch position is a query. Its candidates are the positions in a window around it
(`window.py`), itself excluded; their logits are −‖e_q − e_c‖² · inverse temperature of the query;
a selection rule turns them into K weight volumes; each neighbour volume is the weighted mean of
the candidates' feature patches, and overlapping patches are averaged back into an image
(Plötz & Roth 2018, Sec. 4).

Done patch by patch that is slow: patches overlap, so everything is computed (p/s)² times. Here
a patch is m × m blocks of s × s pixels (m = p/s), which gives two exact savings:

1. the inner product of two patches is the sum of m² inner products of blocks at the same shift,
   so blocks are multiplied once (one matrix product a cell) and sums of them are taken;
2. the patches that cover a block look at their candidates' blocks at the same shift, so their
   weights are summed first, and one matrix product gives the block of the folded image.

Queries are computed in cells (`cell.py`), whose candidates are one rectangle of blocks;
`_take_band` and `_put_band` move between that rectangle and the window of each query.
`aggregation_plain.py` is the obvious form that this one is tested against.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor

from n3cli.ops.n3.cell import Cell, Grid, cells
from n3cli.ops.n3.patch import from_blocks, patches_over_block, sum_over_patches, to_blocks
from n3cli.ops.n3.selection import EXCLUDED, SelectionRule
from n3cli.ops.precision import without_autocast

Calibration = Callable[[Sequence[Tensor]], Tensor | float]
"""From all squared distances of an image batch to the factor they are multiplied with."""


@without_autocast
def aggregate(
    features: Tensor,
    embedding: Tensor,
    inverse_temperature: Tensor,
    grid: Grid,
    k: int,
    select: SelectionRule,
    calibrate: Calibration | None = None,
) -> Tensor:
    """The K neighbour volumes of every pixel.

    Args:
        features: B×C×H×W, what is averaged; each side is (count − 1)·stride + patch pixels.
        embedding: B×E×H×W, what distances are measured in.
        inverse_temperature: B×rows×columns, of each query.
        grid: patches and windows.
        k: number of neighbours.
        select: selection rule, (logits, k) → weights.
        calibrate: gets the squared distances of all queries (a list of tensors, the query's own
            excluded) and returns a factor for them, as batch normalisation in training needs.
            It makes all distances be held at once.

    Returns:
        B×K×C×H×W in the features' dtype; distances and weights are computed in float32 at least.
    """
    stride, m = grid.stride, grid.blocks
    working = torch.promote_types(embedding.dtype, torch.float32)
    values = to_blocks(features.to(working), stride)
    # Distances do not change with the origin; near it their products lose the fewest digits.
    embedding = embedding.to(working)
    keys = to_blocks(embedding - embedding.detach().mean((2, 3), keepdim=True), stride)
    half_norms = keys.square().sum(-1) / 2
    half_norms = sum_over_patches(sum_over_patches(half_norms, m, 1), m, 2)
    inverse_temperature = inverse_temperature.to(working)

    parts = list(cells(grid))
    scores: Iterable[Tensor] = (_scores(keys, half_norms, cell) for cell in parts)
    if calibrate is not None:
        scores = list(scores)
        distances = [
            _drop_own(2 * (cell.of_queries(half_norms)[..., None, None] - score), cell)
            for cell, score in zip(parts, scores, strict=True)
        ]
        inverse_temperature = inverse_temperature * calibrate(distances)

    batch, height, width, length = values.shape
    share = 1 / (
        patches_over_block(grid.rows.count, m, values)[:, None]
        * patches_over_block(grid.columns.count, m, values)
    ).view(height, width, 1, 1)
    mean = values.new_zeros(batch, height, width, k, length)
    for cell, score in zip(parts, scores, strict=True):
        rows, columns = cell.query_blocks
        part = _average(values, score, inverse_temperature, cell, k, select)
        mean[:, rows, columns].addcmul_(part, share[rows, columns])
    return from_blocks(mean, stride).to(features.dtype)


def _scores(keys: Tensor, half_norms: Tensor, cell: Cell) -> Tensor:
    """⟨e_q, e_c⟩ − ½‖e_c‖² = ½(‖e_q‖² − ‖e_q − e_c‖²) of a cell: B×n×q×(window)."""
    rows, columns = cell.query_blocks
    queries = keys[:, rows, columns]
    candidates = keys[:, :, cell.candidate_columns]
    products = _multiply_rows(queries, candidates, cell)
    step = cell.columns.step
    products = _take_band(products, cell.window[1] + (cell.m - 1) * (1 - step), step)
    products = _sum_diagonal(products, 1, 3, cell.m, cell.rows.step)
    products = _sum_diagonal(products, 2, 4, cell.m, step)
    return products - cell.of_candidates(half_norms)


def _average(
    values: Tensor,
    scores: Tensor,
    inverse_temperature: Tensor,
    cell: Cell,
    k: int,
    select: SelectionRule,
) -> Tensor:
    """Sums over patches of the neighbours' blocks: B×(n + m − 1)×(q + m − 1)×K×F."""
    logits = scores * (2 * cell.of_queries(inverse_temperature))[..., None, None]
    own = cell.own(logits.device).expand(len(logits), -1, -1).unsqueeze(-1)
    weights = select(logits.flatten(3).scatter_(3, own, EXCLUDED), k).view(k, *logits.shape)
    weights = _spread_diagonal(weights, 2, 4, cell.m, cell.rows.step)
    weights = _spread_diagonal(weights, 3, 5, cell.m, cell.columns.step)
    candidates = values[:, :, cell.candidate_columns]
    weights = _put_band(weights, candidates.shape[2], cell.columns.step)
    return _weigh_rows(weights, candidates, cell)


def _multiply_rows(queries: Tensor, candidates: Tensor, cell: Cell) -> Tensor:
    """Inner products of blocks, each row of query blocks with its candidate rows.

    B×G×Q×F and B×Gh×C×F → B×G×Q×R×C.
    """
    batch, rows, columns, _ = queries.shape
    matrices = _candidate_matrices(candidates, cell, rows)
    if cell.rows.step:
        products = _multiply(queries, matrices.transpose(2, 3))
    else:
        products = torch.bmm(queries.flatten(1, 2), matrices[:, 0].transpose(1, 2))
    return products.view(batch, rows, columns, cell.candidate_rows, candidates.shape[2])


def _weigh_rows(weights: Tensor, candidates: Tensor, cell: Cell) -> Tensor:
    """Weighted sums of candidate blocks: B×G×Q×K×R×C weights → B×G×Q×K×F."""
    batch, rows, columns, k = weights.shape[:4]
    matrices = _candidate_matrices(candidates, cell, rows)
    if cell.rows.step:
        sums = _multiply(weights.reshape(batch, rows, columns * k, -1), matrices)
    else:
        sums = torch.bmm(weights.reshape(batch, rows * columns * k, -1), matrices[:, 0])
    return sums.view(batch, rows, columns, k, -1)


def _multiply(rows: Tensor, matrices: Tensor) -> Tensor:
    """Matrix products B×G×M×N · B×G×N×P, where matrices of neighbouring rows share memory.

    As one product they would be copied apart, which takes memory and, on a CPU, time. A GPU in
    training has many images, and waits for launches.
    """
    if rows.device.type != "cpu" and torch.is_grad_enabled():
        return rows @ matrices
    return torch.stack([torch.bmm(a, b) for a, b in zip(rows, matrices, strict=True)])


def _candidate_matrices(candidates: Tensor, cell: Cell, rows: int) -> Tensor:
    """For each of `rows` rows of query blocks its candidate blocks as a matrix: B×rows×(R·C)×F.

    Views of the same memory: neighbouring rows of queries share all but one row of candidates.
    With step 0 all rows share one matrix, and only that is given: B×1×(R·C)×F.
    """
    batch, _, columns, length = candidates.shape
    height = cell.candidate_rows
    count = rows if cell.rows.step else 1
    used = candidates.narrow(1, cell.rows.start, height + count - 1).contiguous()
    windows = used.unfold(1, height, 1).movedim(-1, 2)
    return windows.view(batch, count, height * columns, length)


def _take_band(products: Tensor, width: int, step: int) -> Tensor:
    """From B×G×Q×R×C take for column q the candidates q·step … q·step + width − 1."""
    if not step:
        return products
    batch, rows, columns, height, _ = products.shape
    products = products.contiguous()
    strides = products.stride()
    return products.as_strided(
        (batch, rows, columns, height, width),
        (strides[0], strides[1], strides[2] + step, strides[3], 1),
    )


def _put_band(weights: Tensor, length: int, step: int) -> Tensor:
    """Undo `_take_band` with zeros elsewhere: K×B×G×Q×R×width → B×G×Q×K×R×length."""
    weights = weights.permute(1, 2, 3, 0, 4, 5)
    if not step:
        return weights
    batch, rows, columns, k, height, _ = weights.shape
    wide = weights.new_zeros(batch, rows, columns, k, height, length)
    strides = wide.stride()
    wide.as_strided(
        weights.shape, (strides[0], strides[1], strides[2] + step, strides[3], strides[4], 1)
    ).copy_(weights)
    return wide


def _sum_diagonal(products: Tensor, query: int, candidate: int, m: int, step: int) -> Tensor:
    """Σ over m block offsets, along one axis, of products at the same shift.

    Dimension `query` counts query blocks, `candidate` counts candidate blocks: relative to the
    query's window where windows advance (step 1), absolute where they do not (step 0).
    """
    count = products.shape[query] - m + 1
    if step:
        return sum_over_patches(products, m, query)
    size = products.shape[candidate] - m + 1
    total = products.narrow(query, 0, count).narrow(candidate, 0, size)
    for shift in range(1, m):
        total = total + products.narrow(query, shift, count).narrow(candidate, shift, size)
    return total


def _spread_diagonal(weights: Tensor, query: int, candidate: int, m: int, step: int) -> Tensor:
    """Transpose of `_sum_diagonal`: weights of patches → weights of the blocks they cover."""
    shape = list(weights.shape)
    shape[query] += m - 1
    if not step:
        shape[candidate] += m - 1
    total = weights.new_zeros(shape)
    for shift in range(m):
        part = total.narrow(query, shift, weights.shape[query])
        if not step:
            part = part.narrow(candidate, shift, weights.shape[candidate])
        part += weights
    return total


def _drop_own(distances: Tensor, cell: Cell) -> Tensor:
    """Distances without those of the queries to themselves, flattened."""
    own = cell.own(distances.device).unsqueeze(-1)
    others = torch.arange(distances[0, 0, 0].numel() - 1, device=own.device)
    others = (others + (others >= own)).expand(len(distances), -1, -1, -1)
    return distances.flatten(3).gather(3, others).flatten(1)
