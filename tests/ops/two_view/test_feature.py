"""Keypoints: where they are, and in what kinds of pictures."""

import cv2
import numpy as np
import pytest

from n3cli.errors import ConfigError, InputError
from n3cli.ops.row_source import ArraySource
from n3cli.ops.two_view.feature import find_features
from tests.reference.two_pictures import texture

PIXELS = texture()[..., None]


class WithAlpha(ArraySource):
    """The left half cannot be seen."""

    def rows(self, top, bottom):
        alpha = np.full(self.pixels.shape[:2], 200, np.uint8)
        alpha[:, : self.width // 2] = 0
        return self.pixels[top:bottom], alpha[top:bottom]


def test_they_are_opencvs_of_the_grey_picture():
    found = find_features(ArraySource(PIXELS), max_keypoints=300)
    points, _ = cv2.SIFT_create(300).detectAndCompute(PIXELS[..., 0], None)
    weakest = sorted(one.response for one in points)[-300]
    certain = [which for which, one in enumerate(points) if one.response > weakest]
    rows = [int(np.abs(found.keypoints - points[which].pt).sum(1).argmin()) for which in certain]
    assert len(found.keypoints) == 300
    np.testing.assert_allclose(
        found.keypoints[rows], [points[which].pt for which in certain], atol=1e-3
    )
    assert found.size == (640, 480)
    assert found.descriptors.dtype == np.uint8


@pytest.mark.parametrize("count", [1, 50, 150])
def test_the_strongest_are_kept(count):
    """Also where OpenCV gives more than it was asked for, in no order."""
    points = cv2.SIFT_create(count).detectAndCompute(PIXELS[..., 0], None)[0]
    found = find_features(ArraySource(PIXELS), max_keypoints=count).keypoints
    assert len(found) == min(count, len(points))
    weakest = sorted((one.response for one in points), reverse=True)[len(found) - 1]
    strongest = {one.pt for one in points if one.response > weakest}
    kept = {(float(x), float(y)) for x, y in found}
    assert strongest <= kept


def test_descriptors_are_opencvs():
    found = find_features(ArraySource(PIXELS), max_keypoints=100_000)
    points, descriptors = cv2.SIFT_create(100_000).detectAndCompute(PIXELS[..., 0], None)
    np.testing.assert_allclose(found.keypoints, [one.pt for one in points], atol=1e-3)
    np.testing.assert_array_equal(found.descriptors, descriptors)


def test_coordinates_are_those_of_the_picture_however_it_is_reduced():
    large = cv2.resize(PIXELS, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)[..., None]
    small = find_features(ArraySource(PIXELS), max_keypoints=200)
    found = find_features(ArraySource(large), max_keypoints=200, resize=640)
    assert found.size == (1920, 1440)
    expected = (small.keypoints + 0.5) * 3 - 0.5
    nearest = np.linalg.norm(found.keypoints[:, None] - expected, axis=2).min(axis=1)
    assert np.median(nearest) < 0.3
    assert np.abs(found.keypoints).max() < 1920


@pytest.mark.parametrize("kind", ["uint16", "few bits of 16", "float32", "colour"])
def test_other_kinds_give_the_same(kind):
    same = {
        "uint16": PIXELS.astype(np.uint16) * 257,
        "few bits of 16": PIXELS.astype(np.uint16) * 4,
        "float32": (PIXELS / 255).astype(np.float32),
        "colour": np.repeat(PIXELS, 3, axis=2),
    }[kind]
    plain = find_features(ArraySource(PIXELS), max_keypoints=200).keypoints
    found = find_features(ArraySource(same), max_keypoints=200).keypoints
    nearest = np.linalg.norm(found[:, None] - plain, axis=2).min(axis=1)
    assert np.mean(nearest < 0.5) > 0.9


def test_what_cannot_be_seen_has_none():
    found = find_features(WithAlpha(PIXELS), max_keypoints=500)
    assert len(found.keypoints) > 50
    assert found.keypoints[:, 0].min() >= 319


@pytest.mark.parametrize("shape", [(1, 1), (3, 500), (64, 64)])
def test_a_picture_may_have_none(shape):
    found = find_features(ArraySource(np.full((*shape, 1), 7, np.uint8)))
    assert found.keypoints.shape == (0, 2)
    assert found.descriptors.shape == (0, 128)


def test_24_megapixels_are_read_in_strips():
    rows = []

    class Large(ArraySource):
        def rows(self, top, bottom):
            rows.append(bottom - top)
            return super().rows(top, bottom)

    large = np.tile(texture(1)[..., None], (9, 10, 3))[:4000, :6000]
    found = find_features(Large(large), max_keypoints=100)
    assert len(found.keypoints) == 100
    assert found.size == (6000, 4000)
    assert max(rows) < 1500


def test_values_that_are_no_numbers_are_refused():
    pixels = np.full((50, 50, 1), np.nan, np.float32)
    with pytest.raises(InputError, match="not finite"):
        find_features(ArraySource(pixels))


@pytest.mark.parametrize("how", [{"max_keypoints": 0}, {"resize": -1}])
def test_settings_without_meaning_are_refused(how):
    with pytest.raises(ConfigError):
        find_features(ArraySource(PIXELS), **how)
