"""Photos with cameras from a COLMAP model.

https://colmap.github.io/format.html
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from n3cli.data.pairs.colmap_file import Image, Lens, read_cameras, read_images
from n3cli.data.pairs.view import View
from n3cli.errors import DataError, InputError
from n3cli.io.match.camera_file import colmap_camera
from n3cli.ops.array import Float64

_PLACES: Final = (".", "sparse/0", "sparse", "colmap")
"""Where a model lies, below the folder that has it."""


def read_colmap(folder: Path) -> list[View]:
    """The views of a model, in the order of their names.

    Args:
        folder: with the files of the model, or with them in `sparse/0`, `sparse` or `colmap`; the
            photos lie in `images` there or above, or in the folder itself.

    Raises:
        DataError: there is no model, it is damaged, or a camera is of a kind that is not known.
    """
    model, suffix = _find(folder)
    cameras = {camera.number: camera for camera in read_cameras(model / f"cameras{suffix}")}
    images = read_images(model / f"images{suffix}")
    places = (folder / "images", model.resolve().parent / "images")
    photos = next((place for place in places if place.is_dir()), folder)
    return [_view(image, cameras, photos) for image in sorted(images)]


def has_colmap(folder: Path) -> bool:
    """Whether there is a model."""
    return _place(folder) is not None


def _find(folder: Path) -> tuple[Path, str]:
    place = _place(folder)
    if place is None:
        raise DataError(
            f"{folder} has no COLMAP model: no cameras.bin and images.bin, or .txt, there or in "
            f"{', '.join(_PLACES[1:])}"
        )
    return place


def _place(folder: Path) -> tuple[Path, str] | None:
    for place in _PLACES:
        for suffix in (".bin", ".txt"):
            if all(
                (folder / place / f"{name}{suffix}").is_file() for name in ("cameras", "images")
            ):
                return folder / place, suffix
    return None


def _view(image: Image, cameras: dict[int, Lens], photos: Path) -> View:
    if image.camera not in cameras:
        raise DataError(f"{image.name}: its camera {image.camera} is not in the COLMAP model")
    lens, source = cameras[image.camera], f"camera {image.camera} of the COLMAP model"
    try:
        camera = colmap_camera(lens.model, lens.parameters, source, source)
    except InputError as error:
        raise DataError(str(error)) from error
    rotation, translation = _rotation(np.array(image.quaternion)), np.array(image.translation)
    return View(photos / image.name, camera, rotation, translation)


def _rotation(quaternion: Float64) -> Float64:
    """3×3 of w, x, y, z."""
    w, x, y, z = quaternion / np.linalg.norm(quaternion)
    return np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ])  # fmt: skip
