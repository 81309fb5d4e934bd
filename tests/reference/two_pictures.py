"""Pictures of a made-up scene from two places, with the pose known."""

import cv2
import numpy as np

K = np.array([[700.0, 0, 319.5], [0, 700, 239.5], [0, 0, 1]])
SIZE = (640, 480)


def texture(seed=0, size=SIZE):
    """Noise of many scales, H×W uint8: keypoints everywhere."""
    rng = np.random.default_rng(seed)
    total = np.zeros((size[1], size[0]))
    for scale in (1, 2, 4, 8, 16):
        layer = cv2.GaussianBlur(rng.normal(size=total.shape), (0, 0), scale)
        total += layer / layer.std()
    return np.clip(128 + 40 * total, 0, 255).astype(np.uint8)


def turned(degrees, axis=(0.2, 1, 0.1)):
    axis = np.array(axis, float)
    return cv2.Rodrigues(axis / np.linalg.norm(axis) * np.radians(degrees))[0]


def two_views(seed=0, degrees=6.0, translation=(-0.8, 0.05, 0.1), depths=(4.0, 6.0)):
    """Two walls that face the first camera, at different depths, left and right of its middle.

    Returns both pictures, the rotation and the translation (of length 1); X1 = R·X0 + t.
    """
    first = texture(seed)
    rotation, shift = turned(degrees), np.array(translation)
    second = np.full_like(first, 128)
    width = SIZE[0]
    # The far wall first: what is nearer hides it.
    for depth, columns in sorted(
        zip(depths, (slice(0, width // 2), slice(width // 2, width)), strict=True),
        key=lambda wall: -wall[0],
    ):
        across = K @ (rotation + np.outer(shift, [0, 0, 1]) / depth) @ np.linalg.inv(K)
        mask = np.zeros_like(first)
        mask[:, columns] = 255
        seen = cv2.warpPerspective(mask, across, SIZE) > 127
        second[seen] = cv2.warpPerspective(first, across, SIZE)[seen]
    length = np.linalg.norm(shift)
    return first, second, rotation, shift / length if length else shift
