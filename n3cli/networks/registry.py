"""Networks by name. To add one: a file beside this one, and a line here."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from difflib import get_close_matches

from n3cli.errors import ConfigError
from n3cli.networks.any_network import AnyNetwork
from n3cli.networks.cnet import CNet, N3CNet
from n3cli.networks.dncnn import DnCNN
from n3cli.networks.ffdnet import FFDNet
from n3cli.networks.ircnn import IRCNN
from n3cli.networks.layer import LARGEST
from n3cli.networks.memnet import MemNet
from n3cli.networks.n3net import N3Net
from n3cli.networks.n3net_raw import N3NetRaw
from n3cli.networks.n3sr import N3SR
from n3cli.networks.n3unet import N3UNet
from n3cli.networks.n3unet_raw import N3UNetRaw
from n3cli.networks.unlnet import UNLNet
from n3cli.networks.vdsr import VDSR

_NETWORKS: dict[str, Callable[..., AnyNetwork]] = {
    "cnet": CNet,
    "dncnn": DnCNN,
    "ffdnet": FFDNet,
    "ircnn": IRCNN,
    "memnet": MemNet,
    "n3cnet": N3CNet,
    "n3net": N3Net,
    "n3net-raw": N3NetRaw,
    "n3sr": N3SR,
    "n3unet": N3UNet,
    "n3unet-raw": N3UNetRaw,
    "unlnet": UNLNet,
    "vdsr": VDSR,
}


def names() -> tuple[str, ...]:
    """The names that `build` knows."""
    return tuple(_NETWORKS)


def complete(name: str, options: Mapping[str, object]) -> dict[str, object]:
    """All options of a network: those given, and the defaults of the others.

    What is saved names them all, so that it stays what it is when a default changes.
    """
    parameters = inspect.signature(_NETWORKS[name]).parameters
    return {key: parameter.default for key, parameter in parameters.items()} | dict(options)


def build(name: str, options: Mapping[str, object]) -> AnyNetwork:
    """Make a network with fresh weights.

    Args:
        name: one of `names()`.
        options: arguments of its class; each must have the type of its default.

    Raises:
        ConfigError: unknown network or option, or a value that the network cannot take.
    """
    if name not in _NETWORKS:
        raise ConfigError(f"unknown network {name!r}{_nearest(name, names())}")
    network = _NETWORKS[name]
    known = inspect.signature(network).parameters
    for key, value in options.items():
        if key not in known:
            raise ConfigError(f"{name} has no option {key!r}{_nearest(key, tuple(known))}")
        expected = type(known[key].default)
        if type(value) is not expected:
            raise ConfigError(
                f"option {key!r} of {name} must be of type {expected.__name__}, got {value!r}"
            )
        if type(value) is int and not 1 <= value <= LARGEST:
            raise ConfigError(
                f"option {key!r} of {name} must be from 1 to {LARGEST}, got {str(value)[:20]}"
            )
    try:
        return network(**options).float()  # a program may have set another default
    except ValueError as error:
        raise ConfigError(f"{name}: {error}") from error


def _nearest(wrong: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(wrong, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(known)}"
