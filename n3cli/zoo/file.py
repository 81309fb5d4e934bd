"""A file of other people's weights → a ready network, or a folder of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from torch import Tensor

from n3cli.errors import ModelError
from n3cli.networks import registry
from n3cli.networks.fold import fold_batch_norm
from n3cli.networks.network import Network
from n3cli.zoo.card import write_card
from n3cli.zoo.checkpoint import read_checkpoint
from n3cli.zoo.config import ModelConfig
from n3cli.zoo.folder import Model, build_network, load_folder, save_folder
from n3cli.zoo.foreign import load_foreign
from n3cli.zoo.found import Found
from n3cli.zoo.kair import read_dncnn, read_ffdnet, read_ircnn
from n3cli.zoo.names import PATTERN, name_file
from n3cli.zoo.official import read_n3net
from n3cli.zoo.weights import check_finite, check_state, load_state

READERS: Final[dict[str, Callable[[Mapping[str, Tensor]], Found | None]]] = {
    "N3Net": read_n3net,
    "DnCNN": read_dncnn,
    "FFDNet": read_ffdnet,
    "IRCNN": read_ircnn,
}
"""Networks of ours that others publish weights for, each with what finds them in a state dict."""

_TASK: Final = "denoise"
"""What all of `READERS` do."""


def load_file(path: Path) -> Model:
    """Load a file of weights.

    Networks that n3 does not build itself are left to spandrel.

    Args:
        path: a pickle of `torch.save` or a safetensors file. No code in it is run.

    Raises:
        ModelError: damaged, or of a network that n3 does not know.
    """
    state = read_checkpoint(path)
    found = _find(state, path)
    if found is None:
        return load_foreign(state, path, tuple(READERS))
    config, network = _build(found, path)
    return Model(config, fold_batch_norm(network).eval(), str(path))


def convert_file(
    path: Path, folder: Path, name: str | None = None, *, overwrite: bool = False
) -> Model:
    """Convert a file of weights to a model folder.

    Args:
        path: see `load_file`.
        folder: the folder to write.
        name: full zoo name of the model; the folder's name where that is one, or one after the
            file's.
        overwrite: whether an existing model may be replaced.

    Returns:
        The model, loaded from its new folder.

    Raises:
        ModelError: the file has no weights of one of `READERS`.
        InputError: the folder exists and may not be replaced, or cannot be written.
    """
    state = read_checkpoint(path)
    found = _find(state, path)
    if found is None:
        raise ModelError(
            f"{path}: only weights of {', '.join(READERS)} can be converted, and these are not. If "
            "spandrel knows them, use the file as it is: -m FILE."
        )
    given = name or (folder.name if PATTERN.fullmatch(folder.name) else None)
    config, network = _build(found, path, given)
    save_folder(folder, config, network, write_card(found.card, config), overwrite=overwrite)
    converted = load_folder(folder)
    assert isinstance(converted, Model)
    return converted


def _find(state: Mapping[str, Tensor], path: Path) -> Found | None:
    for read in READERS.values():
        try:
            found = read(state)
        except ModelError as error:
            raise ModelError(f"{path}: {error}") from error
        if found is not None:
            return found
    return None


def _build(found: Found, path: Path, name: str | None = None) -> tuple[ModelConfig, Network]:
    """The network with its weights, batch norms and all."""
    options = registry.complete(found.network, found.options)
    channels = options["channels"]
    assert isinstance(channels, int)
    config = ModelConfig(
        name=name or name_file(path.stem, task=_TASK, network=found.network, channels=channels),
        task=_TASK,
        network=found.network,
        options=options,
        sigma_max=found.sigma_max,
        dtype="float32",
    )
    network = build_network(config, str(path))
    assert isinstance(network, Network)
    check_state(found.state, network, source=str(path), name=found.network)
    check_finite(found.state, str(path))
    load_state(network, found.state)
    return config, network
