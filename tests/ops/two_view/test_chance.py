"""The number of false alarms against its definition, and against chance itself."""

import math

import numpy as np
import pytest

from n3cli.ops.two_view.chance import ESSENTIAL, FUNDAMENTAL, false_alarms


def plainly(matches, agreeing, share, kind):
    sample, solutions = kind
    return math.log10(
        solutions
        * (matches - sample)
        * math.comb(matches, agreeing)
        * math.comb(agreeing, sample)
        * share ** (agreeing - sample)
    )


@pytest.mark.parametrize("kind", [ESSENTIAL, FUNDAMENTAL])
@pytest.mark.parametrize(("matches", "agreeing"), [(30, 12), (500, 60), (8, 8)])
def test_it_is_the_least_of_the_definitions(matches, agreeing, kind):
    shares = np.random.default_rng(0).uniform(0.001, 0.02, agreeing)
    expected = min(
        plainly(matches, count, np.sort(shares)[count - 1], kind)
        for count in range(kind[0] + 1, agreeing + 1)
    )
    assert false_alarms(matches, shares, kind) == pytest.approx(expected)


def test_what_a_matrix_goes_through_anyway_tells_nothing():
    assert false_alarms(20, np.zeros(5), ESSENTIAL) == math.inf
    assert false_alarms(8, np.zeros(7), FUNDAMENTAL) == math.inf
    assert false_alarms(8, np.zeros(0), FUNDAMENTAL) == math.inf


def test_chance_is_told_from_agreement():
    rng = np.random.default_rng(0)
    for _ in range(50):
        # Of 300 random matches, those within a hundredth of the area, and the sample itself.
        by_chance = rng.random(300)
        shares = np.concatenate([np.zeros(5), by_chance[by_chance < 0.01]])
        assert false_alarms(305, shares, ESSENTIAL) > 0
    assert false_alarms(300, rng.uniform(0, 0.01, 40), ESSENTIAL) < -10


@pytest.mark.parametrize("share", [0.0, 5.0])
def test_any_share_is_taken(share):
    assert math.isfinite(false_alarms(100, np.full(20, share), ESSENTIAL))
