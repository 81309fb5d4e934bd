"""Two views of points, made plainly."""

import cv2
import numpy as np


def scene(seed=0, count=60, angle=0.4, flat=False):
    """A rotation, a unit translation, and points before both cameras as each sees them."""
    rng = np.random.default_rng(seed)
    axis = rng.normal(size=3)
    rotation = cv2.Rodrigues(axis / np.linalg.norm(axis) * angle)[0]
    translation = rng.normal(size=3)
    translation /= np.linalg.norm(translation)
    points = rng.uniform([-1, -1, 3], [1, 1, 5], (count, 3))
    if flat:
        points[:, 2] = 4
    # So turned that the second camera looks at the points, too.
    centre = rotation @ [0, 0, 4]
    look = np.array([0, 0, 4]) - centre
    moved = points @ rotation.T + 0.5 * translation + look
    translation = 0.5 * translation + look
    return (
        rotation,
        translation / np.linalg.norm(translation),
        points[:, :2] / points[:, 2:],
        moved[:, :2] / moved[:, 2:],
    )
