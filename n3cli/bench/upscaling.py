"""The rules of super-resolution: low-resolution images in, the luma of what comes out is scored."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from n3cli.bench.protocol import Score, load_image
from n3cli.errors import DataError
from n3cli.ops.luma import studio_luma
from n3cli.ops.metric import psnr, ssim

Array = NDArray[np.float32]

PROTOCOL = (
    "Low-resolution images are those that come with the sets, MATLAB's bicubic reductions; every "
    "method gets them in float32, [0, 1]. Output clipped; luma Y of BT.601 in 16 to 235, as "
    "MATLAB's rgb2ycbcr has it, of output and original, each rounded to 8 bits; grey images as "
    "they are. A border of as many pixels as the scale is left out. PSNR in dB and SSIM (11×11 "
    "Gaussian window) for 8 bits, means over the images."
)


def load_low(path: Path, clean: Array, scale: float) -> Array:
    """The low-resolution image beside an original.

    Args:
        path: of the original, which ends in ``_HR.png``.
        clean: the original, H×W×C.
        scale: its size divided by the low-resolution one's.

    Raises:
        DataError: it is absent, or not of that size.
        InputError: it cannot be read.
    """
    low = path.with_name(path.name.replace("_HR", "_LR"))
    if not low.is_file():
        raise DataError(f"{low} is missing; restore the data set, or name another with --data DIR")
    image = load_image(low)
    if tuple(round(side * scale) for side in image.shape[:2]) != clean.shape[:2]:
        raise DataError(
            f"{low} has {image.shape[1]}×{image.shape[0]} pixels, and {scale:g} times as many are "
            f"not the {clean.shape[1]}×{clean.shape[0]} of its original; restore the data set"
        )
    return image


def score(estimate: Array, clean: Array, scale: float) -> Score:
    """Score an enlarged image, H×W×C and unclipped, against its original in [0, 1]."""
    border = round(scale)
    part = slice(border, -border)
    ours, theirs = (_luma(image)[part, part] for image in (estimate, clean))
    return Score(psnr(ours, theirs, peak=255), ssim(ours, theirs, peak=255))


def _luma(image: Array) -> NDArray[np.uint8]:
    """H×W, as 8 bits."""
    shown = np.clip(image, 0, 1)
    grey = studio_luma(shown) if image.shape[2] == 3 else shown
    return np.floor(255 * grey[..., 0] + 0.5).astype(np.uint8)
