"""Normalised coordinates against OpenCV."""

import warnings

import cv2
import numpy as np
import pytest

from n3cli.ops.two_view.camera import Camera, check_matrix, normalise

MATRIX = np.array([[900.0, 2, 500], [0, 950, 400], [0, 0, 1]])
POINTS = np.random.default_rng(0).uniform(0, 900, (50, 2))


@pytest.mark.parametrize(
    "distortion",
    [(0.0, 0, 0, 0), (-0.1, 0, 0, 0), (0.08, -0.02, 0, 0), (-0.1, 0.02, 1e-3, -2e-3)],
)
def test_it_is_opencvs(distortion):
    straight = MATRIX.copy()
    straight[0, 1] = 0  # OpenCV knows no skew
    ours = normalise(Camera(straight, distortion), POINTS)
    precise = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 100, 1e-14)
    theirs = cv2.undistortPoints(POINTS, straight, np.array(distortion), criteria=precise)
    np.testing.assert_allclose(ours, theirs[:, 0], atol=1e-9)


def test_skew_is_heeded():
    seen = normalise(Camera(MATRIX), POINTS)
    again = np.column_stack([seen, np.ones(len(seen))]) @ MATRIX.T
    np.testing.assert_allclose(again[:, :2], POINTS, atol=1e-9)


def test_beyond_a_lens_models_field_there_is_no_direction():
    camera = Camera(np.diag([900.0, 900, 1]), (-0.25, 0.0, 0.0, 0.0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = normalise(camera, np.array([[100.0, 50], [900, 700], [5000, 9000]]))
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1:]).all()


def test_no_points_are_no_error():
    assert normalise(Camera(MATRIX, (0.1, 0, 0, 0)), np.empty((0, 2))).shape == (0, 2)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ((0, 0, 0), "no inverse"),
        ((1, 1, -3), "no inverse"),
        ((0, 2, np.nan), "not finite"),
        ((2, 2, 2), "last row"),
        ((1, 0, 50), "fourth"),
    ],
)
def test_what_is_no_camera_is_told(change, words):
    matrix = MATRIX.copy()
    matrix[change[:2]] = change[2]
    assert words in (check_matrix(matrix) or "")


def test_a_camera_is_one():
    assert check_matrix(MATRIX) is None
    assert "3×4" in (check_matrix(np.zeros((3, 4))) or "")


def test_the_focal_length_is_the_mean_of_both():
    assert Camera(MATRIX).focal == pytest.approx(np.sqrt(900 * 950))
