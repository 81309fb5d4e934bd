"""Poses from what a method chose, as the field estimates them for its tables."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from functools import partial

import numpy as np

from n3cli.bench.pair_measurement import PoseError
from n3cli.bench.pair_method import Verdict
from n3cli.data.pair import Pair
from n3cli.inference.estimator import Estimator, choose_estimator
from n3cli.inference.pose_error import pose_error


def make_pose_errors() -> Mapping[str, PoseError]:
    """The estimators of a benchmark by name; PoseLib only where it is installed."""
    names = ["8pt", "ransac"]
    if importlib.util.find_spec("poselib") is not None:
        names.append("poselib")
    made: dict[str, PoseError] = {}
    for name in names:
        _, estimator = choose_estimator(name)
        assert estimator is not None
        made[name] = partial(_pose_error, estimator)
    return made


def _pose_error(estimator: Estimator, pair: Pair, verdict: Verdict) -> float:
    weight = np.where(verdict.kept, verdict.weight, 0)
    return pose_error(estimator, pair.points, weight, pair.rotation, pair.translation)
