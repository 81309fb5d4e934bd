<<<<<<< HEAD
"""Figures of selections, against torchmetrics and cases that can be counted."""
=======
"""Scores of labels, against torchmetrics and by hand."""
>>>>>>> match

import numpy as np
import pytest
import torch
<<<<<<< HEAD
from torchmetrics.functional.classification import (
    binary_average_precision,
    binary_f1_score,
    binary_precision,
    binary_recall,
)

from n3cli.ops.label_score import score_labels


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("levels", [3, 1000])  # many equal scores, and few
def test_against_torchmetrics(seed, levels):
    rng = np.random.default_rng(seed)
    right = rng.random(200) < 0.3
    score = np.round(levels * (0.5 * rng.random(200) + 0.5 * right)) / levels
    kept = score > 0.6
    truth, chosen = torch.from_numpy(right), torch.from_numpy(kept).int()
    expected = (
        binary_precision(chosen, truth.int()),
        binary_recall(chosen, truth.int()),
        binary_f1_score(chosen, truth.int()),
        binary_average_precision(torch.from_numpy(score), truth.int()),
    )
    np.testing.assert_allclose(score_labels(right, kept, score), expected, rtol=1e-6)


def test_ends():
    yes, no = np.ones(4, bool), np.zeros(4, bool)
    ranks = np.arange(4.0)
    assert score_labels(yes, yes, ranks) == (1, 1, 1, 1)
    assert score_labels(yes, no, ranks) == (0, 0, 0, 1)
    assert np.isnan(score_labels(no, yes, ranks)).all()
    one = np.array([True, False, False, False])
    assert score_labels(one, ~one, ranks) == (0, 0, 0, 0.25)
=======
from torchmetrics.functional.classification import binary_average_precision, binary_f1_score

from n3cli.ops.label_score import average_precision, f1, precision_and_recall


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("steps", [3, 1000])
def test_scores_are_torchmetrics(seed, steps):
    rng = np.random.default_rng(seed)
    right = rng.random(200) < 0.3
    score = np.round(rng.normal(right, 1) * steps) / steps  # few steps: many share a score
    chosen = score > 0.5
    target = torch.from_numpy(right).int()
    expected = binary_average_precision(torch.from_numpy(score), target)
    assert average_precision(score, right) == pytest.approx(float(expected), abs=1e-6)
    expected = binary_f1_score(torch.from_numpy(chosen).int(), target)
    assert f1(chosen, right) == pytest.approx(float(expected), abs=1e-6)


def test_by_hand():
    right = np.array([True, True, False, False, True])
    chosen = np.array([True, False, True, False, False])
    assert precision_and_recall(chosen, right) == (1 / 2, 1 / 3)
    assert average_precision(np.array([5.0, 4, 3, 2, 1]), right) == pytest.approx(
        (1 + 1 + 3 / 5) / 3
    )


def test_where_there_is_nothing():
    nothing, score = np.zeros(4, bool), np.arange(4.0)
    assert average_precision(score, nothing) == 0
    assert average_precision(score, ~nothing) == 1
    assert precision_and_recall(nothing, nothing) == (0, 0)
    assert f1(nothing, ~nothing) == 0
>>>>>>> match
