"""A camera's own denoising, against plain sums."""

import numpy as np
import torch

from n3cli.data.simulated.smoothing import smooth_noise


def smoothed(plane, width):
    """H×W of float64, smoothed by a Gaussian kernel; the border's pixels repeated."""
    if not width:
        return plane
    radius = int(np.ceil(3 * width))
    kernel = np.exp(-(np.arange(-radius, radius + 1) ** 2) / (2 * width**2))
    kernel /= kernel.sum()
    padded = np.pad(plane, radius, "edge")
    down = sum(k * padded[i : i + len(plane)] for i, k in enumerate(kernel))
    return sum(k * down[:, i : i + plane.shape[1]] for i, k in enumerate(kernel))


def test_luma_and_colour_of_the_noise_are_smoothed_by_themselves():
    rng = np.random.default_rng(0)
    clean = rng.uniform(0.3, 0.7, (2, 3, 12, 15))
    noisy = clean + rng.normal(0, 0.05, clean.shape)
    widths = [(0.7, 2.0), (0.0, 1.5)]
    found = smooth_noise(
        *(torch.from_numpy(each) for each in (noisy, clean)),
        *(torch.tensor(each) for each in zip(*widths, strict=True)),
        widest=2.0,
    ).numpy()
    for picture, truth, result, (luma, colour) in zip(noisy, clean, found, widths, strict=True):
        noise = picture - truth
        grey = 0.299 * noise[0] + 0.587 * noise[1] + 0.114 * noise[2]
        for plane, own, out in zip(noise, truth, result, strict=True):
            expected = own + smoothed(grey, luma) + smoothed(plane - grey, colour)
            np.testing.assert_allclose(out, expected, atol=1e-6)


def test_nothing_is_smoothed_and_values_stay_in_range():
    clean = torch.rand(1, 3, 8, 8)
    noisy = (clean + 0.3 * torch.randn_like(clean)).clamp(0, 1)
    zero = torch.zeros(1)
    torch.testing.assert_close(smooth_noise(noisy, clean, zero, zero, 3.0), noisy)
    out = smooth_noise(noisy, clean, zero + 1, zero + 3, 3.0)
    assert 0 <= float(out.min()) <= float(out.max()) <= 1
