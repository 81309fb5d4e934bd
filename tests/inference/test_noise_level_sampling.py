"""The noise level of whole pictures: sampling, dtypes, channels, and photographs."""

from pathlib import Path

import numpy as np
import pytest

from n3cli.errors import InputError
from n3cli.inference import noise_level
from n3cli.inference.noise_level import _combine, judge, measure_noise, sample
from n3cli.inference.source import PlaneRows
from n3cli.io.picture import read_picture
from n3cli.ops.noise.level import Finding, NoiseEstimate, estimate_noise
from n3cli.ops.row_source import ArraySource

DATA = Path(__file__).resolve().parents[3] / "shared" / "datasets"


def make_noisy(shape, sigma, seed=0) -> np.ndarray:
    """A ramp with noise, 8 bits."""
    ramp = np.linspace(60, 190, shape[1]).reshape((1, -1) + (1,) * (len(shape) - 2))
    noise = np.random.default_rng(seed).standard_normal(shape, np.float32)
    return np.clip(np.rint(ramp + sigma * noise), 0, 255).astype(np.uint8)


class Reader:
    """Rows of an array, given once each; remembers what was read."""

    def __init__(self, pixels: np.ndarray) -> None:
        self.pixels, self.tops, self.tallest = pixels, [0], 0
        self.height, self.width, self.channels = pixels.shape
        self.dtype = pixels.dtype

    def rows(self, top: int, bottom: int) -> tuple[np.ndarray, None]:
        assert self.tops[-1] <= top < bottom <= self.height
        self.tops.append(top)
        self.tallest = max(self.tallest, bottom - top)
        return self.pixels[top:bottom], None


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
def test_level_is_on_the_same_scale_for_every_dtype(dtype) -> None:
    pixels = make_noisy((200, 300), 20)
    scaled = {"uint8": pixels, "uint16": pixels.astype(np.uint16) * 257}.get(dtype, pixels / 255)
    level = measure_noise(scaled.astype(dtype))
    assert level.sigma == pytest.approx(20, rel=0.05)
    assert level.reliable
    assert level.reason == ""


@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (1, 1, 3), (2, 900), (40, 1, 3)])
def test_tiny_pictures_have_an_answer(shape) -> None:
    level = measure_noise(make_noisy(shape, 20))
    assert level.sigma == 0
    assert not level.reliable
    assert "small" in level.reason


@pytest.mark.parametrize("shape", [(3000, 4000, 1), (20, 200_000, 1), (200_000, 20, 1)])
def test_large_pictures_are_sampled_in_thin_bands(shape) -> None:
    reader = Reader(make_noisy(shape, 12))
    assert judge(sample(reader)).sigma == pytest.approx(12, rel=0.05)
    assert reader.tallest <= 128


def test_samples_reach_all_corners() -> None:
    pixels = np.zeros((3000, 4000, 1), np.uint8)
    pixels[[0, 0, -1, -1], [0, -1, 0, -1], 0] = 1, 2, 3, 4
    np.testing.assert_array_equal(np.unique(sample(Reader(pixels))), np.float32(range(5)) / 255)


def test_array_and_reader_agree() -> None:
    pixels = make_noisy((1500, 2000, 3), 12)
    assert judge(sample(Reader(pixels))) == measure_noise(pixels)


def test_of_twenty_four_megapixels_two_are_looked_at(monkeypatch) -> None:
    looked_at = []

    def counting(planes):
        looked_at.append(sum(plane.size for plane in planes))
        return estimate_noise(planes)

    monkeypatch.setattr(noise_level, "estimate_noise", counting)
    pixels = np.tile(make_noisy((400, 600, 3), 15), (10, 10, 1))
    assert measure_noise(pixels).sigma == pytest.approx(15, rel=0.05)
    assert len(looked_at) == 3
    assert all(1.5e6 < count < 2.2e6 for count in looked_at)


def test_channels_that_differ_are_told() -> None:
    pixels = np.dstack([make_noisy((200, 200), sigma, sigma) for sigma in (5, 10, 20)])
    level = measure_noise(pixels)
    assert level.sigma == pytest.approx(np.sqrt((25 + 100 + 400) / 3), rel=0.05)
    assert not level.reliable
    assert level.reason.startswith("its channels differ (")


def test_faint_noise_may_be_as_unequal_as_it_likes() -> None:
    noise = np.random.default_rng(0).normal(0, (0.4, 0.8, 1.6), (200, 200, 3))
    assert measure_noise(0.5 + noise / 255).reliable


@pytest.mark.parametrize(("odd", "sigma", "reliable"), [(0, 4, True), (2, 4, True), (1, 10, False)])
def test_green_decides_which_kind_of_noise_is_measured(odd, sigma, reliable) -> None:
    channels = [NoiseEstimate(4 / 255, Finding.WHITE)] * 3
    channels[odd] = NoiseEstimate(10 / 255, Finding.CORRELATED)
    level = _combine(channels)
    assert (level.sigma, level.reliable) == (pytest.approx(sigma), reliable)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros(5, np.uint8), "H×W"),
        (np.zeros((0, 5), np.uint8), "H×W"),
        (np.zeros((9, 9), np.int32), "int32"),
        (np.full((9, 9), np.nan), "not finite"),
        (np.full((9, 9), np.inf, np.float32), "not finite"),
        (np.full((9, 9), 255.0), r"0–1, found magnitudes up to 255; divide"),
        (np.full((9, 9), -40, np.float16), "up to 40"),
    ],
)
def test_what_is_no_image_is_refused(array, message) -> None:
    with pytest.raises(InputError, match=message):
        measure_noise(array)


def test_what_the_estimator_refuses_the_denoiser_refuses_in_the_same_words() -> None:
    pixels = np.full((9, 9, 1), 255, np.float32)
    with pytest.raises(InputError) as estimated:
        sample(ArraySource(pixels))
    with pytest.raises(InputError) as denoised:
        PlaneRows(ArraySource(pixels)).rows(0, 16)
    assert str(estimated.value) == str(denoised.value)


def test_highlights_of_linear_pictures_are_no_mistake() -> None:
    pixels = make_noisy((200, 300, 1), 20) / np.float32(255)
    pixels[:20, :20] = 12
    assert measure_noise(pixels).sigma == pytest.approx(20, rel=0.05)
    assert PlaneRows(ArraySource(pixels)).rows(0, 200).max() == 12


def load_photos(count: int) -> list[np.ndarray]:
    listing = DATA / "val40.txt"
    if not listing.is_file():
        pytest.skip(f"no validation images: {listing} is absent")
    names = listing.read_text("ascii").split()
    return [read_picture(DATA / name).pixels for name in names[:: len(names) // count]]


@pytest.mark.parametrize("sigma", [5, 25, 75])
@pytest.mark.parametrize("grey", [True, False])
def test_photographs_with_noise_in_eight_bits(sigma, grey) -> None:
    near = []
    for index, photo in enumerate(load_photos(8)):
        clean = photo[..., 1] if grey else photo
        noise = np.random.default_rng(index).normal(0, sigma, clean.shape)
        noisy = np.clip(np.rint(clean + noise), 0, 255).astype(np.uint8)
        near.append(abs(measure_noise(noisy).sigma - sigma) <= 0.1 * sigma)
    assert sum(near) >= 7


def test_photographs_without_noise() -> None:
    levels = [measure_noise(photo).sigma for photo in load_photos(8)]
    assert sum(level <= 2 for level in levels) >= 7
