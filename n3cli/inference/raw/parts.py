"""The planes of a mosaic, through a network that gets what their noise is beside them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from n3cli.errors import InputError
from n3cli.inference.host import Host
from n3cli.inference.raw.mosaic import denoise_planes
from n3cli.inference.raw.network import run_rows
from n3cli.inference.source import Progress
from n3cli.ops.array import Float32
from n3cli.ops.mosaic.layout import Pattern
from n3cli.ops.mosaic.planes import noise_planes
from n3cli.ops.noise.model import NoiseModel
from n3cli.zoo.folder import Model


def estimate_planes(
    host: Host,
    model: Model,
    mosaic: Float32,
    pattern: Pattern,
    noise: Sequence[NoiseModel],
    progress: Progress | None,
) -> Float32:
    """Denoise each plane of a mosaic by itself; see `estimate_whole`."""

    def denoise(values: Float32, colour: int, tell: Progress | None) -> Float32:
        return run_rows(host, model, values, _Rows(values, noise[colour]), tell)

    return denoise_planes(mosaic[..., None], denoise, pattern, progress)[..., 0]


def estimate_packed(
    host: Host,
    model: Model,
    mosaic: Float32,
    pattern: Pattern,
    noise: Sequence[NoiseModel],
    progress: Progress | None,
) -> Float32:
    """Denoise the four planes of a Bayer mosaic together; see `estimate_whole`.

    Reflection extends the mosaic to whole RGGB squares.

    Raises:
        InputError: the mosaic is another.
    """
    if len(pattern) != 2:
        raise InputError(
            f"the mosaic is X-Trans, but {model.config.name} is for Bayer mosaics; use a model for "
            "every mosaic, for example denoise-n3unet-raw"
        )
    (first,) = np.argwhere(pattern == 0)
    size = np.array(mosaic.shape)
    last = (size + first) % 2
    whole = np.pad(mosaic, np.stack((first, last), 1), "reflect")
    height, width = (length // 2 for length in whole.shape)
    squares = whole.reshape(height, 2, width, 2).transpose(0, 2, 1, 3)
    each = np.array([[noise[colour].a, noise[colour].b] for colour in pattern.ravel().tolist()])
    planes = np.ascontiguousarray(squares).reshape(height, width, 4)
    rows = _Rows(planes, NoiseModel(*each.mean(0).tolist()))
    estimate = run_rows(host, model, planes, rows, progress)
    squares = estimate.reshape(height, width, 2, 2).transpose(0, 2, 1, 3)
    top, left = first
    return squares.reshape(whole.shape)[top : top + size[0], left : left + size[1]].copy()


class _Rows:
    """What the network takes, made as rows are asked for."""

    def __init__(self, planes: Float32, noise: NoiseModel) -> None:
        self._planes = planes
        self._a, self._b = torch.from_numpy(np.array([[noise.a], [noise.b]], np.float32))

    def rows(self, top: int, bottom: int) -> Tensor:
        planes = np.array(self._planes[top:bottom], np.float32, order="C")  # of turned ones, too
        values = torch.from_numpy(planes).permute(2, 0, 1)[None]
        return noise_planes(values, self._a, self._b)
