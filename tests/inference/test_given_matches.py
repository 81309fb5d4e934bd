"""Matches of other programs, of which nothing is known but where they are."""

import dataclasses

import cv2
import numpy as np
import pytest

from n3cli.inference.matcher import Matcher
from n3cli.io.matches import from_pairs
from n3cli.ops.camera import Camera

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
    asked, found = (
        Matcher(model, threshold=0.25).judge(matches, CAMERAS) for model in ("match-cnet", None)
    )
    assert (asked.matches >= 0)[~bad].mean() < 0.7
    assert found.facts["model"] == "none"
    assert found.logits is None
    assert found.kept == 500
    assert found.inliers[~bad].mean() > 0.95


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
