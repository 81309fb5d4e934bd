"""N3 blocks as layers of other people's networks."""

import copy
import pickle

import pytest
import torch
from torch import nn

from n3cli.networks.description import Placement
from n3cli.networks.n3 import N3Aggregation
from n3cli.networks.n3_branch import N3Branch
from n3cli.networks.n3net import N3Block
from n3cli.networks.n3unet import N3UNet

IMAGE = torch.rand(2, 1, 30, 26)


class Small(nn.Module):
    """A convolution, a branch, a convolution."""

    def __init__(self):
        super().__init__()
        self.head = nn.Conv2d(1, 8, 3, padding=1)
        self.branch = N3Branch(8, features=4, embedding=4, k=3, patch=4, stride=2, window=5)
        nn.init.normal_(self.branch.merge.weight, std=0.1)
        self.tail = nn.Conv2d(8, 1, 3, padding=1)

    def forward(self, x):
        y = self.head(x)
        return self.tail(y + self.branch(y))


def test_a_whole_image_needs_no_placement():
    y = torch.rand(1, 8, 30, 26)
    branch = Small().branch
    assert torch.equal(branch(y), branch(y, Placement.whole(30, 26)))
    block = N3Block(8, features=4, k=3, patch=4, stride=2, window=5).eval()
    assert torch.equal(block(y), block(y, Placement.whole(30, 26)))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_networks_run_in_the_dtype_that_they_are_given(dtype):
    network = N3UNet(channels=1)
    network.start_near_identity()
    exact = network(IMAGE, 0.1)
    found = network.to(dtype)(IMAGE.to(dtype), 0.1)
    assert found.dtype == dtype
    torch.testing.assert_close(found.float(), exact, atol=0.05, rtol=0)


def test_it_is_copied_pickled_and_trained():
    network = Small()
    for twin in (copy.deepcopy(network), pickle.loads(pickle.dumps(network))):
        assert torch.equal(twin(IMAGE), network(IMAGE))
    optimiser = torch.optim.Adam(network.parameters(), 1e-2)
    losses = []
    for _ in range(8):
        loss = (network(IMAGE) - IMAGE).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2
    assert all(each.grad.any() for each in network.parameters())


def test_second_derivatives_of_a_network():
    network = Small().double()
    x = torch.rand(1, 1, 9, 8, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(network, x, fast_mode=True, atol=1e-4)


def test_it_is_exported():
    network, image = Small(), IMAGE[:1, :, :12, :10]
    found = torch.export.export(network, (image,)).module()(image)
    torch.testing.assert_close(found, network(image), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"k": 0}, "k must be 1 or more, got 0"),
        ({"window": 0}, "window must be 1 or more, got 0"),
        ({"stride": 0}, "stride must be 1 or more, got 0"),
        ({"patch": 0}, "patch must be 1 or more, got 0"),
        ({"patch": 7}, "the stride must divide the patch size, got 5 and 7"),
    ],
)
def test_sizes_that_mean_nothing_are_refused(sizes, message):
    with pytest.raises(ValueError, match=message):
        N3Aggregation(**sizes)


@pytest.mark.parametrize(
    ("shapes", "place", "message"),
    [
        (((1, 4, 20), (1, 4, 20), (1, 1, 20)), None, r"features B×C×H×W.* got \(1, 4, 20\)"),
        (((1, 4, 20, 20), (1, 4, 20, 19), (1, 1, 20, 20)), None, r"got .*\(1, 4, 20, 19\)"),
        (((1, 4, 20, 20), (1, 4, 20, 20), (1, 2, 20, 20)), None, r"got .*\(1, 2, 20, 20\)"),
        (((1, 4, 20, 20),) * 2 + ((1, 1, 20, 20),), Placement.whole(10, 10), "20×20 .* 10×10"),
    ],
)
def test_planes_that_do_not_fit_together_are_refused(shapes, place, message):
    aggregation = N3Aggregation(k=2, patch=4, stride=2, window=5)
    with pytest.raises(ValueError, match=message):
        aggregation(*map(torch.rand, shapes), place)
