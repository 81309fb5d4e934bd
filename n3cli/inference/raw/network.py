"""A mosaic whole, through a network for mosaics, strip by strip."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from n3cli.inference.host import Host
from n3cli.inference.source import Progress, TensorRows
from n3cli.inference.whole import run_whole
from n3cli.ops.array import Float32
from n3cli.ops.mosaic.layout import Pattern, mosaic_planes, sites
from n3cli.ops.noise.model import NoiseModel
from n3cli.ops.row_source import ArraySource
from n3cli.zoo.folder import Model


def estimate_whole(
    host: Host,
    model: Model,
    mosaic: Float32,
    pattern: Pattern,
    noise: Sequence[NoiseModel],
    progress: Progress | None,
) -> Float32:
    """Denoise a mosaic H×W.

    Args:
        host: has the network ready on its device.
        model: a network for whole mosaics (`Description.mosaic`).
        mosaic: H×W.
        pattern: p×p, the colours: 0 red, 1 green, 2 blue.
        noise: of red, green and blue, as the network is told.
        progress: is called with the fraction done.
    """
    rows = MosaicRows(mosaic, pattern, noise)
    return run_rows(host, model, mosaic[..., None], rows, progress)[..., 0]


def run_rows(
    host: Host, model: Model, pixels: Float32, rows: TensorRows, progress: Progress | None
) -> Float32:
    """The estimate of pixels H×W×C, by a network that takes the rows made of them."""
    estimate, top = np.empty(pixels.shape, np.float32), 0
    engine, size = host.engine(model, ArraySource(pixels)), (pixels.shape[0], pixels.shape[1])
    for strip in run_whole(engine, rows, size, model.config.name, progress):
        bottom = top + strip.shape[-2]
        estimate[top:bottom] = strip[0].permute(1, 2, 0).numpy()
        top = bottom
    return estimate


class MosaicRows:
    """What a network for mosaics takes, made of the mosaic as rows are asked for.

    Args:
        mosaic: H×W.
        pattern: p×p, the colours: 0 red, 1 green, 2 blue.
        noise: of red, green and blue.
    """

    def __init__(self, mosaic: Float32, pattern: Pattern, noise: Sequence[NoiseModel]) -> None:
        self._mosaic, self._pattern = mosaic, pattern
        self._a = torch.from_numpy(np.array([[model.a for model in noise]], np.float32))
        self._b = torch.from_numpy(np.array([[model.b for model in noise]], np.float32))

    def rows(self, top: int, bottom: int) -> Tensor:
        """1×`MOSAIC_PLANES`×h×W of rows `top` to `bottom` (exclusive)."""
        values = torch.from_numpy(np.array(self._mosaic[top:bottom], np.float32, order="C"))
        layout = np.roll(self._pattern, -top, 0)
        where = sites(torch.from_numpy(layout)[None], *values.shape)
        return mosaic_planes(values[None, None], where, self._a, self._b)
