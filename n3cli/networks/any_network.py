"""What everything that the registry builds has in common, whatever it works on."""

from __future__ import annotations

from abc import ABC

from torch import nn

from n3cli.networks.description import Description, SetDescription


class AnyNetwork(nn.Module, ABC):
    """Base of the networks for images (`Network`) and for sets (`SetNetwork`).

    Attributes:
        about: what it is, one sentence for people.
        description: facts about it.
        recompute: in training, keep only what goes from part to part and compute the rest again in
            the backward pass. Saves memory, where a network has such parts.
    """

    about: str
    description: Description | SetDescription
    recompute: bool = False

    @property
    def parameter_count(self) -> int:
        """How many numbers it learns."""
        return sum(parameter.numel() for parameter in self.parameters())

    def start_near_identity(self) -> None:
        """Scale fresh weights down so that the output is nearly the input.

        Short trainings would spend their first thousand steps on it. Does nothing here: for
        networks that are built so, or of which nobody wants it.
        """
