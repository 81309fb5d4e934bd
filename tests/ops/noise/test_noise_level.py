"""The noise estimator, on pictures whose noise is known."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from n3cli.ops.noise import level as noise_level
from n3cli.ops.noise.clipped import share_kept, undo_clipping
from n3cli.ops.noise.level import Finding, Flat, estimate_noise, may_be_shared
from n3cli.ops.noise.shared import find_shared_noise


def draw_picture(height: int = 240, width: int = 320) -> np.ndarray:
    """A shaded scene in [0.2, 0.8]: a ramp, discs with sharp edges, a strongly textured third."""
    y, x = np.mgrid[:height, :width]
    scene = 0.35 + 0.2 * x / width
    for row, column, radius, step in ((60, 80, 40, 0.2), (150, 120, 30, -0.1), (90, 190, 25, 0.15)):
        scene = scene + step * ((y - row) ** 2 + (x - column) ** 2 < radius**2)
    weave = 0.08 * np.sin(1.9 * x + 0.3 * y) * np.sin(1.1 * y - 0.2 * x)
    return np.clip(scene + weave * (x > 2 * width / 3), 0.2, 0.8)


def add_noise(picture: np.ndarray, sigma: float, seed: int = 0) -> np.ndarray:
    return picture + np.random.default_rng(seed).normal(0, sigma / 255, picture.shape)


def to_eight_bits(picture: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(picture, 0, 1) * 255) / 255


@pytest.mark.parametrize("sigma", [5, 15, 25, 50, 75])
@pytest.mark.parametrize("form", [np.asarray, to_eight_bits])
def test_known_noise_is_found(sigma, form) -> None:
    estimate = estimate_noise([form(add_noise(draw_picture(), sigma))])
    assert 255 * estimate.sigma == pytest.approx(sigma, rel=0.05)
    assert estimate.finding is Finding.WHITE
    assert estimate.reliable


def test_choosing_flat_windows_does_not_read_low() -> None:
    errors = [estimate_noise([add_noise(np.zeros((96, 96)), 25, s)]).sigma for s in range(30)]
    assert 255 * np.mean(errors) == pytest.approx(25, rel=0.01)


@pytest.mark.parametrize("level", [0, 0.05, 0.2, 0.5, 0.95, 1])
@pytest.mark.parametrize("sigma", [10, 50, 75])
def test_clipping_is_undone_at_every_brightness(level, sigma) -> None:
    plane = to_eight_bits(add_noise(np.full((200, 200), level), sigma))
    assert 255 * estimate_noise([plane]).sigma == pytest.approx(sigma, rel=0.06)


@pytest.mark.parametrize(("true", "sigma"), [(0.0, 0.1), (0.1, 0.3), (0.5, 0.3), (0.98, 0.05)])
def test_variance_left_by_clipping(true, sigma) -> None:
    draws = np.random.default_rng(0).normal(true, sigma, 1_000_000)
    stored = np.clip(draws, 0, 1)
    mean = np.array([stored.mean()])
    share = share_kept(mean, sigma, (0, 1))
    assert share[0] == pytest.approx(stored.var() / sigma**2, rel=0.02)
    assert undo_clipping(stored.var(), mean, (0, 1)) == pytest.approx(sigma, rel=0.01)
    assert share_kept(mean, sigma, (-np.inf, np.inf))[0] == pytest.approx(1, rel=0.01)


def test_values_that_go_beyond_white_are_not_taken_for_clipped() -> None:
    plane = np.clip(add_noise(np.full((200, 200), 0.9), 50), 0, None)
    assert 255 * estimate_noise([plane]).sigma == pytest.approx(50, rel=0.03)


def test_clean_picture_has_next_to_none() -> None:
    assert 255 * estimate_noise([draw_picture()]).sigma < 0.5


@given(value=st.floats(0, 1), height=st.integers(1, 40), width=st.integers(1, 40))
@settings(max_examples=50)
def test_constant_is_exactly_zero(value, height, width) -> None:
    assert estimate_noise([np.full((height, width), value)]).sigma == 0


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (3, 3), (7, 7), (7, 400)])
def test_too_small_says_so(size) -> None:
    estimate = estimate_noise([add_noise(np.full(size, 0.5), 20)])
    assert estimate == estimate_noise([np.zeros((1, 1))])
    assert estimate.finding is Finding.SMALL
    assert not estimate.reliable


@pytest.mark.parametrize("size", [(8, 8), (8, 9), (16, 12), (29, 29)])
def test_small_gives_a_rough_answer_and_says_so(size) -> None:
    estimate = estimate_noise([add_noise(np.full(size, 0.5), 20)])
    assert 255 * estimate.sigma == pytest.approx(20, rel=0.35)
    assert estimate.finding is Finding.SMALL


def test_black_and_white_is_no_ground_for_an_estimate() -> None:
    dots = np.random.default_rng(0).integers(0, 2, (100, 100)).astype(float)
    assert estimate_noise([dots]).finding is Finding.CLIPPED


@pytest.mark.parametrize(
    "turn", [np.flipud, np.fliplr, np.transpose, lambda p: p + 0.1, lambda p: 0.8 * p / 0.8]
)
def test_the_picture_may_be_turned_and_shifted(turn) -> None:
    plane = add_noise(draw_picture(), 15)
    assert estimate_noise([turn(plane)]).sigma == pytest.approx(
        estimate_noise([plane]).sigma, rel=0.01
    )


@given(factor=st.floats(0.1, 3))
@settings(max_examples=10)
def test_estimate_follows_the_contrast(factor) -> None:
    plane = add_noise(np.zeros((128, 128)), 25)
    assert estimate_noise([factor * plane]).sigma == pytest.approx(
        factor * estimate_noise([plane]).sigma, rel=0.01
    )


def test_same_planes_same_answer_and_planes_are_left_alone() -> None:
    plane = add_noise(draw_picture(), 15)
    before = plane.copy()
    assert estimate_noise([plane]) == estimate_noise([plane])
    np.testing.assert_array_equal(plane, before)


def test_crops_of_different_sizes_are_pooled() -> None:
    plane = add_noise(draw_picture(), 15)
    crops = [plane[:100, :70], plane[:5, :300], plane[120:, 20:220]]
    estimate = estimate_noise(crops)
    assert 255 * estimate.sigma == pytest.approx(15, rel=0.05)
    assert estimate.reliable


def test_constant_border_is_not_the_picture() -> None:
    plane = np.full((300, 400), 0.5)
    plane[40:260, 50:350] = add_noise(draw_picture(), 25)[:220, :300]
    assert 255 * estimate_noise([plane]).sigma == pytest.approx(25, rel=0.08)


def test_a_small_picture_on_a_large_page_is_measured() -> None:
    plane = np.ones((400, 500))
    plane[60:280, 50:290] = add_noise(draw_picture(), 25)[:220, :240]
    estimate = estimate_noise([to_eight_bits(plane)])
    assert 255 * estimate.sigma == pytest.approx(25, rel=0.08)
    assert estimate.finding is Finding.WHITE


def write_page() -> np.ndarray:
    """Black letters on white, without noise."""
    page = np.full((480, 640), 255, np.uint8)
    words = "the quick brown fox jumps over the lazy dog 0123456789 and on"
    for line, y in enumerate(range(24, 480, 18)):
        place, font = (8 + 3 * line % 20, y), cv2.FONT_HERSHEY_SIMPLEX
        cv2.putText(page, words[line % 7 :], place, font, 0.5, 0, 1, cv2.LINE_AA)
    return page / 255


def test_letters_are_no_noise() -> None:
    page = write_page()
    estimate = estimate_noise([page])
    assert (estimate.sigma, estimate.finding) == (0, Finding.DRAWN)
    shared = find_shared_noise([page])
    assert (shared.seen, shared.drawn) == (False, True)
    noisy = to_eight_bits(add_noise(page, 15))
    assert 255 * estimate_noise([noisy]).sigma == pytest.approx(15, rel=0.2)


def demosaic(noisy: np.ndarray) -> np.ndarray:
    """The green plane that bilinear interpolation makes of a Bayer mosaic."""
    y, x = np.mgrid[: noisy.shape[0], : noisy.shape[1]]
    four = sum(np.roll(noisy, shift, axis) for shift in (1, -1) for axis in (0, 1)) / 4
    return np.where((x + y) % 2 == 0, noisy, four)


def enlarge(noisy: np.ndarray) -> np.ndarray:
    wide = np.repeat(np.repeat(noisy, 2, 0), 2, 1)
    return (wide + np.roll(wide, 1, 0) + np.roll(wide, 1, 1) + np.roll(wide, 1, (0, 1))) / 4


@pytest.mark.parametrize("spread", [demosaic, enlarge])
@pytest.mark.parametrize("sigma", [10, 25])
def test_correlated_noise_is_told_and_measured_at_half_the_size(spread, sigma) -> None:
    estimate = estimate_noise([spread(add_noise(draw_picture(), sigma))])
    assert estimate.finding is Finding.CORRELATED
    assert not estimate.reliable
    # Along its quietest directions there is less than a third of the noise that went in.
    assert 0.7 * sigma < 255 * estimate.sigma < 2.2 * sigma


def compress(plane: np.ndarray, quality: int) -> np.ndarray:
    pixels = np.rint(255 * np.clip(plane, 0, 1)).astype(np.uint8)
    _, stored = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(stored, cv2.IMREAD_GRAYSCALE) / 255


def shoot(noise: float, blur: float, quality: int) -> np.ndarray:
    """A camera's JPEG: noise in the linear mosaic, demosaicing, the display's curve, a blur."""
    signal = draw_picture() ** 2.2
    photons = np.random.default_rng(0).normal(0, noise * np.sqrt(signal))
    plane = np.clip(demosaic(signal + photons), 0, 1) ** (1 / 2.2)
    return compress(cv2.GaussianBlur(plane, (0, 0), blur), quality)


@pytest.mark.parametrize("quality", [75, 85, 95])
@pytest.mark.parametrize("blur", [0.5, 1.0])
@pytest.mark.parametrize("noise", [0.06, 0.15])
def test_noise_of_cameras_is_measured_though_pixels_hide_it(noise, blur, quality) -> None:
    noisy, clean = shoot(noise, blur, quality), shoot(0, blur, 100)
    true = (noisy - clean)[120:, :60].std()  # no edges, no texture
    estimate = estimate_noise([noisy])
    assert estimate.finding is Finding.CORRELATED
    # White noise that is as strong between 2×2 means is stronger between pixels.
    assert 0.9 * true < estimate.sigma < 2.2 * true


@pytest.mark.parametrize("quality", [75, 85, 95])
def test_clean_jpeg_is_not_told_to_be_noisy(quality) -> None:
    assert 255 * estimate_noise([compress(draw_picture(), quality)]).sigma < 1


def test_what_is_faint_between_pixels_only_is_not_faint() -> None:
    blurred = cv2.GaussianBlur(add_noise(draw_picture(), 10), (0, 0), 1.5)
    estimate = estimate_noise([blurred])
    assert estimate.finding is not Finding.FAINT
    assert not estimate.reliable


def test_texture_everywhere_is_told() -> None:
    y, x = np.mgrid[:200, :200]
    rng = np.random.default_rng(0)
    waves = sum(
        rng.normal() / (1 + np.hypot(u, v)) * np.sin(u * x + v * y + rng.uniform(0, 6))
        for u, v in rng.uniform(-2, 2, (60, 2))
    )
    estimate = estimate_noise([0.5 + 0.1 * waves])
    assert 255 * estimate.sigma < 2
    assert estimate.finding in (Finding.TEXTURED, Finding.CORRELATED)


@pytest.mark.parametrize(
    ("fine", "coarse", "shared"),
    [
        ((1, 3), (2, 6), True),
        ((1, 3), (2, 6.1), False),  # more than four times as strong, as white noise
        ((1, 3), (1.4, 6), False),  # along few directions: a pattern
        ((1.6, 3), (2, 6), False),  # fine details in all directions: white
    ],
)
def test_what_neighbours_may_share(fine, coarse, shared) -> None:
    """The strength in the quietest directions and in all, at full and at half the size."""
    flat = [Flat(quietest, details, details, False) for quietest, details in (fine, coarse)]
    assert may_be_shared(*flat) == shared


@pytest.mark.parametrize(
    ("cells", "finding"), [(0.039, Finding.CORRELATED), (0.0391, Finding.TEXTURED)]
)
def test_where_cells_vary_more_than_details_there_is_picture(monkeypatch, cells, finding) -> None:
    monkeypatch.setattr(noise_level, "measure_flat", lambda _: Flat(0.015, 0.03, cells, False))
    fine = Flat(0.01, 0.03, 0.03, False)
    assert noise_level._beyond_white([np.zeros((16, 16))], fine).finding is finding
