"""Pictures made small as photos are: each step against what it should do by itself."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from n3cli.data.simulated.degradation import Strength, degrade, degrade_typically
from n3cli.io.recompress import recompress
from n3cli.ops.blur import gaussian_blur
from n3cli.ops.resize import resize


def strength(count, **given):
    plain = {
        "blur": np.zeros(count),
        "noise": np.zeros(count),
        "grey": np.zeros(count, bool),
        "quality": np.zeros(count, np.int64),
        "halved": np.zeros(count, bool),
        "corner": np.zeros((count, 2), np.int64),
    }
    return Strength(**(plain | given))


@pytest.fixture
def clean():
    """Smooth colour pictures with an edge."""
    ramp = torch.linspace(0.1, 0.8, 48)
    picture = torch.stack([ramp.expand(48, 48), ramp.expand(48, 48).T, 0.9 - ramp.expand(48, 48)])
    picture[:, :, 20:] *= 0.6
    return picture.repeat(2, 1, 1, 1)


def test_nothing_but_the_reduction(clean):
    small = degrade(clean, 3, strength(2), torch.randn(2, 3, 16, 16))
    expected = (resize(clean, 1 / 3) * 255).round().clamp(0, 255) / 255
    torch.testing.assert_close(small, expected)


def test_blur_is_in_pixels_of_the_small_picture(clean):
    small = degrade(clean, 2, strength(2, blur=np.array([0.8, 0])), torch.zeros(2, 3, 24, 24))
    expected = resize(gaussian_blur(clean, torch.tensor([1.6, 0.0])), 0.5)
    torch.testing.assert_close(small, expected, atol=0.5 / 255 + 1e-6, rtol=0)
    assert not torch.equal(small[0], small[1])


def test_noise_is_scaled_and_grey_where_it_should_be():
    clean = torch.full((2, 3, 128, 128), 0.5)
    noise = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    given = strength(2, noise=np.array([20 / 255] * 2), grey=np.array([False, True]))
    error = (degrade(clean, 2, given, noise) - 0.5) * 255
    assert error.std() == pytest.approx(20, rel=0.03)
    assert not torch.equal(error[0, 0], error[0, 1])
    assert torch.equal(error[1, 0], error[1, 1])
    assert torch.equal(error[1, 0], error[1, 2])


def by_pillow(pixels, quality, halved):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "jpeg", quality=quality, subsampling=2 if halved else 0)
    return np.asarray(Image.open(file))


@pytest.mark.parametrize("halved", [False, True])
def test_jpeg_is_what_another_encoder_makes(halved):
    rng = np.random.default_rng(3)
    pixels = np.kron(rng.integers(40, 216, (6, 7, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    pixels = pixels + rng.integers(0, 20, pixels.shape, np.uint8)
    ours = recompress(pixels, 50, halve_chroma=halved).astype(int)
    theirs = by_pillow(pixels, 50, halved).astype(int)
    changed = np.abs(ours - pixels).mean()
    assert changed > 3  # it does something
    assert np.abs(ours - theirs).mean() < 0.1 * changed


def test_jpeg_of_one_plane():
    pixels = np.random.default_rng(3).integers(0, 256, (16, 24, 1), np.uint8)
    out = recompress(pixels, 30, halve_chroma=True)
    assert out.shape == pixels.shape
    assert 5 < np.abs(out.astype(int) - pixels).mean() < 80


def test_the_block_grid_begins_in_the_corner():
    """Of a ramp that JPEG flattens block by block, steps stand where the grid says."""
    ramp = torch.linspace(0.05, 0.45, 64)
    clean = (ramp[:, None] + ramp).expand(1, 1, 64, 64)
    given = strength(1, quality=np.array([1]), corner=np.array([[3, 6]]))
    small = degrade(clean, 2, given, torch.zeros(1, 1, 32, 32))[0, 0].numpy()
    down = np.abs(np.diff(small, axis=0)).mean(1)  # between rows y and y + 1
    across = np.abs(np.diff(small, axis=1)).mean(0)
    assert set(np.argsort(down)[-4:]) == {4, 12, 20, 28}  # blocks begin at 5, 13, …
    assert set(np.argsort(across)[-4:]) == {1, 9, 17, 25}


def test_typical_photos_follow_from_the_index(clean):
    one, again = (degrade_typically(clean[0], 2, 7) for _ in range(2))
    assert torch.equal(one, again)
    assert one.shape == (3, 24, 24)
    assert not torch.equal(one, degrade_typically(clean[0], 2, 8))
    assert torch.equal((one * 255).round() / 255, one)
