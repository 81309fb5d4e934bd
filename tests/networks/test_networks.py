from __future__ import annotations

import pytest
import torch
from torch import nn

from n3cli.errors import ConfigError
from n3cli.networks import registry
from n3cli.networks.description import Placement
from n3cli.networks.fold import fold_batch_norm
from n3cli.networks.n3 import DistanceNorm, N3Aggregation
from n3cli.networks.n3net import N3Block
from n3cli.ops.n3.aggregation_plain import aggregate_plain

IMAGE = [name for name in registry.names() if registry.build(name, {}).description.task != "match"]
SIZES = [(1, 1), (1, 30), (7, 5), (16, 16), (43, 61)]

SMALLER = {
    "ircnn": {"levels": 1},  # of all its networks, a noise level reaches one
    "memnet": {"blocks": 2, "recursions": 2, "features": 8},  # 80 layers at the output's size
    "vdsr": {"depth": 4, "features": 8},  # 20, there too
}
"""Options with which all that is said of every network is quickly tried."""


def build(name, channels):
    """A network that is quickly tried, and the planes of an image for it."""
    given = {} if name in ("n3unet-raw", "n3net-raw") else {"channels": channels}
    network = registry.build(name, given | SMALLER.get(name, {}))
    return network, network.description.planes


def parameters(name, **options):
    return sum(p.numel() for p in registry.build(name, options).parameters())


def test_numbers_of_parameters_are_the_published_ones():
    assert parameters("n3net") == 705_511
    assert parameters("n3unet") == 2_861_472
    assert parameters("n3unet", channels=3) == 2_862_624
    assert parameters("n3net-raw") == 705_511 + 2 * 9 * 64
    assert parameters("n3net-raw", channels=4) == 705_511 + 5 * 9 * 64 + 3 * (9 * 64 + 1)
    assert parameters("n3unet-raw") == 2_861_472 + 4 * 9 * 32
    assert parameters("n3unet", blocks="1,1,1,1") == 2_382_240
    assert parameters("dncnn") == 556_097  # 17 layers, with batch norm
    assert parameters("ffdnet") == 485_316  # batch norms merged
    assert parameters("ffdnet", channels=3, depth=12, features=96) == 852_108
    assert parameters("vdsr") == 665_921  # 20 layers with biases
    assert parameters("ircnn", levels=1) == 185_857
    assert parameters("ircnn", levels=1, channels=3) == 188_163


@pytest.mark.parametrize("name", IMAGE)
@pytest.mark.parametrize("size", SIZES)
def test_any_size(name, size):
    network, planes = build(name, 3)
    with torch.no_grad():
        y = network.eval()(torch.rand(2, planes, *size), 0.1)
    scale, channels = network.description.scale, network.description.channels
    assert y.shape == (2, channels, *(scale * length for length in size))
    assert torch.isfinite(y).all()


