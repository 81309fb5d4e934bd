"""The default models over their whole range of noise levels, on a photo."""

from itertools import pairwise

import numpy as np
import pytest
from skimage.data import chelsea

from n3cli.inference.denoise import denoise
from n3cli.ops.metric import psnr
from n3cli.zoo.load import load_model


@pytest.fixture(scope="module", params=["denoise-n3unet-gray", "denoise-n3unet-color"])
def model(request):
    return load_model(request.param)


@pytest.fixture(scope="module")
def photo(model):
    pixels = chelsea()[60:252, 100:292].astype(np.float32) / 255
    return pixels if model.network.description.channels == 3 else pixels[..., 1:2]


def clean(image, sigma, model):
    return denoise(image, sigma, model, precision="fp32").reshape(image.shape)


def checkerboard(channels):
    rows, columns = np.mgrid[:96, :128] // 8
    board = ((rows + columns) % 2).astype(np.float32)
    return np.repeat(board[..., None], channels, 2)


def test_without_noise_nothing_changes(model, photo):
    for image in (photo, checkerboard(photo.shape[2])):
        np.testing.assert_array_equal(clean(image, 0, model), image)


@pytest.mark.parametrize("sigma", [0.2, 1, 5])
def test_no_value_moves_farther_than_noise_may_have(model, photo, sigma):
    for image in (photo, checkerboard(photo.shape[2])):
        assert np.abs(clean(image, sigma, model) - image).max() <= 5 * sigma / 255 + 1e-6


def test_nearly_no_noise_leaves_a_photo_nearly_alone(model, photo):
    difference = clean(photo, 0.1, model) - photo
    assert 0 < np.sqrt(np.mean(difference**2)) <= 1 / 255


def test_the_result_follows_the_level_without_a_jump(model, photo):
    noise = np.random.default_rng(1).normal(size=photo.shape).astype(np.float32)
    noisy = photo + 30 / 255 * noise
    levels = [0.0, 0.5, 1, 2, 4, 8, 15, 22, 30, 31, 40, 50, 60, 70, 74.5, 75]
    results = [(level, clean(noisy, level, model)) for level in levels]
    for (low, first), (high, second) in pairwise(results):
        step = np.sqrt(np.mean((first - second) ** 2)) * 255
        # All noise of a level is that level; where edges of what is noise move, a little more. At
        # the lowest levels the bound is met, which grows by five times the level.
        assert step <= (2 if low >= 2 else 5) * (high - low), (low, high)


def test_quality_falls_steadily_with_the_noise(model, photo):
    noise = np.random.default_rng(2).normal(size=photo.shape).astype(np.float32)
    scores = [
        psnr(clean(photo + level / 255 * noise, level, model), photo, 1)
        for level in (2, 5, 10, 15, 25, 35, 50, 60, 75)
    ]
    gains = np.array(scores) - 20 * np.log10(255 / np.array([2, 5, 10, 15, 25, 35, 50, 60, 75]))
    assert (np.diff(scores) < 0).all()
    assert (np.diff(gains) > 0).all()  # the more noise, the more of it goes
    assert gains[0] > 0.5  # the photo has some noise of its own
