"""The field's figures of poses, by hand and by counting."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from n3cli.ops.two_view.pose_score import (
    accuracy,
    area_under_curve,
    bootstrap_interval,
    mean_accuracy,
)

ERRORS = [1.0, 4.0, 5.0, 8.0, 14.0, np.inf]


def test_accuracy_counts_the_threshold_in():
    assert accuracy(ERRORS, 5) == 0.5
    assert accuracy(ERRORS, 20) == pytest.approx(5 / 6)


def test_map_is_the_mean_of_accuracies():
    assert mean_accuracy(ERRORS, 5) == 0.5
    assert mean_accuracy(ERRORS, 10) == pytest.approx((3 / 6 + 4 / 6) / 2)
    assert mean_accuracy(ERRORS, 20) == pytest.approx((3 + 4 + 5 + 5) / 6 / 4)


@given(
    st.lists(st.floats(0, 200), min_size=1, max_size=30), st.sampled_from([1.0, 5.0, 10.0, 20.0])
)
def test_auc_is_the_area_under_the_steps(errors, threshold):
    steps = np.linspace(0, threshold, 2001)
    area = np.mean([(np.asarray(errors) <= step).mean() for step in steps])
    assert area_under_curve(errors, threshold) == pytest.approx(area, abs=2e-3)


def test_perfect_and_hopeless():
    assert area_under_curve([0, 0], 5) == mean_accuracy([0, 0], 20) == 1
    assert area_under_curve([np.inf], 5) == mean_accuracy([np.inf, 21], 20) == 0


@pytest.mark.parametrize("errors", [[], [1.0, np.nan], [-1.0]])
def test_errors_that_are_none(errors):
    with pytest.raises(ValueError, match="none of them negative"):
        accuracy(errors, 5)


def test_the_interval_holds_the_figure_and_narrows():
    rng = np.random.default_rng(0)
    few, many = rng.exponential(8, 30), rng.exponential(8, 3000)
    for errors in (few, many):
        low, high = bootstrap_interval(errors, 10)
        assert low < mean_accuracy(errors, 10) < high
        assert (low, high) == bootstrap_interval(errors, 10)
    spans = [np.ptp(bootstrap_interval(errors, 10)) for errors in (few, many)]
    assert spans[1] < spans[0] / 5


def test_pairs_are_drawn_with_all_that_belongs_to_them():
    errors = np.random.default_rng(0).exponential(8, 30)
    repeated = np.repeat(errors[:, None], 7, 1)
    assert bootstrap_interval(repeated, 10) == pytest.approx(bootstrap_interval(errors, 10))
    assert mean_accuracy(repeated, 10) == pytest.approx(mean_accuracy(errors, 10))
