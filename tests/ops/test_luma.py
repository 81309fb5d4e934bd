"""Luma: the weights of BT.601, exact rounding, and the type kept."""

from fractions import Fraction

import numpy as np
import pytest

from n3cli.ops.luma import luma


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_integers_are_rounded_to_the_nearest(dtype):
    top = np.iinfo(dtype).max
    image = np.random.default_rng(0).integers(0, top + 1, (30, 20, 3)).astype(dtype)
    image[0, 0] = top
    image[0, 1] = 0
    grey = luma(image)
    assert (grey.dtype, grey.shape) == (dtype, (30, 20, 1))
    assert grey[0, 0, 0] == top
    assert grey[0, 1, 0] == 0
    weights = [Fraction(299, 1000), Fraction(587, 1000), Fraction(114, 1000)]
    for pixel, value in zip(image.reshape(-1, 3).tolist(), grey.ravel().tolist(), strict=True):
        exact = sum(w * v for w, v in zip(weights, pixel, strict=True))
        assert abs(value - exact) <= Fraction(1, 2)


def test_halves_go_up():
    image = np.array([[[0, 0, 250]]], np.uint8)  # 0.114 · 250 = 28.5
    assert luma(image)[0, 0, 0] == 29


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_are_weighted(dtype):
    image = np.random.default_rng(1).random((7, 5, 3)).astype(dtype)
    grey = luma(image)
    assert (grey.dtype, grey.shape) == (dtype, (7, 5, 1))
    red, green, blue = np.moveaxis(image.astype(np.float64), 2, 0)
    expected = 0.299 * red + 0.587 * green + 0.114 * blue
    np.testing.assert_allclose(grey[..., 0], expected, rtol=4 * np.finfo(dtype).eps)
