"""Mosaics of every filter, denoised whole by a network for them, or plane by plane."""

import numpy as np
import pytest
import skimage.data
import torch
from reference.dng import BAYER, X_TRANS
from reference.scenes import exposed, filtered, linear
from scipy.ndimage import correlate

from n3cli.errors import ConfigError, InputError
from n3cli.inference import ensemble
from n3cli.inference.compute import Compute
from n3cli.inference.ensemble import POSES, posed
from n3cli.inference.raw.denoise import RawDenoiser, _count_near
from n3cli.inference.raw.pose import in_poses, posed_pattern
from n3cli.ops.metric import psnr
from n3cli.ops.mosaic.layout import planes_of
from n3cli.ops.noise.model import NoiseModel, models_of

A, B = 0.004, 1e-5
NOISE = models_of([A, B])
FILTERS = {**BAYER, "X-Trans": X_TRANS}
GREY = "denoise-n3unet-gray"


def scene(name="RGGB", size=(132, 150)):
    """A clean mosaic and its noisy form."""
    clean = filtered(linear(skimage.data.astronaut()), FILTERS[name])[60 : 60 + size[0]]
    clean = np.ascontiguousarray(clean[:, 150 : 150 + size[1]]).astype(np.float32)
    return clean, exposed(clean, A, B, 1).astype(np.float32)


@pytest.fixture(scope="module")
def grey():
    return RawDenoiser(GREY, Compute(device="cpu"))


@pytest.fixture(scope="module")
def whole():
    """The default: the network for mosaics."""
    return RawDenoiser(compute=Compute(device="cpu", precision="fp32"))


def gain(estimate, noisy, clean):
    """In dB."""
    before, after = (psnr(each[..., None], clean[..., None], peak=1) for each in (noisy, estimate))
    return after - before


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("size", [(6, 6), (13, 17)])
def test_planes_are_of_one_colour_and_cover_every_site_once(name, size):
    pattern = np.array(FILTERS[name], np.uint8)
    colours = np.tile(pattern, (3, 3))[: size[0], : size[1]]
    count, planes = np.zeros(size, int), list(planes_of(pattern))
    for plane in planes:
        plane.of(count)[...] += 1
        assert (plane.of(colours) == plane.colour).all()
    assert (count == 1).all()
    assert len(planes) == (21 if name == "X-Trans" else 4)


@pytest.mark.parametrize("name", ["GBRG", "X-Trans"])
def test_a_mosaic_comes_nearer_to_its_truth(grey, whole, name):
    """The network for mosaics brings it nearer than the one for grey pictures."""
    clean, noisy = scene(name)
    gains = []
    for denoiser in (grey, whole):
        told: list[float] = []
        estimate = denoiser.denoise(
            noisy, np.array(FILTERS[name], np.uint8), NOISE, progress=told.append
        )
        assert estimate.dtype == np.float32
        gains.append(gain(estimate, noisy, clean))
        assert told == sorted(told)
        assert told[-1] == pytest.approx(1)
    assert gains[0] > (4 if name == "GBRG" else 2)
    assert gains[1] > gains[0] + (0.5 if name == "GBRG" else 1.5)
    assert [each.model.config.name for each in (grey, whole)] == [GREY, "denoise-n3unet-raw"]


@pytest.mark.parametrize(("name", "size"), [("GRBG", (48, 72)), ("X-Trans", (37, 51))])
def test_the_network_sees_what_it_was_trained_on(whole, name, size):
    """Its planes written out once more, and the network run at once."""
    _, noisy = scene(name, size)
    noise = [NoiseModel(0.004, 1e-5), NoiseModel(0.002, 2e-5), NoiseModel(0.006, 3e-5)]
    pattern = np.array(FILTERS[name], np.uint8)
    colours = np.tile(pattern, (36, 36))[: size[0], : size[1]]
    planes = np.zeros((5, *size), np.float32)
    planes[0] = noisy
    for colour, model in enumerate(noise):
        planes[1 + colour] = colours == colour
        deviation = np.sqrt(model.a * np.maximum(noisy, 0) + model.b)
        planes[4] += 0.7 * deviation * (colours == colour)
    with torch.inference_mode():
        expected = whole.model.network(torch.from_numpy(planes)[None])[0, 0].numpy()
    estimate = whole.denoise(noisy, pattern, noise, strength=0.7)
    np.testing.assert_allclose(estimate, expected, atol=2e-6)


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("size", [(7, 12), (12, 15)])
def test_the_filter_turns_with_the_mosaic(name, size):
    pattern = np.array(FILTERS[name], np.uint8)
    colours = np.tile(pattern, (9, 9))[: size[0], : size[1]]
    for pose in range(POSES):
        turned = posed(colours, pose)
        again = np.tile(posed_pattern(pattern, size, pose), (9, 9))
        np.testing.assert_array_equal(again[: turned.shape[0], : turned.shape[1]], turned)


def test_turns_help_a_little(whole):
    clean, noisy = scene(size=(61, 74))
    pattern = np.array(BAYER["RGGB"], np.uint8)
    turned = RawDenoiser(compute=Compute(device="cpu", precision="fp32"), tta=True).denoise(
        noisy, pattern, NOISE
    )
    once = whole.denoise(noisy, pattern, NOISE)
    assert 0 < gain(turned, once, clean) < 0.5


