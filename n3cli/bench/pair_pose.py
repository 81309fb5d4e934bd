"""Poses from what a method chose, as the field estimates them for its tables."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Mapping
from functools import partial
from typing import Final

import numpy as np

from n3cli.bench.pair_measurement import PoseError
from n3cli.bench.pair_method import Verdict
from n3cli.data.pair import Pair
from n3cli.inference.estimator import Estimator, Problem, choose_estimator
from n3cli.inference.geometry import FEWEST
from n3cli.ops.pose import pose_of_essential, rotation_error, translation_error

THRESHOLD: Final = 1e-3
"""Distance to the epipolar line, in normalised coordinates, up to which a match agrees (Yi and
others, CVPR 2018)."""

_FOCAL: Final = 1000.0
"""Estimators count in pixels: any will do, and with this one the threshold is one of them."""


def make_pose_errors() -> Mapping[str, PoseError]:
    """The estimators of a benchmark by name; PoseLib only where it is installed."""
    names = ["8pt", "ransac"]
    if importlib.util.find_spec("poselib") is not None:
        names.append("poselib")
    made: dict[str, PoseError] = {}
    for name in names:
        _, estimator = choose_estimator(name)
        assert estimator is not None
        made[name] = partial(pose_error, estimator)
    return made


def pose_error(estimator: Estimator, pair: Pair, verdict: Verdict) -> float:
    """The larger one of the errors of rotation and translation, in degrees.

    Returns:
        ∞ where fewer than 8 matches were kept, or no pose was found.
    """
    kept = verdict.kept & (verdict.weight > 0)
    if int(kept.sum()) < FEWEST:
        return math.inf
    x0, x1 = np.split(pair.points[kept].astype(np.float64), 2, axis=1)
    problem = Problem(
        _FOCAL * x0,
        _FOCAL * x1,
        (_FOCAL, _FOCAL),
        verdict.weight[kept],
        _FOCAL * THRESHOLD,
        seed=0,
    )
    matrix = estimator(problem)
    if matrix is None or not np.isfinite(matrix).all() or not matrix.any():
        return math.inf
    pose = pose_of_essential(matrix, x0, x1)
    return max(
        rotation_error(pose.rotation, pair.rotation),
        translation_error(pose.translation, pair.translation),
    )
