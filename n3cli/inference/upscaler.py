"""Enlarging: pictures of any size and depth in, the same kind out, of any other size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from torch import Tensor

from n3cli.errors import ModelError
from n3cli.inference.array import to_pixels
from n3cli.inference.compute import AUTOMATIC, Compute
from n3cli.inference.ensemble import ensembled
from n3cli.inference.host import Host
from n3cli.inference.passes import choose_passes
from n3cli.inference.resized import ResizedRows
from n3cli.inference.seam import warn_of_seams
from n3cli.inference.size import check_size, factor_of
from n3cli.inference.source import Changed, PlaneRows, Progress, TensorRows
from n3cli.inference.stream import StageRows, chain
from n3cli.inference.tiling import strips
from n3cli.ops.luma import LUMA
from n3cli.ops.row_source import RowSource
from n3cli.zoo.folder import Model

BICUBIC = "bicubic"
"""As a model: plain interpolation, without a network."""


@dataclass(frozen=True)
class Route:
    """How a picture gets its size: passes of a network, and bicubic resizing for what is left.

    Attributes:
        model: whose network it is; None where there are no passes.
        passes: the network's scales, in order.
    """

    model: Model | None = None
    passes: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """Name of the model, for people."""
        return self.model.config.name if self.model else BICUBIC


class Upscaler:
    """An enlarging model on a device; made once, used for many pictures.

    Args:
        model: name, path or loaded model; ``bicubic`` for interpolation without a network; None
            for the default that suits each picture.
        compute: where and how.

    Raises:
        ConfigError: not a device's name.
        DeviceError: there is no such device.
    """

    def __init__(
        self,
        model: str | Path | Model | None = None,
        compute: Compute = AUTOMATIC,
    ) -> None:
        self._bicubic = model == BICUBIC
        self._host = Host("upscale", model, compute)

    def route(self, source: RowSource, size: tuple[int, int]) -> Route:
        """How a picture becomes one of `size` (height, width).

        Raises:
            ModelError: the model is unknown, damaged, or does not enlarge.
        """
        factor = factor_of(source.height, source.width, *size)
        if self._bicubic or factor <= 1:
            return Route()
        model = self._host.model(source.channels)
        scales = [scale for scale in model.network.scales if scale > 1]
        if not scales:
            raise ModelError(
                f"{model.config.name} does not enlarge; choose one that does: `n3 models list`."
            )
        return Route(model, choose_passes(scales, factor))

    def rows(
        self,
        source: RowSource,
        *,
        size: tuple[int, int],
        tta: bool = False,
        progress: Progress | None = None,
    ) -> Iterator[np.ndarray]:
        """Enlarge (or reduce) a picture strip by strip.

        A grey model works on each channel of a colour picture by itself; a colour model gets a
        grey picture as three equal channels, and the luma of what it gives is the result.

        Args:
            source: the picture; its rows are read once, from top to bottom.
            size: height and width of the result.
            tta: take the mean over the picture's flips and quarter turns, see `ensembled`; without
                a network there is nothing to gain, and nothing is turned.
            progress: is called with the fraction done.

        Yields:
            Strips h×W×C in the picture's dtype, from top to bottom; floats are not clipped.

        Raises:
            ConfigError: the size has no meaning or is too large.
            InputError: the picture cannot be read, holds values that are not finite, or is too
                large for `tta`.
            ModelError: the model cannot be loaded or does not compute finite values.
            DeviceError: memory does not suffice for the smallest tile.
        """
        check_size(source.height, source.width, size)
        size = size[0], size[1]
        turning = tta and self.route(source, size).model is not None
        compute = ensembled(self._planes) if turning else self._planes
        for planes in compute(source, size, progress):
            yield to_pixels(planes, source.dtype)

    def _planes(
        self, source: RowSource, size: tuple[int, int], progress: Progress | None
    ) -> Iterator[Tensor]:
        """The result's float planes C×h×W, from top to bottom."""
        route = self.route(source, size)
        planes, before, passes = self._enlarged(source, route, progress)
        if before != size:
            planes = ResizedRows(planes, before, size)
        for top, bottom in strips(*size):
            strip = planes.rows(top, bottom)
            if top == 0:
                warn_of_seams(route.name, passes)
            yield strip
            if progress and route.model is None:
                progress(bottom / size[0])

    def _enlarged(
        self, source: RowSource, route: Route, progress: Progress | None
    ) -> tuple[TensorRows, tuple[int, int], list[StageRows]]:
        """The picture's planes C×h×w after all passes, their height and width, and the passes."""
        rows: TensorRows = PlaneRows(source)
        size = source.height, source.width
        passes: list[StageRows] = []
        if route.model is None:
            return rows, size, passes
        description = route.model.network.description
        rows = Changed(rows, partial(_as_batches, planes=description.channels))
        for index, scale in enumerate(route.passes, 1):
            engine = self._host.engine(route.model, source, scale=scale)
            last = index == len(route.passes)
            output = chain(engine, rows, size, progress if last else None)
            size = scale * size[0], scale * size[1]
            rows = Changed(output, partial(_first_columns, width=size[1]))
            passes.append(output)
        return Changed(rows, partial(_as_planes, channels=source.channels)), size, passes


def _as_batches(image: Tensor, planes: int) -> Tensor:
    """A picture's planes C×h×w as batches of a network's: B×planes×h×w."""
    repeats = max(1, planes // len(image))
    return image.repeat(repeats, 1, 1).reshape(-1, planes, *image.shape[1:])


def _first_columns(strip: Tensor, width: int) -> Tensor:
    """Rows without what has become of the padding at the right."""
    return strip[..., :width]


def _as_planes(batches: Tensor, channels: int) -> Tensor:
    """Batches as a picture's planes again: C×h×w."""
    planes = batches.flatten(0, 1)
    if len(planes) == channels:
        return planes
    return (planes * planes.new_tensor(LUMA).view(-1, 1, 1)).sum(0, keepdim=True)
