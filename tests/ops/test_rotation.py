"""The rotation between two views, against SciPy."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from n3cli.ops.pose import rotation_error
from n3cli.ops.rotation import fit_rotation, rotated

POINTS = np.random.default_rng(0).uniform(-0.6, 0.6, (80, 2))


def turned(degrees, seed=0):
    axis = np.random.default_rng(seed).normal(size=3)
    axis *= np.radians(degrees) / np.linalg.norm(axis)
    return Rotation.from_rotvec(axis).as_matrix()


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
    rays = [np.column_stack([each, np.ones(80)]) for each in (moved, POINTS)]
    plain = Rotation.align_vectors(*rays)[0].as_matrix()
    assert rotation_error(plain, rotation) > 1  # the plain fit is led astray


def test_with_noise_it_is_near_scipys():
    rotation = turned(8)
    moved = rotated(rotation, POINTS) + np.random.default_rng(2).normal(0, 1e-3, (80, 2))
    rays = [np.column_stack([each, np.ones(80)]) for each in (moved, POINTS)]
    plain = Rotation.align_vectors(*rays)[0].as_matrix()
    assert rotation_error(fit_rotation(POINTS, moved), plain) < 0.05


def test_what_is_behind_the_camera_is_no_number():
    around = Rotation.from_euler("y", 180, degrees=True).as_matrix()
    assert np.isnan(rotated(around, POINTS)).all()
