"""The primaries of sRGB, as CIE XYZ."""

from __future__ import annotations

from typing import Final

import numpy as np

XYZ_FROM_SRGB: Final = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
     [0.0193339, 0.1191920, 0.9503041]]
)  # fmt: skip
"""Linear sRGB → CIE XYZ (IEC 61966-2-1)."""
