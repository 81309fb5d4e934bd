"""Lists of pairs of pictures: two names a line, or SuperGlue's 38 columns with the truth."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from n3cli.errors import InputError
from n3cli.io.format import printable
from n3cli.io.match.camera_file import checked_camera
from n3cli.io.path import read_text
from n3cli.ops.array import Float64
from n3cli.ops.two_view.camera import Camera

_FULL: Final = 38
_LARGEST = 1 << 28


@dataclass(frozen=True)
class ListedPair:
    """A line of a list.

    Attributes:
        name0: the first picture, as the list has it.
        name1: the second.
        cameras: both, or None.
        pose: 4×4, takes points of the first camera's frame to the second's, or None.
    """

    name0: str
    name1: str
    cameras: tuple[Camera, Camera] | None = None
    pose: Float64 | None = None


def read_pairs(path: Path) -> list[ListedPair]:
    """Read a list of pairs.

    A line has two names, or names, two rotations, both camera matrices and the pose from the first
    to the second (SuperGlue, CVPR 2020: A B rotA rotB K0 K1 T_0to1). The rotations say how the
    pictures would stand upright; matching here does not need it, and matrices and pose are those
    of the pictures as they are stored. Tabs part names that hold spaces. Lines that begin with #
    say nothing.

    Raises:
        InputError: it is missing, or a line is wrong; it is named.
    """
    name = printable(path)
    pairs = [
        _pair(line.split("\t") if line.count("\t") in (1, _FULL - 1) else line.split(),
              f"{name}: line {number}")
        for number, line in enumerate(read_text(path, _LARGEST).splitlines(), 1)
        if line.strip() and not line.startswith("#")
    ]  # fmt: skip
    if not pairs:
        raise InputError(f"{name}: lists no pairs")
    return pairs


def _pair(words: list[str], place: str) -> ListedPair:
    if len(words) == 2:
        return ListedPair(words[0].strip(), words[1].strip())
    if len(words) != _FULL:
        raise InputError(
            f"{place}: has {len(words)} columns, but a pair needs 2 or {_FULL}; separate names "
            "that contain spaces with tabs"
        )
    try:
        values = np.array([float(word) for word in words[4:]])
    except ValueError as error:
        raise InputError(f"{place}: {error}") from error
    if not all(map(math.isfinite, values)):
        raise InputError(f"{place}: holds values that are not finite")
    first, second = (
        checked_camera(part.reshape(3, 3), place, "the list") for part in (values[:9], values[9:18])
    )
    pose = values[18:].reshape(4, 4)
    rotation = pose[:3, :3]
    if not np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-3) or np.linalg.det(rotation) < 0:
        raise InputError(f"{place}: its pose (the last 16 columns) is not a rotation and a shift")
    return ListedPair(words[0], words[1], (first, second), pose)
