"""Reflection that works at any size."""

from __future__ import annotations


def reflected(length: int, padded: int) -> list[int]:
    """Source indices 0…`length`−1 that extend an axis to `padded` entries by reflection.

    The border entry is not repeated (0 1 2 → 0 1 2 1 0 1 …); a single entry is.
    """
    period = max(2 * length - 2, 1)
    return [min(i % period, period - i % period) if length > 1 else 0 for i in range(padded)]
