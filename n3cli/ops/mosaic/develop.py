"""A small picture of a mosaic, to look at: no more than that."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from n3cli.ops.array import Float32, Float64
from n3cli.ops.mosaic.layout import Pattern

_BRIGHT = 0.99
"""Share of the values that stay below white."""


def shrink_mosaic(mosaic: NDArray[np.floating], pattern: Pattern) -> Float64:
    """The mean of each colour in blocks of half a period of the filter.

    Args:
        mosaic: H×W, at least a block.
        pattern: p×p (2 or 6), the colours: 0 red, 1 green, 2 blue. A block of 2×2, or of X-Trans
            3×3, has all of them.

    Returns:
        Colours h×w×3, of half or a third of the size.
    """
    block = 2 if len(pattern) == 2 else 3
    height, width = (size // block for size in mosaic.shape)
    rows, columns = np.indices((height * block, width * block))
    colours = pattern[rows % len(pattern), columns % len(pattern)]
    values = np.asarray(mosaic[: height * block, : width * block], np.float64)
    picture = np.empty((height, width, 3))
    for colour in range(3):
        chosen = colours == colour
        total, count = (
            part.reshape(height, block, width, block).sum((1, 3))
            for part in (np.where(chosen, values, 0), chosen)
        )
        picture[..., colour] = total / np.maximum(count, 1)
    return picture


def show_linear(
    picture: NDArray[np.floating],
    balance: Sequence[float] | None = None,
    to_srgb: NDArray[np.floating] | None = None,
) -> Float32:
    """Linear values as they can be shown: balanced, bright enough, with sRGB's tone curve.

    Args:
        picture: H×W×C, C 1 or 3.
        balance: factors of the colours; by default none.
        to_srgb: 3×3, balanced camera colours → linear sRGB; by default none.

    Returns:
        H×W×C in [0, 1].
    """
    light = np.asarray(picture, np.float64)
    if balance is not None:
        light = light * np.asarray(balance)
    if to_srgb is not None:
        light = np.minimum(light, 1) @ np.asarray(to_srgb).T
    white = float(np.quantile(light, _BRIGHT))
    light = np.clip(light / white if white > 0 else light, 0, 1)
    # IEC 61966-2-1
    curved = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return curved.astype(np.float32)
