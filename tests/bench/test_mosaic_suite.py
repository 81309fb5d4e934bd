"""Mosaics made of photographs: their light, their noise, and what a method gets of them."""

import numpy as np
import pytest
import torch

from n3cli.bench.measurement import measure
from n3cli.bench.method import Method
from n3cli.bench.model import make_models
from n3cli.bench.mosaic import load_mosaic
from n3cli.bench.suite import SUITES
from n3cli.data.simulated.mosaic import RGGB, expose, noise_at
from n3cli.io.picture import Picture, write_picture
from n3cli.ops.mosaic.layout import XTRANS
from n3cli.training.sensor_validation import mean_psnr_of_mosaics
from n3cli.zoo.load import load_model


@pytest.fixture
def path(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (45, 66, 3), np.uint8)
    write_picture(tmp_path / "a.png", Picture(pixels))
    return tmp_path / "a.png", pixels


@pytest.mark.parametrize("pattern", [RGGB, XTRANS[0]])
def test_any_filter(path, pattern):
    """Where it lets the colour through, the mosaic is that of all sites of the colour."""
    path, _ = path
    mosaic = load_mosaic(path, pattern)
    every = [load_mosaic(path, np.full((1, 1), colour, np.uint8)) for colour in range(3)]
    for row, column in np.ndindex(22, 32):
        colour = pattern[row % len(pattern), column % len(pattern)]
        assert mosaic[row, column] == every[colour][row, column]


def test_a_mosaic_is_a_photo_s_light(path):
    path, pixels = path
    mosaic = load_mosaic(path)
    assert mosaic.shape == (22, 32, 1)
    for row, column, colour, factor in ((4, 6, 0, 0.5), (5, 6, 1, 1), (4, 7, 1, 1), (7, 9, 2, 0.6)):
        values = pixels[2 * row : 2 * row + 2, 2 * column : 2 * column + 2, colour] / 255
        light = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values.flat]
        assert mosaic[row, column, 0] == pytest.approx(factor * np.mean(light), rel=1e-5)


@pytest.mark.parametrize("level", [6, 30])
def test_noise_is_the_model_s(level):
    noise = noise_at(level)
    whole = noise.deviation(np.array([1.0]))[0]
    assert np.sqrt(noise.a) == pytest.approx(level / 255)
    assert whole == pytest.approx(level / 255 * np.sqrt(1 + 4 * noise.a))
    for mean in (0.0, 0.01, 0.5):
        noisy = expose(np.full((400, 400, 1), mean, np.float32), level, 3)
        assert noisy.mean() == pytest.approx(mean, abs=5e-4)
        assert noisy.var() == pytest.approx(noise.a * mean + noise.b, rel=0.03)
    same = expose(np.full((400, 400, 1), 0.5, np.float32), level, 3)
    np.testing.assert_array_equal(same, noisy)


def test_a_method_gets_even_planes_and_the_baseline_is_the_mosaic(path):
    path, _ = path
    seen = []

    def run(noisy, sigma):
        seen.append((noisy.shape, sigma))
        return noisy

    suite = SUITES["val40-raw"]
    assert suite.development
    assert not SUITES["bsds-raw"].development
    (row,) = measure(suite, {12: [path]}, [Method("same", "", run)], lambda text: None).rows
    assert [shape for shape, _ in seen] == [(11, 16, 1)] * 4
    assert len({sigma for _, sigma in seen}) == 1
    assert 20 < row.psnr[0] < 45


def test_a_method_for_mosaics_gets_them_whole(path):
    path, _ = path
    seen = []

    def on_mosaic(noisy, pattern, noise):
        seen.append((noisy.shape, len(pattern), noise))
        return noisy

    for name in ("val40-raw", "val40-xtrans"):
        method = Method("same", "", lambda noisy, sigma: noisy * 0, on_mosaic=on_mosaic)
        measure(SUITES[name], {12: [path]}, [method], lambda text: None)
    assert seen == [((22, 32, 1), 2, noise_at(12)), ((22, 32, 1), 6, noise_at(12))]


def test_validation_scores_as_the_suite_does(path):
    """Of whole images, to the last digits, where nothing is overexposed."""
    path, pixels = path
    suite = SUITES["val40-raw"]
    made = make_models(["raw"], suite.task, 1, "cpu", "auto", (12,))
    (row,) = measure(suite, {12: [path]}, made, lambda text: None).rows
    image = torch.from_numpy(pixels).permute(2, 0, 1).float() / 255
    network = load_model("denoise-n3unet-raw").network
    score = mean_psnr_of_mosaics(network, [image], 12, torch.device("cpu"))
    assert row.psnr[0] == pytest.approx(score, abs=1e-5)


def test_the_network_for_mosaics_stands_there_by_itself(path):
    path, _ = path
    task = SUITES["val40-raw"].task
    made = make_models([*task.models, "n3unet"], task, 1, "cpu", "auto", (12,))
    assert [method.name for method in made] == ["denoise-n3unet-raw", "denoise-n3unet-gray"]
    assert [method.on_mosaic is None for method in made] == [False, True]
    rows = measure(SUITES["val40-xtrans"], {12: [path]}, made, lambda text: None).rows
    assert all(np.isfinite(row.psnr[0]) for row in rows)
