"""Recorded outputs of the official implementation and of our own training are matched."""

from __future__ import annotations

import re

import pytest
import torch
from safetensors.torch import load_file

from n3cli.networks.description import Placement
from n3cli.networks.fold import fold_batch_norm
from n3cli.networks.n3net import N3Block, N3Net
from n3cli.networks.n3unet import N3UNet
from n3cli.ops.n3.aggregation import aggregate
from n3cli.ops.n3.aggregation_plain import aggregate_plain
from n3cli.zoo.official import rename_state

VARIANTS = {"gray": 1, "color": 3}


@pytest.fixture(scope="module")
def block_golden(shared):
    return load_file(shared / "reference" / "n3block.safetensors")


@pytest.mark.parametrize("form", [aggregate, aggregate_plain])
def test_n3_block(block_golden, form):
    prefix = "state."
    state = {
        f"nls.0.{key.removeprefix(prefix)}": value
        for key, value in block_golden.items()
        if key.startswith(prefix)
    }
    state = {key.split(".block.")[1]: value for key, value in rename_state(state).items()}
    block = N3Block(8, features=64, k=7, patch=10, stride=5, window=15).eval()
    block.load_state_dict(state, strict=False)
    block.aggregation.form = form
    x = block_golden["x"]
    with torch.no_grad():
        y = block(x, Placement.whole(*x.shape[-2:]))
    torch.testing.assert_close(y, block_golden["y"], atol=1e-4, rtol=0)


@pytest.mark.parametrize("folded", [False, True])
@pytest.mark.parametrize("size", ["", "_small"])
def test_n3net(shared, folded, size):
    golden = load_file(shared / "reference" / "n3net.safetensors")
    prefix = "state."
    state = {k.removeprefix(prefix): v for k, v in golden.items() if k.startswith(prefix)}
    network = N3Net(channels=1).eval()
    missing = network.load_state_dict(rename_state(state), strict=False)
    assert not missing.unexpected_keys
    assert all("num_batches_tracked" in key for key in missing.missing_keys)
    if folded:
        network = fold_batch_norm(network)
        assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in network.modules())
    with torch.no_grad():
        y = network(golden[f"x{size}"])
    torch.testing.assert_close(y, golden[f"y{size}"], atol=1e-5, rtol=0)


def _renamed(key: str) -> str:
    """A name from the time when there was one residual block a level and one N3 branch."""
    key = re.sub(r"^((?:encoder|decoder)\.\d|middle)\.", r"\1.0.", key)
    return re.sub(r"^n3\.", "n3.1.", key)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("part", ["crop", "image"])
def test_n3unet(shared, variant, part):
    folder = shared / "weights"
    golden = load_file(folder / f"denoise-n3unet-{variant}.vectors.safetensors")
    network = N3UNet(VARIANTS[variant], blocks="1,1,1,1", window=9).eval()
    state = load_file(folder / f"denoise-n3unet-{variant}.safetensors")
    network.load_state_dict({_renamed(key): value for key, value in state.items()})
    with torch.no_grad():
        y = network(golden[f"{part}_input"].unsqueeze(0), 25 / 255)[0]
    torch.testing.assert_close(y, golden[f"{part}_output"], atol=1e-5, rtol=0)


@pytest.mark.parametrize("variant", VARIANTS)
def test_aggregation_of_n3unet(shared, variant):
    path = shared / "weights" / f"denoise-n3unet-{variant}.vectors.safetensors"
    golden = load_file(path)
    planes = [golden[f"crop_n3_{name}"] for name in ("features", "embedding", "log_temperature")]
    neighbours = N3UNet(1).n3["1"].aggregation(*planes, Placement.whole(40, 40))
    torch.testing.assert_close(neighbours, golden["crop_n3_neighbours"], atol=1e-5, rtol=0)
