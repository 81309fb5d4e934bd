"""Super-resolution: the field's luma, border and reductions, and bicubic's published figures."""

from pathlib import Path

import numpy as np
import pytest

from n3cli.bench.measurement import measure
from n3cli.bench.method import Method
from n3cli.bench.peer import make_peer
from n3cli.bench.published import load_published
from n3cli.bench.suite import SUITES
from n3cli.bench.upscaling import load_low, score
from n3cli.data.location import list_images
from n3cli.errors import ConfigError, DataError
from n3cli.io.picture import Picture, write_picture
from n3cli.ops.luma import studio_luma


def test_luma_is_matlabs():
    # rgb2ycbcr of black, white and the primaries, as its documentation has their range
    colours = np.array([[[0, 0, 0], [1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]]], np.float64)
    expected = [16, 235, 81.481, 144.553, 40.966]
    np.testing.assert_allclose(255 * studio_luma(colours)[0, :, 0], expected, atol=1e-9)


@pytest.mark.parametrize("planes", [1, 3])
def test_the_border_is_left_out_and_the_rest_is_rounded(planes):
    clean = np.full((40, 44, planes), 100 / 255, np.float32)
    estimate = clean.copy()
    estimate[:3], estimate[:, -3:] = 7, -7
    assert score(estimate, clean, 3).psnr == np.inf
    assert score(estimate, clean, 2).psnr < 30
    assert score(clean + np.float32(0.1 / 255), clean, 3).psnr == np.inf  # less than a step
    brighter = score(clean + np.float32(2 / 255), clean, 3).psnr
    assert brighter == pytest.approx(20 * np.log10(255 / 2), abs=1e-6)


@pytest.fixture
def original(tmp_path) -> Path:
    path = tmp_path / "a_SRF_2_HR.png"
    write_picture(path, Picture(np.zeros((8, 12, 3), np.uint8)))
    return path


def test_the_low_resolution_image_must_be_there_and_fit(original):
    clean = np.zeros((8, 12, 3), np.float32)
    low = original.with_name("a_SRF_2_LR.png")
    with pytest.raises(DataError, match=r"a_SRF_2_LR\.png is missing"):
        load_low(original, clean, 2)
    write_picture(low, Picture(np.full((4, 6, 3), 255, np.uint8)))
    np.testing.assert_array_equal(load_low(original, clean, 2), np.ones((4, 6, 3), np.float32))
    with pytest.raises(DataError, match="6×4 pixels"):
        load_low(original, clean, 3)


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
    np.testing.assert_allclose(measured.rows[0].psnr, published.psnr, atol=0.04)
    assert all(a > b + 1 for a, b in zip(measured.rows[0].psnr, measured.rows[1].psnr, strict=True))
