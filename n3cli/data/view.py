"""Photos whose cameras are known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from n3cli.errors import ConfigError

Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class View:
    """A photo and its camera.

    Attributes:
        path: of the photo.
        matrix: K 3×3, for pixels whose centres are whole numbers.
        rotation: R 3×3, of world to camera: X_camera = R·X + t.
        translation: t, 3.
        distortion: k1, k2, p1, p2 of the lens, as OpenCV has them; empty for none.
    """

    path: Path
    matrix: Array
    rotation: Array
    translation: Array
    distortion: tuple[float, ...] = ()

    def normalise(self, pixels: NDArray[np.floating]) -> Array:
        """Pixels N×2 (x, y) → normalised camera coordinates N×2, without the lens's distortion.

        Raises:
            ConfigError: the lens distorts, and OpenCV cannot be loaded.
        """
        pixels = np.asarray(pixels, np.float64).reshape(-1, 2)
        if not any(self.distortion):
            rays = np.linalg.solve(self.matrix, np.c_[pixels, np.ones(len(pixels))].T).T
            flat: Array = rays[:, :2] / rays[:, 2:]
            return flat
        try:
            import cv2
        except ImportError as error:
            raise ConfigError(
                f"lens distortion needs OpenCV, which does not load: {error}"
            ) from error
        straight = cv2.undistortPoints(
            pixels[:, None], self.matrix, np.array(self.distortion), criteria=_CRITERIA
        )
        return np.asarray(straight[:, 0], np.float64)


_CRITERIA = (3, 100, 1e-10)
"""When undistortion ends, in OpenCV's form: after 100 rounds, or at changes below 1e-10."""


def relative_pose(first: View, second: View) -> tuple[Array, Array]:
    """Rotation 3×3 and unit translation 3 with X1 = R·X0 + t.

    Where both stand at the same place the translation is 0.
    """
    rotation = second.rotation @ first.rotation.T
    translation = second.translation - rotation @ first.translation
    length = np.linalg.norm(translation)
    if length <= 1e-12 * np.linalg.norm(second.translation):  # what rounding leaves of none
        return rotation, np.zeros(3)
    return rotation, translation / length
