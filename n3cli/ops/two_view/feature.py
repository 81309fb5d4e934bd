"""Keypoints and their descriptors: SIFT by OpenCV, on a reduced grey copy of the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from n3cli.errors import ConfigError
from n3cli.ops.array import Float32
from n3cli.ops.opencv import load_opencv
from n3cli.ops.row_source import RowSource, check_floating

MAX_KEYPOINTS = 2000
"""Keypoints of a picture: what the networks were trained on."""

RESIZE = 2048
"""Longest side in pixels of the copy that keypoints are looked for in."""

_STRIP = 1 << 24  # bytes of pixels that are read at a time
_PERCENTILES = (0.1, 99.9)


@dataclass(frozen=True)
class Features:
    """What was found in a picture.

    Attributes:
        keypoints: N×2 float32, x and y in the picture's own pixels; (0, 0) is the centre of the
            top left one.
        descriptors: N×128 uint8.
        size: width and height of the picture in pixels.
    """

    keypoints: Float32
    descriptors: NDArray[np.uint8]
    size: tuple[int, int]

    @property
    def memory(self) -> int:
        """Bytes that it takes."""
        return self.keypoints.nbytes + self.descriptors.nbytes


def find_features(
    source: RowSource, *, max_keypoints: int = MAX_KEYPOINTS, resize: int = RESIZE
) -> Features:
    """Find the strongest keypoints of a picture (Lowe, IJCV 2004).

    Args:
        source: the picture; its rows are read once, from top to bottom. Where it is wholly
            transparent nothing is looked for.
        max_keypoints: at most so many.
        resize: a longer side is reduced to this for the search, in pixels; 0 keeps the size.

    Returns:
        None, one or many; the strongest first is not promised.

    Raises:
        ConfigError: a setting out of range, or OpenCV cannot be loaded.
        InputError: the picture cannot be read, or holds values that are not finite.
    """
    if max_keypoints < 1 or resize < 0:
        raise ConfigError(
            f"max_keypoints must be at least 1 and resize at least 0, got {max_keypoints} and "
            f"{resize}"
        )
    cv2 = load_opencv("finding keypoints needs")
    grey, mask = _read_grey(cv2, source)
    longest = max(source.width, source.height)
    if resize and longest > resize:
        size = (
            max(1, round(source.width * resize / longest)),
            max(1, round(source.height * resize / longest)),
        )
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
        if mask is not None:
            mask = cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST)
    found, descriptors = cv2.SIFT_create(nfeatures=max_keypoints).detectAndCompute(
        _to_bytes(grey), mask
    )
    if descriptors is None:
        found, descriptors = (), np.empty((0, 128), np.float32)
    # It keeps all that are as strong as the weakest, and gives the same point twice where one has
    # two directions; none of it in an order of strength.
    strength = np.array([one.response for one in found])
    strongest = np.sort(np.argsort(-strength, kind="stable")[:max_keypoints])
    descriptors = descriptors[strongest]
    points = np.array([found[which].pt for which in strongest], np.float64).reshape(-1, 2)
    reduced = np.array([grey.shape[1], grey.shape[0]])
    points = (points + 0.5) * np.array([source.width, source.height]) / reduced - 0.5
    return Features(
        points.astype(np.float32), descriptors.astype(np.uint8), (source.width, source.height)
    )


def _read_grey(cv2: Any, source: RowSource) -> tuple[Any, Any]:
    """The whole picture as grey values of its own type, and where it is not transparent."""
    grey = np.empty((source.height, source.width), source.dtype)
    mask: NDArray[np.uint8] | None = None
    step = max(1, _STRIP // (source.width * source.channels * source.dtype.itemsize))
    for top in range(0, source.height, step):
        bottom = min(top + step, source.height)
        pixels, alpha = source.rows(top, bottom)
        if pixels.dtype.kind == "f":
            check_floating(pixels)
        grey[top:bottom] = (
            cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY) if source.channels == 3 else pixels[..., 0]
        )
        if alpha is not None:
            if mask is None:
                mask = np.full(grey.shape, 255, np.uint8)
            mask[top:bottom] = np.where(alpha > 0, 255, 0)
    return grey, mask


def _to_bytes(grey: Any) -> NDArray[np.uint8]:
    """Grey values of 8 bits, which is what SIFT takes.

    Deeper ones are stretched to their own range: in a container of 16 bits few may be used.
    """
    if grey.dtype == np.uint8:
        same: NDArray[np.uint8] = grey
        return same
    low, high = np.percentile(grey[:: max(1, len(grey) // 512)], _PERCENTILES)
    scaled = (grey.astype(np.float32) - np.float32(low)) * np.float32(255 / max(high - low, 1e-12))
    eight: NDArray[np.uint8] = np.rint(scaled.clip(0, 255)).astype(np.uint8)
    return eight
