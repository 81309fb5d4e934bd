"""What denoises a mosaic, given its filter and its noise: for now what was made for grey pictures.

Each plane of the mosaic is denoised by itself, its noise made even first (see `mosaic`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from n3cli.inference.denoise import Denoiser
from n3cli.inference.mosaic import denoise_stabilised
from n3cli.ops.noise_model import NoiseModel
from n3cli.ops.row_source import ArraySource

Array: TypeAlias = NDArray[np.float32]

_MOST = 255.0  # noise levels are at most that


class Plane(NamedTuple):
    """Sites of one colour on a square grid, which make a picture of their own."""

    row: int
    column: int
    step: int
    colour: int

    def of(self, mosaic: Array) -> Array:
        """The plane's part of a mosaic, as a view."""
        return mosaic[self.row :: self.step, self.column :: self.step]


def planes_of(pattern: NDArray[np.uint8]) -> Iterator[Plane]:
    """The planes of a filter, as fine as they can be.

    A filter of 2×2 has four. X-Trans repeats after six sites, but five greens of its 3×3 after
    three already: they make five planes, and red and blue eight each.
    """
    period = len(pattern)
    half = period // 2 if period > 2 else period
    for row, column in np.ndindex(half, half):
        colours = pattern[row::half, column::half]
        if (colours == colours[0, 0]).all():
            yield Plane(row, column, half, int(colours[0, 0]))
            continue
        for (down, across), colour in np.ndenumerate(colours):
            yield Plane(row + down * half, column + across * half, period, int(colour))


class RawDenoiser:
    """Denoises mosaics by a network for grey pictures; made once, used for many files.

    Args:
        denoiser: the network, ready on its device.
        tta: take the mean over the flips and quarter turns of each plane.
    """

    def __init__(self, denoiser: Denoiser, *, tta: bool = False) -> None:
        self._denoiser, self._tta = denoiser, tta

    @property
    def name(self) -> str:
        """The name of the model."""
        return self._denoiser.model(1).config.name

    def denoise(
        self,
        mosaic: Array,
        pattern: NDArray[np.uint8],
        noise: Sequence[NoiseModel],
        *,
        strength: float = 1.0,
        progress: Callable[[float], None] | None = None,
    ) -> Array:
        """Denoise a mosaic.

        Args:
            mosaic: H×W, linear in light, black at 0, white at 1.
            pattern: p×p (2 or 6), the colours: 0 red, 1 green, 2 blue.
            noise: of red, green and blue.
            strength: share of the change to apply, 0 (none) to 1.
            progress: is called with the fraction done.

        Returns:
            The estimate, H×W. Where all of a plane around a value is white, it stays: what is cut
            off has no noise.

        Raises:
            ConfigError: a strength or a noise that cannot be.
            InputError: the model is for colour, or the mosaic is too large for `tta`.
            ModelError: the model cannot be loaded or does not compute finite values.
            DeviceError: memory does not suffice for the smallest tile.
        """
        estimate = np.empty_like(mosaic)
        done = 0
        for plane in planes_of(pattern):
            values = np.ascontiguousarray(plane.of(mosaic))[..., None]
            tell = _part_of(progress, done / mosaic.size, values.size / mosaic.size)
            run = partial(self._run, progress=tell)
            model = noise[plane.colour]
            cleaned = denoise_stabilised(values, model.a, model.b, run)
            if strength < 1:
                cleaned = values + np.float32(strength) * (cleaned - values)
            cut_off = _inside(values >= 1)
            plane.of(estimate)[...] = np.where(cut_off, values, cleaned)[..., 0]
            done += values.size
        return estimate

    def _run(self, image: Array, sigma: float, progress: Callable[[float], None] | None) -> Array:
        rows = self._denoiser.rows(
            ArraySource(image), sigma=min(sigma, _MOST), tta=self._tta, progress=progress
        )
        return np.concatenate(list(rows))


def _inside(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where a mask holds for all eight neighbours, too; H×W×1."""
    inside = mask.copy()
    for axis in (0, 1):
        near = np.moveaxis(inside, axis, 0)
        rows = near.copy()
        near[1:] &= rows[:-1]
        near[:-1] &= rows[1:]
    return inside


def _part_of(
    progress: Callable[[float], None] | None, before: float, share: float
) -> Callable[[float], None] | None:
    """Who is told the fraction done of a part that comes after others."""
    return progress and (lambda fraction: progress(before + share * fraction))
