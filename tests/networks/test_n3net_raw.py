"""N3Net for planes of a mosaic: where the noise goes in, tiles, and what is refused."""

import pytest
import torch

from n3cli.errors import ConfigError
from n3cli.inference.engine import Engine
from n3cli.inference.stream import chain
from n3cli.networks import registry
from n3cli.networks.description import Placement
from n3cli.ops.mosaic.planes import noise_planes

CPU = torch.device("cpu")
SMALL = {"cnns": 2, "depth": 3, "features": 8, "k": 2, "patch": 4, "stride": 2, "window": 5}
A, B = torch.tensor([0.004]), torch.tensor([1e-4])


def make(channels):
    torch.manual_seed(0)
    return registry.build("n3net-raw", {"channels": channels, **SMALL}).eval()


def planes(channels, height, width):
    return noise_planes(torch.rand(1, channels, height, width), A, B)


@torch.no_grad()
@pytest.mark.parametrize("channels", [1, 4])
def test_roots_of_a_and_b_go_in_and_values_alone_past_the_first_stack(channels):
    """Written out in float64."""
    network = make(channels).double()
    image = planes(channels, 17, 23).double()
    values = image[:, :channels]
    deviations = [torch.full_like(values[:, :1], float(each) ** 0.5) for each in (A, B)]
    first, second = network.parts
    hidden = first.cnn.tail(
        first.cnn.body(first.cnn.head(torch.cat([values, *deviations], 1)).relu())
    )
    hidden = torch.cat([hidden[:, :channels] + values, hidden[:, channels:]], 1)
    expected = second(hidden, Placement.whole(17, 23))
    torch.testing.assert_close(network(image), expected, atol=1e-6, rtol=1e-6)


@torch.no_grad()
@pytest.mark.parametrize("channels", [1, 4])
def test_tiles_are_exact(channels):
    network, image = make(channels), planes(channels, 120, 98)

    class Whole:
        def rows(self, top, bottom):
            return image[:, :, top:bottom]

    engine = Engine(network, CPU, torch.float32, tile=48)
    strips = list(chain(engine, Whole(), (120, 98)).strips())
    assert len(strips) > 1
    torch.testing.assert_close(torch.cat(strips, dim=2), network(image), atol=2e-5, rtol=0)


@torch.no_grad()
@pytest.mark.parametrize("channels", [1, 4])
def test_it_can_start_near_the_identity(channels):
    network = registry.build("n3net-raw", {"channels": channels})
    network.start_near_identity()
    image = planes(channels, 40, 40)
    assert (network.eval()(image) - image[:, :channels]).abs().mean() < 0.05


@pytest.mark.parametrize("channels", [2, 3])
def test_other_numbers_of_planes_are_refused(channels):
    with pytest.raises(ConfigError, match=f"channels must be 1 .* or 4 .*, got {channels}"):
        registry.build("n3net-raw", {"channels": channels})


def test_what_goes_in_is_counted():
    with pytest.raises(ValueError, match="expected B×6×H×W"):
        make(4)(torch.rand(1, 4, 16, 16))
