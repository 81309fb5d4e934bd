"""What reading and writing COLMAP's databases share; they are opened through pycolmap.

Schönberger & Frahm, "Structure-from-Motion Revisited", CVPR 2016. In these databases (0, 0) is the
corner of the top left pixel: half a pixel from where it is everywhere else here.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from n3cli.io.extra import load_extra
from n3cli.io.match.matches import Matches

SHIFT: Final = 0.5
"""What is added to coordinates on their way into a database."""


def load_pycolmap() -> Any:
    """The module pycolmap.

    Raises:
        ConfigError: it is not installed.
    """
    return load_extra("pycolmap", "COLMAP databases", "colmap")


def write_geometry(
    database: Any, ids: tuple[int, int], found: Matches, index: NDArray[np.uint32]
) -> None:
    """Write what was found of two pictures; nothing where no two-view geometry was.

    Args:
        database: open to be written.
        ids: the pictures' numbers.
        found: the geometry.
        index: K×2, the keypoints of the matches that agree.
    """
    if found.status not in ("ok", "rotation", "homography"):
        return
    pycolmap = load_pycolmap()
    kinds = pycolmap.TwoViewGeometryConfiguration
    geometry = pycolmap.TwoViewGeometry()
    geometry.inlier_matches = index
    if found.status == "rotation":
        geometry.config = kinds.PANORAMIC
    elif found.status == "homography":
        geometry.config, geometry.H = kinds.PLANAR_OR_PANORAMIC, found.H
        if found.F is not None:
            geometry.F = found.F
    elif found.E is None:
        geometry.config, geometry.F = kinds.UNCALIBRATED, found.F
    elif found.R is not None and found.t is not None:
        geometry.config, geometry.E = kinds.CALIBRATED, found.E
        geometry.cam2_from_cam1 = pycolmap.Rigid3d(pycolmap.Rotation3d(found.R), found.t)
    database.write_two_view_geometry(*ids, geometry)
