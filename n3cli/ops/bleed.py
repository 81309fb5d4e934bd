"""Colours for what cannot be seen: those of the nearest visible pixels reach into it.

Programs store what they like where a picture is wholly transparent, mostly black. An interpolation
or a network that looks there draws it into the edge of what is visible, as a dark fringe.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_AROUND = tuple(
    (down, right) for down in (-1, 0, 1) for right in (-1, 0, 1) if (down, right) != (0, 0)
)


def bleed(pixels: NDArray[Any], visible: NDArray[np.bool_], distance: int) -> NDArray[Any]:
    """Give pixels that cannot be seen the colours of those that can.

    Each ring of hidden pixels around visible ones becomes the mean of the neighbours that have a
    colour already, of the eight that there are. What is given a colour so depends on pixels up to
    `distance` rows and columns away, and on nothing else.

    Args:
        pixels: H×W×C, uint8, uint16 or floating.
        visible: H×W.
        distance: number of rings; what is farther off stays as it is.

    Returns:
        H×W×C of the same type: `pixels` itself where there is nothing to do.
    """
    height, width, channels = pixels.shape
    known = np.zeros((height + 2, width + 2), bool)
    known[1:-1, 1:-1] = visible
    if visible.all() or not visible.any():
        return pixels
    colours = np.zeros((height + 2, width + 2, channels), np.float32)
    colours[1:-1, 1:-1][visible] = pixels[visible]
    flat_known, flat_colours = known.reshape(-1), colours.reshape(-1, channels)
    around = np.array([down * (width + 2) + right for down, right in _AROUND])
    hidden = np.zeros((height + 2, width + 2), bool)  # but for the frame
    hidden[1:-1, 1:-1] = ~visible
    flat_hidden = hidden.reshape(-1)
    ring = np.flatnonzero(_grown(known) & hidden)
    for _ in range(distance):
        if not len(ring):
            break
        neighbours = ring[:, None] + around
        # Those without a colour are 0, so that the sum is of the others.
        total = flat_colours[neighbours].sum(1)
        flat_colours[ring] = total / flat_known[neighbours].sum(1, dtype=np.float32)[:, None]
        flat_known[ring] = True
        near = np.unique(neighbours)
        ring = near[flat_hidden[near] & ~flat_known[near]]
    reached = known[1:-1, 1:-1] & ~visible
    fresh = colours[1:-1, 1:-1][reached]
    result = pixels.copy()
    result[reached] = np.rint(fresh) if pixels.dtype.kind == "u" else fresh
    return result


def _grown(known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What is known or has a neighbour that is, but for the frame around the picture."""
    rows = known.copy()
    rows[1:] |= known[:-1]
    rows[:-1] |= known[1:]
    grown = np.zeros_like(known)
    grown[1:-1, 1:-1] = (rows[1:-1, 1:-1] | rows[1:-1, :-2]) | rows[1:-1, 2:]
    return grown
