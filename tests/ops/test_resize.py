"""Bicubic resizing: MATLAB's own results to the bit, a slow formula, and its properties."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from n3cli.io.picture import read_picture
from n3cli.ops import resize as module


def resize(image, scale=None, size=None):
    """H×W×C in and out."""
    planes = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))
    return module.resize(planes, scale, size=size).permute(1, 2, 0).numpy()


SCALES = [1 / 4, 1 / 3, 1 / 2, 2, 3, 4, 0.7, 1.3]


def keys(x):
    """Keys 1981, eq. 15, a = -1/2."""
    x = abs(x)
    if x <= 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x < 2 else 0.0


def slow(row, scale):
    """One row, one output pixel after the other."""
    stretch = min(scale, 1)
    outputs = []
    for output in range(int(np.ceil(len(row) * scale - 1e-9))):
        centre = (output + 0.5) / scale - 0.5
        reach = int(2 / stretch) + 2
        taps = range(int(centre) - reach, int(centre) + reach + 1)
        weights = [keys(stretch * (centre - tap)) for tap in taps]
        values = [row[min(max(tap, 0), len(row) - 1)] for tap in taps]
        outputs.append(np.dot(weights, values) / sum(weights))
    return np.array(outputs)


@pytest.mark.parametrize("name", ["Set5", "Set14"])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_published_reductions_come_out_to_the_bit(shared: Path, name, scale):
    folder = shared / "datasets" / name / f"image_SRF_{scale}"
    originals = sorted(folder.glob("*_HR.png"))
    assert len(originals) == int(name.removeprefix("Set"))
    for original in originals:
        reduced = read_picture(original.with_name(original.name.replace("_HR", "_LR"))).pixels
        made = resize(read_picture(original).pixels, 1 / scale)
        np.testing.assert_array_equal(made, reduced, str(original))


@pytest.mark.parametrize("scale", SCALES)
def test_each_axis_is_the_formula(scale):
    image = np.random.default_rng(1).random((9, 11, 2)).astype(np.float32)
    rows = np.apply_along_axis(slow, 0, image.astype(np.float64), scale)
    expected = np.apply_along_axis(slow, 1, rows, scale)
    np.testing.assert_allclose(resize(image, scale), expected, atol=1e-6)


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from(SCALES), st.integers(0, 255))
def test_flat_stays_flat_at_any_size(height, width, scale, value):
    image = np.full((height, width, 1), value, np.uint8)
    resized = resize(image, scale)
    assert resized.shape == (*(int(np.ceil(n * scale - 1e-9)) for n in (height, width)), 1)
    assert (resized == value).all()


@pytest.mark.parametrize("scale", SCALES)
def test_mirrored_at_the_diagonal_before_or_after_is_the_same(scale):
    image = np.random.default_rng(2).random((12, 17, 3)).astype(np.float32)
    turned = resize(image.swapaxes(0, 1), scale)
    np.testing.assert_allclose(turned, resize(image, scale).swapaxes(0, 1), atol=1e-6)


@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 70), st.integers(1, 70))
def test_any_size_is_the_formula_with_a_scale_an_axis(height, width, rows, columns):
    image = np.random.default_rng(3).random((height, width, 1))
    result = resize(image, size=(rows, columns))
    assert result.shape == (rows, columns, 1)
    one_row = slow(image[0, :, 0], columns / width)
    np.testing.assert_allclose(resize(image[:1], size=(1, columns))[0, :, 0], one_row, atol=1e-9)


def test_a_scale_and_a_size_that_is_cropped():
    """The first pixels are those of the whole: the scale decides where pixels lie."""
    image = np.random.default_rng(4).random((10, 13, 1))
    whole = resize(image, 3)
    np.testing.assert_allclose(resize(image, 3, size=(28, 35)), whole[:28, :35], rtol=1e-12)


def test_neither_scale_nor_size():
    with pytest.raises(ValueError, match="scale or a size"):
        resize(np.zeros((2, 2, 1)))


def test_strips_push_nothing_out_of_what_is_kept():
    image = torch.rand(1, 64, 64)
    module.resize(image, 2.0)
    kept = module._keep_bands.cache_info().misses
    taps = module.make_taps(64, 128, 2.0)
    for top in range(0, 128, 8):
        module.resize_axis(image, taps[top : top + 8], -2)
    module.resize(image, 2.0)
    assert module._keep_bands.cache_info().misses == kept


def test_the_reduced_precision_of_networks_does_not_reach_pixels():
    image = torch.rand(3, 20, 30)
    expected = module.resize(image, 2.5)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(module.resize(image, 2.5), expected)


def test_what_inference_has_kept_serves_training():
    with torch.inference_mode():
        module.resize(torch.rand(1, 23, 29), 2.0)
    image = torch.rand(1, 23, 29, requires_grad=True)
    module.resize(image, 2.0).sum().backward()
    assert image.grad is not None
