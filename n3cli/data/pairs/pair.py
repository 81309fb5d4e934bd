"""Putative correspondences of two views whose cameras are known, wherever they come from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from n3cli.data.pairs.view import View
from n3cli.ops.array import Float32, Float64
from n3cli.ops.two_view.label import label_right


@dataclass(frozen=True)
class Pair:
    """Putative correspondences of two views, and the truth.

    Attributes:
        name: of the pair, for people.
        points: N×4 float32: x0, y0, x1, y1 in normalised camera coordinates.
        rotation: 3×3, X1 = R·X0 + t.
        translation: 3, of length 1.
        ratio: N float32: distance of a match's descriptor to the next best one's, from 0 to 1;
            None where the source does not say.
        mutual: N: whether each is the other's nearest; None where the source does not say.
        views: the photos, where they are known.
    """

    name: str
    points: Float32
    rotation: Float64
    translation: Float64
    ratio: Float32 | None = None
    mutual: NDArray[np.bool_] | None = None
    views: tuple[View, View] | None = None

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """N: whether each is right (`ops.two_view.label`)."""
        return label_right(self.points, self.rotation, self.translation)
