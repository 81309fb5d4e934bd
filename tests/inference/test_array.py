"""What people may pass as an image, and what they are told of the rest."""

from __future__ import annotations

import numpy as np
import pytest

from n3cli.errors import InputError
from n3cli.inference.denoise import denoise
from n3cli.inference.match import match
from n3cli.inference.noise_level import measure_noise
from n3cli.inference.upscale import upscale

ENTRIES = [
    pytest.param(lambda image: denoise(image, 10), id="denoise"),
    pytest.param(lambda image: upscale(image, 2, "bicubic"), id="upscale"),
    pytest.param(lambda image: match(image, image, "none"), id="match"),
    pytest.param(measure_noise, id="measure_noise"),
]

pytestmark = pytest.mark.parametrize("entry", ENTRIES)


@pytest.mark.parametrize("given", [[[0.5]], None, "image.png", memoryview(b"12")])
def test_what_is_no_array_is_told(entry, given):
    kind = type(given).__name__
    with pytest.raises(InputError, match=rf"NumPy array.*got {kind}.*np\.asarray"):
        entry(given)


@pytest.mark.parametrize(
    ("shape", "way"),
    [
        ((5,), "H×W or H×W×C with C 1 or 3, got shape (5,)"),
        ((0, 5), "got shape (0, 5)"),
        ((9, 8, 5), "got shape (9, 8, 5)"),
        ((9, 8, 4), "remove the alpha channel first: pass image[..., :3]"),
        ((9, 8, 2), "remove the alpha channel first: pass image[..., :1]"),
        ((3, 9, 8), "channels come last: pass image.transpose(1, 2, 0)"),
        ((1, 9, 8), "channels come last: pass image.transpose(1, 2, 0)"),
        ((4, 9, 8), "channels come last: pass image.transpose(1, 2, 0)"),
        ((2, 9, 8, 3), "one image at a time: pass image[0] and so on"),
        ((2, 3, 9, 8), "one image at a time: pass image[0].transpose(1, 2, 0) and so on"),
    ],
)
def test_shapes_that_are_none_of_an_image_are_told_with_a_way(entry, shape, way):
    with pytest.raises(InputError) as told:
        entry(np.zeros(shape, np.uint8))
    assert way in str(told.value)


@pytest.mark.parametrize("mask", [False, np.eye(8) > 0])
def test_what_a_mask_hides_is_not_taken_for_pixels(entry, mask):
    hidden = np.ma.MaskedArray(np.full((8, 8), 100, np.uint8), mask)
    with pytest.raises(InputError, match=r"masked.*filled"):
        entry(hidden)


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_a_matrix_is_an_array(entry):
    entry(np.asmatrix(np.full((40, 50), 100, np.uint8)))
