"""The noise of a sensor: its variance grows with the value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from n3cli.ops.array import Float64

ColourNoise: TypeAlias = tuple["NoiseModel", "NoiseModel", "NoiseModel"]
"""Of red, green and blue."""


@dataclass(frozen=True)
class NoiseModel:
    """Noise of variance a·x + b at values of mean x: linear in light, black at 0, white at 1.

    Attributes:
        a: from the light itself, which arrives by chance: the gain from photons to values.
        b: from reading, the same at every value.
    """

    a: float
    b: float

    def deviation(self, values: NDArray[np.floating]) -> Float64:
        """Standard deviation at values, which may be noisy ones: below black counts as black."""
        variance = self.a * np.maximum(values, 0) + self.b
        deviation: Float64 = np.sqrt(np.maximum(variance, 0))
        return deviation


def models_of(numbers: Sequence[float]) -> ColourNoise:
    """The noise of red, green and blue: a and b of each, or of all."""
    pairs = [NoiseModel(a, b) for a, b in zip(numbers[::2], numbers[1::2], strict=True)]
    red, green, blue = pairs * 3 if len(pairs) == 1 else pairs
    return red, green, blue
