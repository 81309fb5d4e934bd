"""Which parameter is stepped how, how far, and that a restored state goes on alike."""

import copy

import pytest
import torch
from torch import nn

from n3cli.networks.n3net import N3Net
from n3cli.networks.n3unet import N3UNet
from n3cli.networks.registry import build
from n3cli.training import precision
from n3cli.training.config import OptimiserSettings
from n3cli.training.optimiser import Optimiser, split

CPU = torch.device("cpu")
OFF = torch.amp.GradScaler("cpu", enabled=False)


class Small(nn.Module):
    """One weight for Muon, and a weight, a norm and a bias for Adam."""

    def __init__(self):
        super().__init__()
        self.wide = nn.Conv2d(9, 9, 3, bias=False)
        self.norm = nn.BatchNorm2d(9)
        self.last = nn.Conv2d(9, 1, 1)

    def forward(self, x):
        return self.last(self.norm(self.wide(x)))


def lay_gradients(network, scale=1.0, seed=0):
    generator = torch.Generator().manual_seed(seed)
    for parameter in network.parameters():
        parameter.grad = scale * torch.randn(parameter.shape, generator=generator)


def values(network):
    return [parameter.detach().clone() for parameter in network.parameters()]


@pytest.mark.parametrize("kind", [N3UNet, N3Net])
def test_muon_takes_the_wide_convolutions(kind):
    network = kind()
    matrices, others = split(network)
    assert {*map(id, matrices), *map(id, others)} == {*map(id, network.parameters())}
    wide = {
        id(layer.weight)
        for layer in network.modules()
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)
        and min(layer.in_channels, layer.out_channels) > 8
    }
    assert {*map(id, matrices)} == wide
    assert sum(p.numel() for p in matrices) > 0.9 * sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize("kind", ["adam", "adamw"])
def test_adam_is_torchs_with_weight_decay_on_weights_alone(kind):
    ours, theirs = Small(), None
    theirs = copy.deepcopy(ours)
    settings = OptimiserSettings(kind, rate=0.01, betas=(0.8, 0.9), weight_decay=0.1, clip=0)
    optimiser = Optimiser(ours, settings, CPU)
    named = dict(theirs.named_parameters())
    decaying = ["wide.weight", "last.weight"]
    reference = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[kind](
        [
            {"params": [named.pop(key) for key in decaying], "weight_decay": 0.1},
            {"params": list(named.values()), "weight_decay": 0.0},
        ],
        lr=0.01,
        betas=(0.8, 0.9),
    )
    for seed, factor in enumerate((1.0, 0.5, 0.25)):
        lay_gradients(ours, seed=seed)
        lay_gradients(theirs, seed=seed)
        for group in reference.param_groups:
            group["lr"] = 0.01 * factor
        reference.step()
        optimiser.step(factor, OFF)
    for found, wanted in zip(values(ours), values(theirs), strict=True):
        assert torch.equal(found, wanted)
    assert all(parameter.grad is None for parameter in ours.parameters())


def test_rates_are_scaled_by_the_factor():
    moves = {}
    for factor in (0.0, 0.5, 1.0):
        torch.manual_seed(0)
        network = Small()
        before = values(network)
        lay_gradients(network)
        Optimiser(network, OptimiserSettings(), CPU).step(factor, OFF)
        moves[factor] = [a - b for a, b in zip(values(network), before, strict=True)]
    for none, half, full in zip(*moves.values(), strict=True):
        assert not none.any()
        assert full.any()
        torch.testing.assert_close(2 * half, full, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(("scale", "clipped"), [(100.0, True), (1e-3, False)])
def test_the_gradients_norm_is_clipped_over_all_parts(scale, clipped):
    network = Small()
    lay_gradients(network, scale)
    norm = float(sum(p.grad.double().square().sum() for p in network.parameters())) ** 0.5
    # Adam's first moment after a step, (1 − β) · gradient, tells what gradient arrived.
    first = network.last.weight.grad.clone()
    optimiser = Optimiser(network, OptimiserSettings(clip=1.0), CPU)
    optimiser.step(1.0, OFF)
    arrived = optimiser.state_dict()[1]["state"][0]["exp_avg"] / (1 - 0.9)
    torch.testing.assert_close(arrived, first / norm if clipped else first, rtol=1e-4, atol=0)


@pytest.mark.parametrize("kind", ["muon", "adam"])
def test_a_restored_state_goes_on_bit_for_bit(kind, tmp_path):
    settings = OptimiserSettings(kind)
    whole = Small()
    parted = copy.deepcopy(whole)
    optimiser, first = (Optimiser(network, settings, CPU) for network in (whole, parted))
    for step in range(4):
        lay_gradients(whole, seed=step)
        optimiser.step(1 - step / 4, OFF)
    for step in range(2):
        lay_gradients(parted, seed=step)
        first.step(1 - step / 4, OFF)
    torch.save(first.state_dict(), tmp_path / "state")
    second = Optimiser(parted, settings, CPU)
    second.load_state_dict(torch.load(tmp_path / "state", weights_only=True))
    for step in range(2, 4):
        lay_gradients(parted, seed=step)
        second.step(1 - step / 4, OFF)
    for found, wanted in zip(values(parted), values(whole), strict=True):
        assert torch.equal(found, wanted)


@pytest.mark.parametrize("clip", [0.0, 1.0])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_where_half_precision_overflows_no_part_steps_and_the_scale_falls(clip, value):
    network = Small()
    optimiser = Optimiser(network, OptimiserSettings(clip=clip), CPU)
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0)

    def backward():
        scaler.scale(network(torch.randn(2, 9, 8, 8)).square().mean()).backward()

    before = values(network)
    backward()
    network.wide.weight.grad[0, 0] = value  # Muon's; Adam's are finite
    optimiser.step(1.0, scaler)
    for found, wanted in zip(values(network), before, strict=True):
        assert torch.equal(found, wanted)
    assert scaler.get_scale() == 4.0
    backward()
    optimiser.step(1.0, scaler)
    assert scaler.get_scale() == 4.0
    assert not torch.equal(network.last.weight, before[-2])
    assert all(torch.isfinite(value).all() for value in values(network))


def test_tables_are_not_orthogonalised():
    # Weights of mixtures: a row of values for each filter, and no map from inputs to outputs.
    matrices, others = split(build("unlnet", {}))
    assert matrices == []
    assert len(others) > 20


@pytest.mark.parametrize("fast", [True, False])
def test_auto_takes_what_the_device_is_fast_at_and_the_network_works_in(monkeypatch, fast):
    monkeypatch.setattr(precision, "is_fast_at_bfloat16", lambda device: fast)
    device = torch.device("cpu")
    chosen = torch.bfloat16 if fast else torch.float32
    assert precision.training_dtype("auto", device, ("fp32", "bf16")) == chosen
    assert precision.training_dtype("auto", device, ("fp32",)) == torch.float32
    assert precision.training_dtype("bf16", device, ("fp32",)) == torch.bfloat16
