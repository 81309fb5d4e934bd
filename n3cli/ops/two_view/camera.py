"""Pinhole cameras with the lens distortion of OpenCV's first four coefficients.

Pixel coordinates: (0, 0) is the centre of the top left pixel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from n3cli.ops.array import Float64

_ROUNDS = 50
_CLOSE = 1e-12
_NEAR = 1e-6
"""How near distortion must bring a point back to where it was seen, in normalised coordinates."""


@dataclass(frozen=True)
class Camera:
    """What a camera makes of a direction.

    Attributes:
        matrix: 3×3, pixels; its last row is 0, 0, 1.
        distortion: k1, k2, p1, p2 (OpenCV's names); radial and tangential.
        source: who says so, for people: a file's name, "Exif", "given".
        size: width and height in pixels of the pictures that it is for, where that is known.
    """

    matrix: Float64
    distortion: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    source: str = "given"
    size: tuple[int, int] | None = None

    @property
    def focal(self) -> float:
        """Pixels of a unit of normalised coordinates; the geometric mean where they differ."""
        return float(np.sqrt(abs(self.matrix[0, 0] * self.matrix[1, 1])))


def check_matrix(matrix: Float64) -> str | None:
    """Tell in words why a 3×3 matrix is not one of a camera; None where it is."""
    if matrix.shape != (3, 3):
        return f"it has {'×'.join(map(str, matrix.shape))} numbers, not 3×3"
    if not np.isfinite(matrix).all():
        return "it holds values that are not finite"
    if not np.allclose(matrix[2], (0, 0, 1)):
        return "its last row is not 0 0 1"
    if not (matrix[0, 0] > 0 and matrix[1, 1] > 0):
        return "its focal lengths (first and fifth number) are not above 0, so it has no inverse"
    if abs(matrix[1, 0]) > 1e-6 * matrix[0, 0]:
        return "its fourth number is not 0"
    return None


def normalise(camera: Camera, points: Float64) -> Float64:
    """Pixels N×2 → normalised camera coordinates N×2, free of distortion.

    Distortion has no inverse in closed form: it is taken off by fixed-point iteration. Points that
    no direction is seen at (a lens model folds over beyond its field) are not a number.
    """
    homogeneous = np.column_stack([points, np.ones(len(points))]).astype(np.float64)
    seen = np.asarray(np.linalg.solve(camera.matrix, homogeneous.T).T[:, :2], np.float64)
    if not any(camera.distortion):
        return seen
    found = seen.copy()
    with np.errstate(over="ignore", invalid="ignore"):  # where the iteration runs away
        for _ in range(_ROUNDS):
            change = seen - _distort(found, camera.distortion)
            found += change
            if not (np.abs(change) >= _CLOSE).any():
                break
        missed = np.abs(seen - _distort(found, camera.distortion)).max(1, initial=0)
    found[~(missed < _NEAR)] = np.nan
    return found


def project(camera: Camera, points: Float64) -> Float64:
    """Normalised camera coordinates N×2 → pixels N×2: what `normalise` undoes."""
    bent = _distort(np.asarray(points, np.float64), camera.distortion)
    seen = np.column_stack([bent, np.ones(len(bent))]) @ camera.matrix.T
    pixels: Float64 = seen[:, :2]
    return pixels


def _distort(points: Float64, coefficients: tuple[float, float, float, float]) -> Float64:
    k1, k2, p1, p2 = coefficients
    x, y = points.T
    square = x * x + y * y
    radial = 1 + k1 * square + k2 * square**2
    bent: Float64 = np.column_stack(
        [
            x * radial + 2 * p1 * x * y + p2 * (square + 2 * x * x),
            y * radial + p1 * (square + 2 * y * y) + 2 * p2 * x * y,
        ]
    )
    return bent
