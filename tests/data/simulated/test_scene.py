"""Synthetic correspondences: geometry that holds, and statistics that matchers have."""

import cv2
import numpy as np
import pytest

from n3cli.data.simulated.scene import make_scene
from n3cli.ops.two_view.label import POSITIVE


@pytest.fixture(scope="module")
def scenes():
    return [make_scene(np.random.default_rng(seed), 400) for seed in range(60)]


def test_a_scene_follows_from_its_seed():
    one, again, other = (make_scene(np.random.default_rng(seed), 50) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.points, again.points)
    assert not np.array_equal(one.points, other.points)


@pytest.mark.parametrize("count", [1, 2, 7, 2000])
def test_any_number_of_correspondences(count):
    for seed in range(5):
        scene = make_scene(np.random.default_rng(seed), count)
        assert scene.points.shape == (count, 4)
        assert scene.points.dtype == scene.ratio.dtype == np.float32
        assert len(scene.ratio) == len(scene.mutual) == len(scene.right) == count
        assert np.isfinite(scene.points).all()


def test_labels_are_distances_to_epipolar_lines(scenes):
    for scene in scenes[:10]:
        np.testing.assert_allclose(scene.rotation.T @ scene.rotation, np.eye(3), atol=1e-12)
        assert np.linalg.det(scene.rotation) == pytest.approx(1)
        assert np.linalg.norm(scene.translation) == pytest.approx(1)
        x, y, z = scene.translation
        matrix = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]]) @ scene.rotation
        for point, right in zip(scene.points.astype(float), scene.right, strict=True):
            a, b = np.append(point[:2], 1), np.append(point[2:], 1)
            in1, in0 = matrix @ a, matrix.T @ b
            error = (b @ in1) ** 2 * (1 / (in1[:2] @ in1[:2]) + 1 / (in0[:2] @ in0[:2]))
            assert (error < POSITIVE) == right


def test_the_right_ones_are_few_to_all():
    scenes = [make_scene(np.random.default_rng(seed), 100) for seed in range(300)]
    shares = np.array([scene.right.mean() for scene in scenes])
    assert shares.min() < 0.08
    assert shares.max() > 0.98
    assert 0.15 < np.median(shares) < 0.4
    assert 0.12 < (shares > 0.65).mean() < 0.28


def test_points_lie_in_the_views(scenes):
    # The shortest focal length sees ±0.5/0.6; noise and shifts go a little beyond.
    assert max(np.abs(scene.points[:, :2]).max() for scene in scenes) < 0.9
    assert max(np.abs(scene.points[:, 2:]).max() for scene in scenes) < 1.3


def test_right_ones_have_the_better_ratios_and_are_more_often_mutual(scenes):
    right = np.concatenate([scene.right for scene in scenes])
    ratio = np.concatenate([scene.ratio for scene in scenes])
    mutual = np.concatenate([scene.mutual for scene in scenes])
    assert ratio[right].mean() < ratio[~right].mean() - 0.1
    assert mutual[right].mean() > mutual[~right].mean() + 0.3
    assert (ratio >= 0).all()
    assert (ratio <= 1).all()


def test_wrong_ones_gather_on_points():
    """Before noise, that is: several matches of the first view end within it of each other."""
    scene = make_scene(np.random.default_rng(3), 1000)
    wrong = scene.points[~scene.right, 2:]
    apart = np.linalg.norm(wrong[:, None] - wrong, axis=2) + np.eye(len(wrong))
    uniform = np.random.default_rng(0).uniform(wrong.min(0), wrong.max(0), wrong.shape)
    loose = np.linalg.norm(uniform[:, None] - uniform, axis=2) + np.eye(len(wrong))
    assert np.median(apart.min(1)) < 0.5 * np.median(loose.min(1))


def test_the_pose_can_be_found_from_the_right_ones(scenes):
    found = 0
    for scene in scenes:
        x0, x1 = np.split(scene.points[scene.right].astype(float), 2, axis=1)
        if len(x0) < 20:
            continue
        matrix, _ = cv2.findEssentialMat(x0, x1, np.eye(3), cv2.LMEDS)
        if matrix is None or matrix.shape != (3, 3):
            continue
        _, rotation, _, _ = cv2.recoverPose(matrix, x0, x1, np.eye(3))
        angle = np.degrees(
            np.arccos(np.clip((np.trace(rotation.T @ scene.rotation) - 1) / 2, -1, 1))
        )
        found += angle < 5
    assert found > 0.7 * len(scenes)
