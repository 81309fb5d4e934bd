"""Published N3Net checkpoints under our names.

The checkpoints of the N3Net authors (https://github.com/visinf/n3net) are for non-commercial use
and may not be redistributed: n3 brings none of them along, but reads one that a user holds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from torch import Tensor

from n3cli.errors import ModelError
from n3cli.zoo.card import Card
from n3cli.zoo.found import Found
from n3cli.zoo.names import VARIANTS

NETWORK: Final = "n3net"

RENAMES: Final = (
    (r"^blocks\.(\d+)\.conv1\.", r"parts.\1.cnn.head."),
    (r"^blocks\.(\d+)\.layer1\.", r"parts.\1.cnn.body."),
    (r"^blocks\.(\d+)\.conv2\.", r"parts.\1.cnn.tail."),
    # Our parts begin with the block, if any, so the first block belongs to the second part.
    (r"^nls\.0\.", "parts.1.block."),
    (r"^nls\.1\.", "parts.2.block."),
    (r"\.embedcnn\.", ".embed."),
    (r"\.tempcnn\.", ".temperature."),
    (r"\.n3aggregation\.aggregation\.nnn\.bn\.", ".distance_norm."),
)
"""Parts of the authors' names, each with ours, replaced one after the other."""

SIGN: Final = re.compile(r"nls\.\d+\.")
"""Of the authors' names, those that nobody else's networks have."""

UNUSED: Final = re.compile(r"blocks\.\d+\.bn1\..*|.*\.num_batches_tracked")
"""Entries that no output depends on: the authors' code builds `bn1` but never runs it."""

CARD: Final = Card(
    summary=(
        "N3Net for Gaussian denoising, converted from a checkpoint published by its authors: "
        "Plötz and Roth, Neural Nearest Neighbors Networks, NeurIPS 2018 "
        "([arXiv 1810.12575](https://arxiv.org/abs/1810.12575), "
        "[code and checkpoints](https://github.com/visinf/n3net))."
    ),
    license="other",
    license_name="n3net-non-commercial",
    training="By the authors, as described in their paper.",
    terms=(
        "The authors' code and weights are for non-commercial use only and may not be "
        "redistributed. Converting does not change that: keep this folder to yourself, use it for "
        "non-commercial purposes, and cite the paper."
    ),
)


def read_n3net(state: Mapping[str, Tensor]) -> Found | None:
    """N3Net of the authors' code; None if it is something else.

    Raises:
        ModelError: it is one for other images than those of 1 or 3 planes.
    """
    if not any(SIGN.match(name) for name in state):
        return None
    ours = rename_state(state)
    return Found(NETWORK, {"channels": _channels(ours)}, ours, None, CARD)


def rename_state(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the authors' state dict under our names, without what is never used."""
    renamed = {}
    for key, value in state.items():
        for pattern, ours in RENAMES:
            key = re.sub(pattern, ours, key)
        if not UNUSED.fullmatch(key):
            renamed[key] = value
    return renamed


def _channels(state: Mapping[str, Tensor]) -> int:
    """Read the number of image planes off the first and the last convolution."""
    first, last = state.get("parts.0.cnn.head.weight"), state.get("parts.2.cnn.tail.weight")
    if first is None or last is None or first.ndim < 2 or last.ndim < 1:
        raise ModelError("the first or the last convolution of an N3Net is missing.")
    planes_in, planes_out = first.shape[1], last.shape[0]
    if planes_in != planes_out or planes_in not in VARIANTS:
        raise ModelError(
            f"this N3Net takes {planes_in} planes and gives {planes_out}. n3 can use only those "
            "for Gaussian noise, which take and give 1 or 3 planes."
        )
    return planes_in
