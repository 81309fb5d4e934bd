"""Each plane of a mosaic by itself, by what was made for grey pictures.

Its noise is made even first, see `mosaic`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

import numpy as np

from n3cli.inference.denoiser import Denoiser
from n3cli.inference.ensemble import Progress
from n3cli.inference.raw.mosaic import denoise_stabilised
from n3cli.ops.array import Float32
from n3cli.ops.mosaic.layout import Pattern, planes_of
from n3cli.ops.noise.model import NoiseModel
from n3cli.ops.row_source import ArraySource

DenoisePlane: TypeAlias = Callable[[Float32, NoiseModel, Progress | None], Float32]
"""From a plane H×W×1 and its noise to its estimate; who is told the fraction done."""

_MOST = 255.0  # noise levels are at most that


class PlaneByPlane:
    """Denoises mosaics by a network for grey pictures.

    Args:
        denoiser: the network, ready on its device.
        tta: take the mean over the flips and quarter turns of each plane.
    """

    def __init__(self, denoiser: Denoiser, *, tta: bool) -> None:
        self._denoiser, self._tta = denoiser, tta

    def denoise(
        self,
        mosaic: Float32,
        pattern: Pattern,
        noise: Sequence[NoiseModel],
        strength: float,
        progress: Progress | None,
    ) -> Float32:
        """See `RawDenoiser.denoise`; `strength` is the share of the change that is applied."""

        def denoise(values: Float32, model: NoiseModel, tell: Progress | None) -> Float32:
            run = partial(self._run, progress=tell)
            cleaned = denoise_stabilised(values, model.a, model.b, run)
            if strength < 1:
                cleaned = values + np.float32(strength) * (cleaned - values)
            return cleaned

        return plane_by_plane(mosaic, pattern, noise, denoise, progress)

    def _run(self, image: Float32, sigma: float, progress: Progress | None) -> Float32:
        rows = self._denoiser.rows(
            ArraySource(image), sigma=min(sigma, _MOST), tta=self._tta, progress=progress
        )
        return np.concatenate(list(rows))


def plane_by_plane(
    mosaic: Float32,
    pattern: Pattern,
    noise: Sequence[NoiseModel],
    denoise: DenoisePlane,
    progress: Progress | None,
) -> Float32:
    """Denoise each plane of a mosaic H×W by itself, with the noise of its colour."""
    estimate = np.empty(mosaic.shape, np.float32)
    done = 0
    for plane in planes_of(pattern):
        values = np.ascontiguousarray(plane.of(mosaic))[..., None]
        if values.size == 0:  # of a mosaic smaller than its filter's period
            continue
        tell = _part_of(progress, done / mosaic.size, values.size / mosaic.size)
        plane.of(estimate)[...] = denoise(values, noise[plane.colour], tell)[..., 0]
        done += values.size
    return estimate


def _part_of(progress: Progress | None, before: float, share: float) -> Progress | None:
    """Who is told the fraction done of a part that comes after others."""
    return progress and (lambda fraction: progress(before + share * fraction))
