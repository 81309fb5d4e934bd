"""The N3 block for images: a layer that adds each pixel's K nearest neighbours.

Plötz & Roth, NeurIPS 2018 (arXiv 1810.12575), Sec. 4. Pixels are compared by the patches around
them in a learned embedding, under a learned temperature; see `ops/n3/aggregation.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from n3cli.networks.description import Placement
from n3cli.ops.n3.aggregation import aggregate
from n3cli.ops.n3.aggregation_plain import candidates, neighbour_weights
from n3cli.ops.n3.cell import Grid
from n3cli.ops.n3.selection import SelectionRule, select_relaxed
from n3cli.ops.n3.window import Axis


class Neighbours(NamedTuple):
    """What one query chose, for people to look at (`N3Aggregation.inspect`)."""

    query: tuple[int, int]
    """Top and left pixel of the query's patch; negative where it begins in the zero padding."""
    candidates: Tensor
    """O×2, top and left pixels of the candidates' patches."""
    weights: Tensor
    """K×O."""


class DistanceNorm(nn.BatchNorm1d):
    """Batch normalisation of all squared distances as one channel.

    The softmax of the selection ignores a shift, so only the factor weight / √(var + ε) matters.
    """

    def __init__(self) -> None:
        super().__init__(1)

    def factor(self, distances: Sequence[Tensor] | None = None) -> Tensor:
        """What distances are multiplied with.

        Args:
            distances: all of a batch; used in training, where they also update the running
                statistics.
        """
        assert self.running_mean is not None
        assert self.running_var is not None
        variance = self.running_var
        if self.training and distances is not None and any(part.numel() for part in distances):
            everything = torch.cat([part.flatten() for part in distances])
            variance, mean = torch.var_mean(everything, correction=0, keepdim=True)
            with torch.no_grad():
                momentum = self.momentum or 0.0
                unbiased = variance * (everything.numel() / max(everything.numel() - 1, 1))
                self.running_mean.lerp_(mean, momentum)
                self.running_var.lerp_(unbiased, momentum)
        factor: Tensor = self.weight * torch.rsqrt(variance + self.eps)
        return factor


class N3Aggregation(nn.Module):
    """Differences of a feature map's K neighbour volumes to itself.

    Has no parameters: embedding and temperature are given as planes.

    Args:
        k: number of neighbours.
        patch: side of a patch in pixels, a multiple of `stride`.
        stride: distance of neighbouring patches in pixels.
        window: candidates along each axis, in patch positions.
        scale: factor of squared distances at log temperature 0.
        select: selection rule.
        form: computes the neighbour volumes; `aggregate`, or what takes its arguments.

    Raises:
        ValueError: a size below 1, or a stride that does not divide the patch.
    """

    def __init__(
        self,
        k: int = 7,
        patch: int = 10,
        stride: int = 5,
        window: int = 15,
        scale: float = 1.0,
        select: SelectionRule = select_relaxed,
        form: Callable[..., Tensor] = aggregate,
    ) -> None:
        super().__init__()
        sizes = {"k": k, "patch": patch, "stride": stride, "window": window}
        for name, size in sizes.items():
            if size < 1:
                raise ValueError(f"{name} must be 1 or more, got {size}")
        if patch % stride:
            raise ValueError(f"the stride must divide the patch size, got {stride} and {patch}")
        self.k, self.patch, self.stride, self.window = k, patch, stride, window
        self.scale, self.select, self.form = scale, select, form

    def extra_repr(self) -> str:
        """What `print` shows."""
        return f"k={self.k}, patch={self.patch}, stride={self.stride}, window={self.window}"

    @property
    def halo(self) -> int:
        """Pixels around an output pixel that its neighbours' patches can cover."""
        return self.window // 2 * self.stride + self.patch - 1

    @property
    def reach(self) -> int:
        """Pixels from an image border on that the shifted windows there can cover."""
        return (self.window - 1) * self.stride + self.patch

    def forward(
        self,
        features: Tensor,
        embedding: Tensor,
        log_temperature: Tensor,
        place: Placement | None = None,
        norm: DistanceNorm | None = None,
    ) -> Tensor:
        """Compute X^1 − x, …, X^K − x.

        Args:
            features: B×C×H×W.
            embedding: B×E×H×W.
            log_temperature: B×1×H×W, averaged over each query's patch.
            place: where this tile lies in the image; by default it is the whole image.
            norm: normalises the squared distances; in training by this batch's (if the
                form can calibrate).

        Returns:
            B×(K·C)×H×W, neighbour 1's planes first.

        Raises:
            ValueError: the planes do not fit together, or the tile does not lie in the image.
        """
        _check_planes(features, embedding, log_temperature)
        layout = _Layout.of(features, place or Placement.whole(*features.shape[-2:]), self)
        x = layout.pad(features)
        keys = layout.pad(embedding)
        inverse_temperature = self._inverse_temperature(layout.pad(log_temperature))
        form = self.form
        if norm is not None and norm.training:
            form = partial(form, calibrate=norm.factor)
        elif norm is not None:
            inverse_temperature = inverse_temperature * norm.factor()
        volumes = form(x, keys, inverse_temperature, layout.grid, self.k, self.select)
        volumes -= x.unsqueeze(1)
        return layout.unpad(volumes.flatten(1, 2))

    def inspect(
        self, embedding: Tensor, log_temperature: Tensor, pixels: Sequence[tuple[int, int]]
    ) -> list[Neighbours]:
        """What the patches around some pixels of one whole image choose.

        Args:
            embedding: 1×E×H×W.
            log_temperature: 1×1×H×W.
            pixels: row and column of each pixel; the patch centred nearest to it is the query.

        Returns:
            One entry a pixel.
        """
        layout = _Layout.of(embedding, Placement.whole(*embedding.shape[-2:]), self)
        grid = layout.grid
        keys = F.unfold(layout.pad(embedding), self.patch, stride=self.stride).transpose(1, 2)
        inverse_temperature = self._inverse_temperature(layout.pad(log_temperature))
        table = candidates(grid, embedding.device)

        def nearest(pixel: int, padding: int, axis: Axis) -> int:
            start = round((pixel + padding - (self.patch - 1) / 2) / self.stride)
            return max(0, min(start, axis.count - 1))

        queries = torch.tensor(
            [
                nearest(row, layout.top, grid.rows) * grid.columns.count
                + nearest(column, layout.left, grid.columns)
                for row, column in pixels
            ],
            device=embedding.device,
        )
        weights = neighbour_weights(keys, inverse_temperature, table, queries, self.k, self.select)[
            :, 0
        ]

        def corners(index: Tensor) -> Tensor:
            count = grid.columns.count
            rows = index.div(count, rounding_mode="floor") * self.stride - layout.top
            return torch.stack([rows, index % count * self.stride - layout.left], dim=-1)

        return [
            Neighbours(tuple(corners(query).tolist()), corners(table[query]), weights[:, i])
            for i, query in enumerate(queries)
        ]

    def _inverse_temperature(self, log_temperature: Tensor) -> Tensor:
        working = torch.promote_types(log_temperature.dtype, torch.float32)
        mean = F.avg_pool2d(log_temperature.to(working), self.patch, self.stride)[:, 0]
        return torch.exp(-mean) * self.scale


