"""What denoises a mosaic, given its filter and its noise: a network for mosaics, or any for grey.

The first gets the mosaic in the form that it is for; of the second each plane of the mosaic is a
picture of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from n3cli.inference.denoiser import Denoiser
from n3cli.inference.host import Host
from n3cli.inference.raw_network import MosaicNetwork
from n3cli.inference.raw_parts import MosaicParts
from n3cli.inference.raw_planes import PlaneByPlane
from n3cli.ops.layout import planes_of
from n3cli.ops.noise_model import NoiseModel
from n3cli.zoo.folder import Model

Array: TypeAlias = NDArray[np.float32]

DEFAULT = "raw"
"""The model that mosaics get where none is named."""


class RawDenoiser:
    """Denoises mosaics; made once, used for many files.

    Args:
        model: name, path or loaded model, for mosaics or for grey pictures; None for the default.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N``, ``mps`` or ``xpu``.
        precision: ``auto``, ``fp32``, ``bf16`` or ``fp16``.
        tile: longest side of a tile in pixels, ``auto`` (from free memory) or ``off``.
        tta: take the mean over the mosaic's flips and quarter turns.

    Raises:
        ConfigError: a setting has no meaning.
        DeviceError: there is no such device.
    """

    def __init__(
        self,
        model: str | Path | Model | None = None,
        *,
        device: str = "auto",
        precision: str = "auto",
        tile: str | int = "auto",
        tta: bool = False,
    ) -> None:
        self._how = device, precision, tile
        self._host = Host("denoise", DEFAULT if model is None else model, *self._how)
        self._tta = tta

    @property
    def model(self) -> Model:
        """The model.

        Raises:
            ModelError: it is unknown, damaged, or not a denoiser.
        """
        return self._host.model(1)

    @cached_property
    def _way(self) -> MosaicNetwork | MosaicParts | PlaneByPlane:
        if form := self.model.network.description.mosaic:
            kind = MosaicNetwork if form == "whole" else MosaicParts
            return kind(self._host, self.model, tta=self._tta)
        device, precision, tile = self._how
        denoiser = Denoiser(self.model, device=device, precision=precision, tile=tile)
        return PlaneByPlane(denoiser, tta=self._tta)

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
            strength: 0 (none) to 1; a network for mosaics is told this share of the noise's
                deviation, others have that share of their change applied.
            progress: is called with the fraction done.

        Returns:
            The estimate, H×W. Where all sites of a colour around a value are white, it stays: what
            is cut off has no noise.

        Raises:
            ConfigError: a strength or a noise that cannot be.
            InputError: the model is for colour, or for Bayer's mosaics and this is another, or it
                is too large for `tta`.
            ModelError: the model cannot be loaded or does not compute finite values.
            DeviceError: memory does not suffice for the smallest tile.
        """
        estimate = self._way.denoise(mosaic, pattern, noise, strength, progress)
        for plane in planes_of(pattern):
            values = plane.of(mosaic)
            np.copyto(plane.of(estimate), values, where=_inside(values >= 1))
        return estimate


def _inside(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where a mask H×W holds for all eight neighbours, too."""
    inside = mask.copy()
    for axis in (0, 1):
        near = np.moveaxis(inside, axis, 0)
        rows = near.copy()
        near[1:] &= rows[:-1]
        near[:-1] &= rows[1:]
    return inside
