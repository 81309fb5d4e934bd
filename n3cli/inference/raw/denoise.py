"""What denoises a mosaic, given its filter and its noise: a network for mosaics, or any for grey.

The first gets the mosaic in the form that it is for; of the second each plane of the mosaic is a
picture of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from n3cli.inference.compute import AUTOMATIC, Compute
from n3cli.inference.denoiser import Denoiser, check_strength
from n3cli.inference.ensemble import Progress
from n3cli.inference.host import Host
from n3cli.inference.raw.network import estimate_whole
from n3cli.inference.raw.parts import estimate_packed, estimate_planes
from n3cli.inference.raw.planes import PlaneByPlane
from n3cli.inference.raw.pose import in_poses
from n3cli.ops.array import Float32
from n3cli.ops.mosaic.layout import Pattern, planes_of
from n3cli.ops.noise.model import NoiseModel
from n3cli.zoo.folder import Model

Estimate: TypeAlias = Callable[[Float32, Pattern, Sequence[NoiseModel], Progress | None], Float32]
"""From a mosaic, its filter and the noise that a network is told to what it makes of it."""

_ESTIMATES = {"whole": estimate_whole, "planes": estimate_planes, "packed": estimate_packed}

_MOST_OF_NINE = 5  # sites: a value and more than half of its neighbours

DEFAULT = "raw"
"""The model that mosaics get where none is named."""


class RawDenoiser:
    """Denoises mosaics; made once, used for many files.

    Args:
        model: name, path or loaded model, for mosaics or for grey pictures; None for the default.
        compute: where and how.
        tta: take the mean over the mosaic's flips and quarter turns.

    Raises:
        ConfigError: not a device's name.
        DeviceError: there is no such device.
    """

    def __init__(
        self,
        model: str | Path | Model | None = None,
        compute: Compute = AUTOMATIC,
        *,
        tta: bool = False,
    ) -> None:
        self._host = Host("denoise", DEFAULT if model is None else model, compute)
        self._compute, self._tta = compute, tta

    @property
    def model(self) -> Model:
        """The model.

        Raises:
            ModelError: it is unknown, damaged, or not a denoiser.
        """
        return self._host.model(1)

    @cached_property
    def _way(self) -> _Way:
        if form := self.model.network.description.mosaic:
            estimate = partial(_ESTIMATES[form], self._host, self.model)
            return partial(_told_a_share, estimate, self._tta)
        return PlaneByPlane(Denoiser(self.model, self._compute), tta=self._tta).denoise

    def denoise(
        self,
        mosaic: Float32,
        pattern: Pattern,
        noise: Sequence[NoiseModel],
        *,
        strength: float = 1.0,
        progress: Callable[[float], None] | None = None,
    ) -> Float32:
        """Denoise a mosaic.

        Args:
            mosaic: H×W, linear in light, black at 0, white at 1.
            pattern: p×p (2 or 6), the colours: 0 red, 1 green, 2 blue.
            noise: of red, green and blue.
            strength: 0 (none) to 1; a network for mosaics is told this share of the noise's
                deviation, others have that share of their change applied.
            progress: is called with the fraction done.

        Returns:
            The estimate, H×W. Where all sites of a colour around a value are white, it stays: what
            is cut off has no noise. Where most are, it stays white at least.

        Raises:
            ConfigError: a strength or a noise that cannot be.
            InputError: the model is for colour, or for Bayer's mosaics and this is another, or it
                is too large for `tta`.
            ModelError: the model cannot be loaded or does not compute finite values.
            DeviceError: memory does not suffice for the smallest tile.
        """
        check_strength(strength)
        estimate = self._way(mosaic, pattern, noise, strength, progress)
        for plane in planes_of(pattern):
            values = plane.of(mosaic)
            if values.size == 0:  # of a mosaic smaller than its filter's period
                continue
            white, own = values >= 1, plane.of(estimate)
            near = _count_near(white)
            np.maximum(own, 1, out=own, where=white & (near > _MOST_OF_NINE))
            np.copyto(own, values, where=near == 9)
        return estimate


class _Way(Protocol):
    """From a mosaic to its estimate, as `RawDenoiser.denoise`."""

    def __call__(
        self,
        mosaic: Float32,
        pattern: Pattern,
        noise: Sequence[NoiseModel],
        strength: float,
        progress: Progress | None,
    ) -> Float32: ...


def _told_a_share(
    estimate: Estimate,
    tta: bool,
    mosaic: Float32,
    pattern: Pattern,
    noise: Sequence[NoiseModel],
    strength: float,
    progress: Progress | None,
) -> Float32:
    """By a network that is told `strength` of the noise's deviation."""
    if strength == 0:
        return mosaic.copy()
    share = strength**2  # of the variance
    told = [NoiseModel(share * model.a, share * model.b) for model in noise]

    def compute(mosaic: Float32, pattern: Pattern, progress: Progress | None) -> Float32:
        return estimate(mosaic, pattern, told, progress)

    return (partial(in_poses, compute) if tta else compute)(mosaic, pattern, progress)


def _count_near(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """How many of the nine places around each of a mask H×W hold; the edge's go on beyond it."""
    padded = np.pad(mask, 1, "edge").astype(np.uint8)
    rows = padded[:-2] + padded[1:-1] + padded[2:]
    count: NDArray[np.uint8] = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]
    return count
