"""N3Net's ablations: other selection rules, no CNNs for temperature or embedding, no N3 blocks."""

from __future__ import annotations

import pytest
import torch
from reference import slow_block

from n3cli.errors import ConfigError
from n3cli.inference.tiling import cuts, input_span
from n3cli.networks import registry
from n3cli.networks.description import Placement
from n3cli.networks.n3net import N3Block
from n3cli.ops.n3.selection import select_hard

SMALL = {"features": 8, "k": 3, "patch": 6, "stride": 3, "window": 5}
NO_GUIDES = {"temperature": "fixed", "embedding": "features"}
VARIANTS = {
    "none": {"select": "none"},
    "hard": {"select": "hard"},
    "hard without guides": {"select": "hard", **NO_GUIDES},
    "stochastic": {"select": "stochastic"},
    "fixed temperature": {"temperature": "fixed"},
    "features": {"embedding": "features"},
    "no guides": NO_GUIDES,
}
variants = pytest.mark.parametrize("options", VARIANTS.values(), ids=VARIANTS.keys())


def parameters(**options):
    return sum(p.numel() for p in registry.build("n3net", options).parameters())


def convolution(planes_in, planes_out):
    return 9 * planes_in * planes_out


def guide(planes_out):
    norms, bias = 2 * 2 * 64, planes_out
    return convolution(8, 64) + convolution(64, 64) + norms + convolution(64, planes_out) + bias


def test_numbers_of_parameters():
    full = 705_511
    assert parameters(select="hard") == parameters(select="stochastic") == full
    assert parameters(temperature="fixed") == full - 2 * guide(1)
    assert parameters(embedding="features") == full - 2 * guide(8)
    blocks = 2 * (guide(1) + guide(8) + 2)  # 2: the distance norm
    neighbours = 2 * convolution(7 * 8, 64)
    assert parameters(select="none") == full - blocks - neighbours


@pytest.mark.parametrize("word", ["select", "temperature", "embedding"])
def test_an_unknown_word_is_answered_with_the_known(word):
    choices = {"select": "none", "temperature": "fixed", "embedding": "features"}
    with pytest.raises(ConfigError, match=f"n3net: {word} must be one of .*{choices[word]}.*'x'"):
        registry.build("n3net", {word: "x", "cnns": 1})


@variants
def test_what_is_there_keeps_its_name(options):
    full = registry.build("n3net", SMALL).state_dict()
    state = registry.build("n3net", SMALL | options).state_dict()
    assert state.keys() <= full.keys()
    absent = {name.split(".")[3] for name in full.keys() - state.keys() if ".block." in name}
    expected = {
        "none": {"embed", "temperature", "distance_norm"},
        "fixed": {"temperature"},
        "features": {"embed"},
    }
    assert absent == set().union(*(expected.get(word, set()) for word in options.values()))


@variants
def test_training(options):
    torch.manual_seed(1)
    network = registry.build("n3net", SMALL | options)
    rule = options.get("select", "relaxed")
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    image = torch.rand(2, 1, 40, 40)
    before = {name: parameter.clone() for name, parameter in network.named_parameters()}
    for _ in range(2):
        optimiser.zero_grad()
        network(image + 0.1 * torch.randn_like(image)).sub(image).square().mean().backward()
        optimiser.step()
    for name, parameter in network.named_parameters():
        still = name.endswith("distance_norm.bias") or ("block" in name and rule != "relaxed")
        assert (parameter.grad is None) == still, name
        assert torch.equal(parameter, before[name]) == still, name
        assert still or torch.isfinite(parameter.grad).all(), name


def filled_network(**options):
    """With running statistics that are not those of a fresh network."""
    torch.manual_seed(2)
    network = registry.build("n3net", {**SMALL, **options})
    with torch.no_grad():
        for _ in range(3):
            network(torch.rand(2, 1, 40, 40))
    return network.eval()


@torch.no_grad()
@pytest.mark.parametrize("options", [{}, NO_GUIDES], ids=["guides", "no guides"])
def test_hard_is_the_limit_of_low_temperature(options):
    relaxed = filled_network(**options).double()
    hard = registry.build("n3net", {**SMALL, **options, "select": "hard"}).eval().double()
    hard.load_state_dict(relaxed.state_dict())
    image = torch.rand(1, 1, 47, 53, dtype=torch.float64)
    assert (relaxed(image) - hard(image)).abs().max() > 1e-3
    for part in relaxed.parts[1:]:
        part.block.aggregation.scale *= 1e12
    torch.testing.assert_close(relaxed(image), hard(image), atol=1e-9, rtol=0)


@torch.no_grad()
def test_a_block_without_guides_is_the_slow_reference():
    patch, stride, window, k = 4, 2, 5, 3
    block = N3Block(
        2, 8, k, patch, stride, window, learn_temperature=False, learn_embedding=False
    ).eval()
    x = torch.rand(1, 2, 16, 20, dtype=torch.float64)
    y = block.double()(x, Placement.whole(16, 20))[0].numpy()
    planes, rows, columns = x[0].numpy(), 7, 9
    sharpness = torch.full((rows, columns), 10 / (1 + 1e-5) ** 0.5, dtype=torch.float64).numpy()
    volumes = slow_block.neighbour_volumes(planes, planes, sharpness, patch, stride, window, k)
    assert abs(y[:2] - planes).max() == 0
    assert abs(y[2:].reshape(k, 2, 16, 20) - (volumes - planes)).max() < 1e-9


@torch.no_grad()
@pytest.mark.parametrize("name", [name for name in VARIANTS if name != "stochastic"])
def test_tiles_are_exact(name):
    network = filled_network(**VARIANTS[name])
    height, width = 61, 83
    for i, stage in enumerate(network.stages):
        x = torch.rand(1, 8 if i else 1, height, width)
        whole = stage.run(x, Placement.whole(height, width))
        tiled = torch.full_like(whole, torch.nan)
        span = {"halo": stage.halo, "reach": stage.reach, "multiple": 1}
        for top, bottom in cuts(height, 13):
            for left, right in cuts(width, 17):
                y0, y1 = input_span(top, bottom, height, **span)
                x0, x1 = input_span(left, right, width, **span)
                place = Placement(y0, x0, height, width)
                tile = stage.run(x[..., y0:y1, x0:x1], place)
                tiled[..., top:bottom, left:right] = tile[
                    ..., top - y0 : bottom - y0, left - x0 : right - x0
                ]
        torch.testing.assert_close(tiled, whole, atol=1e-5, rtol=0)


def test_fewer_guides_see_less_far():
    halos = {
        name: [stage.halo for stage in registry.build("n3net", options).stages]
        for name, options in {**VARIANTS, "full": {}}.items()
    }
    assert halos["none"] == [6, 6, 6]
    assert halos["full"] == halos["features"] == halos["fixed temperature"]
    patches = 7 * 5 + 9
    assert halos["no guides"] == [6, 6 + patches + 4, 6 + patches + 4]


@torch.no_grad()
def test_the_stochastic_rule_follows_the_seed():
    network, image = filled_network(select="stochastic"), torch.rand(1, 1, 40, 40)
    outputs = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        outputs.append(network(image))
    assert torch.equal(outputs[0], outputs[1])
    assert not torch.equal(outputs[0], outputs[2])


def test_hard_weights_are_one_hot_in_the_network():
    aggregation = registry.build("n3net", {"select": "hard"}).parts[1].block.aggregation
    assert aggregation.select is select_hard
