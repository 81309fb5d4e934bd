"""The estimators: from matches, some of them wrong, to the matrix that most of them agree with.

A small table. Which one is the default was measured: docs/benchmarks.md has the figures.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch

from n3cli.errors import ConfigError
from n3cli.ops.array import Float64
from n3cli.ops.opencv import load_opencv
from n3cli.ops.two_view.epipolar import eight_point, essential_matrix

_CONFIDENCE = 0.9999
_ROUNDS, _MORE_ROUNDS = 10_000, 100_000
"""What the random ones stop at: the probability that a better sample is not missed, or so many;
PoseLib's rounds are short, and pay where few matches are right."""


@dataclass(frozen=True)
class Problem:
    """Matches, and what is to be found.

    Attributes:
        x0: N×2, in pixels of the first view; from the principal point and free of distortion where
            the cameras are known.
        x1: N×2, of the second.
        focal: focal lengths of both in pixels; None asks for a fundamental matrix.
        weight: N, at least 0.
        threshold: distance to the epipolar line in pixels up to which a match agrees.
        seed: of whatever is drawn.
    """

    x0: Float64
    x1: Float64
    focal: tuple[float, float] | None
    weight: Float64
    threshold: float
    seed: int

    @property
    def normalised(self) -> tuple[Float64, Float64]:
        """The points of known cameras in normalised coordinates."""
        assert self.focal is not None
        return self.x0 / self.focal[0], self.x1 / self.focal[1]


Estimator = Callable[[Problem], Float64 | None]
"""Gives 3×3: the essential matrix for normalised points, or the fundamental one for pixels."""


def _estimate_by_poselib(problem: Problem) -> Float64 | None:
    """LO-RANSAC with five or seven points, refined; Larsson, PoseLib."""
    import poselib

    how: dict[str, Any] = {"max_epipolar_error": problem.threshold, "seed": problem.seed}
    how |= {"success_prob": _CONFIDENCE, "max_iterations": _MORE_ROUNDS}
    if problem.focal is None:
        matrix, told = poselib.estimate_fundamental(problem.x0, problem.x1, how, {})
        return np.asarray(matrix) if told["num_inliers"] else None
    cameras = [
        {"model": "SIMPLE_PINHOLE", "width": 1, "height": 1, "params": [focal, 0.0, 0.0]}
        for focal in problem.focal
    ]
    pose, told = poselib.estimate_relative_pose(problem.x0, problem.x1, *cameras, how, {})
    if not told["num_inliers"]:
        return None
    parts = (torch.from_numpy(np.array(part, np.float64)) for part in (pose.R, pose.t))
    return essential_matrix(*parts).numpy()


def _estimate_by_magsac(problem: Problem) -> Float64 | None:
    """OpenCV's USAC with the score and the local optimisation of MAGSAC++ (Barath, CVPR 2020).

    Its thresholds were made for pixels; on normalised points it is erratic.
    """
    cv2 = load_opencv("this estimator needs")
    how = cv2.UsacParams()
    how.score, how.loMethod = cv2.SCORE_METHOD_MAGSAC, cv2.LOCAL_OPTIM_SIGMA
    how.sampler, how.isParallel = cv2.SAMPLING_UNIFORM, False
    how.confidence, how.maxIterations = _CONFIDENCE, _ROUNDS
    how.threshold, how.randomGeneratorState = problem.threshold, problem.seed
    if problem.focal is None:
        return _first(cv2.findFundamentalMat(problem.x0, problem.x1, how)[0])
    scale = float(np.mean(problem.focal))
    matrix = np.diag([scale, scale, 1.0])
    x0, x1 = (points * scale for points in problem.normalised)
    return _first(cv2.findEssentialMat(x0, x1, matrix, matrix, None, None, how)[0])


def estimate_by_ransac(
    problem: Problem, *, confidence: float = _CONFIDENCE, rounds: int = _ROUNDS
) -> Float64 | None:
    """OpenCV's RANSAC, whose own draws are always the same: the seed shuffles what it is given.

    Args:
        problem: matches, and what is to be found.
        confidence: probability that a better sample is not missed, at which it stops.
        rounds: most samples.
    """
    cv2 = load_opencv("this estimator needs")
    order = np.random.default_rng(problem.seed).permutation(len(problem.x0))
    if problem.focal is None:
        return _first(
            cv2.findFundamentalMat(
                problem.x0[order],
                problem.x1[order],
                cv2.FM_RANSAC,
                problem.threshold,
                confidence,
                rounds,
            )[0]
        )
    x0, x1 = (points[order] for points in problem.normalised)
    scale = problem.threshold / float(np.mean(problem.focal))
    return _first(cv2.findEssentialMat(x0, x1, np.eye(3), cv2.RANSAC, confidence, scale, rounds)[0])


def estimate_by_eight_points(problem: Problem) -> Float64 | None:
    """The weighted eight-point algorithm on all matches: no draws, and no defence but weights."""
    x0, x1 = (problem.x0, problem.x1) if problem.focal is None else problem.normalised
    if np.count_nonzero(problem.weight > 0) < 8:
        return None
    points = (torch.from_numpy(np.array(part, np.float64)) for part in (x0, x1, problem.weight))
    return eight_point(*points, normalise=True).numpy()


def _first(found: Any) -> Float64 | None:
    """The first of the 3×3 matrices that OpenCV stacks where it has several, or none."""
    return None if found is None or len(found) < 3 else np.asarray(found[:3], np.float64)


ESTIMATORS: Final[dict[str, Estimator | None]] = {
    "poselib": _estimate_by_poselib,
    "magsac": _estimate_by_magsac,
    "ransac": estimate_by_ransac,
    "8pt": estimate_by_eight_points,
    "none": None,
}
"""What is known by name; `none` classifies and estimates nothing."""


def choose_estimator(name: str = "auto") -> tuple[str, Estimator | None]:
    """An estimator by its name; `auto` is PoseLib, or OpenCV's MAGSAC where that is absent.

    Raises:
        ConfigError: there is none of that name, or its library is absent.
    """
    has_poselib = importlib.util.find_spec("poselib") is not None
    if name == "auto":
        name = "poselib" if has_poselib else "magsac"
    if name not in ESTIMATORS:
        raise ConfigError(f"unknown estimator {name!r}; known are auto, {', '.join(ESTIMATORS)}")
    if name == "poselib" and not has_poselib:
        raise ConfigError(
            "the estimator poselib needs PoseLib; install it with pip install 'n3cli[match]', or "
            "use magsac"
        )
    return name, ESTIMATORS[name]
