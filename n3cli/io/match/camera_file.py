"""Camera matrices and lists of cameras from text files."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from n3cli.errors import InputError
from n3cli.io.format import printable
from n3cli.io.match.colmap import SHIFT
from n3cli.io.path import read_text
from n3cli.ops.two_view.camera import Camera, check_matrix

COLMAP_MODELS: Final = {
    "SIMPLE_PINHOLE": (1, 0),
    "PINHOLE": (2, 0),
    "SIMPLE_RADIAL": (1, 1),
    "RADIAL": (1, 2),
    "OPENCV": (2, 4),
}
"""Camera models by COLMAP's names, in the order of its numbers for them: how many focal lengths,
and how many coefficients of distortion follow the centre."""

_MODEL = re.compile(r"(?!nan$|inf$|infinity$)[a-z_]+", re.IGNORECASE)
"""What may be the name of a camera model, known or not."""

_LARGEST = 1 << 26


def read_matrix(path: Path) -> Camera:
    """Read a 3×3 camera matrix: nine numbers, row by row.

    Raises:
        InputError: it is missing, has other contents, or is not the matrix of a camera.
    """
    words = read_text(path, _LARGEST).replace(",", " ").split()
    return _camera(words, printable(path), printable(path))


def read_intrinsics(path: Path) -> dict[str, Camera]:
    """Read a list of cameras, one picture a line; lines that begin with # say nothing.

    A line is a picture's name and the nine numbers of its matrix, or name, model, width, height
    and parameters as COLMAP and hloc write them (SIMPLE_PINHOLE, PINHOLE, SIMPLE_RADIAL, RADIAL or
    OPENCV; pixels counted from the corner, half a pixel from where ours are).

    Returns:
        Cameras by the names as they are given.

    Raises:
        InputError: a line is wrong; it is named.
    """
    cameras: dict[str, Camera] = {}
    for number, line in enumerate(read_text(path, _LARGEST).splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        place = f"{printable(path)}: line {number}"
        if len(words) > 1 and _MODEL.fullmatch(words[1]):
            camera = colmap_camera(
                words[1].upper(), _numbers(words[4:], place), place, printable(path)
            )
            across, down = _numbers(words[2:4], place)
            cameras[words[0]] = replace(camera, size=(int(across), int(down)))
        else:
            cameras[words[0]] = _camera(words[1:], place, printable(path))
    if not cameras:
        raise InputError(f"{printable(path)}: lists no cameras")
    return cameras


def colmap_camera(model: str, values: Sequence[float], place: str, source: str) -> Camera:
    """A camera from COLMAP's model and its parameters.

    Raises:
        InputError: a model that is not known, or other parameters than it has; the message begins
            with `place`.
    """
    if model not in COLMAP_MODELS:
        raise InputError(
            f"{place}: the camera model is {model}; known are {', '.join(COLMAP_MODELS)}: "
            "undistort the photos first (colmap image_undistorter)"
        )
    focals, coefficients = COLMAP_MODELS[model]
    if len(values) != focals + 2 + coefficients:
        raise InputError(
            f"{place}: {model} has {focals + 2 + coefficients} parameters, got {len(values)}"
        )
    fx, fy = values[0], values[focals - 1]
    cx, cy = (value - SHIFT for value in values[focals : focals + 2])
    bent = [*values[focals + 2 :], 0.0, 0.0, 0.0, 0.0]
    matrix = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]])
    return checked_camera(matrix, place, source, (bent[0], bent[1], bent[2], bent[3]))


def _camera(words: list[str], place: str, source: str) -> Camera:
    values = _numbers(words, place)
    if len(values) != 9:
        raise InputError(f"{place}: has {len(values)} numbers where a 3×3 camera matrix has 9")
    return checked_camera(np.array(values).reshape(3, 3), place, source)


def checked_camera(
    matrix: np.ndarray,
    place: str,
    source: str,
    distortion: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0),
) -> Camera:
    """A camera from its matrix.

    Raises:
        InputError: no camera has such a matrix; the message begins with `place`.
    """
    if wrong := check_matrix(matrix):
        raise InputError(f"{place}: this is not a camera matrix: {wrong}")
    return Camera(matrix, distortion, source)


def _numbers(words: list[str], place: str) -> list[float]:
    try:
        values = [float(word) for word in words]
    except ValueError as error:
        raise InputError(f"{place}: {error}") from error
    if not all(map(math.isfinite, values)):
        raise InputError(f"{place}: holds values that are not finite")
    return values
