"""A mosaic whole, through a network for mosaics, strip by strip."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from n3cli.inference.ensemble import POSES, Progress, add_poses, posed
from n3cli.inference.host import Host
from n3cli.inference.whole import run_whole
from n3cli.ops.layout import mosaic_planes, sites
from n3cli.ops.noise_model import NoiseModel
from n3cli.ops.row_source import ArraySource
from n3cli.zoo.folder import Model

Array: TypeAlias = NDArray[np.float32]
Pattern: TypeAlias = NDArray[np.uint8]
Compute: TypeAlias = Callable[[Array, Pattern, Progress | None], Array]
"""From a mosaic and its filter to its estimate; who is told the fraction done."""


class MosaicNetwork:
    """Denoises mosaics by a network for whole ones (`Description.mosaic`).

    Args:
        host: has it ready on its device.
        model: the network.
        tta: take the mean over the flips and quarter turns of the mosaic.
    """

    def __init__(self, host: Host, model: Model, *, tta: bool) -> None:
        self._host, self._model, self._tta = host, model, tta

    def denoise(
        self,
        mosaic: Array,
        pattern: Pattern,
        noise: Sequence[NoiseModel],
        strength: float,
        progress: Progress | None,
    ) -> Array:
        """See `RawDenoiser.denoise`; `strength` is the share of the noise that is told."""
        if strength == 0:
            return mosaic.copy()

        def compute(mosaic: Array, pattern: Pattern, progress: Progress | None) -> Array:
            estimate, top = np.empty(mosaic.shape, np.float32), 0
            for strip in self._strips(MosaicRows(mosaic, pattern, noise, strength), progress):
                estimate[top : top + strip.shape[1]] = strip[0].numpy()
                top += strip.shape[1]
            return estimate

        return (partial(in_poses, compute) if self._tta else compute)(mosaic, pattern, progress)

    def _strips(self, rows: MosaicRows, progress: Progress | None) -> Iterator[Tensor]:
        """The estimate's strips 1×h×W."""
        engine = self._host.engine(self._model, ArraySource(rows.mosaic[..., None]))
        size, name = rows.mosaic.shape, self._model.config.name
        for strip in run_whole(engine, rows, (size[0], size[1]), name, progress):
            yield strip[0]


class MosaicRows:
    """What a network for mosaics takes, made of the mosaic as rows are asked for.

    Args:
        mosaic: H×W.
        pattern: p×p, the colours: 0 red, 1 green, 2 blue.
        noise: of red, green and blue.
        strength: share of the noise's deviation that is told.
    """

    def __init__(
        self, mosaic: Array, pattern: Pattern, noise: Sequence[NoiseModel], strength: float
    ) -> None:
        self.mosaic, self._pattern, self._share = mosaic, pattern, strength**2
        self._a = torch.tensor([[model.a for model in noise]])
        self._b = torch.tensor([[model.b for model in noise]])

    def rows(self, top: int, bottom: int) -> Tensor:
        """1×`MOSAIC_PLANES`×h×W of rows `top` to `bottom` (exclusive)."""
        values = torch.from_numpy(np.array(self.mosaic[top:bottom], np.float32, order="C"))
        layout = np.roll(self._pattern, -top, 0)
        where = sites(torch.from_numpy(layout)[None], *values.shape)
        share = self._share  # of the variance
        return mosaic_planes(values[None, None], where, share * self._a, share * self._b)


def in_poses(compute: Compute, mosaic: Array, pattern: Pattern, progress: Progress | None) -> Array:
    """The mean over the flips and quarter turns of a mosaic with its filter, each turned back."""

    def run(pose: int, told: Progress | None) -> Iterator[Tensor]:
        turned = posed_pattern(pattern, mosaic.shape, pose)
        yield torch.from_numpy(compute(posed(mosaic, pose), turned, told))[None]

    total = np.zeros((*mosaic.shape, 1), np.float32)
    add_poses(total, run, progress)
    total /= POSES
    return total[..., 0]


def posed_pattern(pattern: Pattern, size: tuple[int, ...], pose: int) -> Pattern:
    """The filter of a mosaic of that size in a pose (`posed`)."""
    period = len(pattern)
    height, width = (period + length % period for length in size)
    colours: Pattern = np.tile(pattern, (2, 2))[:height, :width]
    return np.ascontiguousarray(posed(colours, pose)[:period, :period])
