"""What people may pass as an image, what they get back, and what they are told of the rest."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from n3cli.errors import InputError
from n3cli.inference.denoise import denoise
from n3cli.inference.match.match import match
from n3cli.inference.noise_level import measure_noise
from n3cli.inference.upscale import upscale

ENTRIES = [
    pytest.param(lambda image: denoise(image, 10), id="denoise"),
    pytest.param(lambda image: upscale(image, 2, "bicubic"), id="upscale"),
    pytest.param(lambda image: match(image, image, "none"), id="match"),
    pytest.param(measure_noise, id="measure_noise"),
]

every_entry = pytest.mark.parametrize("entry", ENTRIES)


@every_entry
@pytest.mark.parametrize("given", [[[0.5]], None, "image.png", memoryview(b"12")])
def test_what_is_no_array_is_told(entry, given):
    kind = type(given).__name__
    with pytest.raises(
        InputError, match=rf"NumPy array or a torch tensor, got {kind};.*np\.asarray"
    ):
        entry(given)


@every_entry
@pytest.mark.parametrize("kind", [np.zeros, torch.zeros])
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
def test_shapes_that_are_none_of_an_image_are_told_with_a_way(entry, kind, shape, way):
    with pytest.raises(InputError) as told:
        entry(kind(shape))
    if kind is torch.zeros:
        way = way.replace("transpose", "permute")
    assert way in str(told.value)


@every_entry
@pytest.mark.parametrize("mask", [False, np.eye(8) > 0])
def test_what_a_mask_hides_is_not_taken_for_pixels(entry, mask):
    hidden = np.ma.MaskedArray(np.full((8, 8), 100, np.uint8), mask)
    with pytest.raises(InputError, match=r"masked.*filled"):
        entry(hidden)


@every_entry
@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_a_matrix_is_an_array(entry):
    entry(np.asmatrix(np.full((40, 50), 100, np.uint8)))


def pixels(height: int, width: int) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width] / 9.0
    clean = np.stack([0.5 + 0.3 * np.sin(rows * (c + 1) + columns) for c in range(3)], -1)
    noise = np.random.default_rng(2).normal(0, 0.05, clean.shape)
    return (clean + noise).clip(0, 1).astype(np.float32)


IMAGE_TASKS = [
    pytest.param(lambda image: denoise(image, 12, precision="fp32"), id="denoise"),
    pytest.param(lambda image: upscale(image, 1.5, precision="fp32"), id="upscale"),
]


@pytest.mark.parametrize("make", IMAGE_TASKS)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16", "float32", "float64"])
def test_a_tensor_gives_a_tensor_with_what_an_array_gives(make, dtype):
    peak = np.iinfo(dtype).max if dtype.startswith("u") else 1
    array = (pixels(24, 37) * peak).astype(dtype)
    given = torch.from_numpy(array)
    made = make(given)
    assert isinstance(made, torch.Tensor)
    assert made.dtype == given.dtype
    assert made.device == given.device
    np.testing.assert_array_equal(made.numpy(), make(array))
    np.testing.assert_array_equal(given.numpy(), array)


@pytest.mark.parametrize("make", IMAGE_TASKS)
def test_tensors_that_numpy_does_not_take_as_they_are(make):
    image = torch.from_numpy(pixels(24, 37))
    expected = make(image)
    planes = image.permute(2, 0, 1).contiguous()  # as most of torch has them
    assert torch.equal(make(planes.permute(1, 2, 0)), expected)
    learned = make(image.clone().requires_grad_())
    assert not learned.requires_grad
    assert torch.equal(learned, expected)
    short = make(image.bfloat16())
    assert short.dtype == torch.bfloat16
    torch.testing.assert_close(short.float(), make(image.bfloat16().float()), atol=4e-3, rtol=4e-3)


def test_a_tensor_is_measured_and_matched_like_an_array():
    image = pixels(120, 160)
    tensor = torch.from_numpy(image).requires_grad_()
    assert measure_noise(tensor) == measure_noise(image)
    found = match(tensor, tensor.flip(0), "none")
    expected = match(image, np.ascontiguousarray(image[::-1]), "none")
    np.testing.assert_array_equal(found.keypoints0, expected.keypoints0)
    np.testing.assert_array_equal(found.matches, expected.matches)


@every_entry
@pytest.mark.parametrize(
    "tensor",
    [torch.zeros(8, 8).to_sparse(), torch.zeros(8, 8, device="meta")],
    ids=["sparse", "meta"],
)
def test_tensors_without_all_values_are_refused(entry, tensor):
    with pytest.raises(InputError, match=r"dense tensor.*got torch\."):
        entry(tensor)


def test_arrays_are_measured_without_torch():
    said = (
        "import sys, numpy, n3cli\n"
        "n3cli.measure_noise(numpy.zeros((40, 50), numpy.uint8))\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", said], check=True)
