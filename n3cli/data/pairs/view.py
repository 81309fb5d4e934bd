"""Photos whose cameras are known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from n3cli.ops.array import Float64
from n3cli.ops.two_view.camera import Camera


@dataclass(frozen=True)
class View:
    """A photo and its camera.

    Attributes:
        path: of the photo.
        camera: for its pixels.
        rotation: R 3×3, of world to camera: X_camera = R·X + t.
        translation: t, 3.
    """

    path: Path
    camera: Camera
    rotation: Float64
    translation: Float64


def relative_pose(first: View, second: View) -> tuple[Float64, Float64]:
    """Rotation 3×3 and unit translation 3 with X1 = R·X0 + t.

    Where both stand at the same place the translation is 0.
    """
    rotation = second.rotation @ first.rotation.T
    translation = second.translation - rotation @ first.translation
    length = np.linalg.norm(translation)
    if length <= 1e-12 * np.linalg.norm(second.translation):  # what rounding leaves of none
        return rotation, np.zeros(3)
    return rotation, translation / length