def _check_planes(features: Tensor, embedding: Tensor, log_temperature: Tensor) -> None:
    shapes = [tuple(each.shape) for each in (features, embedding, log_temperature)]
    batch_and_sides = {(shape[0], *shape[2:]) for shape in shapes}
    if len(shapes[0]) != 4 or len(batch_and_sides) > 1 or shapes[2][1] != 1:
        raise ValueError(
            "expected features B×C×H×W, embedding B×E×H×W and log_temperature B×1×H×W, got "
            f"{shapes[0]}, {shapes[1]} and {shapes[2]}"
        )


@dataclass(frozen=True)
class _Layout:
    """How a tile is padded (negative: cropped) to whole patches of the image's patch grid."""

    top: int
    bottom: int
    left: int
    right: int
    grid: Grid

    @classmethod
    def of(cls, tile: Tensor, place: Placement, block: N3Aggregation) -> _Layout:
        height, width = tile.shape[-2:]
        if place.top + height > place.height or place.left + width > place.width:
            raise ValueError(
                f"a tile of {height}×{width} at {place.top}, {place.left} lies outside its image "
                f"of {place.height}×{place.width}"
            )
        top, bottom, rows = _fit(height, place.top, place.height, block)
        left, right, columns = _fit(width, place.left, place.width, block)
        return cls(top, bottom, left, right, Grid(block.patch, block.stride, rows, columns))

    def pad(self, tile: Tensor) -> Tensor:
        return _padded(tile, self.left, self.right, self.top, self.bottom)

    def unpad(self, tile: Tensor) -> Tensor:
        return _padded(tile, -self.left, -self.right, -self.top, -self.bottom)


def _padded(tile: Tensor, *widths: int) -> Tensor:
    return F.pad(tile, widths) if any(widths) else tile  # else it would copy the tile


def _fit(length: int, start: int, whole: int, block: N3Aggregation) -> tuple[int, int, Axis]:
    """Padding before and after, and the patch positions, along one axis.

    The image is zero-padded, the smaller half first, to whole patches. A tile's inner edges are
    cut to that grid instead.
    """
    patch, stride = block.patch, block.stride
    padding = patch - whole if whole < patch else (patch - whole) % stride
    image_before = padding // 2
    begin = start + image_before
    before = image_before if start == 0 else -(-begin % stride)
    after = padding - image_before if start + length == whole else -((begin + length) % stride)
    count = (before + length + after - patch) // stride + 1
    total = (whole + padding - patch) // stride + 1
    offset = (begin - before) // stride
    return before, after, Axis(count, offset, total, block.window)
