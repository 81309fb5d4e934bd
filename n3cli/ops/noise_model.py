"""The noise of a sensor: its variance grows with the value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class NoiseModel:
    """Noise of variance a·x + b at values of mean x: linear in light, black at 0, white at 1.

    Attributes:
        a: from the light itself, which arrives by chance: the gain from photons to values.
        b: from reading, the same at every value.
    """

    a: float
    b: float

    def deviation(self, values: NDArray[np.floating]) -> Array:
        """Standard deviation at values, which may be noisy ones: below black counts as black."""
        variance = self.a * np.maximum(values, 0) + self.b
        deviation: Array = np.sqrt(np.maximum(variance, 0))
        return deviation
