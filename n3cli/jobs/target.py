"""Where a result goes, and what it must not replace."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from n3cli.errors import ConfigError, ExistingError, InputError
from n3cli.io.format import RAW_SUFFIXES, READABLE, is_mat_name
from n3cli.io.name import default_target
from n3cli.io.path import explained, kept
from n3cli.jobs.scan import Source, identify


def output_folder(inputs: Sequence[str], output: str | None) -> Path | None:
    """Give the folder that an output names; None where it names a file or nothing.

    Raises:
        ConfigError: a folder is needed, but the output is or looks like a file.
        InputError: the output cannot be looked at.
    """
    if output is None:
        return None
    folder = Path(output)
    with explained(folder):
        if output.endswith(("/", os.sep)) or folder.is_dir():
            return folder
        exists = folder.exists()
    if len(inputs) == 1 and not os.path.isdir(inputs[0]):  # noqa: PTH112 - never raises
        return None
    if exists or folder.suffix.lower() in READABLE | RAW_SUFFIXES or is_mat_name(folder):
        raise ConfigError(
            f"-o {output}: several results need a folder; to name one, end it with a slash"
        )
    return folder


def target_of(
    source: Source, output: str | None, folder: Path | None, *, tag: str, format: str | None
) -> Path:
    """Name the file that a source's result goes to.

    Beside the source with a tag, below an output folder at the source's own place, or just what
    was given.
    """
    if folder is not None:
        suffix = default_target(source.place, tag, format).suffix
        return folder / source.place.with_suffix(suffix)
    if output is not None:
        return Path(output)
    return default_target(source.path, tag, format)


@dataclass
class Guard:
    """Lets a target pass if nothing is lost by writing it.

    Attributes:
        sources: what `identify` says of everything that the batch reads.
        overwrite: whether files that are there may be replaced.
    """

    sources: frozenset[Path]
    overwrite: bool
    _taken: dict[Path, Path | None] = field(default_factory=dict)  # target → what it is made from

    def check(self, source: Path | None, target: Path) -> None:
        """Accept a target for a source (None is standard input).

        Raises:
            ExistingError: it exists.
            InputError: it is an input, is made from another input too, or is no file.
        """
        with explained(target):
            place, exists = identify(target), target.exists()
            same = source is not None and exists and target.samefile(source)
        if same or place in self.sources:
            raise InputError(f"{target}: is an input and cannot be the output; choose another name")
        other = self._taken.setdefault(place, source)
        if other != source:
            raise InputError(
                f"{source}: its output {target} is also that of {other}; process it in a run of "
                "its own, with another -o"
            )
        if exists and target.is_dir():
            raise InputError(f"{target}: is a folder; choose another name")
        if exists and not target.is_file():
            raise InputError(
                f"{target}: is not a regular file; to write into it, use -o - "
                f">{shlex.quote(str(target))}"
            )
        if exists and not self.overwrite:
            raise ExistingError(kept(target))
