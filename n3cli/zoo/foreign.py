"""Weights of networks that n3 does not build itself, through spandrel (an optional package).

https://github.com/chaiNNer-org/spandrel recognises an architecture by the names of its weights.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

from torch import Tensor

from n3cli.errors import ModelError
from n3cli.networks.description import Description
from n3cli.networks.foreign import ForeignNetwork
from n3cli.zoo.config import ModelConfig
from n3cli.zoo.folder import Model
from n3cli.zoo.names import VARIANTS, name_file
from n3cli.zoo.weights import check_finite

_SIGMA_MAX: Final = {"DRUNet": 50.0, "FDnCNN": 75.0}
"""Architectures that take a noise level as one more plane, and the largest that the authors trained
for: Zhang and others, arXiv 2008.13751 and 1710.04026."""

_MEMORY: Final = 4096
"""Bytes for a pixel of a tile, times the scale: a guess for all of them. Measured were 4, 6, 14 and
49 kB for ESRGAN at scales 1, 2, 4 and 8, and at scale 4 1 kB for Compact, 16 for SwinIR, 43 for
HAT. What does not fit is tried again with smaller tiles."""


def load_foreign(state: Mapping[str, Tensor], path: Path, known: Sequence[str]) -> Model:
    """Load weights of an architecture that spandrel knows.

    A network that keeps the size is a denoiser to n3, whatever else it restores.

    Args:
        state: tensors by the authors' names.
        path: where they come from, for messages and the model's name.
        known: what n3 reads itself, for messages.

    Raises:
        ModelError: spandrel is not installed or does not know the architecture, the weights do not
            fit it, or the network is of a kind that cannot be used.
    """
    descriptor = _describe(state, path, known)
    check_finite({k: v for k, v in state.items() if v.is_floating_point()}, str(path))
    architecture = descriptor.architecture.name
    channels = _checked(descriptor, path, architecture)
    task = "denoise" if descriptor.scale == 1 else "upscale"
    sigma_max = _SIGMA_MAX.get("FDnCNN" if "FDnCNN" in descriptor.tags else architecture)
    size = descriptor.size_requirements
    description = Description(
        task,
        channels,
        sigma_input=sigma_max is not None,
        scale=descriptor.scale,
        size_multiple=size.multiple_of,
        size_minimum=max(1, size.minimum),
        dtypes=("fp32",),  # nobody has measured the others with these weights
        memory=_MEMORY * descriptor.scale,
        exact_tiles=False,
    )
    about = f"{architecture}, built by spandrel from other people's weights."
    network = re.sub(r"[^a-z0-9]", "", architecture.lower())
    config = ModelConfig(
        name=name_file(path.stem, task=task, network=network, channels=channels),
        task=task,
        network=network,
        options={},
        sigma_max=sigma_max,
        dtype="float32",
    )
    return Model(config, ForeignNetwork(descriptor, description, about).eval(), str(path))


def _describe(state: Mapping[str, Tensor], path: Path, known: Sequence[str]) -> Any:
    """Let spandrel build the network, with its weights."""
    names = ", ".join(f"{k} {list(v.shape)}" for k, v in islice(state.items(), 3))
    unknown = f"{path}: not weights of {', '.join(known)}; the first are {names}"
    try:
        import spandrel
    except ImportError as error:
        raise ModelError(
            f"{unknown}. For other architectures, pip install 'n3cli[spandrel]' ({error})."
        ) from error
    except Exception as error:  # torchvision raises a RuntimeError beside another torch
        raise ModelError(
            f"{path}: spandrel, which may know it, cannot be loaded ({error}). If torchvision "
            "does not fit torch, install both from the same source."
        ) from error
    try:
        canonical = spandrel.canonicalize_state_dict(dict(state))
        return spandrel.ModelLoader().load_from_state_dict(canonical)
    except spandrel.UnsupportedModelError as error:
        raise ModelError(f"{unknown}. Spandrel does not know them either.") from error
    # What its architectures raise on weights that only look like theirs is up to each.
    except Exception as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ModelError(
            f"{path}: looks like an architecture that spandrel knows, but does not fit it "
            f"({reason}). Download or copy the file again."
        ) from error


def _checked(descriptor: Any, path: Path, architecture: str) -> int:
    """Whether the network is one from images to images; gives their planes."""
    if descriptor.purpose == "Inpainting":
        raise ModelError(f"{path}: {architecture} fills holes and needs a mask; n3 has none.")
    planes_in, planes_out = descriptor.input_channels, descriptor.output_channels
    if planes_in != planes_out or planes_in not in VARIANTS:
        raise ModelError(
            f"{path}: {architecture} takes {planes_in} image planes and gives {planes_out}. n3 can "
            "use only networks that take and give 1 plane (grey) or 3 (colour)."
        )
    return int(planes_in)
