"""The number of false alarms against its definition, and against chance itself."""

import math

import numpy as np
import pytest

from n3cli.ops.chance import ESSENTIAL, FUNDAMENTAL, false_alarms


@pytest.mark.parametrize("kind", [ESSENTIAL, FUNDAMENTAL])
@pytest.mark.parametrize(("matches", "agreeing", "share"), [(30, 12, 0.01), (500, 60, 0.05)])
def test_it_is_the_definition(matches, agreeing, share, kind):
    sample, solutions = kind
    expected = (
        solutions
        * (matches - sample)
        * math.comb(matches, agreeing)
        * math.comb(agreeing, sample)
        * share ** (agreeing - sample)
    )
    assert false_alarms(matches, agreeing, share, kind) == pytest.approx(math.log10(expected))


def test_what_a_matrix_goes_through_anyway_tells_nothing():
    assert false_alarms(20, 5, 0.001, ESSENTIAL) == math.inf
    assert false_alarms(8, 7, 0.001, FUNDAMENTAL) == math.inf


def test_chance_is_told_from_agreement():
    by_chance = np.random.default_rng(0).binomial(300, 0.01, 50) + 5
    assert all(false_alarms(300, int(count), 0.01, ESSENTIAL) > 0 for count in by_chance)
    assert false_alarms(300, 40, 0.01, ESSENTIAL) < -10


@pytest.mark.parametrize("share", [0.0, 5.0])
def test_any_share_is_taken(share):
    assert math.isfinite(false_alarms(100, 20, share, ESSENTIAL))