def test_the_share_of_the_noise_that_is_told(whole):
    _, noisy = scene(size=(96, 96))
    pattern = np.array(BAYER["RGGB"], np.uint8)
    none, *some = (
        whole.denoise(noisy, pattern, NOISE, strength=strength) for strength in (0, 0.5, 0.75, 1)
    )
    np.testing.assert_array_equal(none, noisy)
    changes = [np.std(each - noisy) for each in some]
    assert changes == sorted(changes)
    assert changes[0] < 0.8 * changes[-1]


def test_strength_of_planes_is_a_share_of_the_change(grey):
    _, noisy = scene(size=(40, 44))
    pattern = np.array(BAYER["RGGB"], np.uint8)
    whole, half, none = (
        grey.denoise(noisy, pattern, NOISE, strength=strength) for strength in (1, 0.5, 0)
    )
    np.testing.assert_array_equal(none, noisy)
    np.testing.assert_allclose(half, (noisy + whole) / 2, atol=1e-6)


def test_each_colour_has_its_own_noise(grey):
    _, noisy = scene(size=(40, 44))
    pattern = np.array(BAYER["RGGB"], np.uint8)
    none = NoiseModel(0, 0)
    estimate = grey.denoise(noisy, pattern, (none, NOISE[1], none))
    green = np.tile(pattern == 1, (20, 22))
    np.testing.assert_array_equal(estimate[~green], noisy[~green])
    assert np.mean(estimate[green] != noisy[green]) > 0.9


@pytest.mark.parametrize("model", [GREY, None])
def test_what_is_cut_off_stays(model):
    raw_denoiser = RawDenoiser(model, Compute(device="cpu"))
    _, noisy = scene(size=(40, 44))
    noisy[10:22, :] = 1
    noisy[14, 14] = 1.2
    estimate = raw_denoiser.denoise(noisy, np.array(BAYER["RGGB"], np.uint8), NOISE)
    np.testing.assert_array_equal(estimate[12:20], noisy[12:20])
    assert (estimate[[10, 11, 20, 21]] >= 1).all()  # the edges, so that they take no tint
    assert (estimate[8] != noisy[8]).any()
    alone = noisy.copy()
    alone[10:22, :] = 0.3
    alone[14, 14] = 1.2
    estimate = raw_denoiser.denoise(alone, np.array(BAYER["RGGB"], np.uint8), NOISE)
    assert estimate[14, 14] != alone[14, 14]


@pytest.mark.parametrize(("model", "name"), [(GREY, "RGGB"), (None, "BGGR"), (None, "X-Trans")])
def test_tiles_do_not_show(model, name):
    _, noisy = scene(name, size=(200, 211))
    pattern = np.array(FILTERS[name], np.uint8)
    whole, tiled = (
        RawDenoiser(model, Compute(device="cpu", precision="fp32", tile=tile)).denoise(
            noisy, pattern, NOISE
        )
        for tile in ("off", 64)
    )
    np.testing.assert_allclose(tiled, whole, atol=2e-6)


def test_noise_beyond_all_levels_is_no_error(grey, whole):
    _, noisy = scene(size=(24, 24))
    pattern = np.array(BAYER["RGGB"], np.uint8)
    with pytest.warns(match="above the model's maximum"):
        estimate = grey.denoise(noisy, pattern, models_of([1.0, 1.0]))
    assert np.isfinite(estimate).all()
    assert np.isfinite(whole.denoise(noisy, pattern, models_of([1.0, 1.0]))).all()


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (5, 31)])
def test_any_size(whole, size):
    _, noisy = scene("X-Trans", size=size)
    estimate = whole.denoise(noisy, np.array(X_TRANS, np.uint8), NOISE)
    assert estimate.shape == size
    assert np.abs(estimate - noisy).max() < 0.3


def test_a_colour_model_is_refused():
    _, noisy = scene(size=(24, 24))
    colour = RawDenoiser("denoise-n3unet-color", Compute(device="cpu"))
    with pytest.raises(InputError, match="is for colour"):
        colour.denoise(noisy, np.array(BAYER["RGGB"], np.uint8), NOISE)


@pytest.mark.parametrize("strength", [-0.5, 2.0, float("nan")])
@pytest.mark.parametrize("model", ["whole", "grey"])
def test_a_strength_that_cannot_be_is_refused(model, strength, request):
    _, noisy = scene(size=(24, 24))
    pattern = np.array(BAYER["RGGB"], np.uint8)
    with pytest.raises(ConfigError, match=f"between 0 and 1, got {strength}"):
        request.getfixturevalue(model).denoise(noisy, pattern, NOISE, strength=strength)


def test_neighbours_are_counted_in_all_directions():
    mask = np.random.default_rng(0).random((30, 40)) < 0.85
    expected = correlate(mask.astype(int), np.ones((3, 3), int), mode="nearest")
    np.testing.assert_array_equal(_count_near(mask), expected)


def test_a_mosaic_whose_poses_cannot_be_held(monkeypatch):
    mosaic = np.zeros((100, 100), np.float32)
    monkeypatch.setattr(ensemble, "free_memory", lambda device: 3 * mosaic.nbytes - 1)
    with pytest.raises(InputError, match="do without it"):
        in_poses(lambda *_: pytest.fail("computed"), mosaic, np.array(BAYER["RGGB"]), None)
