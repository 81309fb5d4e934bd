"""Starting a larger network from the weights of a smaller one.

Chen, Goodfellow, Shlens, "Net2Net: accelerating learning via knowledge transfer", ICLR 2016
(arXiv 1511.05641), have the idea; here the new planes are fresh instead of copies.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from n3cli.networks.any_network import AnyNetwork
from n3cli.networks.description import COLUMNS
from n3cli.networks.network import Network
from n3cli.networks.set_network import SetNetwork

_SIDE = 64
_POINTS = 200
_SIGMA = 25 / 255
_TOLERANCE = 1e-4


def grow(network: AnyNetwork, start: AnyNetwork) -> None:
    """Give a network the weights of a smaller one of its kind, so that it computes the same.

    A weight of the smaller network becomes the leading corner of the larger one's. What was there
    before is not told of new planes: those weights are zero, and learn from the first step on. New
    planes and new layers keep their fresh weights.

    Args:
        network: with fresh weights; changed in place.
        start: as many planes and layers, or fewer.

    Raises:
        ValueError: `start` does not fit into it, or what has grown would not compute the same.
            Networks with weights of the same shapes are not compared: a larger window, say, is
            meant to change what they compute.
    """
    state = network.state_dict()
    transposed = {
        f"{name}.weight"
        for name, module in network.named_modules()
        if isinstance(module, nn.ConvTranspose2d)
    }
    weights = start.state_dict()
    alike = {key: value.shape for key, value in weights.items()} == {
        key: value.shape for key, value in state.items()
    }
    for key, small in weights.items():
        if key not in state:
            raise ValueError(f"it has {key}, which the new network lacks")
        state[key] = _placed(small, state[key], key, outputs=1 if key in transposed else 0)
    network.load_state_dict(state)
    if not alike and not _agree(network, start):
        raise ValueError("the grown network would not compute the same as before")


def _placed(small: Tensor, large: Tensor, key: str, outputs: int) -> Tensor:
    """A weight in the leading corner of a fresh one, whose dimension `outputs` is the outputs."""
    if small.shape == large.shape:
        return small
    if small.dim() != large.dim() or any(
        a > b for a, b in zip(small.shape, large.shape, strict=True)
    ):
        raise ValueError(f"its {key} is {_shape(small)}, which does not fit into {_shape(large)}")
    whole = large.clone()
    if whole.dim() > 1:
        whole.narrow(outputs, 0, small.shape[outputs]).zero_()
    whole[tuple(slice(length) for length in small.shape)] = small
    return whole


def _shape(tensor: Tensor) -> str:
    return "×".join(map(str, tensor.shape))


def _agree(network: AnyNetwork, start: AnyNetwork) -> bool:
    """Whether two networks give the same for one example, at the scale of the second."""
    scale = start.description.scale if isinstance(start, Network) else None
    found = []
    for one in (start, network):
        training = one.training
        with torch.no_grad():
            found.append(one.eval()(*_example(one, scale)))
        one.train(training)
    return found[0].shape == found[1].shape and torch.allclose(
        found[0], found[1], rtol=0, atol=_TOLERANCE
    )


def _example(network: AnyNetwork, scale: int | None) -> tuple[Tensor | float | None, ...]:
    """A noisy picture, or correspondences."""
    generator = torch.Generator().manual_seed(0)
    if isinstance(network, SetNetwork):
        columns = torch.rand(1, _POINTS, len(COLUMNS), generator=generator)
        return (columns[..., : network.description.inputs],)
    assert isinstance(network, Network)
    picture = torch.rand(1, network.description.planes, _SIDE, _SIDE, generator=generator)
    return picture, _SIGMA, scale