@pytest.mark.parametrize("name", IMAGE)
def test_a_batch_is_its_images(name):
    network, planes = build(name, 1)
    network.eval()
    images, sigmas = torch.rand(3, planes, 70, 90), torch.tensor([0.0, 0.1, 0.3])
    with torch.no_grad():
        batch = network(images, sigmas)
        alone = [network(images[i : i + 1], float(sigmas[i])) for i in range(3)]
    torch.testing.assert_close(batch, torch.cat(alone), atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", IMAGE)
def test_training_reaches_every_parameter(name):
    network, planes = build(name, 1)
    for parameter in network.parameters():
        if not parameter.any():  # layers that start at zero block the gradient of others
            torch.nn.init.normal_(parameter, std=0.05)
    image = torch.rand(2, planes, 80, 80)
    for scale in network.scales:
        network(image, 0.1, scale).square().mean().backward()
    for key, parameter in network.named_parameters():
        useless = key.endswith("distance_norm.bias")  # the softmax ignores a shift
        assert parameter.grad is not None or useless, key
        assert useless or parameter.grad.abs().sum() > 0, key


@pytest.mark.parametrize("name", ["vdsr", "ffdnet", "ircnn"])
def test_what_goes_into_a_plain_stack_comes_out(name):
    # With torch's own start it did not, and two hours of training left VDSR at bicubic's result.
    torch.manual_seed(2)
    network = registry.build(name, {"channels": 1})
    network(torch.rand(2, 1, 40, 40), 0.1).var().backward()
    layers = [module for module in network.modules() if isinstance(module, torch.nn.Conv2d)]
    changes = [
        float(layer.weight.grad.norm() / layer.weight.detach().norm())
        for layer in layers
        if layer.weight.grad is not None  # of all of IRCNN's networks, one is run
    ]
    assert min(changes) > 1e-4 * max(changes)


@pytest.mark.parametrize("name", ["n3net", "dncnn"])
def test_folding_changes_nothing(name):
    network = registry.build(name, {"channels": 1, "sigma_input": True})
    with torch.no_grad():
        for _ in range(3):
            network(torch.rand(2, 1, 60, 60), 0.2)  # fills the running statistics
        network.eval()
        image = torch.rand(1, 1, 50, 70)
        expected = network(image, 0.1)
        folded = fold_batch_norm(network)
        torch.testing.assert_close(folded(image, 0.1), expected, atol=1e-5, rtol=0)
    assert not any(module.training for module in folded.modules())


def test_folding_reaches_sequences_in_sequences():
    network = registry.build("dncnn", {"channels": 1, "sigma_input": True, "depth": 4})
    network.nested = nn.Sequential(
        nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)), nn.ReLU()
    ).eval()
    network.nested[0][1].running_mean.fill_(0.5)
    image = torch.rand(1, 1, 9, 9)
    folded = fold_batch_norm(network)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
    torch.testing.assert_close(folded.nested(image), network.nested(image))


def test_a_noise_level_is_asked_for():
    with pytest.raises(ValueError, match="sigma"):
        registry.build("n3unet", {})(torch.rand(1, 1, 16, 16))
    with pytest.raises(ValueError, match="expected B×1×H×W"):
        registry.build("n3unet", {})(torch.rand(1, 3, 16, 16), 0.1)
    with pytest.raises(ValueError, match=r"each of the 2 images, got shape \(3,\)"):
        registry.build("n3unet", {})(torch.rand(2, 1, 16, 16), torch.rand(3))


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("n3nett", {}, "did you mean 'n3net'"),
        ("n3unet", {"chanels": 1}, "did you mean 'channels'"),
        ("n3unet", {"channels": "1"}, "of type int"),
        ("n3unet", {"n3_levels": "0,3"}, "of 4 widths has levels 0, 1, 2, not '3'"),
        (
            "n3unet",
            {"widths": "8,16", "blocks": "1,1", "n3_levels": "1"},
            "of 2 widths has only level 0, not '1'",
        ),
        ("n3unet", {"widths": "8,,16"}, "widths takes whole numbers from 1 to"),
        ("n3unet", {"blocks": "1,1,1,0"}, "blocks takes whole numbers from 1 to"),
        ("n3unet", {"widths": "8,16"}, "one number a level, got 8,16 and 2,4,1,1"),
        ("n3net", {"sigma_input": 1}, "of type bool"),
        ("n3net", {"depth": 0}, "from 1 to 4096"),
        ("n3net", {"channels": 10**400}, "from 1 to 4096"),
        ("dncnn", {"depth": 1}, "at least 2"),
        ("ffdnet", {"depth": 1}, "at least 2"),
        ("n3net", {"patch": 10, "stride": 3}, "stride must divide the patch"),
    ],
)
def test_bad_options(name, options, message):
    with pytest.raises(ConfigError, match=message):
        registry.build(name, options)


