"""Poses from what a method chose, as the field estimates them for its tables."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from functools import partial
from typing import Final

import numpy as np

from n3cli.bench.pair_measurement import PoseError
from n3cli.bench.pair_method import Verdict
from n3cli.data.pairs.pair import Pair
from n3cli.inference.match.estimator import (
    Estimator,
    choose_estimator,
    estimate_by_eight_points,
    estimate_by_ransac,
)
from n3cli.inference.match.pose_error import pose_error

DRAWS: Final = 5
"""How often an estimator that draws at random is asked: the AUC at 5° of one draw of OpenCV's
RANSAC scatters by more than methods differ (docs/benchmarks.md)."""


def make_pose_errors() -> Mapping[str, PoseError]:
    """The estimators of a benchmark by name; PoseLib only where it is installed."""
    made: dict[str, PoseError] = {
        "8pt": partial(_pose_errors, estimate_by_eight_points, 1),
        # OpenCV's defaults, which the field's tables are made with.
        "ransac": partial(
            _pose_errors, partial(estimate_by_ransac, confidence=0.999, rounds=1000), DRAWS
        ),
    }
    if importlib.util.find_spec("poselib") is not None:
        _, poselib = choose_estimator("poselib")
        assert poselib is not None
        made["poselib"] = partial(_pose_errors, poselib, DRAWS)
    return made


def _pose_errors(
    estimator: Estimator, draws: int, pair: Pair, verdict: Verdict
) -> tuple[float, ...]:
    weight = np.where(verdict.kept, verdict.weight, 0)
    told = estimator, pair.points, weight, pair.rotation, pair.translation
    return tuple(pose_error(*told, seed) for seed in range(draws))
