"""Photos with cameras as the archives of Yi and others have them, and which of them see the same.

Yi, Trulls, Ono, Lepetit, Salzmann, Fua, "Learning to Find Good Correspondences", CVPR 2018. A
folder has three lists of files, `images.txt`, `calibration.txt` and `visibility.txt`, a line a
photo: the photo, an HDF5 file with K, R, T and imsize, where K's principal point is counted from
the photo's middle, and a text file with the number of scene points that the photo shares with each
other one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from n3cli.data.pairs.hdf5 import open_hdf5
from n3cli.data.pairs.view import View
from n3cli.errors import DataError
from n3cli.io.reader import open_picture
from n3cli.ops.array import Float64
from n3cli.ops.two_view.camera import Camera


@dataclass(frozen=True)
class SharedViews:
    """Views, and how much each two of them have in common.

    Attributes:
        views: the photos.
        shared: n×n: scene points that both of two views show.
    """

    views: Sequence[View]
    shared: Float64

    def pairs(self, least: int, most: int, seed: int) -> list[tuple[View, View]]:
        """Pairs of views that share more than `least` points, `most` of them drawn by `seed`."""
        seen = np.argwhere(np.triu(np.maximum(self.shared, self.shared.T) > least, 1))
        if len(seen) > most:
            chosen = np.random.default_rng(seed).choice(len(seen), most, replace=False)
            seen = seen[np.sort(chosen)]
        return [(self.views[i], self.views[j]) for i, j in seen]


def read_yi(folder: Path) -> SharedViews:
    """The views of such a folder.

    Raises:
        DataError: a file is missing or damaged.
        ConfigError: the reader of HDF5 is not installed.
    """
    photos, calibrations, counts = (
        _list(folder / f"{name}.txt") for name in ("images", "calibration", "visibility")
    )
    if not len(photos) == len(calibrations) == len(counts):
        raise DataError(
            f"{folder}: its lists have {len(photos)} photos, {len(calibrations)} calibrations and "
            f"{len(counts)} visibility files, which do not match; get the archive again"
        )
    views = [_view(*both) for both in zip(photos, calibrations, strict=True)]
    return SharedViews(views, _shared(counts))


def find_yi(folder: Path) -> list[Path]:
    """Such folders, there or at any depth below."""
    return sorted(path.parent for path in folder.rglob("visibility.txt"))


def _list(path: Path) -> list[Path]:
    try:
        return [path.parent / line for line in path.read_text("utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read ({error})") from error


def _shared(paths: Sequence[Path]) -> Float64:
    try:
        rows = [np.loadtxt(path, ndmin=1).ravel() for path in paths]
        return np.array(rows, np.float64).reshape(len(paths), len(paths))
    except (OSError, ValueError) as error:
        raise DataError(f"visibility files are damaged: {error}; get the archive again") from error


def _view(photo: Path, calibration: Path) -> View:
    with open_hdf5(calibration) as file:
        matrix, rotation = (file.array(name, np.float64).reshape(3, 3) for name in ("K", "R"))
        translation = file.array("T", np.float64).reshape(3)
    with open_picture(photo) as reader:
        matrix[:2, 2] += (np.array([reader.width, reader.height]) - 1) / 2
    return View(photo, Camera(matrix, source=calibration.name), rotation, translation)
