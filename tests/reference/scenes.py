"""Mosaics as a sensor sees them, made of photographs: linear, unbalanced, with its noise."""

from __future__ import annotations

import numpy as np

SENSITIVITY = (0.5, 1.0, 0.6)
"""Of red, green and blue, as most sensors have it in daylight."""


def linear(pixels: np.ndarray) -> np.ndarray:
    """A picture of 8 bits in sRGB as camera colours, H×W×3, even sides."""
    height, width = (size // 2 * 2 for size in pixels.shape[:2])
    values = pixels[:height, :width, :3] / 255
    light = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return light * np.array(SENSITIVITY)


def filtered(picture: np.ndarray, pattern: tuple[tuple[int, ...], ...]) -> np.ndarray:
    """The mosaic under a filter."""
    period = len(pattern)
    mosaic = np.empty(picture.shape[:2])
    for row in range(period):
        for column in range(period):
            colour = pattern[row][column]
            mosaic[row::period, column::period] = picture[row::period, column::period, colour]
    return mosaic


def exposed(clean: np.ndarray, a: float, b: float, seed: int) -> np.ndarray:
    """With photons of gain a and read noise of variance b, neither clipped nor rounded."""
    rng = np.random.default_rng(seed)
    return a * rng.poisson(clean / a) + np.sqrt(b) * rng.standard_normal(clean.shape)


def colour_planes(mosaic: np.ndarray, pattern: tuple[tuple[int, ...], ...]) -> list[list]:
    """The planes of each colour."""
    period = len(pattern)
    planes: list[list] = [[], [], []]
    for row in range(period):
        for column in range(period):
            planes[pattern[row][column]].append(mosaic[row::period, column::period])
    return planes