def test_distance_norm_is_a_batch_norm_up_to_a_shift():
    norm, official = DistanceNorm(), torch.nn.BatchNorm1d(1)
    for each in (norm, official):
        torch.nn.init.constant_(each.weight, 1.7)
    distances = torch.rand(400) * 9
    factor = norm.factor([distances[:100], distances[100:].view(30, 10)])
    expected = official(distances[:, None])[:, 0]
    torch.testing.assert_close(distances * factor - (distances * factor).mean(), expected)
    for each in (norm, official):
        each.eval()
    torch.testing.assert_close(norm.running_var, official.running_var)
    torch.testing.assert_close(norm.running_mean, official.running_mean)
    values = torch.tensor([0.0, 1.0])
    normalised = official(values[:, None])[:, 0]
    torch.testing.assert_close(norm.factor(), (normalised[1:] - normalised[:1]))


def test_a_negative_weight_of_the_distance_norm_keeps_its_sign():
    block = N3Block(2, features=4, k=2, patch=4, stride=2, window=5).eval()
    torch.nn.init.constant_(block.distance_norm.weight, -0.8)
    x = torch.rand(1, 2, 20, 24)
    place = Placement.whole(20, 24)
    with torch.no_grad():
        seen = block(x, place)
        block.aggregation.scale *= -1
        torch.nn.init.constant_(block.distance_norm.weight, 0.8)
        torch.testing.assert_close(seen, block(x, place))


def test_inspection_finds_the_copy_of_a_patch():
    block = N3Aggregation(k=2, patch=8, stride=4, window=9)
    embedding = torch.rand(1, 3, 40, 40)
    embedding[..., 24:32, 20:28] = embedding[..., 12:20, 8:16]
    cold = torch.full((1, 1, 40, 40), -20.0)
    (neighbours,) = block.inspect(embedding, cold, [(16, 12)])
    assert neighbours.query == (12, 8)
    assert neighbours.weights.shape == (2, 81)
    assert neighbours.candidates[neighbours.weights[0].argmax()].tolist() == [24, 20]
    itself = (neighbours.candidates == torch.tensor([12, 8])).all(-1)
    assert neighbours.weights[:, itself].sum() == 0


def test_a_crop_without_candidates_leaves_the_distance_norm_alone():
    network = registry.build("n3net", {"channels": 1}).train()
    network(torch.rand(2, 1, 8, 8))
    assert all(torch.isfinite(buffer).all() for buffer in network.buffers())


NEAR_IDENTITY = [("n3net", 0.05), ("n3unet", 0), ("dncnn", 0), ("ircnn", 0)]


@torch.no_grad()
@pytest.mark.parametrize(("name", "most"), NEAR_IDENTITY)
def test_a_fresh_network_can_start_near_the_identity(name, most):
    network = registry.build(name, {"channels": 3})
    before = {key: value.clone() for key, value in network.state_dict().items()}
    network.start_near_identity()
    changed = {
        key for key, value in network.state_dict().items() if not torch.equal(value, before[key])
    }
    assert all(".tail." in key or name == "ircnn" for key in changed)
    image = torch.rand(2, 3, 40, 40)
    for mode in (True, False):
        difference = (network.train(mode)(image, 0.1) - image).abs().mean()
        assert difference <= most
    if name == "n3net":
        assert difference > 0  # the DnCNNs before the last one learn from the first step on
        assert not network.parts[-1].cnn.tail.weight.any()
        tail = before["parts.0.cnn.tail.weight"]
        torch.testing.assert_close(network.parts[0].cnn.tail.weight, tail / 10)


def test_the_plain_form_cannot_calibrate_a_norm():
    block = N3Block(2, features=4, k=2, patch=4, stride=2, window=5).train()
    block.aggregation.form = aggregate_plain
    with pytest.raises(TypeError, match="calibrate"):
        block(torch.rand(1, 2, 20, 24), Placement.whole(20, 24))


def test_options_are_completed_by_the_defaults():
    whole = registry.complete("dncnn", {"depth": 5})
    assert whole == {"channels": 1, "sigma_input": False, "depth": 5, "features": 64}
    state = registry.build("dncnn", {"depth": 5}).state_dict()
    assert registry.build("dncnn", whole).state_dict().keys() == state.keys()
