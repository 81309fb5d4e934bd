"""The noise of cameras, fitted to raw files: one profile for each camera and sensitivity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from n3cli.errors import InputError
from n3cli.inference.raw.noise import SAMPLED, RawNoise, estimate_noise, sample
from n3cli.io.format import RAW_SUFFIXES, printable
from n3cli.io.name import MADE, has_tag
from n3cli.io.raw.mosaic import RawPicture, read_raw
from n3cli.io.raw.noise_profile import NoiseProfile
from n3cli.jobs.scan import look_into
from n3cli.ops.array import Float32

_PARTS = 7
"""Parts of what one file is judged by, one of which is a square."""


@dataclass(frozen=True)
class Fit:
    """A profile, and what is to be said of it.

    Attributes:
        profile: of a camera at a sensitivity.
        noise: what was found in its files.
        files: how many these are.
    """

    profile: NoiseProfile
    noise: RawNoise
    files: int

    @property
    def name(self) -> str:
        """The camera and its sensitivity, for people."""
        return f"{self.profile.make} {self.profile.model} ISO {self.profile.iso:g}".strip()

    @property
    def text(self) -> str:
        """All of it in one line, for people."""
        colours = zip(("red", "green", "blue"), self.noise.models, self.noise.errors, strict=True)
        told = (
            f"{colour} a {model.a:.3g} ± {error_a:.1g}, b {model.b:.3g} ± {error_b:.1g}"
            for colour, model, (error_a, error_b) in colours
        )
        count = "1 file" if self.files == 1 else f"{self.files} files"
        return f"{self.name} ({count})  {'; '.join(told)}"


def fit_noise(paths: Sequence[Path], iso: float | None = None) -> Iterator[Fit]:
    """Fit the noise of every camera and sensitivity among raw files, each in all of its files.

    Args:
        paths: raw files, best of plain surfaces, out of focus, from dark to nearly white.
        iso: the sensitivity of those that do not tell theirs.

    Raises:
        InputError: a file cannot be read, or does not tell its camera or its sensitivity.
    """
    groups: dict[tuple[str, str, float], list[list[list[Float32]]]] = {}
    for path in paths:
        raw = read_raw(path)
        planes = sample(raw, SAMPLED // min(len(paths), _PARTS))
        # Copies, for views would hold every mosaic.
        groups.setdefault(_key(raw, iso), []).append([[*map(np.copy, each)] for each in planes])
    for (make, model, known), files in groups.items():
        planes = [[*chain(*colour)] for colour in zip(*files, strict=True)]
        noise = estimate_noise(planes, plain=True)
        yield Fit(NoiseProfile(make, model, known, noise.models), noise, len(files))


def find_files(path: Path) -> list[Path]:
    """The raw files that a path stands for: itself, or those of a folder, without results of n3.

    Raises:
        InputError: a folder holds none, or is closed.
    """
    if not path.is_dir():
        return [path]
    look = look_into(path, recursive=False, leave_out=(), suffixes=RAW_SUFFIXES)
    for _, error in look.unseen:
        raise error
    files = [file for file in look.found if not has_tag(file, MADE)]  # whose noise is gone
    if not files:
        raise InputError(f"{printable(path)}: holds no camera raw files")
    return files


def _key(raw: RawPicture, iso: float | None) -> tuple[str, str, float]:
    known = raw.iso or iso
    if not raw.tags.model:
        raise InputError(
            f"{raw.name}: does not name its camera, so no profile can be made; leave it out"
        )
    if known is None:
        raise InputError(f"{raw.name}: does not state its sensitivity; give it with --iso")
    return raw.tags.make, raw.tags.model, known
