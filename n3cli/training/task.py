"""What the loop asks of a task, so that it need not know what is trained."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Generic, TypeVar

from torch import Tensor

from n3cli.networks.any_network import AnyNetwork

Inputs = tuple[Tensor | int | None, ...]

NetworkT = TypeVar("NetworkT", bound=AnyNetwork)
TargetT = TypeVar("TargetT")


class Task(ABC, Generic[NetworkT, TargetT]):
    """A job that networks are trained for, with its data on a device.

    Its types are those of the networks, and of what their output is held against.
    """

    @abstractmethod
    def batch(self, step: int, done: float) -> tuple[Inputs, TargetT]:
        """The network's arguments and what it should give: this process's share of a batch.

        Follows from the recipe's seed, the step and `DataSettings.crops` alone.

        Args:
            step: of the run, from 0 up.
            done: part of the run that is over, from 0 to 1.
        """

    @abstractmethod
    def loss(self, output: Tensor, target: TargetT, inputs: Inputs) -> Tensor:
        """The loss, a scalar, from an output in float32."""

    @abstractmethod
    def validate(self, network: NetworkT) -> Mapping[str, float]:
        """Scores by name, higher is better; empty where nothing is validated.

        Args:
            network: on the task's device, in evaluation mode.
        """
