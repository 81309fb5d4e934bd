"""What is measured: a name, a word on how it is run, and a function from image to image."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from n3cli.data.fetch.download import digest
from n3cli.ops.array import Float32
from n3cli.ops.noise.model import NoiseModel
from n3cli.zoo.folder import AnyModel

Run = Callable[[Float32, float], Float32]
"""Image H×W×C in [0, 1] (noisy ones unclipped), and its noise level on the 0–255 scale or the scale
to enlarge it by → estimate."""


OnMosaic = Callable[[Float32, NDArray[np.uint8], NoiseModel], Float32]
"""Noisy mosaic H×W×1 (linear, black 0, white 1), its filter p×p (0 red, 1 green, 2 blue) and its
noise → estimate."""


@dataclass(frozen=True)
class Method:
    """A denoiser or enlarger that a suite can run.

    Attributes:
        name: what a table calls it.
        note: how it is run, one line for beneath the table.
        run: what does it.
        published: its name among published figures, where its authors' own may be compared.
        on_mosaic: what does it to mosaics as they are, if it is made for them.
        facts: what JSON says of it besides.
        stored: an image's name for files and a level → the estimate that another program made;
            where there is one, it is taken instead of running the method.
    """

    name: str
    note: str
    run: Run
    published: str | None = None
    on_mosaic: OnMosaic | None = None
    facts: Mapping[str, object] = field(default_factory=dict)
    stored: Callable[[str, float], Float32] | None = None


def network_facts(model: AnyModel) -> dict[str, object]:
    """What identifies a model in JSON: size, source and SHA-256 of its weights."""
    return {
        "parameters": model.network.parameter_count,
        "source": model.source,
        "weights_sha256": digest(model.file) if model.file else None,
    }


def digest_of_files(named: Iterable[tuple[str, Path]]) -> str:
    """The SHA-256 of what `sha256sum` prints for files of those names, in their order."""
    listed = "".join(f"{digest(path)}  {name}\n" for name, path in named)
    return hashlib.sha256(os.fsencode(listed)).hexdigest()
