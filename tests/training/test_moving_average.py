"""The moving average of weights, against a loop in NumPy."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from n3cli.training.ema import MovingAverage


def make_network():
    return nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3))


def walk(network, average, steps):
    """Change all weights and statistics; gives their values after each step."""
    seen = []
    for step in range(steps):
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.add_(torch.randn_like(parameter))
        network(torch.randn(4, 2, 5, 5))
        average.update(network, step)
        seen.append(copy.deepcopy(network.state_dict()))
    return seen


def test_the_average_is_numpys():
    network = make_network()
    expected = {key: value.numpy().astype(float) for key, value in network.state_dict().items()}
    average = MovingAverage(network, 0.6)
    for step, state in enumerate(walk(network, average, 30)):
        decay = min(0.6, (1 + step) / (10 + step))
        for key, value in state.items():
            expected[key] = decay * expected[key] + (1 - decay) * value.numpy()
    assert "1.running_var" in average.state
    assert "1.num_batches_tracked" not in average.state
    for key, value in average.state.items():
        np.testing.assert_allclose(value, expected[key], rtol=2e-5, atol=1e-6)


def test_without_decay_the_average_is_the_network():
    network = make_network()
    average = MovingAverage(network, 0.0)
    *_, last = walk(network, average, 3)
    for key, value in average.state.items():
        assert torch.equal(value, last[key])


def test_it_is_apart_from_the_network_and_can_be_taken_up():
    network = make_network()
    average, other = MovingAverage(network, 0.9), MovingAverage(make_network(), 0.9)
    before = copy.deepcopy(average.state)
    with torch.no_grad():
        network[0].weight.add_(1)
    assert torch.equal(average.state["0.weight"], before["0.weight"])
    other.load_state(average.state)
    for each in (average, other):
        each.update(network, 100)
    for key, value in average.state.items():
        assert torch.equal(other.state[key], value)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("key", ["0.bias", "1.running_var"])
def test_lost_values_show(key, value):
    network = make_network()
    average = MovingAverage(network, 0.9)
    assert average.is_finite()
    network.state_dict()[key][1] = value
    average.update(network, 0)
    assert not average.is_finite()
