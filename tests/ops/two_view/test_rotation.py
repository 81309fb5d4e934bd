"""The rotation between two views, against the plain fit of least squares."""

import cv2
import numpy as np
import pytest

from n3cli.ops.two_view.pose import rotation_error
from n3cli.ops.two_view.rotation import fit_rotation, rotated

POINTS = np.random.default_rng(0).uniform(-0.6, 0.6, (80, 2))


def turned(degrees, seed=0):
    axis = np.random.default_rng(seed).normal(size=3)
    axis *= np.radians(degrees) / np.linalg.norm(axis)
    return cv2.Rodrigues(axis)[0]


def plain_fit(x0, x1):
    """Kabsch, without weights."""
    rays = [np.column_stack([each, np.ones(len(each))]) for each in (x0, x1)]
    rays0, rays1 = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in rays)
    left, _, right = np.linalg.svd(rays1.T @ rays0)
    return left @ np.diag([1, 1, np.linalg.det(left @ right)]) @ right


@pytest.mark.parametrize("degrees", [0, 0.01, 5, 40])
def test_it_comes_back(degrees):
    rotation = turned(degrees)
    found = fit_rotation(POINTS, rotated(rotation, POINTS))
    assert rotation_error(found, rotation) < 1e-5
    assert np.linalg.det(found) == pytest.approx(1)


def test_wrong_points_do_little_harm():
    rotation = turned(8)
    moved = rotated(rotation, POINTS)
    moved[:24] = np.random.default_rng(1).uniform(-0.6, 0.6, (24, 2))
    assert rotation_error(fit_rotation(POINTS, moved), rotation) < 0.05
    assert rotation_error(plain_fit(POINTS, moved), rotation) > 1  # the plain fit is led astray


def test_with_noise_it_is_near_the_plain_fit():
    rotation = turned(8)
    moved = rotated(rotation, POINTS) + np.random.default_rng(2).normal(0, 1e-3, (80, 2))
    assert rotation_error(fit_rotation(POINTS, moved), plain_fit(POINTS, moved)) < 0.05


def test_what_is_behind_the_camera_is_no_number():
    around = np.diag([-1.0, 1, -1])
    assert np.isnan(rotated(around, POINTS)).all()
