"""What is known of the correspondences of two pictures, as files hold it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import DTypeLike, NDArray

from n3cli.ops.two_view.camera import check_matrix

Array = NDArray[Any]


MORE: Final = ("logits", "ratio", "mutual", "inliers", "E", "F", "H", "R", "t", "K0", "K1")
"""Arrays that matches may have besides, by their attributes' names."""


@dataclass(frozen=True)
class Matches:
    """Putative matches of two pictures, which of them were kept, and the pose that follows.

    Coordinates are x (right) and y (down) in pixels as they are stored in the file, whatever its
    orientation tag says; (0, 0) is the centre of the top left pixel. N0 and N1 are the numbers of
    keypoints; a keypoint of the first picture has at most one match.

    Attributes:
        keypoints0: N0×2 float32, of the first picture.
        keypoints1: N1×2 float32, of the second.
        candidates: N0 int64: the keypoint of the second picture that each was matched with; -1:
            none.
        matches: N0 int64: likewise, with -1 for those that were found wrong, too.
        match_confidence: N0 float32: the probability of each candidate to be right (0–1), by the
            model or by who matched; 0 where there is none.
        logits: N0 float32, of the model; not a number where there is no candidate. None without a
            model.
        ratio: N0 float32: distance of a match's descriptors to that of the next best, 0–1, or None.
        mutual: N0 bool: whether both are each other's nearest, or None.
        inliers: N0 bool: the matches that agree with the matrix; within the pixel threshold of
            their epipolar lines and, where the cameras are known, before both; or where `H` takes
            them.
        status: what came of it, see `n3cli.inference.match.geometry`.
        E: 3×3 essential matrix of norm √2, x1ᵀ E x0 = 0 for normalised points, or None.
        F: 3×3 fundamental matrix of norm 1, for pixels, where a camera is not known, or None;
            beside `H` it may be undetermined.
        H: 3×3 homography of norm 1, from pixels of the first picture to those of the second, where
            it explains the matches without cameras, or None.
        R: 3×3 rotation of the pose X1 = R·X0 + t, or None.
        t: 3, its translation, of length 1, or None.
        K0: 3×3 camera matrix of the first picture, or None.
        K1: 3×3, of the second, or None.
        size0: width and height of the first picture in pixels, or None.
        size1: of the second, or None.
        facts: what else was told: names, model, estimator.
    """

    keypoints0: Array
    keypoints1: Array
    candidates: Array
    matches: Array
    match_confidence: Array
    logits: Array | None = None
    ratio: Array | None = None
    mutual: Array | None = None
    inliers: Array | None = None
    status: str = "putative"
    E: Array | None = None
    F: Array | None = None
    H: Array | None = None
    R: Array | None = None
    t: Array | None = None
    K0: Array | None = None
    K1: Array | None = None
    size0: tuple[int, int] | None = None
    size1: tuple[int, int] | None = None
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def putative(self) -> int:
        """How many matches there were at first."""
        return int((self.candidates >= 0).sum())

    @property
    def kept(self) -> int:
        """How many were found right."""
        return int((self.matches >= 0).sum())

    @property
    def agreeing(self) -> int:
        """How many agree with the matrix."""
        return 0 if self.inliers is None else int(self.inliers.sum())

    def points(self, chosen: Array | None = None) -> tuple[Array, Array]:
        """The candidates as points: K×2 in each picture.

        Args:
            chosen: N0 bool; by default every keypoint that has a candidate.
        """
        index = np.flatnonzero(self.candidates >= 0 if chosen is None else chosen)
        return self.keypoints0[index], self.keypoints1[self.candidates[index]]


def cast(values: Array | None, dtype: DTypeLike) -> Array | None:
    """An array in another type; None stays None."""
    return None if values is None else values.astype(dtype)


def from_pairs(
    points0: Array, points1: Array, confidence: Array | None = None, **more: Any
) -> Matches:
    """Putative matches from points that belong together, N×2 each."""
    count = len(points0)
    index = np.arange(count)
    sure = np.ones(count, np.float32) if confidence is None else confidence.astype(np.float32)
    return Matches(
        np.asarray(points0, np.float32), np.asarray(points1, np.float32), index, index, sure, **more
    )


def check(matches: Matches) -> str | None:
    """Tell in words why the parts do not fit together; None where they do."""
    for name in ("keypoints0", "keypoints1"):
        points = getattr(matches, name)
        if points.ndim != 2 or points.shape[1] != 2:
            return f"{name} has the shape {points.shape}, not N×2"
        if not np.isfinite(points).all():
            return f"{name} holds coordinates that are not finite (NaN or infinity)"
    for name in ("K0", "K1"):
        matrix = getattr(matches, name)
        if matrix is not None and (wrong := check_matrix(matrix)):
            return f"{name} is not a camera matrix: {wrong}"
    first, second = len(matches.keypoints0), len(matches.keypoints1)
    for name in ("candidates", "matches"):
        index = getattr(matches, name)
        if index.shape != (first,):
            return f"{name} has the shape {index.shape}, while there are {first} keypoints0"
        if first and not -1 <= index.min() <= index.max() < second:
            return f"{name} points to missing keypoints1"
    for name in ("match_confidence", "logits", "ratio", "mutual", "inliers"):
        values = getattr(matches, name)
        if values is not None and values.shape != (first,):
            return f"{name} has the shape {values.shape}, while there are {first} keypoints0"
    for name, most in (("match_confidence", np.finfo(np.float32).max), ("ratio", 1)):
        values = getattr(matches, name)
        if values is not None:
            values = values[matches.candidates >= 0]
            if not ((values >= 0) & (values <= most)).all():
                limit = "from 0 to 1" if most == 1 else "finite and at least 0"
                return f"{name} holds values that are not {limit}"
    return None
