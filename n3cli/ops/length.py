"""Lengths of what is resized."""

from __future__ import annotations

import math


def resized_length(length: int, scale: float) -> int:
    """⌈length · scale⌉, forgiving the rounding of scales such as 1/3."""
    return math.ceil(length * scale - 1e-9)
