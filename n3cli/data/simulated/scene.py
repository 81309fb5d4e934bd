"""Two views of scenes that never were: correspondences to learn from where there is no data set.

Points on planes or in a volume are seen by two cameras; what a matcher of descriptors would make
of them is imitated: from few right matches to nothing but right ones, wrong ones that gather on
some points, and wrong ones that agree with each other, as windows of a façade do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from n3cli.ops.array import Float32, Float64
from n3cli.ops.two_view.label import label_right

Rng: TypeAlias = np.random.Generator

VERSION = 2
"""Raised when the same seed gives another scene."""

_ATTEMPTS = 20
_ENOUGH = 0.5
"""Least part of the wanted right matches that both cameras must see, or another motion is drawn."""


@dataclass(frozen=True)
class Scene:
    """Putative correspondences of two views, and the truth.

    Attributes:
        points: N×4 float32: x0, y0, x1, y1 in normalised camera coordinates.
        ratio: N float32: distance of a match's descriptor to the next best one's, 0–1.
        mutual: N: whether each is the other's nearest.
        right: N: whether it is right (`ops.two_view.label`).
        rotation: 3×3, X1 = R·X0 + t.
        translation: 3, of length 1.
    """

    points: Float32
    ratio: Float32
    mutual: NDArray[np.bool_]
    right: NDArray[np.bool_]
    rotation: Float64
    translation: Float64


@dataclass(frozen=True)
class _Camera:
    """How far a view reaches from its centre, in normalised coordinates."""

    half: Float64

    def sees(self, points: Float64) -> NDArray[np.bool_]:
        seen: NDArray[np.bool_] = np.all(np.abs(points) <= self.half, axis=1)
        return seen


def make_scene(rng: Rng, count: int) -> Scene:
    """Draw a scene.

    Args:
        rng: what it follows from.
        count: correspondences, at least 1.
    """
    wanted = max(1, round(count * _draw_share(rng)))
    for _ in range(_ATTEMPTS):
        cameras = _draw_cameras(rng)
        x0 = _draw_keypoints(rng, cameras[0], 3 * count)
        space = np.concatenate([x0, np.ones((len(x0), 1))], 1) * _draw_depths(rng, x0)[:, None]
        rotation, translation = _draw_motion(rng, space)
        moved = space @ rotation.T + translation
        x1 = moved[:, :2] / np.where(np.abs(moved[:, 2:]) < 1e-9, 1e-9, moved[:, 2:])
        visible = (moved[:, 2] > 0.05) & cameras[1].sees(x1)
        if np.count_nonzero(visible) >= max(1, _ENOUGH * wanted):
            break
    else:  # so unlikely that any motion will do
        visible = moved[:, 2] > 0 if (moved[:, 2] > 0).any() else np.ones(len(x0), np.bool_)
    true, shifted, hubs = _divide(rng, visible, wanted, count)
    chosen = np.concatenate([true, shifted, hubs])
    sigma = _log_uniform(rng, 1.5e-4, 2e-3) * np.where(rng.random((count, 1)) < 0.1, 5, 1)
    x0, x1 = (x[chosen] + sigma * rng.normal(size=(count, 2)) for x in (x0, x1))
    x1[len(true) : count - len(hubs)] += rng.uniform(-0.4, 0.4, 2) * cameras[1].half
    # On keypoints as they were found: what lands on the same one has the same coordinates.
    landing = _draw_hubs(rng, cameras[1], x1[: len(true)], count, len(hubs))
    x1[count - len(hubs) :] = landing.points
    ratio, mutual = _imitate_descriptors(rng, len(true), len(shifted), landing.alone)
    order = rng.permutation(count)
    points = np.concatenate([x0, x1], 1)[order].astype(np.float32)
    translation = translation / np.linalg.norm(translation)
    return Scene(
        points, ratio[order], mutual[order], label_right(points, rotation, translation),
        rotation, translation,
    )  # fmt: skip


def _draw_share(rng: Rng) -> float:
    """Part of the matches that are right: of photos mostly few, of what was filtered nearly all."""
    return _log_uniform(rng, 0.04, 0.65) if rng.random() < 0.8 else rng.uniform(0.65, 1)


def _draw_cameras(rng: Rng) -> tuple[_Camera, _Camera]:
    """Two cameras, mostly alike."""
    focal = _log_uniform(rng, 0.6, 1.8)
    other = focal if rng.random() < 0.7 else _log_uniform(rng, 0.6, 1.8)
    sides = np.array([1, rng.choice([9 / 16, 2 / 3, 3 / 4, 1])])
    if rng.random() < 0.4:  # upright
        sides = sides[::-1]
    return _Camera(sides / 2 / focal), _Camera(sides / 2 / other)


def _draw_keypoints(rng: Rng, camera: _Camera, count: int) -> Float64:
    """Points of a view, most of them in clusters."""
    centres = rng.uniform(-1, 1, (rng.integers(3, 25), 2))
    spread = _log_uniform(rng, 0.05, 0.4)
    loose = rng.random(count) < rng.uniform(0.1, 0.6)
    clustered = centres[rng.integers(0, len(centres), count)] + spread * rng.normal(size=(count, 2))
    # What falls outside comes back in on the other side.
    clustered -= 2 * np.floor((clustered + 1) / 2)
    points = np.where(loose[:, None], rng.uniform(-1, 1, (count, 2)), clustered)
    inside: Float64 = points * camera.half
    return inside


def _draw_depths(rng: Rng, points: Float64) -> Float64:
    """Depths of points of a view, their median 1."""
    if rng.random() < 0.2:
        depth = np.exp(rng.uniform(0, math.log(_log_uniform(rng, 1.5, 6)), len(points)))
    else:
        depth = _depths_of_planes(rng, points)
    depth /= np.median(depth)
    return depth


def _depths_of_planes(rng: Rng, points: Float64) -> Float64:
    """Of one to six planes, each where its seed is the nearest, with clutter before and behind."""
    count = rng.integers(1, 7)
    seeds = points[rng.integers(0, len(points), count)]
    nearest = ((seeds**2).sum(1) - 2 * (points @ seeds.T)).argmin(1)
    distance = np.exp(rng.uniform(-0.5, 0.5, count))
    # Inverse depth is linear in the picture: d = 1 / (a + b·x).
    slope = rng.normal(0, 0.6, (count, 2))
    inverse = 1 + ((points - seeds[nearest]) * slope[nearest]).sum(1)
    depth = distance[nearest] / np.clip(inverse, 0.2, 5)
    cluttered = rng.random(len(points)) < 0.15
    clutter: Float64 = np.where(cluttered, depth * np.exp(rng.normal(0, 0.4, len(points))), depth)
    return clutter


def _draw_motion(rng: Rng, space: Float64) -> tuple[Float64, Float64]:
    """Rotation and translation of the second camera; the scene's median depth is 1."""
    if rng.random() < 0.6:  # around the scene
        angles = np.radians(rng.normal(0, [6, 26, 3]))
        rotation = _rotation(angles)
        centre = np.median(space, 0)
        goal = centre * np.exp(rng.normal(0, 0.15)) + rng.normal(0, 0.05, 3)
        return rotation, goal - rotation @ centre
    rotation = _rotation(np.radians(rng.normal(0, [3, 5, 2])))
    direction = rng.normal(size=3)
    return rotation, direction / np.linalg.norm(direction) * _log_uniform(rng, 0.03, 0.8)


