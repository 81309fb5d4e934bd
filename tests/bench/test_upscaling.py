"""Super-resolution: the field's luma, border and reductions, and bicubic's published figures."""

from pathlib import Path

import numpy as np
import pytest
import torch

from n3cli.bench.measurement import Measurement, measure
from n3cli.bench.method import Method
from n3cli.bench.peer import make_peer, make_peers
from n3cli.bench.published import load_published
from n3cli.bench.report import describe
from n3cli.bench.suite import SUITES, find_suites
from n3cli.bench.upscaling import make_low, make_photo, score
from n3cli.data.location import list_images
from n3cli.data.simulated.degradation import degrade_typically
from n3cli.errors import ConfigError, DataError
from n3cli.ops.luma import studio_luma


def test_luma_is_matlabs():
    # rgb2ycbcr of black, white and the primaries, as its documentation has their range
    colours = np.array([[[0, 0, 0], [1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]]], np.float64)
    expected = [16, 235, 81.481, 144.553, 40.966]
    np.testing.assert_allclose(255 * studio_luma(colours)[0, :, 0], expected, atol=1e-9)


@pytest.mark.parametrize("planes", [1, 3])
def test_the_border_is_left_out_and_the_rest_is_not_rounded(planes):
    clean = np.full((40, 44, planes), 100 / 255, np.float32)
    estimate = clean.copy()
    estimate[:3], estimate[:, -3:] = 7, -7
    assert score(estimate, clean, 3).psnr == np.inf
    assert score(estimate, clean, 2).psnr < 30
    # An error of a fifth of a step; luma in colour has 219 steps of grey's 255.
    fifth = score(clean + np.float32(0.2 / 255), clean, 3).psnr
    steps = 0.2 * (219 / 255 if planes == 3 else 1)
    assert fifth == pytest.approx(20 * np.log10(255 / steps), abs=1e-2)


def test_the_luma_of_what_is_reduced_is_the_reduced_luma():
    clean = np.random.default_rng(0).random((12, 18, 3)).astype(np.float32)
    low = make_low(Path("a.png"), clean, 3)
    assert low.shape == (4, 6, 3)
    grey = make_low(Path("a.png"), studio_luma(clean.astype(np.float64)).astype(np.float32), 3)
    np.testing.assert_allclose(studio_luma(low), grey, atol=1e-6)


def test_an_original_that_cannot_be_reduced_by_the_scale():
    with pytest.raises(
        DataError, match="13×12 pixels, which is not a whole multiple of the scale 3"
    ):
        make_low(Path("a.png"), np.zeros((12, 13, 3), np.float32), 3)


def test_photos_are_what_everybody_is_judged_with():
    clean = np.random.default_rng(0).random((24, 36, 3)).astype(np.float32)
    low = make_photo(Path("a.png"), clean, 3, 5)
    planes = torch.from_numpy(clean.transpose(2, 0, 1))
    assert torch.equal(torch.from_numpy(low).permute(2, 0, 1), degrade_typically(planes, 3, 5))
    assert low.shape == (8, 12, 3)
    with pytest.raises(DataError, match="not a whole multiple of the scale 5"):
        make_photo(Path("a.png"), clean, 5, 5)


def test_a_suite_of_photos_takes_the_models_that_enlarge():
    suites = find_suites(["set14-photo", "set14"])
    assert suites[0].data_at(4) is suites[1].data_at(4)
    peers = make_peers([], [suites[0].task])
    assert [[method.name for method in each] for each in peers] == [["bicubic"]]
    assert "JPEG of quality 75" in suites[0].task.protocol
    assert "JPEG" not in suites[1].task.protocol
    titles = [describe(Measurement(suite, (2.0,), 14, ())) for suite in suites]
    assert titles[0].startswith("Set14, luma, from blurred, noisy and compressed pictures, ")
    assert titles[1].startswith("Set14, luma, ")
    assert "blurred" not in titles[1]


def test_scales_without_images_are_refused():
    assert SUITES["urban100-sr"].data_at(4).name == "urban100-x4"
    with pytest.raises(ConfigError, match="--scale 2, 4, not 3"):
        SUITES["urban100-sr"].data_at(3)


def test_bicubic_is_what_was_published_of_it(shared):
    suite = SUITES["set5"]
    paths = {scale: list_images(suite.data_at(scale), shared / "datasets") for scale in (2, 3, 4)}
    blocks = Method("", "", lambda image, scale: image.repeat(int(scale), 0).repeat(int(scale), 1))
    methods = [make_peer("bicubic"), blocks]
    measured = measure(suite, paths, methods, lambda text: None)
    (published,) = (p for p in load_published(suite, (2, 3, 4)) if p.method == "bicubic")
    np.testing.assert_allclose(measured.rows[0].psnr, published.psnr, atol=0.015)
    np.testing.assert_allclose(measured.rows[0].psnr, [33.69, 30.41, 28.43], atol=0.006)
    assert all(a > b + 1 for a, b in zip(measured.rows[0].psnr, measured.rows[1].psnr, strict=True))
