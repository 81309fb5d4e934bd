"""Enlarging an array or a tensor: what `n3cli.upscale` is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from n3cli.errors import ConfigError
from n3cli.inference.array import ImageT, as_given, check_array
from n3cli.inference.compute import Compute
from n3cli.inference.size import Goal
from n3cli.inference.upscaler import Upscaler
from n3cli.ops.row_source import ArraySource
from n3cli.zoo.folder import Model


def upscale(
    array: ImageT,
    scale: float | None = None,
    model: str | Path | Model | None = None,
    *,
    size: tuple[int, int] | None = None,
    tta: bool = False,
    device: str | torch.device = "auto",
    precision: str = "auto",
    tile: str | int = "auto",
) -> ImageT:
    """Enlarge an array or a tensor.

    The network enlarges by its next scale; an exact bicubic resize leads from there to the size.

    Args:
        array: H×W or H×W×C (C is 1 or 3), uint8, uint16, or floating in [0, 1]; a NumPy array or a
            tensor on any device.
        scale: factor for height and width, above 0 and up to 16; sides are rounded up. Up to 1
            the array is reduced, without a network. None is 2, unless `size` is given.
        model: name, path (of a folder or a file) or loaded model; ``"bicubic"`` for interpolation
            alone; None for the bundled default.
        size: height and width of the result, up to 16 times the array's; in place of `scale`.
        tta: take the mean over the array's 8 flips and quarter turns (test-time augmentation): a
            little better, in about 8 times the time.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N``, ``mps`` or ``xpu``.
        precision: ``auto``, ``fp32``, ``bf16`` or ``fp16``.
        tile: longest side of a tile in pixels, ``auto`` (from free memory) or ``off``.

    Returns:
        The same kind, of the new height and width, the same channels and dtype, a tensor on its
        device and without gradients; integers are rounded and clipped, floating values are not.

    Raises:
        InputError: wrong shape or dtype, values that are not finite, or too large for `tta`.
        ConfigError: a setting has no meaning, or the result would have over 1,000 megapixels.
        ModelError: the model cannot be had or used.
        DeviceError: no such device, or not enough memory.

    Example:
        >>> import numpy as np
        >>> small = np.full((32, 48), 128, np.uint8)
        >>> upscale(small, 2.5, "bicubic").shape
        (80, 120)
    """
    if scale is not None and size is not None:
        raise ConfigError(f"give scale or size, not both: got scale {scale!r} and size {size!r}")
    pixels = check_array(array)
    height, width = pixels.shape[:2]
    upscaler = Upscaler(model, Compute(device, precision, tile))
    if size is None:
        size = Goal(scale=scale).size_of(height, width)
    rows = upscaler.rows(ArraySource(pixels), size=size, tta=tta)
    return as_given(np.concatenate(list(rows)).reshape(*size, *array.shape[2:]), array)
