"""Self-ensemble: held against eight plain calls, turned by NumPy."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

from n3cli.errors import InputError, N3Warning
from n3cli.inference import ensemble
from n3cli.inference.compute import Compute
from n3cli.inference.denoise import denoise
from n3cli.inference.denoiser import Denoiser
from n3cli.inference.ensemble import ensembled
from n3cli.inference.upscale import upscale
from n3cli.inference.upscaler import Upscaler
from n3cli.networks import registry
from n3cli.ops.row_source import ArraySource
from n3cli.zoo.config import ModelConfig
from n3cli.zoo.folder import Model

SIZES = [(1, 1), (1, 9), (37, 52), (60, 41)]


def model(task: str, channels: int) -> Model:
    """A small network of random weights: nothing about it is the same in all directions."""
    torch.manual_seed(2)
    network, options = {
        "denoise": ("dncnn", {"channels": channels, "depth": 3, "features": 8}),
        "upscale": ("n3sr", {"channels": channels, "width": 8, "blocks": 1}),
    }[task]
    options = registry.complete(network, options)
    built = registry.build(network, options).eval()
    for weight in built.parameters():
        torch.nn.init.normal_(weight, std=0.1)
    config = ModelConfig(f"{task}-{network}-random", task, network, options, None, "float32")
    return Model(config, built, f"random {task} {channels}")


def picture(height: int, width: int, channels: int) -> np.ndarray:
    return np.random.default_rng(4).random((height, width, channels)).astype(np.float32)


def mean_of_all(image: np.ndarray, compute) -> np.ndarray:
    """What is to come out, as one would write it down."""
    results = []
    for quarters in range(4):
        for mirrored in (False, True):
            turned = np.rot90(image, quarters)
            result = compute(np.flipud(turned) if mirrored else turned)
            results.append(np.rot90(np.flipud(result) if mirrored else result, -quarters))
    return np.mean(results, axis=0)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("height", "width"), SIZES)
def test_denoising_is_the_mean_of_eight(height: int, width: int, channels: int) -> None:
    network, image = model("denoise", channels), picture(height, width, channels)
    plain = denoise(image, 20, network)
    expected = mean_of_all(image, lambda turned: denoise(turned, 20, network))
    result = denoise(image, 20, network, tta=True)
    np.testing.assert_allclose(result, expected, atol=1e-5)
    if height > 1:
        assert np.abs(result - plain).max() > 1e-3


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("scale", [2, 2.6])
@pytest.mark.parametrize(("height", "width"), SIZES)
def test_enlarging_is_the_mean_of_eight(
    height: int, width: int, scale: float, channels: int
) -> None:
    network, image = model("upscale", 3), picture(height, width, channels)
    expected = mean_of_all(image, lambda turned: upscale(turned, scale, network))
    result = upscale(image, scale, network, tta=True)
    np.testing.assert_allclose(result, expected, atol=1e-5)


def test_a_size_of_other_proportions_turns_along() -> None:
    network, image = model("upscale", 3), picture(20, 33, 3)

    def enlarge(turned: np.ndarray) -> np.ndarray:
        size = (50, 40) if turned.shape[0] == 20 else (40, 50)
        return upscale(turned, model=network, size=size)

    result = upscale(image, model=network, size=(50, 40), tta=True)
    np.testing.assert_allclose(result, mean_of_all(image, enlarge), atol=1e-5)


@pytest.mark.parametrize("turn", [np.rot90, np.flipud, np.fliplr, lambda image: np.rot90(image, 3)])
def test_a_turned_picture_gives_the_turned_result(turn) -> None:
    image = picture(31, 46, 3)
    for task, compute in (("denoise", lambda x, m: denoise(x, 15, m, tta=True)),
                          ("upscale", lambda x, m: upscale(x, 3, m, tta=True))):  # fmt: skip
        network = model(task, 3)
        np.testing.assert_allclose(
            compute(turn(image), network), turn(compute(image, network)), atol=1e-5
        )


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_rounded_once_after_the_mean(dtype: type) -> None:
    network, peak = model("denoise", 3), np.iinfo(dtype).max
    image = (picture(40, 29, 3) * peak).astype(dtype)
    floats = mean_of_all(
        image, lambda turned: denoise(turned / np.float32(peak), 20, network, precision="fp32")
    )
    result = denoise(image, 20, network, tta=True, precision="fp32")
    assert result.dtype == dtype
    assert np.abs(result - np.clip(floats * peak, 0, peak)).max() < 0.502 + peak * 1e-6


def test_strength_blends_with_the_mean() -> None:
    network, image = model("denoise", 1), picture(30, 44, 1)
    full = denoise(image, 20, network, tta=True)
    half = denoise(image, 20, network, strength=0.5, tta=True)
    np.testing.assert_allclose(half, (full + image) / 2, atol=1e-5)


def test_without_a_network_nothing_is_turned(monkeypatch: pytest.MonkeyPatch) -> None:
    image = picture(30, 44, 3)
    plain = upscale(image, 2.5, "bicubic")
    turned = mean_of_all(image, lambda turned: upscale(turned, 2.5, "bicubic"))
    np.testing.assert_allclose(plain, turned, atol=1e-5)  # interpolation does not mind
    monkeypatch.setattr(ensemble, "POSES", 0)
    np.testing.assert_array_equal(upscale(image, 2.5, "bicubic", tta=True), plain)


def test_progress_rises_to_one_over_all_poses() -> None:
    source = ArraySource(picture(150, 40, 3))
    denoiser, upscaler = (
        Denoiser(model("denoise", 3), Compute(tile=64)),
        Upscaler(model("upscale", 3)),
    )
    for rows in (
        lambda tell: denoiser.rows(source, sigma=9, tta=True, progress=tell),
        lambda tell: upscaler.rows(source, size=(300, 80), tta=True, progress=tell),
    ):
        seen: list[float] = []
        assert sum(len(strip) for strip in rows(seen.append)) in (150, 300)
        assert seen == sorted(seen)
        assert seen[0] <= 1 / 8
        assert seen[-1] == pytest.approx(1)


class Once(ArraySource):
    """A source whose rows can be read once, as those of a file."""

    read = 0

    def rows(self, top, bottom):
        assert top == self.read, "rows are left out or read again"
        self.read = bottom
        return super().rows(top, bottom)


def test_any_strips_in_are_strips_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("n3cli.inference.tiling.STRIP", 100)

    def darken_the_first_row(source, size, progress):
        """Of the picture as it is given: the mean darkens the border, an eighth for each pose."""
        pixels, _ = source.rows(0, source.height)
        planes = torch.from_numpy(pixels.transpose(2, 0, 1).copy())
        planes[:, 0] = 0
        for top in range(0, source.height, 7):
            yield planes[:, top : top + 7]

    source = Once(np.ones((23, 40, 1), np.float32))
    strips = list(ensembled(darken_the_first_row)(source, (23, 40), None))
    assert {strip.shape for strip in strips[:-1]} == {(1, 2, 40)}
    result = torch.cat(strips, 1)[0].numpy()
    expected = np.ones((23, 40), np.float32)
    expected[[0, -1]] -= 0.25
    expected[:, [0, -1]] -= 0.25
    np.testing.assert_array_equal(result, expected)


def test_a_picture_that_cannot_be_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ensemble, "free_memory", lambda device: 5_000_000)
    with pytest.raises(InputError, match=r"needs 0\.1 GB for the whole picture, but only 0\.0 GB"):
        denoise(np.zeros((2000, 2000, 3), np.uint8), 10, model("denoise", 3), tta=True)


def test_what_is_true_of_all_poses_is_told_once() -> None:
    def compute(source, size, progress):
        warnings.warn(f"tiles of {size[0]}×{size[1]} may show", N3Warning, stacklevel=2)
        yield torch.zeros(1, *size)

    source = ArraySource(picture(4, 6, 1))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        list(ensembled(compute)(source, (4, 6), None))
    assert [str(warning.message) for warning in told] == ["tiles of 4×6 may show"]
