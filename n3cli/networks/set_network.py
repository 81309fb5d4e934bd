"""What every network for sets of correspondences is."""

from __future__ import annotations

from abc import abstractmethod

from torch import Tensor

from n3cli.networks.any_network import AnyNetwork
from n3cli.networks.description import SetDescription


class SetNetwork(AnyNetwork):
    """Base of the networks that tell right correspondences of two views from wrong ones.

    Subclasses set `description`. The order of the correspondences matters to none of them, and
    each result depends on all of its set.
    """

    description: SetDescription

    @abstractmethod
    def forward(self, correspondences: Tensor) -> Tensor:
        """Score sets of correspondences.

        Args:
            correspondences: B×N×inputs, the columns as the description says; N from 1 up. In
                evaluation memory grows with N, not with N².

        Returns:
            Logits B×N, above 0 for those that are right.
        """
