"""The Darmstadt Noise Dataset as its makers lay it out: noisy photos, and the boxes that count.

`info.mat` has a struct for each photo; `images_raw/0001.mat` and `images_srgb/0001.mat` have the
first. Source: Plötz, Roth, "Benchmarking Denoising Algorithms with Real Photographs", CVPR 2017.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from n3cli.errors import DataError
from n3cli.io.area import Area
from n3cli.io.mat import Value, read_mat
from n3cli.ops.array import Float32, Float64

_WHERE = {"raw": ("images_raw", "Inoisy"), "srgb": ("images_srgb", "InoisySRGB")}
_FIELDS = ("boundingboxes", "nlf", "sigma_raw", "sigma_srgb")


@dataclass(frozen=True)
class DndPhoto:
    """What is known of a noisy photo; values are in [0, 1], and raw ones linear.

    Attributes:
        path: of its file, of one track.
        track: ``raw`` or ``srgb``.
        number: from 1.
        camera: its name, if the file tells.
        a: the noise of raw values x has the variance a·x + b.
        b: see `a`.
        boxes: the parts that are denoised and scored.
        sigma_raw: boxes×2×2, the noise's mean deviation in each plane of the mosaic.
        sigma_srgb: the same of the sRGB picture, one a box.
    """

    path: Path
    track: str
    number: int
    camera: str
    a: float
    b: float
    boxes: tuple[Area, ...]
    sigma_raw: Float64
    sigma_srgb: Float64

    def crops(self) -> Iterator[Float32]:
        """The noisy parts that its boxes name, read from the photo's file: `parts` of `image`.

        Yields:
            H×W×1 for ``raw``, a mosaic; H×W×3 for ``srgb``; one for each of `boxes`.

        Raises:
            InputError, DataError: see `image`.
        """
        return self.parts(self.image())

    def parts(self, image: Float32) -> Iterator[Float32]:
        """The parts of the photo's image H×W×C that its boxes name."""
        for box in self.boxes:
            part = image[box.top : box.bottom, box.left : box.right]
            yield np.ascontiguousarray(part, np.float32)

    def image(self) -> Float32:
        """The whole noisy photo, read from its file.

        Returns:
            H×W×1 for ``raw``, a mosaic; H×W×3 for ``srgb``.

        Raises:
            InputError: the file cannot be read.
            DataError: it holds something else, or a box lies outside.
        """
        path, planes = self.path, 1 if self.track == "raw" else 3
        noisy = read_noisy(path, self.track)
        height, width, found = noisy.shape
        if found != planes:
            raise DataError(f"{path}: expected an image of {planes} planes, got {_shape(noisy)}")
        for number, box in enumerate(self.boxes, 1):
            if box.bottom > height or box.right > width:
                raise DataError(
                    f"{path}: box {number} reaches to row {box.bottom} and column {box.right}, and "
                    f"the image is {width}×{height} (width×height); get the set again"
                )
        return noisy


def read_dnd(folder: Path, track: str) -> list[DndPhoto]:
    """The photos of the set, in their order.

    Args:
        folder: has `info.mat`.
        track: ``raw`` for the mosaics, ``srgb`` for the pictures.

    Raises:
        InputError: `info.mat` cannot be read.
        DataError: it is not as it should be.
        ConfigError: the library that reads it is not installed.
    """
    path = folder / "info.mat"
    info = read_mat(path, ["info"])["info"]
    missing = [name for name in _FIELDS if not isinstance(info, dict) or name not in info]
    if missing:
        raise DataError(f"{path}: its struct info has no {', '.join(missing)}; get it again")
    columns = [_each(info[name]) for name in _FIELDS]
    cameras = _each(info["camera"]) if "camera" in info else [""] * len(columns[0])
    photos: list[DndPhoto] = []
    try:
        for values in zip(*columns, cameras, strict=True):
            photos.append(_read_photo(folder, track, len(photos) + 1, *values))
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise DataError(
            f"{path}: its entry for photo {len(photos) + 1} is not as expected ({error}); get it "
            "again"
        ) from error
    return photos


def read_noisy(path: Path, track: str) -> Float32:
    """The image in a photo's file, H×W×C.

    Raises:
        InputError: the file cannot be read.
        DataError: what it holds is no image.
    """
    key = _WHERE[track][1]
    noisy = read_mat(path, [key])[key]
    if np.ndim(noisy) not in (2, 3) or noisy.dtype.kind not in "fu" or 0 in noisy.shape:
        planes = 1 if track == "raw" else 3
        raise DataError(f"{path}: expected an image of {planes} planes, got {_shape(noisy)}")
    image: Float32 = noisy.reshape(*noisy.shape[:2], -1)
    return image


def _read_photo(
    folder: Path,
    track: str,
    number: int,
    boxes: Value,
    nlf: Value,
    sigma_raw: Value,
    sigma_srgb: Value,
    camera: Value,
) -> DndPhoto:
    a, b = (float(np.asarray(nlf[key]).item()) for key in ("a", "b"))
    corners = np.asarray(boxes, np.float64).reshape(-1, 4)
    raw = np.asarray(sigma_raw, np.float64).reshape(len(corners), 2, 2)
    srgb = np.asarray(sigma_srgb, np.float64).reshape(len(corners))
    if not (np.isfinite([a, b]).all() and np.isfinite(raw).all() and np.isfinite(srgb).all()):
        raise ValueError("a noise level is not finite")
    if a < 0 or (raw < 0).any() or (srgb < 0).any():
        raise ValueError("a noise level is negative")
    found = tuple(_box(corner) for corner in corners)
    path = folder / _WHERE[track][0] / f"{number:04d}.mat"
    return DndPhoto(path, track, number, str(camera), a, b, found, raw, srgb)


def _box(corner: Float64) -> Area:
    """From MATLAB's rows and columns, which begin with 1 and include the last."""
    top, left, bottom, right = (round(float(value)) for value in corner)
    if not (1 <= top <= bottom and 1 <= left <= right):
        raise ValueError(f"{[top, left, bottom, right]} is no box")
    return Area(top - 1, left - 1, bottom, right)


def _each(value: Value) -> list[Any]:
    """A field of an array of structs, one value a struct; alone, a struct is no array."""
    cells = isinstance(value, np.ndarray) and value.dtype == object
    return list(value.ravel()) if cells else [value]


def _shape(value: Value) -> str:
    return f"{np.asarray(value).dtype} of shape {np.shape(value)}"
