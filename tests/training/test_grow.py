"""A larger network that begins where a smaller one ended."""

import pytest
import torch

from n3cli.networks import registry
from n3cli.networks.network import Network
from n3cli.training.grow import grow

SMALL = {"channels": 1, "widths": "8,12", "blocks": "1,1", "n3_levels": "0", "features": 4, "k": 3}


def trained(name: str, options: dict[str, object]) -> Network:
    """A network none of whose weights is zero."""
    network = registry.build(name, options)
    with torch.no_grad():
        for weight in network.parameters():
            weight += 0.05 * torch.randn_like(weight)
    return network


@pytest.mark.parametrize(
    "larger",
    [
        SMALL,
        {**SMALL, "widths": "10,12"},
        {**SMALL, "widths": "8,19"},
        {**SMALL, "widths": "11,13", "blocks": "3,2"},
    ],
    ids=str,
)
def test_it_computes_the_same_and_learns_on(larger):
    start = trained("n3unet", SMALL)
    network = registry.build("n3unet", larger)
    grow(network, start)
    image, sigma = torch.rand(2, 1, 40, 56), torch.tensor([0.1, 0.2])
    with torch.no_grad():
        torch.testing.assert_close(network(image, sigma), start(image, sigma), rtol=0, atol=1e-5)
    network(image, sigma).square().mean().backward()
    for key, weight in network.named_parameters():
        new = weight.numel() > dict(start.named_parameters()).get(key, weight[:0]).numel()
        if new and "conv1" not in key:  # of new blocks, the second convolution learns first
            assert weight.grad.abs().sum() > 0, key


def test_a_plain_network_can_be_given_an_n3_block():
    start = trained("n3unet", {**SMALL, "n3_levels": ""})
    network = registry.build("n3unet", SMALL)
    grow(network, start)
    image = torch.rand(1, 1, 32, 32)
    torch.testing.assert_close(network(image, 0.1), start(image, 0.1))


@pytest.mark.parametrize("scales", ["2", "2,4", "4"])
def test_it_may_learn_more_scales(scales):
    small = {"channels": 1, "width": 8, "blocks": 1, "features": 4, "embedding": 4}
    start = trained("n3sr", {**small, "scales": scales})
    network = registry.build("n3sr", {**small, "scales": "2,3,4"})
    grow(network, start)
    image = torch.rand(1, 1, 20, 28)
    for scale in start.scales:
        torch.testing.assert_close(network(image, None, scale), start(image, None, scale))


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({**SMALL, "widths": "7,12"}, "does not fit into"),
        ({**SMALL, "n3_levels": ""}, "has n3.0.project.weight, which the new network lacks"),
        ({**SMALL, "features": 6}, "would not compute the same"),
        ({**SMALL, "widths": "8,13", "patch": 4, "stride": 2}, "would not compute the same"),
    ],
)
def test_what_does_not_fit_is_refused(options, complaint):
    with pytest.raises(ValueError, match=complaint):
        grow(registry.build("n3unet", options), trained("n3unet", SMALL))


def test_what_has_no_weights_may_change():
    start = trained("n3unet", SMALL)
    network = registry.build("n3unet", {**SMALL, "window": 15})
    grow(network, start)
    torch.testing.assert_close(network.state_dict(), start.state_dict())


def test_batch_norms_grow_too():
    small = {"channels": 1, "depth": 4, "features": 8}
    start = trained("dncnn", small)
    start.train()
    start(torch.rand(2, 1, 24, 24), 0.1)
    network = registry.build("dncnn", {**small, "features": 12})
    grow(network, start)
    assert network.training
    image = torch.rand(1, 1, 24, 24)
    torch.testing.assert_close(network.eval()(image), start.eval()(image), rtol=0, atol=1e-5)
