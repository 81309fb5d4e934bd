"""From the matches that were kept to the geometry of the two views, and what to make of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from n3cli.inference.match.estimator import Estimator, Problem
from n3cli.ops.array import Float64
from n3cli.ops.two_view.camera import Camera, normalise
from n3cli.ops.two_view.chance import BESIDE_PLANE, ESSENTIAL, FUNDAMENTAL, false_alarms
from n3cli.ops.two_view.epipolar import essential_matrix, symmetric_epipolar_distance
from n3cli.ops.two_view.homography import fit_homography, transferred
from n3cli.ops.two_view.pose import pose_of_essential
from n3cli.ops.two_view.rotation import fit_rotation, rotated

FEWEST = 8
"""Matches that a pose is estimated from, at least."""

Status: TypeAlias = Literal[
    "ok",  # a matrix that too many matches agree with for chance
    "rotation",  # a rotation alone explains the matches: the translation is undetermined
    # One homography explains the matches or nearly all: the camera only turned or the scene is
    # flat, and without cameras the fundamental matrix is, or may be, undetermined.
    "homography",
    "few",  # fewer than `FEWEST` matches were kept: nothing was estimated
    "chance",  # so few matches agree that it may be chance: probably not the same scene
    "putative",  # nothing was asked for but the matches
]
"""What may come of a pair."""

_CALM = 2.0
"""The least ratio of what a rotation, or a homography, leaves to what the matrix leaves that tells
more than it."""

_FLOOR = 0.1
"""Pixels below which residuals are not compared: keypoints are no better."""

_FAR = 3.0
"""So many thresholds from where a rotation takes it, a point may be infinitely far away; from where
a homography takes it, on its plane."""

_NEARLY_ALL = 0.95
"""Part of the matches that agree with a fundamental matrix: where a homography explains so many,
the others need not determine the matrix, even if it is no chance that they agree."""

_QUANTILE = 0.8
_RAYLEIGH, _HALF_NORMAL = 1.794, 1.282
"""Of a normal distribution of deviation 1: that quantile of lengths in 2 and in 1 dimensions."""


@dataclass(frozen=True)
class Geometry:
    """What the matches say of the two views.

    Attributes:
        status: what came of them.
        inliers: N bool, which matches agree.
        E: 3×3 of norm √2, or None.
        F: 3×3 of norm 1, or None. Beside `H` it may be undetermined.
        H: 3×3 of norm 1, or None.
        R: 3×3, or None.
        t: 3, of length 1, or None.
    """

    status: Status
    inliers: NDArray[np.bool_]
    E: Float64 | None = None
    F: Float64 | None = None
    H: Float64 | None = None
    R: Float64 | None = None
    t: Float64 | None = None


def estimate_geometry(
    points0: NDArray[Any],
    points1: NDArray[Any],
    cameras: tuple[Camera, Camera] | None,
    estimator: Estimator | None,
    *,
    weight: NDArray[Any] | None = None,
    threshold: float = 1.0,
    seed: int = 0,
) -> Geometry:
    """Estimate the geometry of two views and judge it.

    Args:
        points0: N×2 in pixels of the first picture.
        points1: N×2 of the second.
        cameras: both, or None: then it is a fundamental matrix, and there is no pose.
        estimator: of `n3cli.inference.match.estimator`; None: nothing is estimated.
        weight: N, for estimators that heed it.
        threshold: distance to the epipolar lines in pixels (root of the mean square of both) up
            to which a match agrees.
        seed: of what is drawn.
    """
    count = len(points0)
    nothing = np.zeros(count, np.bool_)
    if estimator is None:
        return Geometry("putative", nothing)
    if count < FEWEST:
        return Geometry("few", nothing)
    problem = _set_up(points0, points1, cameras, weight, threshold, seed)
    matrix = estimator(problem)
    if matrix is None or not np.isfinite(matrix).all() or not matrix.any():
        return Geometry("chance", nothing)
    if problem.focal is None:
        return _judge_uncalibrated(problem, matrix)
    return _judge_calibrated(problem, matrix)


def _set_up(
    points0: NDArray[Any],
    points1: NDArray[Any],
    cameras: tuple[Camera, Camera] | None,
    weight: NDArray[Any] | None,
    threshold: float,
    seed: int,
) -> Problem:
    points = [np.asarray(each, np.float64) for each in (points0, points1)]
    focal = None
    if cameras is not None:
        focal = cameras[0].focal, cameras[1].focal
        points = [
            normalise(camera, each) * camera.focal
            for camera, each in zip(cameras, points, strict=True)
        ]
    weights = np.ones(len(points0)) if weight is None else np.asarray(weight, np.float64)
    return Problem(points[0], points[1], focal, weights, threshold, seed)


def _judge_uncalibrated(problem: Problem, matrix: Float64) -> Geometry:
    matrix = matrix / np.linalg.norm(matrix)
    distance = _distances(problem, matrix)
    inliers = distance <= problem.threshold
    if _is_chance(problem, distance, FUNDAMENTAL):
        return Geometry("chance", inliers)
    homography = fit_homography(problem.x0[inliers], problem.x1[inliers], _FAR * problem.threshold)
    if homography is not None:
        apart = _lengths(transferred(homography, problem.x0) - problem.x1)
        on_plane = apart <= _FAR * problem.threshold
        if _is_still(apart[inliers], distance[inliers]):
            # A façade has one, too; what stands before it tells the matrix, unless it is chance.
            if _is_chance(problem, distance[~on_plane], BESIDE_PLANE):
                return Geometry("homography", on_plane, H=homography)
            # A few may agree by more than chance: windows that were taken for each other look like
            # a second plane. Which it is cannot be told.
            if on_plane[inliers].mean() >= _NEARLY_ALL:
                return Geometry("homography", on_plane | inliers, F=matrix, H=homography)
    return Geometry("ok", inliers, F=matrix)


def _judge_calibrated(problem: Problem, matrix: Float64) -> Geometry:
    assert problem.focal is not None
    x0, x1 = problem.normalised
    near = _distances(problem, _for_pixels(matrix, problem.focal)) <= problem.threshold
    if not near.any():
        return Geometry("chance", near)
    pose = pose_of_essential(matrix, x0[near], x1[near])
    # What the estimators give need not have two equal singular values; the pose's own matrix has.
    parts = (torch.from_numpy(np.ascontiguousarray(each)) for each in pose[:2])
    essential = essential_matrix(*parts).numpy()
    distance = _distances(problem, _for_pixels(essential, problem.focal))
    near = distance <= problem.threshold
    if _is_chance(problem, distance, ESSENTIAL):
        return Geometry("chance", near)
    rotation = fit_rotation(x0[near], x1[near])
    apart = _apart(problem, rotation)
    if _is_still(apart[near], distance[near]):
        return Geometry("rotation", apart <= _FAR * problem.threshold, R=rotation)
    # Of far points noise alone decides on which side of a camera their rays meet.
    inliers = near & (_apart(problem, pose.rotation) <= _FAR * problem.threshold)
    inliers[near] |= pose_of_essential(essential, x0[near], x1[near]).before
    return Geometry("ok", inliers, E=essential, R=pose.rotation, t=pose.translation)


def _apart(problem: Problem, rotation: Float64) -> Float64:
    """Pixels between the second view's points and where a rotation alone takes the first's."""
    assert problem.focal is not None
    x0, x1 = problem.normalised
    return _lengths(rotated(rotation, x0) - x1) * problem.focal[1]


def _lengths(vectors: Float64) -> Float64:
    """Of N×2; of what is not a number infinite."""
    far: Float64 = np.nan_to_num(np.linalg.norm(vectors, axis=1), nan=np.inf)
    return far


def _is_still(apart: Float64, distance: Float64) -> bool:
    """Whether a map of points leaves no more than their noise: no camera need have moved.

    Args:
        apart: pixels between points and where the rotation or homography says they are.
        distance: pixels between points and their epipolar lines, which is noise alone.
    """
    left = np.quantile(apart, _QUANTILE, method="higher") / _RAYLEIGH  # ∞ has no mean with ∞
    noise = np.quantile(distance, _QUANTILE, method="higher") / _HALF_NORMAL
    return bool(left <= _CALM * max(noise, _FLOOR))


def _is_chance(problem: Problem, distance: Float64, kind: tuple[int, int]) -> bool:
    """Whether so few matches agree that it may be chance.

    Args:
        problem: the matches.
        distance: pixels of each match that is looked at to its epipolar lines.
        kind: of the matrix, see `n3cli.ops.two_view.chance`.
    """
    reach = np.ptp(problem.x1, axis=0)
    area = max(float(reach.prod()), 1.0)
    near = distance[distance <= problem.threshold]
    alarms = false_alarms(len(distance), 2 * near * float(np.hypot(*reach)) / area, kind)
    return alarms >= 0


def _distances(problem: Problem, matrix: Float64) -> Float64:
    """Pixels of matches to their epipolar lines: root of the mean square of both views'."""
    parts = (torch.from_numpy(np.ascontiguousarray(each)) for each in (problem.x0, problem.x1))
    squared = symmetric_epipolar_distance(torch.from_numpy(matrix), *parts)
    return np.asarray(np.sqrt(squared.numpy() / 2))


def _for_pixels(matrix: Float64, focal: tuple[float, float]) -> Float64:
    """An essential matrix for points in pixels from the principal point."""
    first, second = (np.diag([1 / each, 1 / each, 1.0]) for each in focal)
    return second @ matrix @ first
