"""Poses from essential matrices against OpenCV; errors of poses against their definitions."""

import cv2
import numpy as np
import pytest

from n3cli.ops.two_view.pose import pose_of_essential, rotation_error, translation_error
from tests.reference.two_views import scene


def cross(vector):
    x, y, z = vector
    return np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("sign", [1, -3.5])
def test_the_pose_comes_back_from_its_matrix(seed, sign):
    rotation, translation, x0, x1 = scene(seed)
    pose = pose_of_essential(sign * cross(translation) @ rotation, x0, x1)
    np.testing.assert_allclose(pose.rotation, rotation, atol=1e-9)
    np.testing.assert_allclose(pose.translation, translation, atol=1e-9)
    assert pose.before.all()


@pytest.mark.parametrize("seed", range(6))
def test_of_any_matrix_it_is_opencvs(seed):
    rotation, translation, x0, x1 = scene(seed)
    rng = np.random.default_rng(seed)
    matrix = cross(translation) @ rotation + rng.normal(0, 0.02, (3, 3))
    left, _, right = np.linalg.svd(matrix)
    essential = left @ np.diag([1, 1, 0]) @ right  # OpenCV wants a true one
    pose = pose_of_essential(matrix, x0, x1)
    count, theirs, direction, _ = cv2.recoverPose(essential, x0, x1, np.eye(3))
    np.testing.assert_allclose(pose.rotation, theirs, atol=1e-6)
    np.testing.assert_allclose(pose.translation, direction[:, 0], atol=1e-6)
    assert pose.before.sum() >= count


def test_points_behind_a_camera_are_told():
    rotation, translation, x0, x1 = scene(2)
    points = np.random.default_rng(0).uniform([-1, -1, -5], [1, 1, -3], (5, 3))
    moved = points @ rotation.T + translation
    x0, x1 = (
        np.vstack([x, behind[:, :2] / behind[:, 2:]]) for x, behind in ((x0, points), (x1, moved))
    )
    pose = pose_of_essential(cross(translation) @ rotation, x0, x1)
    assert pose.before[:60].all()
    assert not pose.before[60:].any()


@pytest.mark.parametrize("degrees", [0, 1e-7, 0.3, 45, 90, 179.999, 180])
def test_rotation_error_is_the_angle(degrees):
    rng = np.random.default_rng(0)
    one = cv2.Rodrigues(rng.normal(size=3))[0]
    axis = rng.normal(size=3)
    turn = cv2.Rodrigues(axis / np.linalg.norm(axis) * np.radians(degrees))[0]
    assert rotation_error(one, turn @ one) == pytest.approx(degrees, abs=1e-8, rel=1e-6)


@pytest.mark.parametrize("degrees", [0, 1e-7, 10, 89, 91, 180])
def test_translation_error_does_not_see_the_sign(degrees):
    angle = np.radians(degrees)
    one, other = np.array([2.0, 0, 0]), np.array([np.cos(angle), 0, np.sin(angle)])
    assert translation_error(one, other) == pytest.approx(min(degrees, 180 - degrees), abs=1e-8)
    assert translation_error(one, np.zeros(3)) == 90
