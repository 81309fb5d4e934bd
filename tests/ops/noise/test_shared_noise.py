"""Noise that neighbouring pixels share, told from white noise and from texture."""

import numpy as np
import pytest

from n3cli.ops.noise.shared import find_shared_noise


def blurred(field: np.ndarray, width: float) -> np.ndarray:
    """A field smoothed by a Gaussian kernel, around its border."""
    rows, columns = (np.fft.fftfreq(size) for size in field.shape)
    gain = np.exp(-2 * (np.pi * width) ** 2 * (rows[:, None] ** 2 + columns**2))
    return np.fft.ifft2(np.fft.fft2(field) * gain).real


def scene(height: int = 256, width: int = 320) -> np.ndarray:
    """A ramp, a disc with a sharp edge, and texture in a third of it."""
    y, x = np.mgrid[:height, :width]
    disc = 0.2 * ((y - 90) ** 2 + (x - 100) ** 2 < 50**2)
    weave = 0.06 * np.sin(0.9 * x + 0.3 * y) * np.sin(0.7 * y - 0.2 * x)
    return 0.3 + 0.2 * x / width + disc + weave * (x > 2 * width / 3)


def with_shared_noise(sigma: float, width: float = 0.8, seed: int = 0) -> np.ndarray:
    field = blurred(np.random.default_rng(seed).normal(size=(256, 320)), width)
    return scene() + sigma / 255 * field / field.std()


def eight_bits(plane: np.ndarray) -> np.ndarray:
    return np.rint(255 * np.clip(plane, 0, 1)) / 255


@pytest.mark.parametrize("width", [0.6, 0.8])
@pytest.mark.parametrize("sigma", [3, 6, 12])
def test_shared_noise_is_seen(sigma, width):
    found = find_shared_noise([eight_bits(with_shared_noise(sigma, width))])
    assert found.seen
    assert found.likely
    # Between 2×2 means all of it is left, and most of its variance is in their details.
    assert 0.6 * sigma < 255 * found.sigma < 1.7 * sigma


@pytest.mark.parametrize("sigma", [0, 1, 2, 5, 10, 25, 50])
def test_white_noise_and_texture_are_something_else(sigma):
    noise = np.random.default_rng(1).normal(0, sigma / 255, scene().shape)
    found = find_shared_noise([eight_bits(scene() + noise)])
    assert not found.seen
    assert not found.likely


def test_the_level_is_the_lower_quartile_of_local_deviations():
    plane = with_shared_noise(5)[:72, :90]
    half = plane.reshape(36, 2, 45, 2).mean((1, 3))
    deviations = []
    for top in range(0, 36 - 7, 8):
        for left in range(0, 45 - 7, 8):
            details = []
            for row in range(top, top + 8, 2):
                for column in range(left, left + 8, 2):
                    a, b, c, d = half[row : row + 2, column : column + 2].ravel()
                    details += [a + b - c - d, a - b + c - d, a - b - c + d]
            # Of four values with weights of 1 the sum has twice their deviation.
            deviations.append(2 * np.sqrt(np.mean(np.square(details))) / 2)
    assert find_shared_noise([plane]).sigma == pytest.approx(np.percentile(deviations, 25))


@pytest.mark.parametrize("parts", [[], [np.zeros((12, 40))], [np.full((64, 64), 0.5)]])
def test_where_nothing_can_be_told_there_is_nothing(parts):
    found = find_shared_noise(parts)
    assert (found.sigma, found.seen, found.likely) == (0, False, False)
