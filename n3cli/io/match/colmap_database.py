"""A COLMAP database that others made: its pairs, and a copy with what was found of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from n3cli.errors import InputError
from n3cli.io.format import printable
from n3cli.io.match.camera_file import COLMAP_MODELS
from n3cli.io.match.colmap import SHIFT, load_pycolmap, write_geometry
from n3cli.io.match.matches import Matches, from_pairs
from n3cli.io.path import deliver_database, explained, staging
from n3cli.ops.array import Float64
from n3cli.ops.two_view.camera import Camera

# Of each table with blobs: bytes of a value where the type is always the same.
_BLOBS: Final = {"keypoints": 4, "matches": 4, "two_view_geometries": 4}
_TABLES: Final = ("cameras", "images", *_BLOBS)

_KEPT: Final = 64
"""Pictures whose points are kept in memory."""


@dataclass(frozen=True)
class StoredPair:
    """A pair of a database.

    Attributes:
        ids: both pictures' numbers.
        names: their names.
        index: M×2, the keypoints that were matched.
        putative: the matches as points, a row each; free of distortion and counted from the
            principal point where the cameras are known.
        cameras: what those points are of, or None where a focal length is only COLMAP's guess.
        matrices: the pictures' own camera matrices, (0, 0) the middle of the first pixel; None
            where a camera is none with a matrix (fisheye, …) or its focal length is a guess.
        descriptors: of both pictures' keypoints, if they are SIFT's and were asked for.
    """

    ids: tuple[int, int]
    names: tuple[str, str]
    index: NDArray[np.uint32]
    putative: Matches
    cameras: tuple[Camera, Camera] | None
    matrices: tuple[Float64 | None, Float64 | None]
    descriptors: tuple[NDArray[np.uint8], NDArray[np.uint8]] | None


class ColmapDatabase:
    """A private copy of a database, made by `revise_database`."""

    def __init__(self, database: Any, name: str) -> None:
        self._database, self._name = database, name
        self._cameras = {each.camera_id: each for each in database.read_all_cameras()}
        self._images = {each.image_id: each for each in database.read_all_images()}
        self._points = lru_cache(_KEPT)(self._read_points)

    def pairs(self, *, descriptors: bool) -> Iterator[StoredPair | InputError]:
        """The pairs that have matches, or what is wrong with them.

        Args:
            descriptors: whether those of SIFT are wanted, too.
        """
        pycolmap = load_pycolmap()
        numbers, _ = self._database.read_num_matches()  # reading all would keep all in memory
        for number in sorted(numbers):
            ids = pycolmap.pair_id_to_image_pair(number)
            try:
                yield self._pair(ids, descriptors)
            except InputError as error:
                yield error

    def write(self, pair: StoredPair, found: Matches) -> None:
        """Write what was found of a pair; nothing where no two-view geometry was."""
        if found.inliers is not None:
            write_geometry(self._database, pair.ids, found, pair.index[found.inliers])

    def _pair(self, ids: tuple[int, int], descriptors: bool) -> StoredPair:
        names = []
        for each in ids:
            if each not in self._images or self._images[each].camera_id not in self._cameras:
                raise InputError(
                    f"{self._name}: has matches of a picture {each} that it does not list"
                )
            names.append(str(self._images[each].name))
        index = self._database.read_matches(*ids)
        points = [self._points(each) for each in ids]
        if len(index) and (index.max(axis=0) >= [len(each[0]) for each in points]).any():
            raise InputError(
                f"{self._name}: matches of {names[0]} and {names[1]} point to missing keypoints"
            )
        known = all(self._camera(each).has_prior_focal_length for each in ids)
        chosen = [each[known][column] for each, column in zip(points, index.T, strict=True)]
        usable = np.isfinite(np.concatenate(chosen, axis=1)).all(axis=1)
        cameras = None
        if known:
            first, second = (
                Camera(np.diag([focal, focal, 1.0]), source="the database")
                for focal in (self._camera(each).mean_focal_length() for each in ids)
            )
            cameras = first, second
        return StoredPair(
            (ids[0], ids[1]),
            (names[0], names[1]),
            index[usable],
            from_pairs(
                chosen[0][usable],
                chosen[1][usable],
                size0=self._size(ids[0]) if not known else None,
                size1=self._size(ids[1]) if not known else None,
            ),
            cameras,
            (self._matrix(ids[0]), self._matrix(ids[1])) if known else (None, None),
            self._descriptors(ids) if descriptors else None,
        )

    def _camera(self, image: int) -> Any:
        return self._cameras[self._images[image].camera_id]

    def _matrix(self, image: int) -> Float64 | None:
        camera = self._camera(image)
        if camera.model_name not in COLMAP_MODELS:
            return None
        matrix = np.array(camera.calibration_matrix(), np.float64)
        matrix[:2, 2] -= SHIFT
        return matrix

    def _size(self, image: int) -> tuple[int, int]:
        camera = self._camera(image)
        return int(camera.width), int(camera.height)

    def _read_points(self, image: int) -> tuple[Float64, Float64]:
        """Keypoints N×2: pixels, and pixels of a camera without distortion from its centre."""
        camera = self._camera(image)
        pixels = self._database.read_keypoints(image)[:, :2].astype(np.float64)
        if not len(pixels):
            return pixels, pixels
        return pixels, np.asarray(camera.cam_from_img(pixels)) * camera.mean_focal_length()

    def _descriptors(
        self, ids: tuple[int, int]
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]] | None:
        found = [self._database.read_descriptors(each) for each in ids]
        if any(each.type.name != "SIFT" or each.data.dtype != np.uint8 for each in found):
            return None
        first, second = (each.data for each in found)
        complete = len(first) == len(self._points(ids[0])[0]) > 0 and len(second) == len(
            self._points(ids[1])[0]
        )
        return (first, second) if complete else None


@contextmanager
def revise_database(
    source: Path, target: Path, *, replace: bool = True
) -> Iterator[ColmapDatabase]:
    """Copy a database, without its two-view geometries, and put the copy in place at the end.

    The source is opened to be read only. An error leaves no target.

    Args:
        source: the database.
        target: another file.
        replace: as for `path.deliver`.

    Raises:
        ConfigError: pycolmap is not installed.
        InputError: the source is missing, damaged or none of COLMAP's; the target cannot be
            written.
    """
    pycolmap = load_pycolmap()
    with explained(source), source.open("rb"):
        pass
    with staging(target) as folder:
        finished = folder / "finished.db"
        _copy(source, finished)
        try:
            database = pycolmap.Database.open(finished)
            database.clear_two_view_geometries()
            made = ColmapDatabase(database, printable(source))
        except (RuntimeError, ValueError, OSError) as error:
            raise InputError(
                f"{printable(source)}: pycolmap cannot read it ({_first_line(error)})"
            ) from error
        try:
            yield made
        finally:
            database.close()
        deliver_database(finished, target, replace=replace)


def _copy(source: Path, target: Path) -> None:
    """Copy a database as SQLite has it, journals included, and check what COLMAP would trust."""
    name = printable(source)
    try:
        with (
            closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as old,
            closing(sqlite3.connect(target)) as new,
        ):
            old.backup(new)
            (state,) = new.execute("PRAGMA quick_check(1)").fetchone()
            if state != "ok":
                raise InputError(f"{name}: is damaged ({state[:80]})")
            there = {row[0] for row in new.execute("SELECT name FROM sqlite_master")}
            if missing := [table for table in _TABLES if table not in there]:
                raise InputError(f"{name}: is not a COLMAP database: it has no table {missing[0]}")
            for table, size in _BLOBS.items():
                (wrong,) = new.execute(
                    f"SELECT count(*) FROM {table} WHERE coalesce(length(data), 0) != "
                    f"rows * cols * {size}"
                ).fetchone()
                if wrong:
                    raise InputError(
                        f"{name}: is damaged: {table} have other sizes than they state"
                    )
    except sqlite3.Error as error:
        raise InputError(f"{name}: is not a database, or damaged ({error})") from error


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0][:120] if str(error).strip() else type(error).__name__
