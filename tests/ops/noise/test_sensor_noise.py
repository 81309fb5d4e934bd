"""The noise of a sensor, measured in mosaics of known noise."""

import numpy as np
import pytest
import skimage.data
from reference.dng import BAYER, X_TRANS
from reference.scenes import colour_planes, exposed, filtered, linear

from n3cli.io.picture import read_picture
from n3cli.ops.noise.model import NoiseModel
from n3cli.ops.noise.sensor import estimate_sensor_noise

A, B = 0.01, 2e-4
"""As at high ISO; in darkness below 0.02 the reading outweighs the light."""

RGGB = BAYER["RGGB"]
BUNDLED = ("astronaut", "coffee", "rocket", "chelsea")
BSDS = ("BSDS500/test/69000", "BSDS500/train/232038", "BSDS500/val/45096")


def noise_of(pixels, a=A, b=B, pattern=RGGB, seed=0):
    clean = filtered(linear(pixels), pattern)
    return estimate_sensor_noise(colour_planes(exposed(clean, a, b, seed), pattern)), clean


@pytest.mark.parametrize("name", [*BUNDLED, "photos96/016", *BSDS])
def test_scenes(request, name):
    """Eight different scenes: both numbers within a tenth."""
    if name in BUNDLED:
        pixels = getattr(skimage.data, name)()
    else:
        shared = request.getfixturevalue("shared")
        pixels = read_picture(shared / "datasets" / f"{name}.jpg").pixels
    (red, green, blue), _ = noise_of(pixels)
    assert red == green == blue  # one line: the colours of this sensor have the same noise
    assert green.reliable, green.reason
    assert green.model.a == pytest.approx(A, rel=0.1)
    assert green.model.b == pytest.approx(B, rel=0.1)
    assert 0 < green.error_a < 0.1 * A
    assert 0 < green.error_b < 0.2 * B


@pytest.mark.parametrize(("a", "b"), [(0.004, 3e-5), (0.02, 1e-3), (0.0, 1e-3)])
def test_other_levels(a, b):
    """What counts is the deviation at the values that there are."""
    pixels = skimage.data.astronaut()
    clean = filtered(linear(pixels), RGGB)
    noisy = (
        exposed(clean, a, b, 0)
        if a
        else clean + np.sqrt(b) * np.random.default_rng(0).standard_normal(clean.shape)
    )
    green = estimate_sensor_noise(colour_planes(noisy, RGGB))[1]
    assert green.reliable
    values = np.quantile(clean, [0.05, 0.25, 0.5, 0.75, 0.95])
    truth = NoiseModel(a, b).deviation(values)
    np.testing.assert_allclose(green.model.deviation(values), truth, rtol=0.05)


def test_photos_that_nothing_was_chosen_on(shared):
    """Most are measured well, and of the others most are told."""
    paths = sorted((shared / "datasets" / "photos96").glob("*.jpg"))[2::24]
    off = []
    for number, path in enumerate(paths):
        (_, green, _), clean = noise_of(read_picture(path).pixels, seed=2 * number)
        values = np.quantile(clean, [0.05, 0.5, 0.95])
        ratio = green.model.deviation(values) / NoiseModel(A, B).deviation(values)
        off.append((np.abs(ratio - 1).max(), green.reliable))
    assert np.median([error for error, _ in off]) < 0.05
    assert sum(error > 0.1 for error, reliable in off if reliable) == 0


def test_colours_that_differ_have_lines_of_their_own():
    clean = filtered(linear(skimage.data.astronaut()), RGGB)
    planes = colour_planes(exposed(clean, A, B, 0), RGGB)
    red, green, blue = estimate_sensor_noise([[1.5 * planes[0][0]], planes[1], planes[2]])
    # What is multiplied has its gain multiplied, and its variance at black by the square.
    assert red.model.a == pytest.approx(1.5 * A, rel=0.1)
    assert green.model.a == pytest.approx(A, rel=0.1)
    assert green.model.a == pytest.approx(blue.model.a, rel=0.15)
    assert red.model.b > 1.5 * green.model.b


