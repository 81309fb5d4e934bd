"""Whatever the tile size, the result is the whole image's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from n3cli.inference.denoise import denoise
from n3cli.networks import registry
from n3cli.zoo.config import CAMERA_NOISE, ModelConfig
from n3cli.zoo.folder import Model
from n3cli.zoo.load import load_model


def random_model(name: str, channels: int, **options: object) -> Model:
    network = registry.build(name, {"channels": channels, **options}).eval()
    for weight in network.parameters():
        if not weight.any():  # what starts at zero would hide what is before it
            torch.nn.init.normal_(weight, std=0.03)
    config = ModelConfig(
        f"denoise-{name}-random", "denoise", name, options, 75.0, "float32",
        CAMERA_NOISE,  # of which nothing bounds what random weights do
    )  # fmt: skip
    return Model(config, network, name)


def photo(height: int, width: int, channels: int) -> np.ndarray:
    rng = np.random.default_rng(5)
    rows, columns = np.mgrid[:height, :width] / 17.0
    scene = 0.5 + 0.3 * np.sin(rows + np.cos(columns)) * np.cos(2 * columns)
    image = scene[..., None] + rng.normal(0, 0.1, (height, width, channels))
    return image.astype(np.float32)


MODELS = {
    "denoise-n3unet-gray": lambda: load_model("denoise-n3unet-gray"),
    "denoise-n3unet-color": lambda: load_model("denoise-n3unet-color"),
    "n3unet at two levels": lambda: random_model(
        "n3unet", 1, widths="8,16,20", blocks="2,1,3", n3_levels="0,1", window=5
    ),
    "n3unet below": lambda: random_model(
        "n3unet", 3, widths="4,8,16,32", n3_levels="2", patch=4, stride=2
    ),
    "plain u-net": lambda: random_model("n3unet", 1, widths="8,16,32,64", n3_levels=""),
    "n3net": lambda: random_model("n3net", 1, sigma_input=True),
    "n3net with odd patches": lambda: random_model("n3net", 1, patch=9, stride=3, window=7),
    "dncnn": lambda: random_model("dncnn", 3, depth=5),
    "ffdnet": lambda: random_model("ffdnet", 3, depth=5, features=16),
    "ircnn": lambda: random_model("ircnn", 1, features=16),
    "unlnet": lambda: random_model("unlnet", 1, stages=2, patch=5, window=9),
}


@pytest.fixture(scope="module", params=MODELS)
def model(request: pytest.FixtureRequest) -> Model:
    return MODELS[request.param]()


@pytest.mark.parametrize(("height", "width"), [(1, 1), (5, 83), (67, 9), (131, 97), (149, 231)])
def test_tiles_are_exact(model: Model, height: int, width: int) -> None:
    channels = model.network.description.channels
    image = photo(height, width, channels)
    planes = torch.from_numpy(image.transpose(2, 0, 1).copy()).unsqueeze(0)
    with torch.no_grad():
        whole = model.network(planes, 25 / 255)[0].permute(1, 2, 0).numpy()
    for tile in ("off", 64, 88):
        tiled = denoise(image, 25, model, precision="fp32", tile=tile)
        assert np.abs(tiled - whole).max() < 2e-5


def test_the_tile_is_a_multiple_of_what_the_network_needs() -> None:
    image = photo(90, 140, 1)
    one, other = (denoise(image, 25, precision="fp32", tile=tile) for tile in (65, 71))
    np.testing.assert_allclose(one, other, atol=1e-5)
