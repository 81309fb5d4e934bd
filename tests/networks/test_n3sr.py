"""N3-SR: heads for several scales on one body."""

import pytest
import torch

from n3cli.errors import ConfigError
from n3cli.networks import registry
from n3cli.ops.resize import resize


def make(**options):
    return registry.build("n3sr", {"channels": 1, "width": 12, "blocks": 1, **options}).eval()


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_it_begins_as_bicubic_interpolation(scale):
    image = torch.rand(2, 1, 23, 40)
    with torch.no_grad():
        torch.testing.assert_close(make()(image, scale=scale), resize(image, scale))


def test_the_scales_share_the_body():
    network = make()
    assert network.scales == (2, 3, 4)
    assert network.description.scale == 4
    other = network.at(2)
    assert (other.description.scale, network.description.scale) == (2, 4)
    assert network.at(4) is network
    torch.nn.init.normal_(network.head.weight)
    torch.nn.init.normal_(network.tails["2"].weight)
    image = torch.rand(1, 1, 9, 8)
    with torch.no_grad():
        torch.testing.assert_close(other(image), network(image, scale=2))
    assert not torch.equal(other(image), resize(image, 2))


def test_without_n3_it_is_a_plain_network():
    with_n3, plain = (
        sum(p.numel() for p in make(n3=n3, width=64, blocks=4).parameters()) for n3 in (True, False)
    )
    # Projection to 16 + 16 + 1 planes, and seven neighbours' 16 planes back.
    assert with_n3 - plain == 9 * 64 * (33 + 112)


def test_the_body_is_small():
    network = registry.build("n3sr", {})
    body = sum(
        parameter.numel()
        for key, parameter in network.named_parameters()
        if not key.startswith("tails")
    )
    assert body <= 800_000


@pytest.mark.parametrize("scales", ["1,2", "9", "2,x", ""])
def test_scales_that_make_no_sense(scales):
    with pytest.raises(ConfigError, match="scales"):
        make(scales=scales)


def test_a_scale_that_there_is_no_head_for():
    with pytest.raises(ValueError, match=r"\(2, 3, 4\), not by 5"):
        make()(torch.rand(1, 1, 8, 8), scale=5)