def _rotation(angles: Float64) -> Float64:
    """Pitch about x, then yaw about y, then roll about z; radians."""
    (cx, cy, cz), (sx, sy, sz) = np.cos(angles), np.sin(angles)
    pitch = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    yaw = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    roll = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    turned: Float64 = roll @ yaw @ pitch
    return turned


Indices: TypeAlias = NDArray[np.int64]


def _divide(
    rng: Rng, visible: NDArray[np.bool_], wanted: int, count: int
) -> tuple[Indices, Indices, Indices]:
    """Which points are matched rightly, which are shifted with others, and which go to hubs.

    Only points that both cameras see can be shifted: where they belong must be known.

    Args:
        rng: what it follows from.
        visible: which of the points, at least `count`, both cameras see.
        wanted: right matches, if so many points are visible.
        count: of all that are chosen.
    """
    true = np.flatnonzero(visible)[:wanted]
    left = np.ones(len(visible), np.bool_)
    left[true] = False
    wrong = np.flatnonzero(left)[: count - len(true)]
    share = rng.uniform(0.05, 0.4) if rng.random() < 0.3 else 0.0
    able = visible[wrong]
    able &= np.cumsum(able) <= round(share * len(wrong))
    return true, wrong[able], wrong[~able]


@dataclass(frozen=True)
class _Landing:
    """Where wrong matches land, and which of them have their point for themselves."""

    points: Float64
    alone: NDArray[np.bool_]


def _draw_hubs(rng: Rng, camera: _Camera, true: Float64, count: int, wanted: int) -> _Landing:
    """Points of the second view that wrong matches gather on; half of them have a right match."""
    size = max(2, round(count * rng.uniform(0.3, 0.9)))
    taken = true[rng.integers(0, len(true), size // 2)]
    pool = np.concatenate([taken, _draw_keypoints(rng, camera, size - len(taken))])
    weight = rng.gamma(4, size=len(pool)) + 1e-6
    landed = rng.choice(len(pool), wanted, p=weight / weight.sum())
    first = np.zeros(wanted, bool)
    first[np.unique(landed, return_index=True)[1]] = True
    return _Landing(pool[landed], first & (landed >= len(taken)))


def _imitate_descriptors(
    rng: Rng, true: int, shifted: int, alone: NDArray[np.bool_]
) -> tuple[Float32, NDArray[np.bool_]]:
    """Ratios and mutual matches, as SIFT's are spread over right and wrong ones.

    Fitted to the matches of 94 pairs of photos of two buildings. A right match whose ratio is high
    is often not mutual; a wrong one that is mutual has a somewhat lower ratio than the others.
    """
    easy = rng.uniform(0.35, 0.7)  # the mean of right ones: less where views are alike
    right = rng.beta(5 * easy, 5 * (1 - easy), true)
    wrong = np.concatenate([
        rng.random(shifted) < 0.4, alone & (rng.random(len(alone)) < 0.85)
    ])  # fmt: skip
    ratio = np.concatenate([
        right, np.where(wrong, rng.beta(9.5, 1, len(wrong)), rng.beta(18, 1, len(wrong)))
    ])  # fmt: skip
    mutual = np.concatenate([rng.random(true) < 1 - 0.6 * right**6, wrong])
    return ratio.astype(np.float32), mutual


def _log_uniform(rng: Rng, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(math.log(low), math.log(high))))
