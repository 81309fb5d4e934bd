"""The rules of super-resolution: originals are reduced, the luma of what comes out is scored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from n3cli.bench.protocol import Score
from n3cli.data.simulated.degradation import TYPICAL_IN_WORDS, degrade_typically
from n3cli.errors import DataError
from n3cli.ops.array import Float32
from n3cli.ops.luma import studio_luma
from n3cli.ops.metric import psnr, ssim
from n3cli.ops.resize import resize

_PROTOCOL = (
    "Every method gets the original {}. Output clipped; luma Y of BT.601 "
    "in 16 to 235, as MATLAB's rgb2ycbcr has it, of output and original, unrounded; grey images as "
    "they are. A border of as many pixels as the scale is left out. PSNR in dB and SSIM (11×11 "
    "Gaussian window), means over the images."
)

PROTOCOL = _PROTOCOL.format(
    "reduced by MATLAB's bicubic in float32, [0, 1], neither clipped nor rounded: the luma of that "
    "is the reduced luma"
)

PHOTO_PROTOCOL = _PROTOCOL.format(
    f"{TYPICAL_IN_WORDS}; noise of numpy's default_rng(seed), where seed is the image's index from "
    "0 in sorted order"
)


def make_low(path: Path, clean: Float32, scale: float) -> Float32:
    """What a method gets to enlarge.

    Args:
        path: of the original.
        clean: the original, H×W×C.
        scale: its size divided by that of the reduced one.

    Raises:
        DataError: its sides are no whole multiples of the scale.
    """
    _check_sides(path, clean, scale)
    low: Float32 = (
        resize(_planes(clean.astype(np.float64)), 1 / scale).permute(1, 2, 0).float().numpy()
    )
    return low


def make_photo(path: Path, clean: Float32, scale: float, index: int) -> Float32:
    """What a method gets to enlarge, reduced as photos come about; see `make_low`.

    Args:
        path: of the original.
        clean: the original, H×W×C.
        scale: its size divided by that of the reduced one, a whole number.
        index: of the image; seed of its noise.

    Raises:
        DataError: its sides are no whole multiples of the scale.
    """
    _check_sides(path, clean, scale)
    low: Float32 = degrade_typically(_planes(clean), round(scale), index).permute(1, 2, 0).numpy()
    return low


def _check_sides(path: Path, clean: Float32, scale: float) -> None:
    if any(side % scale for side in clean.shape[:2]):
        raise DataError(
            f"{path} has {clean.shape[1]}×{clean.shape[0]} pixels, which is not a whole multiple "
            f"of the scale {scale:g}; restore the data set, or give another with --data DIR"
        )


def _planes(image: NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))


def score(estimate: Float32, clean: Float32, scale: float) -> Score:
    """Score an enlarged image, H×W×C and unclipped, against its original in [0, 1]."""
    border = round(scale)
    part = slice(border, -border)
    ours, theirs = (_luma(image)[part, part] for image in (estimate, clean))
    return Score(psnr(ours, theirs, peak=1), ssim(ours, theirs, peak=1))


def _luma(image: Float32) -> Float32:
    """H×W in [0, 1]."""
    shown = np.clip(image, 0, 1)
    return (studio_luma(shown) if image.shape[2] == 3 else shown)[..., 0]
