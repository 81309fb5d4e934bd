"""Figures of selections, against torchmetrics and cases that can be counted."""

import numpy as np
import pytest
import torch
from torchmetrics.functional.classification import (
    binary_average_precision,
    binary_f1_score,
    binary_precision,
    binary_recall,
)

from n3cli.ops.two_view.label_score import score_labels


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
