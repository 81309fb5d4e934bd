"""Nearest neighbours against OpenCV's brute force."""

import cv2
import numpy as np
import pytest

from n3cli.ops.two_view import putative
from n3cli.ops.two_view.putative import match_nearest


def descriptors(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 128), np.uint8)


@pytest.mark.parametrize("block", [1 << 24, 200])
def test_it_is_opencvs(monkeypatch, block):
    monkeypatch.setattr(putative, "_BLOCK", block)
    first, second = descriptors(40), descriptors(30, 1)
    found = match_nearest(first, second)
    floats = first.astype(np.float32), second.astype(np.float32)
    two = cv2.BFMatcher(cv2.NORM_L2).knnMatch(*floats, 2)
    assert found.index.tolist() == [near.trainIdx for near, _ in two]
    ratio = [near.distance / next_.distance for near, next_ in two]
    np.testing.assert_allclose(found.ratio, ratio, rtol=1e-6)
    mutual = {one.queryIdx for one in cv2.BFMatcher(cv2.NORM_L2, crossCheck=True).match(*floats)}
    assert set(np.flatnonzero(found.mutual)) == mutual


@pytest.mark.parametrize(("first", "second"), [(0, 5), (5, 0), (0, 0)])
def test_nothing_matches_nothing(first, second):
    found = match_nearest(descriptors(first), descriptors(second))
    assert found.index.tolist() == [-1] * first
    assert not found.mutual.any()


def test_without_a_second_the_ratio_says_nothing():
    found = match_nearest(descriptors(3), descriptors(1, 1))
    assert found.ratio.tolist() == [1, 1, 1]
    assert found.mutual.sum() == 1


def test_equal_ones_are_ambiguous():
    same = np.repeat(descriptors(1), 2, axis=0)
    assert match_nearest(same, same).ratio.tolist() == [1, 1]
