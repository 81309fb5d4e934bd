"""Denoising an array or a tensor: what `n3cli.denoise` is."""

from __future__ import annotations

import warnings
from numbers import Real
from pathlib import Path

import numpy as np
import torch

from n3cli.errors import ConfigError, N3Warning
from n3cli.inference.array import ImageT, as_given, check_array
from n3cli.inference.choice import choose
from n3cli.inference.compute import Compute
from n3cli.inference.denoiser import Denoiser, usable_sigma
from n3cli.ops.row_source import ArraySource
from n3cli.zoo.folder import Model


def denoise(
    array: ImageT,
    sigma: float | str = "auto",
    model: str | Path | Model | None = None,
    *,
    strength: float = 1.0,
    tta: bool = False,
    device: str | torch.device = "auto",
    precision: str = "auto",
    tile: str | int = "auto",
) -> ImageT:
    """Denoise an array or a tensor.

    Args:
        array: H×W or H×W×C (C is 1 or 3), uint8, uint16, or floating in [0, 1]; a NumPy array or a
            tensor on any device.
        sigma: standard deviation of the noise on the 0–255 scale, for every dtype; ``"auto"``
            estimates it from the array.
        model: name, path (of a folder or a file) or loaded model; None for the bundled default, or,
            with `sigma` ``"auto"`` and where the array shows the noise of a camera, the one for
            that, which a warning tells.
        strength: share of the change to apply, 0 (none) to 1.
        tta: take the mean over the array's 8 flips and quarter turns (test-time augmentation): a
            little better, in about 8 times the time.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N``, ``mps`` or ``xpu``.
        precision: ``auto``, ``fp32``, ``bf16`` or ``fp16``.
        tile: longest side of a tile in pixels, ``auto`` (from free memory) or ``off``.

    Returns:
        The same kind, of the same shape and dtype, a tensor on its device and without gradients;
        floating values are not clipped.

    Raises:
        InputError: wrong shape or dtype, values that are not finite, or too large for `tta`.
        ConfigError: a setting has no meaning.
        ModelError: the model cannot be had or used.
        DeviceError: no such device, or not enough memory.

    Example:
        >>> import numpy as np
        >>> noisy = np.full((32, 48), 128, np.uint8)
        >>> denoise(noisy, sigma=10).shape
        (32, 48)
    """
    pixels = check_array(array)
    automatic = isinstance(sigma, str) and sigma == "auto"
    if not automatic and not _is_number(sigma):
        raise ConfigError(f"sigma must be a noise level or 'auto', got {sigma!r}")
    if not _is_number(strength):
        raise ConfigError(f"strength must be a number from 0 to 1, got {strength!r}")
    denoiser = Denoiser(model, Compute(device, precision, tile))
    if automatic:
        choice = choose(denoiser, ArraySource(pixels))
        denoiser, level = choice.denoiser, choice.level
        if choice.reason:
            name = denoiser.model(pixels.shape[2]).config.name
            told = f"{name} was chosen: {choice.reason}; pass model to choose another"
            warnings.warn(told, N3Warning, stacklevel=2)
        elif not level.reliable:
            warnings.warn(
                f"the estimated noise level {level.sigma:.1f} is uncertain: {level.reason}; "
                "to set another, pass sigma",
                N3Warning,
                stacklevel=2,
            )
        sigma = level.sigma
    # Checked here and not by the rows alone, so that a warning points to the caller's line.
    sigma = usable_sigma(float(sigma), denoiser.model(pixels.shape[2]))
    rows = denoiser.rows(ArraySource(pixels), sigma=sigma, strength=strength, tta=tta)
    return as_given(np.concatenate(list(rows)).reshape(array.shape), array)


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)
