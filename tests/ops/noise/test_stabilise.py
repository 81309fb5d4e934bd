"""The generalised Anscombe transform against sums over Poisson counts and Gaussian integrals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson

from n3cli.errors import ConfigError
from n3cli.ops.noise.stabilise import restore, stabilise


def moments(mean, a, b):
    """Mean and variance of the transform of values a·Poisson(mean/a) + √b·N, by summation."""
    expected = mean / a
    counts = np.arange(int(expected + 12 * np.sqrt(expected + 1) + 20))
    normal = np.linspace(-8, 8, 2001)
    density = np.exp(-(normal**2) / 2)
    weight = poisson.pmf(counts, expected)[:, None] * density / density.sum()
    values = stabilise(a * counts[:, None] + np.sqrt(b) * normal, a, b)
    first = (weight * values).sum()
    return first, (weight * values**2).sum() - first**2


@pytest.mark.parametrize("a", [1.0, 2e-3])
@pytest.mark.parametrize("spread", [0.0, 0.5, 1.0, 5.0])  # deviation of the Gaussian part in counts
@pytest.mark.parametrize("counts", [0.0, 0.2, 1, 3, 10, 100, 1000])
def test_the_way_back_gives_the_mean(a, spread, counts):
    b = (spread * a) ** 2
    mean, variance = moments(counts * a, a, b)
    # The bias is a small part of one photon; the plain algebraic inverse is off by 1/4 and more.
    assert restore(np.array(mean), a, b) / a == pytest.approx(counts, abs=0.045)
    if counts >= 10:
        assert variance == pytest.approx(1, abs=0.03)


@given(
    a=st.floats(1e-6, 0.1),
    b=st.floats(0, 0.1),
    value=st.floats(0, 1),
)
def test_it_is_increasing_and_the_two_ways_nearly_meet(a, b, value):
    ends = stabilise(np.array([value, value + 0.01]), a, b)
    assert ends[0] < ends[1]
    back = restore(ends, a, b)
    assert back[0] <= back[1]
    # At the mean itself the unbiased inverse lies above by about a quarter of a photon.
    assert abs(back[0] - value) <= a


def test_without_gain_it_only_scales():
    values = np.array([-0.5, 0.0, 2.0])
    np.testing.assert_allclose(stabilise(values, 0, 0.04), values / 0.2)
    np.testing.assert_allclose(restore(values / 0.2, 0, 0.04), values)


def test_darkness_is_never_negative():
    assert restore(np.array([-3.0, 0.0, 0.5]), 1e-3, 1e-6).min() >= 0
    assert np.isfinite(stabilise(np.array([-1.0]), 1e-3, 1e-6)).all()
    np.testing.assert_array_equal(
        stabilise(np.array([0.3]), 1e-3, -1e-6), stabilise(np.array([0.3]), 1e-3, 0)
    )


def test_below_the_reach_of_the_series_it_is_as_at_its_end():
    end, *below = restore(np.array([1.0, 0.6, 0.2, 0.0, -3.0]), 1e-3, 1e-9)
    np.testing.assert_array_equal(below, end)


@pytest.mark.parametrize(("a", "b"), [(-1e-3, 1e-3), (0, 0), (0, -1), (np.nan, 1), (1, np.inf)])
def test_what_is_no_noise_is_refused(a, b):
    with pytest.raises(ConfigError, match="cannot be stabilised"):
        stabilise(np.zeros(3), a, b)
