"""How large an enlarged picture is to be. Light: the command line reads its limits here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real

from n3cli.errors import ConfigError
from n3cli.ops.length import resized_length

DEFAULT_SCALE = 2.0

LARGEST_FACTOR = 16
"""How many times as high or wide as the picture a result may be."""

MOST_MEGAPIXELS = 1000
"""Size of the largest result: a slip of the finger is not to fill the disk."""

_SIDE = "a whole number of pixels, at least 1"


@dataclass(frozen=True)
class Goal:
    """The size that is asked for; at most one of these, except that width and height may be two.

    Attributes:
        scale: factor for both sides, which are rounded up to whole pixels.
        width: pixels across; alone it keeps the picture's proportions.
        height: pixels down; likewise.
        megapixels: area in millions of pixels; keeps the proportions.
    """

    scale: float | None = None
    width: int | None = None
    height: int | None = None
    megapixels: float | None = None

    def size_of(self, height: int, width: int) -> tuple[int, int]:
        """Height and width that a picture of this size gets; never below one pixel.

        Raises:
            ConfigError: a value has no meaning, or the result is too large; see `check_size`.
        """
        for side in (self.width, self.height):
            if side is not None:
                _require_side(side)
        if self.width is not None and self.height is not None:
            size = self.height, self.width
        elif self.width is not None:
            size = _proportion(height, self.width, width), self.width
        elif self.height is not None:
            size = self.height, _proportion(width, self.height, height)
        elif self.megapixels is not None:
            _require_positive("megapixels", self.megapixels, MOST_MEGAPIXELS)
            factor = math.sqrt(self.megapixels * 1e6 / (height * width))
            size = max(1, round(height * factor)), max(1, round(width * factor))
        else:
            scale = DEFAULT_SCALE if self.scale is None else self.scale
            _require_positive("scale", scale, LARGEST_FACTOR)
            size = max(1, resized_length(height, scale)), max(1, resized_length(width, scale))
        check_size(height, width, size)
        return size


def check_size(height: int, width: int, size: Sequence[int]) -> None:
    """Refuse what a picture of `height` and `width` is not to become.

    Raises:
        ConfigError: `size` is not height and width in whole pixels, is more than
            `LARGEST_FACTOR` times the picture's, or has more than `MOST_MEGAPIXELS`.
    """
    if not isinstance(size, Sequence) or len(size) != 2:
        raise ConfigError(f"size must be height and width, got {size!r}")
    for side in size:
        _require_side(side)
    new_height, new_width = size
    change = f"{width}×{height} → {new_width}×{new_height}"
    factor = factor_of(height, width, new_height, new_width)
    if factor > LARGEST_FACTOR:
        raise ConfigError(
            f"{change} is {factor:.4g} times the size; at most {LARGEST_FACTOR} times is possible: "
            "choose a smaller size"
        )
    megapixels = new_height * new_width / 1e6
    if megapixels > MOST_MEGAPIXELS:
        raise ConfigError(
            f"{change} is {megapixels:,.0f} megapixels; at most {MOST_MEGAPIXELS:,} are possible: "
            "choose a smaller size, or enlarge a part of the picture"
        )


def factor_of(height: int, width: int, new_height: int, new_width: int) -> float:
    """The larger of the two sides' factors."""
    return max(new_height / height, new_width / width)


def _proportion(side: int, other: int, of: int) -> int:
    return max(1, round(side * other / of))


def _require_side(side: object) -> None:
    if isinstance(side, bool) or not isinstance(side, Integral) or side < 1:
        raise ConfigError(f"a side must be {_SIDE}, got {side!r}")


def _require_positive(name: str, value: object, most: float) -> None:
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 < float(value) <= most:
        raise ConfigError(f"{name} must be a number above 0 and up to {most:g}, got {value!r}")
