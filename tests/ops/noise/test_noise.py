"""Added noise: its statistics, its seed, and what it leaves alone."""

import numpy as np
import pytest

from n3cli.ops.noise.added import add_gaussian_noise


def test_statistics_are_those_asked_for():
    noise = add_gaussian_noise(np.full((400, 400), 0.5), 25 / 255, 0) - 0.5
    assert noise.mean() == pytest.approx(0, abs=1e-3)
    assert noise.std() == pytest.approx(25 / 255, rel=5e-3)
    assert np.corrcoef(noise[:, 1:].ravel(), noise[:, :-1].ravel())[0, 1] == pytest.approx(
        0, abs=0.01
    )


def test_seed_and_shape_alone_decide_the_field():
    clean = np.random.default_rng(7).random((9, 8, 3)).astype(np.float32)
    one, two = add_gaussian_noise(clean, 0.1, 4), add_gaussian_noise(clean, 0.1, 4)
    np.testing.assert_array_equal(one, two)
    assert not np.allclose(one, add_gaussian_noise(clean, 0.1, 5))
    np.testing.assert_allclose(
        (add_gaussian_noise(clean, 0.2, 4) - clean) / 2, one - clean, atol=1e-6
    )


def test_the_field_is_numpys():
    field = np.random.default_rng(11).standard_normal((5, 6))
    np.testing.assert_allclose(add_gaussian_noise(np.zeros((5, 6)), 1.0, 11), field, rtol=1e-6)


def test_float32_unclipped_and_the_input_kept():
    clean = np.ones((64, 64), np.float32)
    noisy = add_gaussian_noise(clean, 0.2, 0)
    assert noisy.dtype == np.float32
    assert noisy.max() > 1.2
    assert np.unique(noisy).size > 4000
    assert (clean == 1).all()
