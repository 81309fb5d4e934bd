"""Where a raw file's noise is from, and what a real file shows."""

import numpy as np
import pytest
import skimage.data
from reference.dng import BAYER, X_TRANS, make_dng
from reference.scenes import colour_planes, exposed, filtered, linear

from n3cli.inference.raw.noise import estimate_noise, estimate_noise_of, find_noise
from n3cli.io.raw.mosaic import read_raw
from n3cli.ops.noise.model import NoiseModel

A, B = 0.01, 2e-4


def file_of(noise=(), pattern="GRBG", tiles=1):
    clean = filtered(linear(skimage.data.astronaut()), BAYER[pattern])
    noisy = exposed(np.tile(clean, (tiles, tiles)), A, B, 1)
    values = np.rint(2048 + (15000 - 2048) * noisy).clip(0, 65535).astype(np.uint16)
    return make_dng(values, BAYER[pattern], noise=noise, black=2048)


def test_a_profile_comes_first():
    noise = find_noise(read_raw(file_of(noise=(0.5, 0.25))))
    assert noise.source == "profile"
    assert noise.models == (NoiseModel(0.5, 0.25),) * 3
    assert noise.reliable


@pytest.mark.parametrize("pattern", BAYER)
def test_without_a_profile_it_is_measured(pattern):
    noise = find_noise(read_raw(file_of(pattern=pattern)))
    assert noise.source == "estimate"
    assert noise.reliable
    for model in noise.models:
        assert model.a == pytest.approx(A, rel=0.1)
        assert model.b == pytest.approx(B, rel=0.1)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("shift", [(0, 0), (1, 5), (4, 2)])
def test_texture_is_no_noise_of_x_trans(turned, shift):
    """Only its 2×2 greens lie close enough to tell one from the other."""
    pattern = np.roll(np.array(X_TRANS), shift, (0, 1))
    pattern = tuple(map(tuple, (pattern.T if turned else pattern).tolist()))
    clean = filtered(linear(skimage.data.astronaut()), pattern)
    noisy = exposed(clean, 5e-4, 1e-6, 1)
    values = np.rint(2048 + (15000 - 2048) * noisy).clip(0, 65535).astype(np.uint16)
    red, green, blue = find_noise(read_raw(make_dng(values, pattern, black=2048))).models
    assert red == green == blue
    light = np.array([0.05, 0.2, 0.5])
    truth = NoiseModel(5e-4, 1e-6).deviation(light)
    np.testing.assert_allclose(green.deviation(light), truth, rtol=0.15)


def test_the_reason_is_that_of_the_colour_concerned():
    light = linear(skimage.data.coffee())
    light[..., 1] *= 50
    noisy = np.minimum(exposed(filtered(light, BAYER["RGGB"]), 0.002, 1.6e-5, 0), 1)
    noise = estimate_noise(colour_planes(noisy, BAYER["RGGB"]))
    assert not noise.reliable
    assert noise.reason.startswith("in green, ")


def test_a_large_file_is_judged_by_samples():
    noise = estimate_noise_of(read_raw(file_of(tiles=5)))
    assert noise.models[1].a == pytest.approx(A, rel=0.1)
    assert noise.models[1].b == pytest.approx(B, rel=0.1)


def test_a_real_file_agrees_with_its_flat_patches(shared):
    """Variances of plain squares, whose shading is taken away by differences of neighbours."""
    raw = read_raw(shared / "raw" / "colorchart.dng")
    noise = find_noise(raw)
    assert noise.source == "estimate"
    found = []
    for row, column in ((0, 1), (1, 0)):  # green
        plane = raw.mosaic[row::2, column::2].astype(np.float64)
        height, width = (size // 32 for size in plane.shape)
        for y, x in np.ndindex(height, width):
            square = plane[32 * y : 32 * y + 32, 32 * x : 32 * x + 32]
            diagonal = square[1:, 1:] - square[1:, :-1] - square[:-1, 1:] + square[:-1, :-1]
            found.append((square.mean(), diagonal.var() / 4, square.var()))
    mean, variance, spread = np.array(found).T
    flat = spread < 1.15 * variance
    assert flat.sum() > 20
    expected = noise.models[1].a * mean[flat] + noise.models[1].b
    assert np.median(variance[flat] / expected) == pytest.approx(1, abs=0.1)
