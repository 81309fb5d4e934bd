"""Gaussian blur against SciPy-free float64 sums, one width an image."""

import numpy as np
import torch

from n3cli.ops.blur import gaussian_blur


def blur_plainly(image, sigma, radius):
    """H×W: every pixel a sum over the kernel; the border's pixels repeated."""
    steps = np.arange(-radius, radius + 1)
    kernel = np.exp(-(steps**2) / (2 * sigma**2))
    kernel /= kernel.sum()
    padded = np.pad(image, radius, "edge")
    out = np.zeros_like(image)
    for row in range(image.shape[0]):
        for column in range(image.shape[1]):
            part = padded[row : row + len(steps), column : column + len(steps)]
            out[row, column] = kernel @ part @ kernel
    return out


def test_each_image_gets_its_own_width():
    images = torch.rand(3, 2, 9, 12, dtype=torch.float64)
    sigma = [0.7, 0.0, 1.9]
    blurred = gaussian_blur(images, torch.tensor(sigma))
    for image, result, width in zip(images.numpy(), blurred.numpy(), sigma, strict=True):
        for plane, out in zip(image, result, strict=True):
            expected = blur_plainly(plane, width, int(np.ceil(3 * width))) if width else plane
            np.testing.assert_allclose(out, expected, atol=1e-9)


def test_no_blur_at_all_is_the_image_itself():
    images = torch.rand(2, 1, 5, 5)
    assert torch.equal(gaussian_blur(images, torch.zeros(2)), images)


def test_a_known_limit_changes_nothing():
    images, sigma = torch.rand(2, 1, 9, 9, dtype=torch.float64), torch.tensor([0.4, 1.2])
    expected = gaussian_blur(images, sigma)
    torch.testing.assert_close(gaussian_blur(images, sigma, 4.0), expected)
