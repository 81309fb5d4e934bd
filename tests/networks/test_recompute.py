"""Activation checkpointing changes memory, and nothing else."""

from __future__ import annotations

import copy

import pytest
import torch

from n3cli.networks import registry

NETWORKS = {
    "n3net": ("n3net", {"features": 8, "window": 5}),
    "n3net, stochastic": ("n3net", {"features": 8, "window": 5, "select": "stochastic"}),
    "n3unet": ("n3unet", {}),
    "dncnn": ("dncnn", {"features": 8, "depth": 4}),
}


def both(name, options):
    torch.manual_seed(5)
    kept = registry.build(name, options)
    for parameter in kept.parameters():
        if not parameter.any():  # layers that start at zero block the gradient of others
            torch.nn.init.normal_(parameter, std=0.05)
    recomputed = copy.deepcopy(kept)
    recomputed.recompute = True
    return kept, recomputed


def step(network, seed=6):
    torch.manual_seed(seed)
    output = network(torch.rand(2, 1, 32, 32), 0.1)
    output.square().mean().backward()
    return output.detach()


@pytest.mark.parametrize("name", NETWORKS)
def test_outputs_gradients_and_running_statistics_are_the_same(name):
    kept, recomputed = both(*NETWORKS[name])
    for seed in (6, 7):  # gradients add up over two backward passes
        torch.testing.assert_close(step(recomputed, seed), step(kept, seed))
    gradients = {name: parameter.grad for name, parameter in recomputed.named_parameters()}
    for key, parameter in kept.named_parameters():
        torch.testing.assert_close(gradients[key], parameter.grad, msg=key)
    assert any(gradient is not None for gradient in gradients.values())
    state = recomputed.state_dict()
    for key, buffer in kept.named_buffers():
        torch.testing.assert_close(state[key], buffer, msg=key)
        assert "num_batches_tracked" not in key or buffer in (0, 2)


def test_buffers_stay_the_same_tensors():
    _, network = both(*NETWORKS["n3net"])
    before = dict(network.named_buffers())
    step(network)
    assert all(buffer is before[name] for name, buffer in network.named_buffers())


def test_a_kept_graph_is_recomputed_again():
    _, network = both(*NETWORKS["n3net"])
    loss = network(torch.rand(2, 1, 32, 32)).square().mean()
    state = {name: buffer.clone() for name, buffer in network.named_buffers()}
    weights = [network.parts[0].cnn.head.weight]
    (first,) = torch.autograd.grad(loss, weights, retain_graph=True)
    (second,) = torch.autograd.grad(loss, weights)
    torch.testing.assert_close(first, second)
    assert all(torch.equal(state[name], buffer) for name, buffer in network.named_buffers())


def test_only_what_goes_between_stages_is_kept():
    def kept_elements(network):
        sizes = {}

        def pack(tensor):
            if not isinstance(tensor, torch.nn.Parameter):
                sizes[tensor.data_ptr()] = tensor.numel()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            output = network(torch.rand(2, 1, 32, 32))
        del output
        return sum(sizes.values())

    kept, recomputed = both(*NETWORKS["n3net"])
    assert kept_elements(recomputed) < kept_elements(kept) / 20


def test_compiled_networks_count_a_batch_once_too():
    kept, recomputed = both(*NETWORKS["dncnn"])
    step(kept)
    step(torch.compile(recomputed, backend="eager"))
    for mine, other in zip(recomputed.parameters(), kept.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, other.grad)
    for mine, other in zip(recomputed.buffers(), kept.buffers(), strict=True):
        torch.testing.assert_close(mine, other)


def test_nothing_is_recomputed_without_gradients():
    _, network = both(*NETWORKS["n3net"])
    runs = []
    network.parts[0].register_forward_hook(lambda *_: runs.append(1))
    with torch.no_grad():
        network(torch.rand(1, 1, 32, 32))
    assert len(runs) == 1
    network(torch.rand(1, 1, 32, 32)).sum().backward()
    assert len(runs) >= 2
