"""What a reader of other people's weights finds: which network of ours they are for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from n3cli.zoo.card import Card


@dataclass(frozen=True)
class Found:
    """Weights of others under our names.

    Attributes:
        network: name in the registry of networks.
        options: how to build it; defaults may be left out.
        state: tensors by our names.
        sigma_max: largest noise level (0–255 scale); None for a network that takes none.
        card: says whose weights they are.
    """

    network: str
    options: Mapping[str, object]
    state: Mapping[str, Tensor]
    sigma_max: float | None
    card: Card
