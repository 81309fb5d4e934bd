"""A model on disk: a folder of config.json, model.safetensors and README.md (the model card).

A model that `n3 train` made has its recipe.toml, too.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import torch

from n3cli.errors import ConfigError, InputError, ModelError
from n3cli.networks import registry
from n3cli.networks.any_network import AnyNetwork
from n3cli.networks.description import Description
from n3cli.networks.fold import fold_batch_norm
from n3cli.networks.network import Network
from n3cli.networks.set_network import SetNetwork
from n3cli.zoo.config import ModelConfig, read_config
from n3cli.zoo.layout import CARD_FILE, CONFIG_FILE, RECIPE_FILE, WEIGHTS_FILE, check_files
from n3cli.zoo.weights import check_state, load_state, network_state, read_weights, write_weights


@dataclass(frozen=True)
class Model:
    """A network for images with its weights, ready to run.

    Attributes:
        config: what its config.json says.
        network: on the CPU, float32, in evaluation mode, batch norms folded into convolutions.
        source: where it came from: a folder or a Hub id.
        file: its file of weights; None where it was not read from one.
    """

    config: ModelConfig
    network: Network
    source: str
    file: Path | None = None


@dataclass(frozen=True)
class SetModel:
    """A network for sets of correspondences with its weights, ready to run.

    Attributes:
        config: what its config.json says.
        network: on the CPU, float32, in evaluation mode.
        source: where it came from: a folder or a Hub id.
        file: its file of weights; None where it was not read from one.
    """

    config: ModelConfig
    network: SetNetwork
    source: str
    file: Path | None = None


AnyModel: TypeAlias = Model | SetModel


def load_folder(folder: Path, *, source: str | None = None) -> AnyModel:
    """Load a model from its folder.

    Args:
        folder: holds config.json and model.safetensors.
        source: what `Model.source` says; the folder unless given.

    Raises:
        ModelError: a file is missing or damaged, or the two do not belong together.
    """
    config, network = load_trained(folder)
    network = fold_batch_norm(network).eval()
    source, file = source or str(folder), folder / WEIGHTS_FILE
    if isinstance(network, SetNetwork):
        return SetModel(config, network, source, file)
    assert isinstance(network, Network)
    return Model(config, network, source, file)


def load_trained(folder: Path) -> tuple[ModelConfig, AnyNetwork]:
    """Load a network as it was trained, batch norms and all, to go on from there.

    Raises:
        ModelError: see `load_folder`.
    """
    check_files(folder)
    config = read_config(folder / CONFIG_FILE)
    weights = folder / WEIGHTS_FILE
    state = read_weights(weights, config.dtype)
    # A network of any size costs nothing until the weights prove right.
    shell = build_network(config, str(folder / CONFIG_FILE), "meta")
    check_state(state, shell, source=str(weights), name=config.network)
    network = build_network(config, str(folder / CONFIG_FILE))
    load_state(network, state)
    return config, network


def save_folder(
    folder: Path,
    config: ModelConfig,
    network: AnyNetwork,
    card: str,
    *,
    recipe: str | None = None,
    overwrite: bool = False,
) -> None:
    """Write a model's folder, whole or not at all.

    Args:
        folder: the folder to write; its parents are made.
        config: says how to build the network, and in which precision to store it.
        network: as the registry builds it (batch norms not folded).
        card: text of README.md.
        recipe: text of recipe.toml, if it is known how the model was trained.
        overwrite: whether an existing model may be replaced.

    Raises:
        ModelError: the network is not the one that `config` describes, or has values that are not
            finite in the stored precision.
        InputError: the folder exists and may not be replaced, or cannot be written.
    """
    check_replaceable(folder, overwrite)
    state = network_state(network)
    check_state(
        state, build_network(config, CONFIG_FILE), source="save_folder", name=config.network
    )
    try:
        with _replacing(folder) as fresh:
            (fresh / CONFIG_FILE).write_text(config.to_json(), encoding="utf-8")
            write_weights(fresh / WEIGHTS_FILE, state, config.dtype)
            (fresh / CARD_FILE).write_text(card, encoding="utf-8")
            if recipe is not None:
                (fresh / RECIPE_FILE).write_text(recipe, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror or error})") from error


def build_network(config: ModelConfig, source: str, device: str = "cpu") -> AnyNetwork:
    """Build the network that `config` describes, and check that the two agree on what it does.

    It is on that device, whichever a program has made torch's default.

    Raises:
        ModelError: they do not, or there is no such network; the message begins with `source`.
    """
    try:
        with torch.device(device):
            network = registry.build(config.network, config.options)
    except ConfigError as error:
        raise ModelError(f"{source}: {error}") from error
    description = network.description
    if description.task != config.task:
        raise ModelError(
            f"{source}: the task is {config.task}, but {config.network} is for {description.task}."
        )
    sigma_input = isinstance(description, Description) and description.sigma_input
    if sigma_input != (config.sigma_max is not None):
        takes = "a" if sigma_input else "no"
        raise ModelError(
            f"{source}: sigma_max is {config.sigma_max}, but this {config.network} takes {takes} "
            "noise level."
        )
    return network


def check_replaceable(folder: Path, overwrite: bool) -> None:
    """Refuse to replace what is not a model's folder, or a model that is to be kept.

    Hidden files do not count: file managers leave some, and version control.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise InputError(f"{folder} is a file; give the path of a folder.")
    found = {entry.name for entry in folder.iterdir() if not _is_hidden(entry)}
    if foreign := found - {CONFIG_FILE, WEIGHTS_FILE, CARD_FILE, RECIPE_FILE}:
        raise InputError(
            f"{folder} holds other files ({min(foreign)}); give an empty or a new folder"
        )
    if found and not overwrite:
        raise InputError(f"{folder} exists; give -y to replace it, or give another folder.")


@contextmanager
def _replacing(folder: Path) -> Iterator[Path]:
    """Yield an empty folder that takes the place of `folder` when the block ends without error.

    Hidden files come along.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as scratch:
        fresh, old = Path(scratch, "new"), Path(scratch, "old")
        fresh.mkdir()
        yield fresh
        try:
            if folder.exists():
                folder.rename(old)
            fresh.rename(folder)
        except BaseException:  # a signal, too
            if old.exists() and not folder.exists():
                old.rename(folder)
            raise
        if old.exists():
            for entry in filter(_is_hidden, list(old.iterdir())):
                entry.rename(folder / entry.name)


def _is_hidden(path: Path) -> bool:
    return path.name.startswith(".")
