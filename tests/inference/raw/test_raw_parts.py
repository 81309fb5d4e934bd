"""Mosaics through networks for their planes, against planes that are written out one by one."""

import numpy as np
import pytest
import torch
from reference.dng import BAYER, X_TRANS

from n3cli.errors import InputError
from n3cli.inference.compute import Compute
from n3cli.inference.ensemble import POSES, posed
from n3cli.inference.raw.denoise import RawDenoiser
from n3cli.inference.raw.pose import posed_pattern
from n3cli.networks import registry
from n3cli.ops.noise.model import NoiseModel
from n3cli.zoo.config import ModelConfig
from n3cli.zoo.folder import Model

FILTERS = {**BAYER, "X-Trans": X_TRANS}
NOISE = [NoiseModel(0.004, 1e-5), NoiseModel(0.002, 2e-5), NoiseModel(0.006, 3e-5)]
SMALL = {"cnns": 2, "depth": 3, "features": 8, "k": 2, "patch": 4, "stride": 2, "window": 5}


def make(channels, *, tta=False, tile="auto"):
    torch.manual_seed(channels)
    network = registry.build("n3net-raw", {"channels": channels, **SMALL}).eval()
    form = {1: "planes", 4: "packed"}[channels]
    config = ModelConfig(f"denoise-n3net-raw-{form}", "denoise", "n3net-raw", {}, None, "float32")
    return RawDenoiser(Model(config, network, form), Compute("cpu", tile=tile), tta=tta)


def mosaic(*size):
    """Values below white, so that none is left alone."""
    return np.random.default_rng(0).random(size, np.float32) * 0.9 - 0.02


def pattern_of(name):
    return np.array(FILTERS[name], np.uint8)


@torch.no_grad()
def run(denoiser, values, a, b):
    """The network at once, on planes h×w×C."""
    planes = np.concatenate(
        [values, np.full((*values.shape[:2], 1), a), np.full((*values.shape[:2], 1), b)], 2
    )
    image = torch.from_numpy(planes.astype(np.float32)).permute(2, 0, 1)[None]
    return denoiser.model.network(image)[0].permute(1, 2, 0).numpy()


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("strength", [1, 0.7])
def test_each_plane_goes_in_by_itself_with_its_noise(name, strength):
    denoiser, noisy, pattern = make(1), mosaic(49, 38), pattern_of(name)
    period = len(pattern)
    places: dict[tuple[int, int, int], list[tuple[int, int]]] = {}
    for row, column in np.ndindex(period, period):
        if name == "X-Trans" and pattern[row, column] == pattern[(row + 3) % 6, column] == 1:
            places.setdefault((row % 3, column % 3, 3), []).append((row, column))
        else:
            places[row, column, period] = [(row, column)]
    expected = np.full(noisy.shape, np.nan, np.float32)
    for row, column, step in places:
        noise = NOISE[pattern[row, column]]
        plane = noisy[row::step, column::step, None]
        share = strength**2
        estimate = run(denoiser, plane, share * noise.a, share * noise.b)
        expected[row::step, column::step] = estimate[..., 0]
    told: list[float] = []
    estimate = denoiser.denoise(noisy, pattern, NOISE, strength=strength, progress=told.append)
    np.testing.assert_allclose(estimate, expected, atol=2e-6)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1)


@pytest.mark.parametrize("name", BAYER)
@pytest.mark.parametrize("size", [(30, 44), (31, 44), (30, 45), (31, 45)])
def test_four_planes_go_in_together_from_where_red_is(name, size):
    """Squares that the border cuts are completed by what is mirrored at it, site by site."""
    denoiser, noisy, pattern = make(4), mosaic(*size), pattern_of(name)
    ((down, across),) = np.argwhere(pattern == 0)

    def mirrored(place, length):
        return abs(place) if place < length else 2 * (length - 1) - place

    height, width = (-(-(size[0] + down) // 2), -(-(size[1] + across) // 2))
    planes = np.empty((height, width, 4), np.float32)
    for row, column, part in np.ndindex(*planes.shape):
        where = 2 * row + part // 2 - down, 2 * column + part % 2 - across
        planes[row, column, part] = noisy[mirrored(where[0], size[0]), mirrored(where[1], size[1])]
    estimate = run(denoiser, planes, (0.004 + 2 * 0.002 + 0.006) / 4, (1 + 2 * 2 + 3) / 4 * 1e-5)
    expected = np.empty(size, np.float32)
    for row, column in np.ndindex(*size):
        y, x = row + down, column + across
        expected[row, column] = estimate[y // 2, x // 2, 2 * (y % 2) + x % 2]
    np.testing.assert_allclose(denoiser.denoise(noisy, pattern, NOISE), expected, atol=2e-6)


def test_x_trans_has_no_four_planes():
    with pytest.raises(InputError, match="is X-Trans, but denoise-n3net-raw-packed is for Bayer"):
        make(4).denoise(mosaic(24, 24), pattern_of("X-Trans"), NOISE)


@pytest.mark.parametrize("channels", [1, 4])
def test_turns_are_those_of_the_mosaic(channels):
    denoiser, noisy, pattern = make(channels), mosaic(27, 34), pattern_of("GRBG")
    total = np.zeros_like(noisy)
    for pose in range(POSES):
        turned = posed_pattern(pattern, noisy.shape, pose)
        posed(total, pose)[...] += denoiser.denoise(
            np.ascontiguousarray(posed(noisy, pose)), turned, NOISE
        )
    estimate = make(channels, tta=True).denoise(noisy, pattern, NOISE)
    np.testing.assert_allclose(estimate, total / POSES, atol=2e-6)


@pytest.mark.parametrize("channels", [1, 4])
def test_no_strength_no_change_and_tiles_do_not_show(channels):
    noisy, pattern = mosaic(150, 121), pattern_of("BGGR")
    denoiser = make(channels)
    np.testing.assert_array_equal(denoiser.denoise(noisy, pattern, NOISE, strength=0), noisy)
    tiled = make(channels, tile=32).denoise(noisy, pattern, NOISE)
    np.testing.assert_allclose(tiled, denoiser.denoise(noisy, pattern, NOISE), atol=2e-6)


@pytest.mark.parametrize("channels", [1, 4])
@pytest.mark.parametrize("size", [(1, 1), (2, 3), (1, 8)])
@pytest.mark.parametrize("name", ["RGGB", "BGGR"])
@pytest.mark.parametrize("tta", [False, True])
def test_any_size(channels, size, name, tta):
    estimate = make(channels, tta=tta).denoise(mosaic(*size), pattern_of(name), NOISE)
    assert estimate.shape == size
    assert np.isfinite(estimate).all()
