"""What a program has set for torch as a whole, device and dtype, changes no result."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from reference.dng import BAYER
from reference.two_pictures import two_views

import n3cli
from n3cli.inference.compute import Compute
from n3cli.inference.raw.denoise import RawDenoiser
from n3cli.networks import registry
from n3cli.ops import resize
from n3cli.ops.noise.model import models_of
from n3cli.zoo.folder import load_trained
from n3cli.zoo.locate import bundled

SETTINGS: dict[str, tuple[Callable[[Any], None], Any, Any]] = {
    "dtype": (torch.set_default_dtype, torch.float64, torch.float32),
    "device": (torch.set_default_device, "meta", None),
}
FIRST, SECOND, _, _ = two_views()
PICTURE = np.random.default_rng(0).uniform(0, 255, (70, 90, 3)).astype(np.uint8)


def forget() -> None:
    """What is kept from call to call must be made anew, or it would hide what is set."""
    resize.make_taps.cache_clear()
    resize._keep_bands.cache_clear()


@pytest.fixture(params=SETTINGS)
def set_otherwise(request: pytest.FixtureRequest) -> Iterator[Callable[[], None]]:
    """Sets one of the two; it is put back after the test."""
    change, value, usual = SETTINGS[request.param]
    forget()
    yield lambda: change(value)
    change(usual)
    forget()


COMPUTE: dict[str, Callable[[], Any]] = {
    "colour": lambda: n3cli.denoise(PICTURE, 25, device="cpu"),
    "grey": lambda: n3cli.denoise(PICTURE[..., 0], 25, "n3net", device="cpu"),
    "enlarged": lambda: n3cli.upscale(PICTURE, 3, device="cpu"),
    "to a size": lambda: n3cli.upscale(PICTURE, size=(100, 100), device="cpu"),
    "enlarged grey": lambda: n3cli.upscale(PICTURE[..., 0], 2, device="cpu"),
    "bicubic": lambda: n3cli.upscale(PICTURE, 2, "bicubic", device="cpu"),
    "matches": lambda: n3cli.match(FIRST, SECOND, max_keypoints=300, device="cpu").match_confidence,
}


@pytest.mark.parametrize("kind", COMPUTE)
def test_results_are_the_same(kind, set_otherwise):
    usual = COMPUTE[kind]()
    set_otherwise()
    forget()
    found = COMPUTE[kind]()
    assert found.dtype == usual.dtype
    np.testing.assert_array_equal(found, usual)


@pytest.mark.parametrize("model", ["denoise-n3unet-raw", "denoise-n3unet-gray"])
def test_mosaics_are_the_same(model, set_otherwise):
    mosaic = (PICTURE[:64, :64, 0] / 255).astype(np.float32)
    pattern = np.array(BAYER["RGGB"], np.uint8)
    noise = models_of([0.004, 1e-5])

    def denoised() -> np.ndarray:
        return RawDenoiser(model, Compute(device="cpu")).denoise(mosaic, pattern, noise)

    usual = denoised()
    set_otherwise()
    np.testing.assert_array_equal(denoised(), usual)


@pytest.mark.parametrize("name", registry.names())
def test_networks_are_float32(name, set_otherwise):
    set_otherwise()
    state = registry.build(name, {}).state_dict()
    assert {each.dtype for each in state.values() if each.is_floating_point()} == {torch.float32}


def test_a_model_is_loaded_on_the_cpu(set_otherwise):
    set_otherwise()
    _, network = load_trained(bundled()["denoise-n3net-gray"])
    assert {each.device.type for each in network.state_dict().values()} == {"cpu"}
