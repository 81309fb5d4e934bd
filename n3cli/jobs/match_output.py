"""Where a pair's results go: files of its own, or a place in a file of many pairs."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from n3cli.errors import ConfigError, ExistingError, InputError
from n3cli.io.match.colmap_store import create_database
from n3cli.io.match.h5 import SUFFIXES, open_store
from n3cli.io.match.matches import Matches
from n3cli.io.match.npz import write_npz
from n3cli.io.match.text import write_csv, write_json
from n3cli.io.name import MATCHED
from n3cli.io.path import kept, make_folder, refuse_existing
from n3cli.jobs.pair import PicturePair
from n3cli.jobs.scan import identify
from n3cli.ops.two_view.camera import Camera

OWN: Final = ("npz", "csv", "json")
"""Formats of a file for each pair."""

_DATABASE: Final = ".db"


class PairStore(Protocol):
    """A file of many pairs."""

    def has(self, name0: str, name1: str) -> bool:
        """Whether a pair is there already."""
        ...

    def add(
        self,
        name0: str,
        name1: str,
        matches: Matches,
        cameras: tuple[Camera | None, Camera | None] = ...,
    ) -> None:
        """Add a pair."""
        ...


@dataclass
class MatchOutput:
    """The outputs of a batch; made by `open_output`.

    Attributes:
        overwrite: whether outputs that exist are made anew.
        folder: takes a file for each pair, or None.
        file: is the only pair's file, or None.
        format: of files in the folder.
        picture: the only pair's picture, or None.
        pictures: the folder that takes a picture for each pair, or None.
        store: the file of many pairs, or None.
        inputs: files that are read beside the pictures, as `identify` has them.
    """

    overwrite: bool = False
    folder: Path | None = None
    file: Path | None = None
    format: str = "npz"
    picture: Path | None = None
    pictures: Path | None = None
    store: PairStore | None = None
    store_path: Path | None = None
    inputs: frozenset[Path] = frozenset()
    _taken: dict[Path, PicturePair] = field(default_factory=dict)

    def targets(self, pair: PicturePair) -> tuple[Path | None, Path | None]:
        """The file of a pair's matches and that of its picture; None where there is none."""
        matches = self.folder / f"{pair.stem}_{MATCHED}.{self.format}" if self.folder else self.file
        picture = self.pictures / f"{pair.stem}_{MATCHED}.png" if self.pictures else self.picture
        return matches, picture

    def missing(self, pair: PicturePair) -> tuple[Path | None, Path | None, bool]:
        """What of a pair is to be made: file, picture, entry in the store.

        Raises:
            InputError: an output that was named exists and may not be replaced, is an input, or is
                another pair's.
        """
        inputs = self.inputs | {identify(path) for path in (pair.path0, pair.path1)}
        wanted: list[Path | None] = []
        for target, named in zip(
            self.targets(pair), (self.file is not None, self.picture is not None), strict=True
        ):
            if target and identify(target) in inputs:
                raise InputError(
                    f"{target}: is an input and cannot be the output; choose another -o"
                )
            if target and self._taken.setdefault(identify(target), pair) is not pair:
                raise InputError(
                    f"{target}: is already the output of another pair; match this pair in a run of "
                    "its own, with another -o"
                )
            if target and target.exists() and not self.overwrite:
                if named:
                    raise ExistingError(kept(target))
                target = None
            wanted.append(target)
        stored = self.store is not None and not self.store.has(pair.name0, pair.name1)
        return wanted[0], wanted[1], stored

    @property
    def any(self) -> bool:
        """Whether anything is written at all."""
        return bool(
            self.folder or self.file or self.picture or self.pictures or self.store is not None
        )


def write_matches(target: Path, row: dict[str, Any], matches: Matches, *, replace: bool) -> None:
    """Write a pair's file in the format that its suffix names; its folder is made.

    Raises:
        InputError: it cannot be written, or is there and may not be replaced.
    """
    make_folder(target)
    match target.suffix.lower():
        case ".csv":
            write_csv(target, matches, replace=replace)
        case ".json":
            write_json(target, row, matches, replace=replace)
        case _:
            write_npz(target, matches, replace=replace)


@contextmanager
def open_output(
    pairs: int,
    output: str | None,
    viz: str | None,
    *,
    format: str | None = None,
    overwrite: bool = False,
    inputs: Collection[Path] = (),
) -> Iterator[MatchOutput]:
    """Decide where results go, and hold the file of many pairs open.

    Args:
        pairs: how many there are.
        output: a file (.npz, .csv, .json for one pair; .h5, .db), a folder, or None.
        viz: a PNG file for one pair, a folder, or None.
        format: of files in a folder; npz unless given.
        overwrite: make anew what exists.
        inputs: files that are read beside the pictures, and never replaced.

    Raises:
        ConfigError: the output and the number of pairs, or its suffix, do not go together.
        InputError: the file of many pairs cannot be opened or written.
    """
    read = frozenset(map(identify, inputs))
    for name in (output, viz):
        if name and identify(Path(name)) in read:
            raise ConfigError(f"{name}: is an input and cannot be the output; choose another name")
    made = MatchOutput(overwrite=overwrite, format=format or "npz", inputs=read)
    suffix = Path(output).suffix.lower() if output else ""
    many: AbstractContextManager[PairStore] | None = None
    if output and (_is_folder(output) or (pairs > 1 and not suffix)):
        made.folder = Path(output)
    elif output and suffix in SUFFIXES:
        make_folder(Path(output))
        many = open_store(Path(output), anew=overwrite)
    elif output and suffix == _DATABASE:
        if not overwrite:
            refuse_existing(Path(output))
        make_folder(Path(output))
        many = create_database(Path(output), replace=overwrite)
    elif output and suffix.removeprefix(".") in OWN:
        made.file = _single(pairs, output, "-o")
    elif output:
        raise ConfigError(
            f"-o {output}: name a .npz, .csv, .json, .h5 or .db file, or a folder (end its name "
            "with a slash)"
        )
    if format and not made.folder:
        raise ConfigError(
            "--format is only for output folders; give one with -o FOLDER/, or leave --format out"
        )
    if viz and (_is_folder(viz) or (pairs > 1 and not Path(viz).suffix)):
        made.pictures = Path(viz)
    elif viz:
        if Path(viz).suffix.lower() != ".png":
            raise ConfigError(
                f"--viz {viz}: name a .png file, or a folder (end its name with a slash)"
            )
        made.picture = _single(pairs, viz, "--viz")
    if many is None:
        yield made
        return
    with many as made.store:
        made.store_path = Path(str(output))
        yield made


def _single(pairs: int, name: str, option: str) -> Path:
    if pairs > 1:
        raise ConfigError(
            f"{option} {name}: several pairs need a folder; end its name with a slash"
        )
    return Path(name)


def _is_folder(name: str) -> bool:
    return name.endswith("/") or Path(name).is_dir()
