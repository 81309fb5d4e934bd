"""A new COLMAP database, of pictures and pairs that were matched here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from n3cli.errors import InputError
from n3cli.io.format import printable
from n3cli.io.match.colmap import SHIFT, load_pycolmap, write_geometry
from n3cli.io.match.matches import Matches
from n3cli.io.path import deliver_database, staging
from n3cli.ops.two_view.camera import Camera


class ColmapStore:
    """A new database of pictures and pairs, made by `create_database`."""

    def __init__(self, database: Any) -> None:
        self._database = database
        self._images: dict[str, int] = {}
        self._rigs: dict[tuple[Any, ...], tuple[int, int]] = {}

    def has(self, name0: str, name1: str) -> bool:
        """Whether the pair is there already, this way or the other way round.

        Raises:
            InputError: it is one picture twice.
        """
        if name0 == name1:
            raise InputError(
                f"{printable(name0)}: is paired with itself, which COLMAP does not support"
            )
        ids = [self._images.get(name) for name in (name0, name1)]
        return None not in ids and bool(self._database.exists_matches(*ids))

    def add(
        self,
        name0: str,
        name1: str,
        matches: Matches,
        cameras: tuple[Camera | None, Camera | None] = (None, None),
    ) -> None:
        """Add a pair, and its pictures where they are new.

        Raises:
            InputError: the size of a picture is not known, or its keypoints are others than before;
                the pair is there already, or one picture twice.
        """
        if self.has(name0, name1):
            raise InputError(
                f"{printable(name0)}, {printable(name1)}: the database already has this pair"
            )
        ids = (
            self._image(name0, matches.keypoints0, matches.size0, cameras[0]),
            self._image(name1, matches.keypoints1, matches.size1, cameras[1]),
        )
        chosen = np.flatnonzero(matches.candidates >= 0)
        index = np.column_stack([chosen, matches.candidates[chosen]]).astype(np.uint32)
        self._database.write_matches(*ids, index)
        if matches.inliers is not None:
            write_geometry(self._database, ids, _shifted(matches), index[matches.inliers[chosen]])

    def _image(
        self,
        name: str,
        keypoints: NDArray[Any],
        size: tuple[int, int] | None,
        camera: Camera | None,
    ) -> int:
        pycolmap = load_pycolmap()
        points = np.asarray(keypoints, np.float32) + np.float32(SHIFT)
        if name in self._images:
            if not np.array_equal(self._database.read_keypoints(self._images[name])[:, :2], points):
                raise InputError(f"{printable(name)}: another pair has other keypoints for it")
            return self._images[name]
        if size is None:
            raise InputError(
                f"{printable(name)}: COLMAP needs the picture's size, but the picture was not found"
            )
        camera_id, rig_id = self._rig(size, camera)
        image = pycolmap.Image(name=name, camera_id=camera_id)
        image.image_id = self._database.write_image(image)
        frame = pycolmap.Frame()
        frame.rig_id = rig_id
        frame.add_data_id(image.data_id)
        self._database.write_frame(frame)
        self._database.write_keypoints(image.image_id, points)
        self._images[name] = image.image_id
        return self._images[name]

    def _rig(self, size: tuple[int, int], camera: Camera | None) -> tuple[int, int]:
        """The numbers of a camera and of the rig that is that camera alone; equal ones are one."""
        pycolmap = load_pycolmap()
        model, parameters = _parameters(size, camera)
        key = (size, model, *parameters, camera is None)
        if key not in self._rigs:
            made = pycolmap.Camera(
                model=model,
                width=size[0],
                height=size[1],
                params=parameters,
                has_prior_focal_length=camera is not None,
            )
            made.camera_id = self._database.write_camera(made)
            rig = pycolmap.Rig()
            rig.add_ref_sensor(made.sensor_id)
            self._rigs[key] = made.camera_id, self._database.write_rig(rig)
        return self._rigs[key]


@contextmanager
def create_database(target: Path, *, replace: bool = True) -> Iterator[ColmapStore]:
    """Make a new database, which is put in place at the end; an error leaves no target.

    `replace` is as for `path.deliver`.

    Raises:
        ConfigError: pycolmap is not installed.
        InputError: the target cannot be written.
    """
    pycolmap = load_pycolmap()
    with staging(target) as folder:
        finished = folder / "finished.db"
        database = pycolmap.Database.open(finished)
        try:
            yield ColmapStore(database)
        finally:
            database.close()
        deliver_database(finished, target, replace=replace)


def _shifted(matches: Matches) -> Matches:
    """The same with the matrices between pixels for COLMAP's coordinates."""
    back = np.array([[1, 0, -SHIFT], [0, 1, -SHIFT], [0, 0, 1]])
    return replace(
        matches,
        F=None if matches.F is None else back.T @ matches.F @ back,
        H=None if matches.H is None else np.linalg.inv(back) @ matches.H @ back,
    )


def _parameters(size: tuple[int, int], camera: Camera | None) -> tuple[str, list[float]]:
    """COLMAP's model and parameters; of an unknown camera its own guess, which it then corrects."""
    if camera is None:
        return "SIMPLE_RADIAL", [1.2 * max(size), size[0] / 2, size[1] / 2, 0.0]
    pinhole = [
        float(value)
        for value in (
            camera.matrix[0, 0],
            camera.matrix[1, 1],
            camera.matrix[0, 2] + SHIFT,
            camera.matrix[1, 2] + SHIFT,
        )
    ]
    if any(camera.distortion):
        return "OPENCV", [*pinhole, *camera.distortion]
    if camera.source in ("Exif", "--focal"):  # good to some percent: what COLMAP may correct
        return "SIMPLE_RADIAL", [pinhole[0], *pinhole[2:], 0.0]
    return "PINHOLE", pinhole
