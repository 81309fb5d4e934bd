"""What denoises a mosaic, given its filter and its noise: a network for mosaics, or any for grey.

The first gets the mosaic in the form that it is for; of the second each plane of the mosaic is a
picture of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from n3cli.inference.compute import AUTOMATIC, Compute
from n3cli.inference.denoiser import Denoiser, check_strength
from n3cli.inference.host import Host
from n3cli.inference.raw.mosaic import denoise_planes, denoise_stabilised
from n3cli.inference.raw.network import estimate_whole
from n3cli.inference.raw.parts import estimate_packed, estimate_planes
from n3cli.inference.raw.pose import in_poses
from n3cli.inference.source import Progress
from n3cli.ops.array import Float32
from n3cli.ops.mosaic.layout import Pattern, planes_of
from n3cli.ops.noise.model import NoiseModel
from n3cli.ops.row_source import ArraySource
from n3cli.zoo.folder import Model

_ESTIMATES = {"whole": estimate_whole, "planes": estimate_planes, "packed": estimate_packed}

_MOST_NOISE = 255.0
"""Level that a network for grey pictures is told at most, on the 0–255 scale."""

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
    def _denoiser(self) -> Denoiser:
        """For grey pictures."""
        return Denoiser(self.model, self._compute)

    def denoise(
        self,
        mosaic: Float32,
        pattern: Pattern,
        noise: Sequence[NoiseModel],
        *,
        strength: float = 1.0,
        progress: Progress | None = None,
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
        estimate = self._estimate(mosaic, pattern, noise, strength, progress)
        for plane in planes_of(pattern):
            values = plane.of(mosaic)
            if values.size == 0:  # of a mosaic smaller than its filter's period
                continue
            white, own = values >= 1, plane.of(estimate)
            near = _count_near(white)
            np.maximum(own, 1, out=own, where=white & (near > _MOST_OF_NINE))
            np.copyto(own, values, where=near == 9)
        return estimate

    def _estimate(
        self,
        mosaic: Float32,
        pattern: Pattern,
        noise: Sequence[NoiseModel],
        strength: float,
        progress: Progress | None,
    ) -> Float32:
        """What the model makes of it, see `denoise`."""
        form = self.model.network.description.mosaic
        if not form:
            return self._plane_by_plane(mosaic, pattern, noise, strength, progress)
        if strength == 0:
            return mosaic.copy()
        share = strength**2  # of the variance
        told = [NoiseModel(share * model.a, share * model.b) for model in noise]
        estimate = _ESTIMATES[form]

        def compute(mosaic: Float32, pattern: Pattern, progress: Progress | None) -> Float32:
            return estimate(self._host, self.model, mosaic, pattern, told, progress)

        return (partial(in_poses, compute) if self._tta else compute)(mosaic, pattern, progress)

    def _plane_by_plane(
        self,
        mosaic: Float32,
        pattern: Pattern,
        noise: Sequence[NoiseModel],
        strength: float,
        progress: Progress | None,
    ) -> Float32:
        """By a network for grey pictures, for which the noise of each plane is made even."""

        def run(image: Float32, sigma: float, tell: Progress | None) -> Float32:
            rows = self._denoiser.rows(
                ArraySource(image), sigma=min(sigma, _MOST_NOISE), tta=self._tta, progress=tell
            )
            return np.concatenate(list(rows))

        def denoise(values: Float32, colour: int, tell: Progress | None) -> Float32:
            model = noise[colour]
            cleaned = denoise_stabilised(values, model.a, model.b, partial(run, tell=tell))
            if strength < 1:
                cleaned = values + np.float32(strength) * (cleaned - values)
            return cleaned

        return denoise_planes(mosaic[..., None], denoise, pattern, progress)[..., 0]


def _count_near(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """How many of the nine places around each of a mask H×W hold; the edge's go on beyond it."""
    padded = np.pad(mask, 1, "edge").astype(np.uint8)
    rows = padded[:-2] + padded[1:-1] + padded[2:]
    count: NDArray[np.uint8] = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]
    return count
