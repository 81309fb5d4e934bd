"""The rules of a measurement: what goes into a method, and how what comes out is scored."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from n3cli.errors import DataError
from n3cli.io.picture import read_picture
from n3cli.ops.array import Float32
from n3cli.ops.luma import luma
from n3cli.ops.metric import psnr, ssim
from n3cli.ops.noise.added import add_gaussian_noise

_PROTOCOL = (
    "Whole images in float32, [0, 1], no border left out; colour as RGB, for grey the luma of "
    "BT.601, rounded to 8 bits, of originals in colour. White Gaussian noise, neither clipped nor "
    "rounded, from numpy's default_rng(seed), where seed is {}; every method gets the same noisy "
    "image. Output clipped to [0, 1] before scoring, not rounded to 8 bits. PSNR in dB over all "
    "planes and SSIM (11×11 Gaussian window, mean of the planes), means over the images."
)


def gaussian_protocol(seed: str) -> str:
    """The rules for white Gaussian noise; `seed` says in words where its seed comes from."""
    return _PROTOCOL.format(seed)


PROTOCOL = gaussian_protocol("the image's index from 0 in sorted order")


class Score(NamedTuple):
    """How close an estimate is to the clean image."""

    psnr: float
    """In dB."""
    ssim: float


def load_clean(path: Path, channels: int) -> Float32:
    """A test image, H×W×`channels`, in [0, 1]; a colour image is made grey where that is asked for.

    Raises:
        DataError: the file has another number of planes.
        InputError: the file cannot be read.
    """
    pixels = read_picture(path).pixels
    if channels == 1 and pixels.shape[2] == 3:
        pixels = luma(pixels)
    if pixels.shape[2] != channels:
        raise DataError(
            f"{path} has {pixels.shape[2]} planes, expected {channels}; "
            "restore the data set or give another folder with --data DIR"
        )
    return _unit(pixels)


def load_image(path: Path) -> Float32:
    """A test image, H×W×C, in [0, 1], with the planes that its file has.

    Raises:
        InputError: the file cannot be read.
    """
    return _unit(read_picture(path).pixels)


def _unit(pixels: NDArray[Any]) -> Float32:
    if np.issubdtype(pixels.dtype, np.integer):
        return pixels.astype(np.float32) / np.float32(np.iinfo(pixels.dtype).max)
    return pixels.astype(np.float32)


def make_noisy(clean: Float32, sigma: float, seed: int) -> Float32:
    """The noisy form of an image, at `sigma` on the 0–255 scale; see `gaussian_protocol`."""
    return add_gaussian_noise(clean, sigma / 255, seed)


def score(estimate: Float32, clean: Float32) -> Score:
    """Score an estimate, H×W×C and unclipped, against the clean image in [0, 1]."""
    shown = np.clip(estimate, 0, 1)
    return Score(psnr(shown, clean, peak=1), ssim(shown, clean, peak=1))
