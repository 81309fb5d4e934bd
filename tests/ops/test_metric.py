"""PSNR and SSIM against slow formulas, against scikit-image, and in their properties."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from reference.slow_metric import slow_psnr, slow_ssim
from torchmetrics.functional.image import (
    peak_signal_noise_ratio,
    structural_similarity_index_measure,
)

from n3cli.errors import InputError
from n3cli.ops.metric import psnr, ssim


def pair(shape, seed=0, peak=1.0):
    """A smooth-ish image and a noisy copy, in [0, peak]."""
    rng = np.random.default_rng(seed)
    clean = rng.random(shape).cumsum(0) % 1
    noisy = np.clip(clean + 0.1 * rng.standard_normal(shape), 0, 1)
    return peak * clean, peak * noisy


@pytest.mark.parametrize("peak", [1.0, 255.0])
def test_psnr_is_the_formula(peak):
    a, b = pair((13, 17, 3), peak=peak)
    assert psnr(a, b, peak) == pytest.approx(slow_psnr(a, b, peak), abs=1e-10)


@pytest.mark.parametrize("shape", [(11, 11), (12, 19), (20, 11)])
@pytest.mark.parametrize("peak", [1.0, 255.0])
def test_ssim_is_the_formula(shape, peak):
    a, b = pair(shape, peak=peak)
    assert ssim(a, b, peak) == pytest.approx(slow_ssim(a, b, peak), abs=1e-10)


@pytest.mark.parametrize("shape", [(40, 31), (40, 31, 3)])
def test_both_agree_with_scikit_image(shape):
    skimage = pytest.importorskip("skimage.metrics", reason="scikit-image is not installed")
    a, b = pair(shape, seed=3)
    expected = skimage.structural_similarity(
        a,
        b,
        data_range=1.0,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        channel_axis=-1 if len(shape) == 3 else None,
    )
    assert ssim(a, b, 1.0) == pytest.approx(expected, abs=1e-9)
    assert psnr(a, b, 1.0) == pytest.approx(skimage.peak_signal_noise_ratio(a, b, data_range=1.0))


@pytest.mark.parametrize("shape", [(40, 31), (40, 31, 3)])
def test_both_agree_with_torchmetrics(shape):
    a, b = pair(shape, seed=4)
    batches = [torch.from_numpy(np.atleast_3d(each)).permute(2, 0, 1)[None] for each in (a, b)]
    _, similarity = structural_similarity_index_measure(
        *batches, sigma=1.5, data_range=1.0, return_full_image=True
    )
    inside = similarity[..., 5:-5, 5:-5]  # it mirrors the image at its border; Wang et al. do not
    assert ssim(a, b, 1.0) == pytest.approx(float(inside.mean()), abs=1e-9)
    expected = peak_signal_noise_ratio(*batches, data_range=1.0)
    assert psnr(a, b, 1.0) == pytest.approx(float(expected), abs=1e-9)


def test_eight_bit_images_do_not_wrap_around():
    a = np.full((16, 16), 250, np.uint8)
    b = np.full((16, 16), 5, np.uint8)
    assert psnr(a, b, 255) == pytest.approx(20 * math.log10(255 / 245))
    assert ssim(a, b, 255) == pytest.approx(ssim(a.astype(float), b.astype(float), 255))


def test_equal_images_are_perfect():
    a, _ = pair((16, 16, 3))
    assert psnr(a, a, 1) == math.inf
    assert ssim(a, a, 1) == pytest.approx(1)


@given(seed=st.integers(0, 1000), scale=st.floats(0.01, 1000))
def test_symmetric_and_free_of_scale(seed, scale):
    a, b = pair((12, 13), seed)
    assert psnr(a, b, 1) == psnr(b, a, 1)
    assert ssim(a, b, 1) == pytest.approx(ssim(b, a, 1), abs=1e-12)
    assert psnr(scale * a, scale * b, scale) == pytest.approx(psnr(a, b, 1), abs=1e-6)
    assert ssim(scale * a, scale * b, scale) == pytest.approx(ssim(a, b, 1), abs=1e-6)


def test_small_images_are_refused_with_advice():
    with pytest.raises(InputError, match=r"at least 11×11 pixels, got 10×40"):
        ssim(np.zeros((10, 40)), np.zeros((10, 40)), 1)


@pytest.mark.parametrize("metric", [psnr, ssim])
@pytest.mark.parametrize("shapes", [((12, 12), (12, 13)), ((12,), (12,)), ((0, 12), (0, 12))])
def test_what_cannot_be_compared_is_refused(metric, shapes):
    with pytest.raises(InputError, match="one shape"):
        metric(*map(np.zeros, shapes), 1)
