"""Folders of photos with a `.camera` file beside each, as Strecha and others publish them.

Strecha, von Hansen, Van Gool, Fua, Thoennessen, "On Benchmarking Camera Calibration and Multi-View
Stereo for High Resolution Imagery", CVPR 2008. A `.camera` file has 26 numbers: K by rows, three
zeros, the camera-to-world rotation by rows, the camera's centre, width and height.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from n3cli.data.pairs.view import View
from n3cli.errors import DataError, InputError
from n3cli.io.reader import open_picture
from n3cli.ops.two_view.camera import Camera

_NUMBERS = 26


def read_strecha(folder: Path) -> list[View]:
    """The views of a folder, in the order of their names.

    Where a photo was made smaller, its K goes along.

    Raises:
        DataError: there are none, or one is damaged.
    """
    views = [_read(path) for path in sorted(folder.glob("*.camera"))]
    if not views:
        raise DataError(f"{folder} has no .camera files; give a folder of photos with them")
    return views


def has_strecha(folder: Path) -> bool:
    """Whether there is such a file."""
    return any(folder.glob("*.camera"))


def _read(path: Path) -> View:
    try:
        numbers = np.array(path.read_text("ascii").split(), np.float64)
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: is not a .camera file ({error})") from error
    if len(numbers) != _NUMBERS or not np.isfinite(numbers).all() or min(numbers[24:]) < 1:
        raise DataError(
            f"{path}: is not a .camera file: has {len(numbers)} numbers, expected {_NUMBERS} "
            "finite ones; get it again"
        )
    photo = path.with_suffix("")
    try:
        with open_picture(photo) as reader:
            scale = np.array([reader.width, reader.height]) / numbers[24:]
    except InputError as error:
        raise DataError(f"{path}: belongs to a photo that cannot be read: {error}") from error
    matrix = np.diag([*scale, 1]) @ numbers[:9].reshape(3, 3)
    rotation = numbers[12:21].reshape(3, 3).T
    return View(photo, Camera(matrix, source=path.name), rotation, -rotation @ numbers[21:24])
