"""The homography between two views, where there is one and where there is none."""

import numpy as np
import pytest

from n3cli.ops.two_view.homography import fit_homography, transferred
from tests.reference.two_views import scene

_, _, X0, X1 = scene(2, count=100, flat=True)


@pytest.mark.parametrize("sign", [1, -1])
def test_it_takes_a_planes_points_where_they_are(sign):
    wrong = np.random.default_rng(0).uniform(-1, 1, (40, 2))
    found = fit_homography(*(np.concatenate([x, turn]) for x, turn in
                             ((X0, wrong), (X1, wrong[::-1]))), 1e-3)  # fmt: skip
    assert np.linalg.norm(found) == pytest.approx(1)
    np.testing.assert_allclose(transferred(sign * found, X0), X1, atol=1e-6)


def test_what_is_behind_the_second_camera_is_nowhere():
    matrix = np.array([[1.0, 0, 0], [0, 1, 0], [1, 0, 1]])
    moved = transferred(matrix, np.array([[0.0, 0], [1, 0], [2, 1], [-2, 0]]))
    np.testing.assert_allclose(moved[:3], [[0, 0], [0.5, 0], [2 / 3, 1 / 3]])
    assert np.isnan(moved[3]).all()


@pytest.mark.parametrize("points", [X0[:3], np.zeros((9, 2)), np.arange(18.0).reshape(9, 2)])
def test_points_that_tell_none(points):
    found = fit_homography(points, points, 1e-3)
    assert found is None or np.isfinite(found).all()
