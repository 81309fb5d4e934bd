"""Mosaics of every filter, denoised plane by plane."""

import numpy as np
import pytest
import skimage.data
from reference.dng import BAYER, X_TRANS
from reference.scenes import exposed, filtered, linear

from n3cli.errors import InputError
from n3cli.inference.denoise import Denoiser
from n3cli.inference.raw_denoise import RawDenoiser, planes_of
from n3cli.ops.metric import psnr
from n3cli.ops.noise_model import NoiseModel, models_of

A, B = 0.004, 1e-5
NOISE = models_of([A, B])
FILTERS = {**BAYER, "X-Trans": X_TRANS}


def scene(name="RGGB", size=(132, 150)):
    """A clean mosaic and its noisy form."""
    clean = filtered(linear(skimage.data.astronaut()), FILTERS[name])[60 : 60 + size[0]]
    clean = np.ascontiguousarray(clean[:, 150 : 150 + size[1]]).astype(np.float32)
    return clean, exposed(clean, A, B, 1).astype(np.float32)


@pytest.fixture(scope="module")
def raw_denoiser():
    return RawDenoiser(Denoiser(device="cpu"))


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
def test_a_mosaic_comes_nearer_to_its_truth(raw_denoiser, name):
    clean, noisy = scene(name)
    told: list[float] = []
    estimate = raw_denoiser.denoise(
        noisy, np.array(FILTERS[name], np.uint8), NOISE, progress=told.append
    )
    assert estimate.dtype == np.float32
    gain = psnr(estimate[..., None], clean[..., None], peak=1) - psnr(
        noisy[..., None], clean[..., None], peak=1
    )
    assert gain > (4 if name == "GBRG" else 2)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1)
    assert raw_denoiser.name == "denoise-n3unet-gray"


def test_strength_is_a_share_of_the_change(raw_denoiser):
    _, noisy = scene(size=(40, 44))
    pattern = np.array(BAYER["RGGB"], np.uint8)
    whole, half, none = (
        raw_denoiser.denoise(noisy, pattern, NOISE, strength=strength) for strength in (1, 0.5, 0)
    )
    np.testing.assert_array_equal(none, noisy)
    np.testing.assert_allclose(half, (noisy + whole) / 2, atol=1e-6)


def test_each_colour_has_its_own_noise(raw_denoiser):
    _, noisy = scene(size=(40, 44))
    pattern = np.array(BAYER["RGGB"], np.uint8)
    none = NoiseModel(0, 0)
    estimate = raw_denoiser.denoise(noisy, pattern, (none, NOISE[1], none))
    green = np.tile(pattern == 1, (20, 22))
    np.testing.assert_array_equal(estimate[~green], noisy[~green])
    assert np.mean(estimate[green] != noisy[green]) > 0.9


def test_what_is_cut_off_stays(raw_denoiser):
    _, noisy = scene(size=(40, 44))
    noisy[10:22, :] = 1
    noisy[14, 14] = 1.2
    estimate = raw_denoiser.denoise(noisy, np.array(BAYER["RGGB"], np.uint8), NOISE)
    np.testing.assert_array_equal(estimate[12:20], noisy[12:20])
    assert (estimate[10] != 1).any()  # beside what is not
    alone = noisy.copy()
    alone[10:22, :] = 0.3
    alone[14, 14] = 1.2
    estimate = raw_denoiser.denoise(alone, np.array(BAYER["RGGB"], np.uint8), NOISE)
    assert estimate[14, 14] != alone[14, 14]


def test_tiles_do_not_show():
    _, noisy = scene(size=(200, 210))
    pattern = np.array(BAYER["RGGB"], np.uint8)
    whole, tiled = (
        RawDenoiser(Denoiser(device="cpu", tile=tile)).denoise(noisy, pattern, NOISE)
        for tile in ("off", 64)
    )
    np.testing.assert_allclose(tiled, whole, atol=2e-6)


def test_noise_beyond_all_levels_is_no_error(raw_denoiser):
    _, noisy = scene(size=(24, 24))
    pattern = np.array(BAYER["RGGB"], np.uint8)
    with pytest.warns(match="above the model's largest level"):
        estimate = raw_denoiser.denoise(noisy, pattern, models_of([1.0, 1.0]))
    assert np.isfinite(estimate).all()


def test_a_colour_model_is_refused():
    _, noisy = scene(size=(24, 24))
    colour = RawDenoiser(Denoiser("denoise-n3unet-color", device="cpu"))
    with pytest.raises(InputError, match="works on colour"):
        colour.denoise(noisy, np.array(BAYER["RGGB"], np.uint8), NOISE)
