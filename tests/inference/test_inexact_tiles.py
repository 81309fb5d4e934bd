"""Networks whose tiles are not exact: where they begin, and what is said of them."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from torch import Tensor

from n3cli.errors import ModelError, N3Warning
from n3cli.inference.denoise import denoise
from n3cli.inference.upscale import upscale
from n3cli.networks.description import Description, Placement
from n3cli.networks.network import Network, Stage
from n3cli.zoo.config import ModelConfig
from n3cli.zoo.folder import Model

BLOCK = 8


class Blocks(Network):
    """Puts the mean of each block into all of its pixels, blocks counted from the tile's corner."""

    def __init__(self, scale: int) -> None:
        super().__init__()
        task = "upscale" if scale > 1 else "denoise"
        self.description = Description(task, 1, False, scale=scale, exact_tiles=False)

    @property
    def stages(self) -> tuple[Stage, ...]:
        return (Stage(self.run, halo=5, scale=self.description.scale, grid=BLOCK),)

    def run(self, x: Tensor, place: Placement) -> Tensor:
        height, width = x.shape[-2:]
        means = torch.nn.functional.avg_pool2d(x, BLOCK, ceil_mode=True)
        for axis, length in ((-2, height), (-1, width)):
            means = means.repeat_interleave(BLOCK, axis).narrow(axis, 0, length)
            means = means.repeat_interleave(self.description.scale, axis)
        return means


def model(scale: int) -> Model:
    network = Blocks(scale)
    task = network.description.task
    config = ModelConfig(f"{task}-blocks-gray", task, "blocks", {}, None, "float32")
    return Model(config, network, f"blocks {scale}")


def picture(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(2).random((height, width), dtype=np.float32)


@pytest.mark.parametrize(("height", "width"), [(67, 150), (129, 40), (64, 203)])
def test_tiles_begin_on_the_grid_of_the_whole_picture(height: int, width: int) -> None:
    image = picture(height, width)
    for tile in (64, 75):
        with pytest.warns(N3Warning, match="tiles"):
            tiled = denoise(image, 5, model(1), tile=tile)
        np.testing.assert_allclose(tiled, denoise(image, 5, model(1), tile="off"), atol=1e-6)
        with pytest.warns(N3Warning, match="tiles"):
            tiled = upscale(image, 2, model(2), tile=tile)
        np.testing.assert_allclose(tiled, upscale(image, 2, model(2), tile="off"), atol=1e-6)


@pytest.mark.parametrize("height", [50, 67])
def test_a_picture_in_one_tile_is_whole(height: int) -> None:
    with warnings.catch_warnings(action="error"):
        denoise(picture(height, 61), 5, model(1))
        upscale(picture(height, 61), 4, model(2))
        upscale(picture(height, 61), 0.5, model(2), tile=64)


def test_tiles_are_told_once_a_picture() -> None:
    for _ in range(2):
        with pytest.warns(
            N3Warning, match="denoise-blocks-gray is .* computed in tiles of 56×64"
        ) as a:
            denoise(picture(300, 100), 5, model(1), tile=64)  # in several strips of tiles
        # The first of three passes takes the picture whole, the others are in tiles.
        with pytest.warns(
            N3Warning, match="upscale-blocks-gray is .* computed in tiles of 64×56"
        ) as b:
            upscale(picture(50, 60), 8, model(2), tile=64)
        assert len(a) == len(b) == 1


def test_a_loaded_model_of_another_task() -> None:
    with pytest.raises(ModelError, match="is for the task upscale, not denoise: use it with `n3"):
        denoise(picture(9, 9), 5, model(2))
    with pytest.raises(ModelError, match="is for the task denoise, not upscale: use it with `n3"):
        upscale(picture(9, 9), 2, model(1))
