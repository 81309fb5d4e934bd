"""Planes of a mosaic by themselves, and noise made even around what wants it even."""

import numpy as np
import pytest
from reference.real_sets import mosaic, photons, scene

from n3cli.inference.compute import Compute
from n3cli.inference.raw.mosaic import denoise_planes, denoise_stabilised


@pytest.mark.parametrize("size", [(2, 2), (7, 10), (8, 9)])
def test_each_plane_is_seen_once_and_put_back(size):
    values = np.arange(size[0] * size[1], dtype=np.float32).reshape(*size, 1)
    seen = []

    def negate(plane, *_):
        seen.append(plane)
        return -plane

    np.testing.assert_array_equal(denoise_planes(values, negate), -values)
    planes = [values[row::2, column::2] for row in (0, 1) for column in (0, 1)]
    for plane, expected in zip(seen, planes, strict=True):
        np.testing.assert_array_equal(plane, expected)


@pytest.mark.parametrize(("a", "b"), [(4e-3, 1e-5), (1e-4, 1e-4), (0, 1e-3)])
def test_a_method_gets_white_noise_of_the_level_it_is_told(a, b):
    clean = np.linspace(0.05, 0.95, 400)[:, None] * np.ones((1, 400))
    rng = np.random.default_rng(2)
    noisy = a * rng.poisson(clean / a) if a else clean
    noisy = noisy + np.sqrt(b) * rng.standard_normal(clean.shape)

    def rows_mean(image, sigma):
        spread = 255 * image.std(1)
        assert spread.mean() == pytest.approx(sigma, rel=0.02)
        assert spread[:40].mean() == pytest.approx(spread[-40:].mean(), rel=0.05)
        return np.broadcast_to(image.mean(1, keepdims=True), image.shape)

    estimate = denoise_stabilised(noisy[..., None].astype(np.float32), a, b, rows_mean)
    assert (estimate[..., 0] - clean).mean() == pytest.approx(0, abs=3e-4)
    assert np.abs(estimate[..., 0].mean(1) - noisy.mean(1)).max() < 5e-3


@pytest.mark.parametrize(("a", "b"), [(0, 0), (5e-10, 0), (5e-10, -1e-3), (-1, -1)])
def test_without_noise_nothing_is_done(a, b):
    plane = np.random.default_rng(0).random((5, 6, 1)).astype(np.float32)
    estimate = denoise_stabilised(plane, a, b, lambda image, sigma: image * 0)
    np.testing.assert_array_equal(estimate, plane)


def test_stabilised_planes_beat_one_level_for_all(shared):
    """The grey model around the transform, against the same told the mean noise level."""
    from n3cli.inference.denoiser import Denoiser
    from n3cli.ops.metric import psnr
    from n3cli.ops.row_source import ArraySource

    denoiser = Denoiser(None, Compute(device="cpu"))

    def run(image, sigma):
        return np.concatenate(list(denoiser.rows(ArraySource(image), sigma=sigma)))

    a, b = 8e-3, 1e-5
    clean = mosaic(scene(0, 128, 128))[..., None]
    noisy = photons(clean, 0, a, b).astype(np.float32)
    sigma = 255 * np.sqrt(a * clean.mean() + b)
    even = denoise_planes(noisy, lambda plane, *_: denoise_stabilised(plane, a, b, run))
    flat = denoise_planes(noisy, lambda plane, *_: run(plane, sigma))
    scores = [psnr(each, clean, peak=1) for each in (noisy, flat, even)]
    assert scores[0] + 8 < scores[1] < scores[2]
