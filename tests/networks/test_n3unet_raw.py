"""N3-UNet for mosaics: filters as data, tiles, gain, and what is refused."""

import pytest
import torch

from n3cli.errors import ModelError
from n3cli.inference.denoise import denoise
from n3cli.inference.engine import Engine
from n3cli.inference.stream import chain
from n3cli.networks import registry
from n3cli.networks.description import MOSAIC_PLANES
from n3cli.zoo.config import ModelConfig
from n3cli.zoo.folder import Model
from n3cli.zoo.verify import verify_model

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    network = registry.build("n3unet-raw", {"widths": "8,12,16,16", "blocks": "1,1,1,1"}).eval()
    for weight in network.parameters():
        if not weight.any():
            torch.nn.init.normal_(weight, std=0.05)
    return network


def planes(height, width, count=1):
    values = torch.rand(count, 1, height, width) * 0.3
    sites = torch.zeros(count, 3, height, width)
    for row in (0, 1):
        for column in (0, 1):
            sites[:, row + column, row::2, column::2] = 1
    return torch.cat([values, sites, 0.02 + 0.05 * values], dim=1)


class Whole:
    """An image in memory, as rows."""

    def __init__(self, image):
        self.image = image

    def rows(self, top, bottom):
        return self.image[:, :, top:bottom]


@torch.no_grad()
@pytest.mark.parametrize(("height", "width"), [(64, 64), (200, 232), (296, 152)])
def test_tiles_of_a_mosaic_are_exact(network, height, width):
    image = planes(height, width)
    engine = Engine(network, CPU, torch.float32, tile=48)
    strips = list(chain(engine, Whole(image), (height, width)).strips())
    assert len(strips) > 1 or height < 100
    torch.testing.assert_close(torch.cat(strips, dim=2), network(image), atol=2e-5, rtol=0)


@torch.no_grad()
def test_what_is_not_looked_up_is_scaled_as_values_and_noise_are():
    network = registry.build("n3unet-raw", {"widths": "8,12", "blocks": "1,1", "n3_levels": ""})
    torch.nn.init.normal_(network.tail.weight)
    image = planes(24, 32)
    brighter = image.clone()
    brighter[:, 0] *= 3
    brighter[:, 4] *= 3
    torch.testing.assert_close(network(brighter), 3 * network(image))
    assert not torch.equal(network(image), image[:, :1])


@torch.no_grad()
def test_what_lies_at_sites_of_other_colours_is_told_apart(network):
    image = planes(48, 48)
    other = image.clone()
    other[:, 1:4] = image[:, [3, 2, 1]]
    assert (network(image) - network(other)).abs().max() > 1e-4


@torch.no_grad()
def test_a_fresh_network_is_the_identity():
    image = planes(40, 40, 2)
    torch.testing.assert_close(registry.build("n3unet-raw", {}).eval()(image), image[:, :1])


def test_patches_move_by_whole_periods_of_every_filter():
    block = registry.build("n3unet-raw", {}).n3["1"].aggregation
    assert 2 * block.stride % 2 == 2 * block.stride % 6 == 0


def test_planes_are_counted(network):
    with pytest.raises(ValueError, match=f"expected B×{MOSAIC_PLANES}×H×W"):
        network(torch.rand(1, 1, 16, 16))


def test_a_model_for_mosaics_verifies_and_refuses_pictures(network):
    config = ModelConfig(
        "denoise-n3unet-raw", "denoise", "n3unet-raw", {}, None, "float32"
    )  # fmt: skip
    model = Model(config, network, "here")
    verify_model(model)
    with pytest.raises(ModelError, match="is for camera raw"):
        denoise(torch.rand(20, 20).numpy(), 10, model=model)
