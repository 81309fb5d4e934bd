"""VDSR: one network for all scales, behind bicubic interpolation."""

import pytest
import torch

from n3cli.networks import registry
from n3cli.ops.resize import resize


def make(**options):
    network = registry.build("vdsr", {"depth": 3, "features": 8, **options}).eval()
    network.start_near_identity()
    return network


@pytest.mark.parametrize(("cnns", "atol"), [(1, 1e-5), (3, 0.1)])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_it_begins_as_bicubic_interpolation(cnns, atol, scale):
    image = torch.rand(2, 1, 17, 30)
    with torch.no_grad():
        output = make(cnns=cnns)(image, scale=scale)
    torch.testing.assert_close(output, resize(image, scale), atol=atol, rtol=0)


def test_the_convolutions_are_the_same_at_every_scale():
    network = registry.build("vdsr", {"depth": 3, "features": 8}).eval()
    image = torch.rand(1, 1, 12, 10)
    with torch.no_grad():
        for scale in network.scales:
            large = resize(image, scale)
            stack = network.parts[0].cnn
            torch.testing.assert_close(network(image, scale=scale), stack(large))


def test_n3_blocks_stand_between_the_stacks():
    network = registry.build("vdsr", {"cnns": 3, "depth": 7})
    assert [part.block is not None for part in network.parts] == [False, True, True]
    assert [stage.scale for stage in network.stages] == [4, 1, 1, 1]