@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea"])
def test_a_colour_that_is_clipped_has_the_noise_of_the_others(name):
    light = linear(getattr(skimage.data, name)())
    light[..., 1] /= np.quantile(light[..., 1], 0.15)
    noisy = np.minimum(exposed(filtered(light, RGGB), 0.002, 1.6e-5, 0), 1)
    for found in estimate_sensor_noise(colour_planes(noisy, RGGB)):
        values = np.array([0.1, 0.2, 0.5])
        truth = NoiseModel(0.002, 1.6e-5).deviation(values)
        np.testing.assert_allclose(found.model.deviation(values), truth, rtol=0.15)


def test_colours_without_planes_have_the_noise_of_the_others():
    clean = filtered(linear(skimage.data.astronaut()), RGGB)
    green = colour_planes(exposed(clean, A, B, 0), RGGB)[1]
    assert estimate_sensor_noise([[], green, []]) == 3 * estimate_sensor_noise([green])


def test_plain_surfaces_are_measured_without_bias():
    ratios = []
    for seed in range(3):
        shade = np.tile(0.9 * np.linspace(0, 1, 800) ** 2 + 0.002, (600, 1))
        noisy = exposed(shade, 4e-4, 2e-6, seed)
        (found,) = estimate_sensor_noise([colour_planes(noisy, RGGB)[1]], plain=True)
        ratios.append(found.model.a / 4e-4)
    assert np.mean(ratios) == pytest.approx(1, abs=0.015)


def test_clipping_is_passed_by_and_what_it_hides_is_told():
    clean = filtered(linear(skimage.data.astronaut()), RGGB)
    noisy = np.clip(exposed(clean, A, B, 0), 0, 1)
    green = estimate_sensor_noise(colour_planes(noisy, RGGB))[1]
    values = np.array([0.1, 0.2, 0.5])  # darker ones are clipped at black
    truth = NoiseModel(A, B).deviation(values)
    np.testing.assert_allclose(green.model.deviation(values), truth, rtol=0.06)
    assert green.error_b > 0.3 * B
    assert not green.reliable


def test_x_trans():
    pixels = read_large()
    (_, green, _), _ = noise_of(pixels, pattern=X_TRANS)
    assert green.model.a == pytest.approx(A, rel=0.1)
    assert green.model.b == pytest.approx(B, rel=0.25)


def read_large():
    """A picture large enough for planes of a sixth of its side."""
    pixels = skimage.data.astronaut()
    return np.concatenate([np.concatenate([pixels, pixels[:, ::-1]], 1)] * 2).repeat(2, 0)


def test_texture_everywhere_is_told():
    rng = np.random.default_rng(0)
    texture = (255 * rng.random((256, 256, 3)) ** 2).astype(np.uint8)
    (_, green, _), _ = noise_of(texture, 1e-4, 1e-7)
    assert not green.reliable or green.model.a > 0.01  # white texture is noise to everyone


@pytest.mark.parametrize(
    "plane", [np.zeros((40, 40)), np.ones((5, 7)), np.full((200, 200), 0.25), np.zeros((0, 9))]
)
def test_where_there_is_nothing_to_see(plane):
    for noise in estimate_sensor_noise([[plane], [plane], [plane]]):
        assert not noise.reliable
        assert noise.reason
        assert noise.model.b <= 1e-12


def test_the_deviation_of_a_model():
    model = NoiseModel(0.01, 4e-4)
    np.testing.assert_allclose(
        model.deviation(np.array([-1.0, 0.0, 0.09])), [0.02, 0.02, 0.0013**0.5]
    )


@pytest.mark.parametrize("falling", [True, False])
def test_neither_a_slope_nor_a_variance_at_black_is_below_nothing(falling):
    clean = np.tile(np.linspace(0.2, 0.9, 300), (300, 1))
    deviation = np.sqrt(A * (1 - clean if falling else clean - 0.15))
    plane = clean + np.random.default_rng(0).normal(0, deviation)
    model = estimate_sensor_noise([[plane]] * 3)[1].model
    assert (model.a == 0 < model.b) if falling else (model.b == 0 < model.a)
