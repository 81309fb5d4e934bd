"""How close two images are: PSNR and SSIM, in float64."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from n3cli.errors import InputError
from n3cli.ops.array import Float64

_WINDOW = 11
_WINDOW_SIGMA = 1.5
_K1 = 0.01
_K2 = 0.03


def psnr(a: NDArray[np.number], b: NDArray[np.number], peak: float) -> float:
    """Peak signal-to-noise ratio, 10·log₁₀(peak² / mean squared error).

    Args:
        a: an image, H×W or H×W×C, of any number type.
        b: the image it is held against, of the same shape.
        peak: the largest value a pixel can have (1 for [0, 1] images, 255 for 8 bits).

    Returns:
        The ratio in dB over all pixels and channels; infinity for equal images.

    Raises:
        InputError: the shapes differ.
    """
    a64, b64 = _pair(a, b)
    error = float(np.mean(np.square(a64 - b64)))
    return math.inf if error == 0 else 10 * math.log10(peak**2 / error)


def ssim(a: NDArray[np.number], b: NDArray[np.number], peak: float) -> float:
    """Mean structural similarity (Wang et al., Image Quality Assessment, TIP 2004, eq. 13).

    An 11×11 Gaussian window of sigma 1.5, K₁ = 0.01, K₂ = 0.03, biased (population) moments, over
    the positions where the window lies wholly inside the image.

    Args:
        a: an image, H×W or H×W×C, of any number type, at least 11×11.
        b: the image it is held against, of the same shape.
        peak: the largest value a pixel can have (1 for [0, 1] images, 255 for 8 bits).

    Returns:
        The mean over positions and channels, at most 1.

    Raises:
        InputError: the shapes differ, or the images are smaller than the window.
    """
    a64, b64 = _pair(a, b)
    if min(a64.shape[:2]) < _WINDOW:
        raise InputError(
            f"SSIM needs images of at least {_WINDOW}×{_WINDOW} pixels, "
            f"got {a64.shape[0]}×{a64.shape[1]}; use PSNR for smaller ones"
        )
    c1, c2 = (_K1 * peak) ** 2, (_K2 * peak) ** 2
    mean_a, mean_b = _smooth(a64), _smooth(b64)
    variance_a = _smooth(a64 * a64) - mean_a * mean_a
    variance_b = _smooth(b64 * b64) - mean_b * mean_b
    covariance = _smooth(a64 * b64) - mean_a * mean_b
    similarity = ((2 * mean_a * mean_b + c1) * (2 * covariance + c2)) / (
        (mean_a * mean_a + mean_b * mean_b + c1) * (variance_a + variance_b + c2)
    )
    return float(np.mean(similarity))


def _pair(a: NDArray[np.number], b: NDArray[np.number]) -> tuple[Float64, Float64]:
    """Both images in float64, once they are known to be comparable."""
    if a.shape != b.shape or a.ndim not in (2, 3) or a.size == 0:
        raise InputError(
            "only images of one shape, H×W or H×W×C and not empty, can be compared: "
            f"got {a.shape} and {b.shape}"
        )
    return a.astype(np.float64), b.astype(np.float64)


def _smooth(image: Float64) -> Float64:
    """Weighted mean under the window, (H−10)×(W−10)[×C], one axis after the other."""
    offset = np.arange(_WINDOW) - _WINDOW // 2
    weight = np.exp(-(offset**2) / (2 * _WINDOW_SIGMA**2))
    weight /= weight.sum()
    for axis in (0, 1):
        length = image.shape[axis] - _WINDOW + 1
        image = sum(
            (w * image.take(range(i, i + length), axis) for i, w in enumerate(weight)),
            start=np.zeros(()),
        )
    return image
