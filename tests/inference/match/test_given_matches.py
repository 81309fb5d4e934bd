"""Matches of other programs, of which nothing is known but where they are."""

import dataclasses

import cv2
import numpy as np
import pytest

from n3cli.inference.match.matcher import Matcher
from n3cli.io.match.matches import from_pairs
from n3cli.ops.row_source import ArraySource
from n3cli.ops.two_view.camera import Camera

K = np.array([[800.0, 0, 500], [0, 800, 400], [0, 0, 1]])
CAMERAS = Camera(K), Camera(K)


def given(count, *, roll=0, wrong=0.0):
    """Matches with noise of 0.4 pixels, of cameras side by side, the second turned by `roll`."""
    rng = np.random.default_rng(0)
    first = rng.random((count, 2)) * [1000, 800]
    depth = rng.uniform(2, 10, (count, 1))
    space = np.column_stack([first, np.ones(count)]) @ np.linalg.inv(K).T * depth
    turn = cv2.Rodrigues(np.array([0, 0, np.deg2rad(roll)]))[0]
    seen = (space @ turn.T + [1, 0.3, 0]) @ K.T
    second = seen[:, :2] / seen[:, 2:] + rng.normal(0, 0.4, (count, 2))
    bad = rng.random(count) < wrong
    second[bad] = rng.random((bad.sum(), 2)) * [1000, 800]
    return from_pairs(first, second, size0=(1000, 800), size1=(1000, 800)), bad


@pytest.mark.parametrize("wrong", [0.0, 0.3])
def test_what_agrees_is_not_lost_to_a_model_that_nobody_asked_for(wrong):
    # A camera on its side is none of what CNet was trained on.
    matches, bad = given(500, roll=90, wrong=wrong)
    asked = Matcher("match-cnet", threshold=0.25).judge(matches, CAMERAS)
    found = Matcher().judge(matches, CAMERAS)
    assert (asked.matches >= 0)[~bad].mean() < 0.7
    assert found.facts["model"] == "none"
    assert found.logits is None
    assert found.kept == 500
    assert found.inliers[~bad].mean() > 0.95


def test_without_an_estimator_it_is_not_lost_either():
    matches, _ = given(500, roll=90)
    found = Matcher(estimator="none").judge(matches, CAMERAS)
    assert (found.facts["model"], found.kept) == ("none", 500)
    assert (found.status, found.facts["estimator"]) == ("putative", "none")
    assert not found.inliers.any()


@pytest.mark.parametrize("cameras", [CAMERAS, None])
def test_random_matches_do_not_come_back_as_agreeing(cameras):
    # A minimal solver goes through five or seven of them whatever they are.
    matcher = Matcher()
    for count in (*range(8, 16), 16, 18, 20):
        for seed in range(3):
            rng = np.random.default_rng(10 * count + seed)
            points = rng.random((2, count, 2)) * [1000, 800]
            random = from_pairs(*points, size0=(1000, 800), size1=(1000, 800))
            found = matcher.judge(random, cameras)
            assert found.facts["model"] == "match-cnet"
            assert found.kept < count


def test_what_is_kept_falls_as_the_threshold_rises():
    matches, _ = given(500, wrong=0.1)
    kept = [
        Matcher(threshold=threshold).judge(matches, CAMERAS).kept
        for threshold in (0.0, 0.25, 0.5, 0.75, 0.9, 0.99)
    ]
    assert kept == sorted(kept, reverse=True)
    assert (kept[0], kept[-1]) == (500, 0)


def test_wrong_ones_are_dropped_where_most_are_wrong():
    matches, bad = given(500, wrong=0.6)
    found = Matcher().judge(matches, CAMERAS)
    kept = found.matches >= 0
    assert found.facts["model"] == "match-cnet"
    assert kept[~bad].mean() > 0.9
    assert bad[kept].mean() < 0.3
    assert found.inliers[~bad].mean() > 0.9


@pytest.mark.parametrize(("mutual", "least"), [(1.0, 0.25), (0.5, 0.75)])
def test_what_was_filtered_before_is_judged_less_strictly(mutual, least):
    matches, _ = given(400, wrong=0.1)
    rng = np.random.default_rng(1)
    matches = dataclasses.replace(
        matches,
        ratio=rng.uniform(0.3, 0.8, 400).astype(np.float32),
        mutual=np.arange(400) < mutual * 400,
    )
    found = Matcher().judge(matches, CAMERAS)
    assert found.facts["model"] == "match-n3cnet-flags"
    assert ((found.matches >= 0) == (found.match_confidence >= least)).all()
    asked = Matcher("match-n3cnet-flags").judge(matches, CAMERAS)
    assert ((asked.matches >= 0) == (asked.match_confidence >= 0.75)).all()


def test_pictures_are_judged_strictly_whatever_is_mutual():
    # All matches of a picture with itself are mutual, and no program has chosen them.
    matcher = Matcher()
    pixels = np.random.default_rng(0).integers(0, 256, (200, 300, 1), np.uint8)
    features = matcher.features(ArraySource(cv2.GaussianBlur(pixels, (0, 0), 2)[..., None]))
    found = matcher.match(features, features, CAMERAS)
    assert found.mutual.mean() > 0.9
    assert 0 < found.kept < found.putative
    assert ((found.matches >= 0) == (found.match_confidence >= 0.75)).all()
