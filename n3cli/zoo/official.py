"""Published N3Net checkpoints → model folders.

The checkpoints of the N3Net authors (https://github.com/visinf/n3net) are for non-commercial use
and may not be redistributed: n3 brings none of them along, but converts one that a user holds.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from n3cli.errors import ModelError
from n3cli.networks import registry
from n3cli.zoo.card import Card, write_card
from n3cli.zoo.config import ModelConfig
from n3cli.zoo.folder import Model, load_folder, save_folder
from n3cli.zoo.names import PATTERN, VARIANTS
from n3cli.zoo.weights import check_state, load_state

NETWORK: Final = "n3net"

RENAMES: Final = (
    (r"^module\.", ""),  # left by torch.nn.DataParallel
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


def convert_official(
    path: Path, folder: Path, name: str | None = None, *, overwrite: bool = False
) -> Model:
    """Convert a published N3Net checkpoint to a model folder.

    Args:
        path: the checkpoint, a pickle that holds ``{"net": state dict, …}``. It is read without
            running any code in it.
        folder: the folder to write.
        name: full zoo name of the model; the folder's name where that is one, or
            ``denoise-n3net-<gray or color>-published``.
        overwrite: whether an existing model may be replaced.

    Returns:
        The model, loaded from its new folder.

    Raises:
        ModelError: the file is not such a checkpoint.
        InputError: the folder exists and may not be replaced, or cannot be written.
    """
    state = rename_state(_read_state(path))
    channels = _channels(state, path)
    options = {"channels": channels}
    network = registry.build(NETWORK, options)
    check_state(state, network, source=str(path), name=NETWORK)
    load_state(network, state)
    given = name or (folder.name if PATTERN.fullmatch(folder.name) else None)
    config = ModelConfig(
        name=given or f"denoise-{NETWORK}-{VARIANTS[channels]}-published",
        task="denoise",
        network=NETWORK,
        options=registry.complete(NETWORK, options),
        sigma_max=None,
        dtype="float32",
    )
    save_folder(folder, config, network, write_card(CARD, config), overwrite=overwrite)
    return load_folder(folder)


def rename_state(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the authors' state dict under our names, without what is never used."""
    renamed = {}
    for key, value in state.items():
        for pattern, ours in RENAMES:
            key = re.sub(pattern, ours, key)
        if not UNUSED.fullmatch(key):
            renamed[key] = value
    return renamed


def _read_state(path: Path) -> dict[str, Tensor]:
    """Read the state dict of a checkpoint as float32, without running code of the pickle."""
    if not path.is_file():
        raise ModelError(f"{path}: no such file. Give the path of an N3Net checkpoint.")
    try:
        with warnings.catch_warnings(action="ignore"):  # of old pickle protocols
            checkpoint: Any = torch.load(path, map_location="cpu", weights_only=True)
    # Almost any exception comes out of unpickling a file that is something else.
    except Exception as error:
        raise ModelError(
            f"{path}: not a PyTorch checkpoint of tensors alone ({_first_line(error)}). "
            "Files that would run code when loaded are refused."
        ) from error
    state = checkpoint.get("net") if isinstance(checkpoint, dict) else None
    if not isinstance(state, dict) or not all(
        isinstance(key, str) and isinstance(value, Tensor) and _is_plain(value)
        for key, value in state.items()
    ):
        raise ModelError(f"{path}: not an N3Net checkpoint; it has no state dict named 'net'.")
    return {key: value.float() for key, value in state.items()}


def _is_plain(value: Tensor) -> bool:
    """Whether a tensor holds ordinary numbers in ordinary memory."""
    return value.layout == torch.strided and not value.is_complex() and value.device.type == "cpu"


def _channels(state: Mapping[str, Tensor], path: Path) -> int:
    """Read the number of image planes off the first and the last convolution."""
    first, last = state.get("parts.0.cnn.head.weight"), state.get("parts.2.cnn.tail.weight")
    if first is None or last is None or first.ndim < 2 or last.ndim < 1:
        raise ModelError(
            f"{path}: not an N3Net checkpoint; its first or last convolution is missing."
        )
    planes_in, planes_out = first.shape[1], last.shape[0]
    if planes_in != planes_out or planes_in not in VARIANTS:
        raise ModelError(
            f"{path}: an N3Net of {planes_in} planes in and {planes_out} out. Only those for "
            "Gaussian noise (1 or 3 planes, as many out as in) can be converted."
        )
    return planes_in


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
