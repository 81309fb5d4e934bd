"""What models are called: ``<task>-<network>-<variant>``, and the short forms people may type.

Models for correspondences need no variant.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Final

from n3cli.errors import ModelError

PATTERN: Final = re.compile(
    r"(?P<task>match(?P<bare>)|[a-z]+)-(?P<network>[a-z0-9]+)"
    r"(?:-(?P<variant>[a-z0-9]+(?:-[a-z0-9]+)*)|(?(bare)|(?!)))"
)
"""Grammar of a full zoo name. Models for correspondences need no variant: there is no choice of
image planes that it would have to tell."""

DEFAULTS: Final = {"denoise": "n3unet", "upscale": "n3sr", "match": "n3cnet-flags"}
"""For every task, the short name of the model that people get when they name none."""

ALIASES: Final = {
    "n3-unet": "n3unet",
    "n3-net": "n3net",
    "n3-cnet": "n3cnet",
    "grey": "gray",
    "colour": "color",
}
"""Other spellings of the parts of a name, each with the one that the zoo uses."""

VARIANTS: Final = {1: "gray", 3: "color"}
"""Image planes → the variant that a short name is completed with."""

CAMERA: Final = "real"
"""Short name of the denoiser for photos with the noise of cameras."""

NAMED: Final = {
    "denoise": {"raw": "n3unet-raw", CAMERA: "n3unet-color-real"},
    "upscale": {"photo": "n3sr-photo"},
    "match": {"n3net": "n3cnet"},
}
"""Models that have a name of their own within a task."""

ONLY: Final = {"upscale": "color"}
"""Tasks whose models are all of one variant, which does for every picture."""


def default_name(task: str) -> str:
    """Return the short name of the default model of `task`; a ModelError where there is none."""
    try:
        return DEFAULTS[task]
    except KeyError:
        known = ", ".join(DEFAULTS)
        raise ModelError(
            f"There are no models for the task {task!r}; known tasks: {known}."
        ) from None


def complete_name(name: str, *, task: str, channels: int | None = None) -> str:
    """Complete what a person typed to a full zoo name.

    Args:
        name: a full name (returned as it is, aliases resolved), a network with or without a
            variant (``n3unet``, ``n3unet-gray``).
        task: the task put in front of a name that has none.
        channels: planes of the image, which choose between ``gray`` and ``color`` where the task
            has both.

    Raises:
        ModelError: the name does not follow the grammar, or leaves the variant open.
    """
    default_name(task)
    full = _resolve_aliases(name.strip().lower())
    full = NAMED.get(task, {}).get(full, full)
    if full.partition("-")[0] not in DEFAULTS:
        full = f"{task}-{full}"
    if PATTERN.fullmatch(full):
        return full
    candidates = [f"{full}-{variant}" for variant in VARIANTS.values()]
    if not all(PATTERN.fullmatch(candidate) for candidate in candidates):
        raise ModelError(
            f"{name!r} is not a model name: a name is <task>-<network>-<variant>, for example "
            "denoise-n3unet-gray, or a short form such as n3unet. See `n3 models list`."
        )
    if variant := ONLY.get(full.partition("-")[0]):
        return f"{full}-{variant}"
    if channels is None:
        raise ModelError(
            f"{name!r} does not say for which images it is: add -gray or -color (in Python, or "
            "pass channels=1 or 3). See `n3 models list`."
        )
    if channels not in VARIANTS:
        raise ModelError(
            f"No model works on {channels} image planes; there are models for 1 (gray) and 3 "
            "(color)."
        )
    return f"{full}-{VARIANTS[channels]}"


def name_file(stem: str, *, task: str, network: str, channels: int) -> str:
    """Return a full name for the weights in a file.

    Args:
        stem: the file's name without suffix; what it says beyond the rest ends the name.
        task: what the weights do.
        network: what they are for, in lower case letters and digits.
        channels: image planes, 1 or 3.
    """
    variant = VARIANTS[channels]
    known = {task, network, *VARIANTS.values()}
    words = re.findall(r"[a-z0-9]+", _resolve_aliases(stem.lower().replace("_", "-")))
    return "-".join([task, network, variant, *(word for word in words if word not in known)])


def unknown_name(name: str, known: Iterable[str], reason: str) -> ModelError:
    """Return the error for a name that leads nowhere, with the nearest of the `known` names."""
    near = difflib.get_close_matches(name, sorted(known), n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}? " if near else ""
    return ModelError(f"Unknown model {name!r}: {reason} {hint}See `n3 models list`.")


def _resolve_aliases(name: str) -> str:
    for alias, meant in ALIASES.items():
        name = re.sub(rf"(?<![a-z0-9]){alias}(?![a-z0-9])", meant, name)
    return name
