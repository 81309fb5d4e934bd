"""MemNet against its formulas written out, and what it has in common with the paper's figures."""

import pytest
import torch
import torch.nn.functional as F

from n3cli.networks import registry
from n3cli.ops.resize import resize

SMALL = {"blocks": 2, "recursions": 2, "features": 6}


def make(**options):
    network = registry.build("memnet", {**SMALL, **options})
    with torch.no_grad():
        for _ in range(3):
            network(torch.rand(2, network.description.channels, 9, 8))  # fills running statistics
    return network.eval()


def test_it_has_as_many_weights_as_published():
    network = registry.build("memnet", {})
    # 677K in Tab. 3 of the paper. Convolutions: 3×3 from and to one plane; in each of 6 blocks two
    # of 64 planes (the same in all recursions) and a gate over 6 states and 1 … 6 memories.
    weights = 2 * 9 * 64 + 6 * 2 * 9 * 64**2 + sum(6 + m for m in range(1, 7)) * 64**2
    assert weights == 676_992
    assert sum(p.numel() for p in network.parameters() if p.dim() > 1) == weights
    norms = 6 * 6 * 2 + sum(6 + m for m in range(1, 7)) + 1
    biases = 64 + 6 * 3 * 64 + 1
    assert sum(p.numel() for p in network.parameters()) == weights + biases + norms * 2 * 64


def norm(x, layer):
    mean, variance = layer.running_mean.double(), layer.running_var.double()
    x = (x - mean.view(-1, 1, 1)) / (variance + layer.eps).sqrt().view(-1, 1, 1)
    return x * layer.weight.double().view(-1, 1, 1) + layer.bias.double().view(-1, 1, 1)


def convolve(x, layer):
    bias = None if layer.bias is None else layer.bias.double()
    return F.conv2d(x, layer.weight.double(), bias, padding=layer.kernel_size[0] // 2)


def test_it_computes_what_the_paper_says():
    network = make()
    image = torch.rand(1, 1, 7, 9)
    large = resize(image.double(), 2)
    memories = [convolve(large, network.head)]
    for block in network.blocks:
        state, states = memories[-1], []
        for outer, inner in zip(block.outer, block.inner, strict=True):
            middle = convolve(norm(state, outer).relu(), block.first)
            state = state + convolve(norm(middle, inner).relu(), block.second)
            states.append(state)
        gated = [
            convolve(norm(x, gate[0]).relu(), gate[2])
            for x, gate in zip([*memories, *states], block.gates, strict=True)
        ]
        memories.append(sum(gated))
    expected = large + convolve(norm(memories[-1], network.tail[0]).relu(), network.tail[2])
    with torch.no_grad():
        torch.testing.assert_close(network(image, scale=2).double(), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_it_begins_as_bicubic_interpolation(scale):
    network = make()
    network.start_near_identity()
    image = torch.rand(2, 1, 17, 30)
    with torch.no_grad():
        torch.testing.assert_close(network(image, scale=scale), resize(image, scale))


def test_its_halo_is_how_far_it_looks():
    network = make(scales="1")
    image = torch.rand(1, 1, 41, 41, requires_grad=True)
    network(image)[0, 0, 20, 20].backward()
    rows = image.grad[0, 0].abs().sum(1).nonzero()
    # … and bicubic interpolation by 1 looks no further.
    assert rows.min() == 20 - network.stages[1].halo
