"""The exponential moving average of a network's weights, which is what a run keeps."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from n3cli.zoo.weights import network_state


class MovingAverage:
    """Average of all floating-point state: parameters and running statistics.

    The decay rises with the steps, as (1 + n) / (10 + n), so that the first weights are soon
    forgotten.

    Args:
        network: what is averaged, from its present values on.
        decay: the highest decay; 0 makes the average the network itself.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self._decay = decay
        self.state: dict[str, Tensor] = {
            key: value.detach().clone() for key, value in network_state(network).items()
        }

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Take in the weights after step number `step`, counted from 0."""
        decay = min(self._decay, (step + 1) / (step + 10))
        now = network_state(network)
        average = [self.state[key] for key in now]
        torch._foreach_lerp_(average, list(now.values()), 1 - decay)

    @torch.no_grad()
    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take up another average's `state`."""
        for key, value in self.state.items():
            value.copy_(state[key])

    def is_finite(self) -> bool:
        """Whether no value is NaN or infinite."""
        return all(bool(torch.isfinite(value).all()) for value in self.state.values())
