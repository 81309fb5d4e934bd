"""Enlarging: pictures of any size and depth in, the same kind out, of any other size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from n3cli.errors import ModelError
from n3cli.inference.array import to_pixels
from n3cli.inference.compute import AUTOMATIC, Compute
from n3cli.inference.ensemble import Progress, ensembled
from n3cli.inference.host import Host
from n3cli.inference.passes import choose_passes
from n3cli.inference.resized import ResizedRows
from n3cli.inference.seam import warn_of_seams
from n3cli.inference.size import check_size, factor_of
from n3cli.inference.source import PaddedRows, PlaneRows, TensorRows
from n3cli.inference.stream import StageRows, chain
from n3cli.inference.tiling import strips
from n3cli.networks.network import padded_size
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
        progress: Callable[[float], None] | None = None,
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
        self, source: RowSource, route: Route, progress: Callable[[float], None] | None
    ) -> tuple[TensorRows, tuple[int, int], list[StageRows]]:
        """The picture's planes C×h×w after all passes, their height and width, and the passes."""
        rows: TensorRows = PlaneRows(source)
        size = source.height, source.width
        passes: list[StageRows] = []
        if route.model is None:
            return rows, size, passes
        rows = _Batches(rows, source.channels, route.model.network.description.channels)
        for index, scale in enumerate(route.passes, 1):
            engine = self._host.engine(route.model, source, scale=scale)
            padded = padded_size(*size, engine.description)
            last = index == len(route.passes)
            fitting = PaddedRows(rows, size, padded)
            size = scale * size[0], scale * size[1]
            output = chain(engine, fitting, *padded, progress if last else None)
            rows = _FirstColumns(output, size[1])
            passes.append(output)
        return _Planes(rows, source.channels), size, passes


class _Batches:
    """A picture's planes as batches of a network's: B×planes×h×w."""

    def __init__(self, before: TensorRows, channels: int, planes: int) -> None:
        self._before = before
        self._planes, self._repeats = planes, max(1, planes // channels)

    def rows(self, top: int, bottom: int) -> Tensor:
        image = self._before.rows(top, bottom).repeat(self._repeats, 1, 1)
        return image.reshape(-1, self._planes, *image.shape[1:])


class _FirstColumns:
    """Rows without what has become of the padding at the right."""

    def __init__(self, before: TensorRows, width: int) -> None:
        self._before, self._width = before, width

    def rows(self, top: int, bottom: int) -> Tensor:
        return self._before.rows(top, bottom)[..., : self._width]


class _Planes:
    """Batches as a picture's planes again: C×h×w."""

    def __init__(self, before: TensorRows, channels: int) -> None:
        self._before, self._channels = before, channels

    def rows(self, top: int, bottom: int) -> Tensor:
        planes = self._before.rows(top, bottom).flatten(0, 1)
        if len(planes) == self._channels:
            return planes
        return (planes * planes.new_tensor(LUMA).view(-1, 1, 1)).sum(0, keepdim=True)
