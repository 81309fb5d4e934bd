"""Denoising: pictures of any size and depth in, the same kind out.

This is the border where noise levels change scale: 0–255 outside, [0, 1] below.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from n3cli.errors import ConfigError, InputError, ModelError, N3Warning
from n3cli.inference.array import to_pixels
from n3cli.inference.compute import AUTOMATIC, Compute
from n3cli.inference.ensemble import ensembled
from n3cli.inference.host import Host
from n3cli.inference.source import PlaneRows, Progress, Rows, TensorRows
from n3cli.inference.tiling import strips
from n3cli.inference.whole import run_whole
from n3cli.ops.row_source import RowSource
from n3cli.zoo.config import WHITE_NOISE
from n3cli.zoo.folder import Model

_SIGMA_LIMIT = 255.0

_FARTHEST = 5.0
"""How many noise levels a value is moved at most. White Gaussian noise goes beyond in one of two
million values, so what a network moves farther is a pattern that it takes for noise."""


class Denoiser:
    """A denoising model on a device; made once, used for many pictures.

    Args:
        model: name, path or loaded model; None for the default that suits each picture.
        compute: where and how.

    Attributes:
        is_default: whether no model was named.

    Raises:
        ConfigError: not a device's name.
        DeviceError: there is no such device.
    """

    def __init__(
        self,
        model: str | Path | Model | None = None,
        compute: Compute = AUTOMATIC,
    ) -> None:
        self._host, self._compute = Host("denoise", model, compute), compute
        self._others: dict[str, Denoiser] = {}
        self.is_default = model is None

    def other(self, model: str) -> Denoiser:
        """Another model on the same device, made when it is first asked for."""
        if model not in self._others:
            self._others[model] = Denoiser(model, self._compute)
        return self._others[model]

    def model(self, channels: int) -> Model:
        """The model for pictures of 1 (grey) or 3 (colour) channels.

        Raises:
            ModelError: it is unknown, damaged, or not a denoiser.
        """
        return self._host.model(channels)

    def rows(
        self,
        source: RowSource,
        *,
        sigma: float,
        strength: float = 1.0,
        tta: bool = False,
        progress: Progress | None = None,
    ) -> Iterator[np.ndarray]:
        """Denoise a picture strip by strip.

        A grey model works on each channel of a colour picture by itself. No value is changed by
        more than five times the level of white noise that the model is told, so a picture with
        none, level 0, stays as it is.

        Args:
            source: the picture; its rows are read once, from top to bottom.
            sigma: noise level, 0–255 scale whatever the picture's depth.
            strength: share of the change to apply, 0 (none) to 1.
            tta: take the mean over the picture's flips and quarter turns, see `ensembled`.
            progress: is called with the fraction done.

        Yields:
            Strips h×W×C in the picture's dtype, from top to bottom.

        Raises:
            ConfigError: sigma or strength out of range.
            InputError: the picture cannot be read, holds values that are not finite, is too large
                for `tta`, or is grey and the model for colour (whose noise would have to differ
                between the channels).
            ModelError: the model cannot be loaded, is for mosaics, or does not compute finite
                values.
            DeviceError: memory does not suffice for the smallest tile.
        """
        check_strength(strength)
        model = self.model(source.channels)
        if model.network.description.mosaic:
            raise ModelError(
                f"{model.config.name} is for camera raw, but this is a picture; "
                "use a model for pictures, for example denoise-n3unet-color"
            )
        if source.channels < model.network.description.channels:
            raise InputError(
                f"the picture is grey, but {model.config.name} is for colour; "
                "use a grey model, for example denoise-n3unet-gray"
            )
        level = usable_sigma(sigma, model)

        def compute(
            posed: RowSource, size: tuple[int, int], progress: Progress | None
        ) -> Iterator[Tensor]:
            return self._planes(posed, model, level, strength, progress)

        size = source.height, source.width
        for planes in (ensembled(compute) if tta else compute)(source, size, progress):
            yield to_pixels(planes, source.dtype)

    def _planes(
        self,
        source: RowSource,
        model: Model,
        sigma: float,
        strength: float,
        progress: Progress | None,
    ) -> Iterator[Tensor]:
        """The result's float planes C×h×W, from top to bottom."""
        level = sigma / 255 if model.network.description.sigma_input else None
        farthest = _reach(model, level)
        if farthest == 0:
            yield from _unchanged(source, progress)
            return
        engine = self._host.engine(model, source, sigma=sigma)
        bounded = math.isfinite(farthest)
        noisy = _NetworkInput(
            PlaneRows(source), engine.description.channels, level, remember=bounded or strength < 1
        )
        size = source.height, source.width
        top = 0
        for strip in run_whole(engine, noisy, size, model.config.name, progress):
            planes = strip.flatten(0, 1)
            bottom = top + planes.shape[-2]
            if bounded or strength < 1:
                original = noisy.original(top, bottom)
                if bounded:
                    planes = planes.clamp(original - farthest, original + farthest)
                if strength < 1:
                    planes = torch.lerp(original, planes, strength)
            yield planes
            top = bottom


def _reach(model: Model, level: float | None) -> float:
    """How far a value may be moved, [0, 1]; infinite where noise may be anything."""
    if level == 0:
        return 0.0
    white = model.config.noise == WHITE_NOISE
    return _FARTHEST * level if white and level is not None else math.inf


def _unchanged(source: RowSource, progress: Progress | None) -> Iterator[Tensor]:
    """A picture's own planes C×h×W: where nothing may move, no network need be run."""
    planes = PlaneRows(source)
    for top, bottom in strips(source.height, source.width):
        yield planes.rows(top, bottom)
        if progress:
            progress(bottom / source.height)


class _NetworkInput:
    """An image's planes as batches of a network's, with the noise level's plane (if any)."""

    def __init__(self, image: TensorRows, planes: int, level: float | None, remember: bool) -> None:
        self._image, self._planes, self._level = image, planes, level
        self._remembered = Rows() if remember else None

    def rows(self, top: int, bottom: int) -> Tensor:
        image = self._image.rows(top, bottom)
        if self._remembered is not None and bottom > self._remembered.bottom:
            self._remembered.append(image[..., self._remembered.bottom - top :, :].clone())
        batch = image.reshape(-1, self._planes, *image.shape[1:])
        if self._level is None:
            return batch
        level = torch.full_like(batch[:, :1], self._level)
        return torch.cat([batch, level], dim=1)

    def original(self, top: int, bottom: int) -> Tensor:
        assert self._remembered is not None
        return self._remembered.take(top, bottom)


def check_strength(strength: float) -> None:
    """Check a share of what is to be changed.

    Raises:
        ConfigError: not a number from 0 to 1.
    """
    if not 0 <= strength <= 1:
        raise ConfigError(f"strength must be between 0 and 1, got {strength}")


def usable_sigma(sigma: float, model: Model) -> float:
    """Check a noise level (0–255 scale), and clamp it to what the model was trained for.

    Raises:
        ConfigError: not a number from 0 to 255.
    """
    if not (math.isfinite(sigma) and 0 <= sigma <= _SIGMA_LIMIT):
        raise ConfigError(f"sigma must be a noise level from 0 to 255, got {sigma:g}")
    most = model.config.sigma_max
    if most is not None and sigma > most:
        warnings.warn(
            f"sigma {sigma:.4g} is above the model's maximum; using {most:g} instead",
            N3Warning,
            stacklevel=3,
        )
        return most
    return sigma
