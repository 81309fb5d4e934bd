"""Pairs whose putative matches come from a file, of whoever matched them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from n3cli.errors import ConfigError, InputError
from n3cli.io.match.h5 import SUFFIXES, read_h5
from n3cli.io.match.matches import Matches
from n3cli.io.match.npz import read_npz
from n3cli.io.match.pair_list import ListedPair, read_pairs
from n3cli.io.match.text import read_csv
from n3cli.jobs.pair import PicturePair

Given: TypeAlias = tuple[PicturePair, Matches | InputError]

_ONE: Final = {".npz": read_npz, ".csv": read_csv, ".txt": read_csv}


def read_putative(
    files: Sequence[Path], inputs: Sequence[str], listed: Path | None
) -> list[Given] | Iterator[Given]:
    """Read putative matches.

    Args:
        files: one .npz or .csv (a pair), or .h5 files (many).
        inputs: the pair's two pictures, which need not be there; a folder, in which the pictures
            of an .h5 file lie; or nothing.
        listed: a list of the pairs to take of an .h5 file, or None for all.

    Returns:
        Pairs with their matches, or with what is wrong with them: a list of the only one, or one
        after the other.

    Raises:
        ConfigError: files, inputs and list do not go together.
        InputError: an .h5 file cannot be read.
    """
    suffixes = {path.suffix.lower() for path in files}
    if suffixes <= {*SUFFIXES}:
        return _read_many(files, inputs, listed)
    if len(files) > 1 or not suffixes <= {*_ONE}:
        raise ConfigError(
            f"--matches {files[0]}: give one .npz or .csv file, or .h5 files; n3 reads no others"
        )
    if listed:
        raise ConfigError(
            f"--pairs chooses pairs from an .h5 file, but {files[0]} has one pair; leave it out"
        )
    if inputs and len(inputs) != 2:
        raise ConfigError(f"{files[0]} has one pair; give its two pictures as INPUT, or none")
    matches: Matches | InputError
    try:
        matches = _ONE[files[0].suffix.lower()](files[0])
    except InputError as error:
        matches = error
    facts = matches.facts if isinstance(matches, Matches) else {}
    given = [name and Path(name).as_posix() for name in inputs]
    names = (*given,) if given else (facts.get("image0", ""), facts.get("image1", ""))
    if not all(names):
        names = (f"{files[0].stem}:0", f"{files[0].stem}:1")
    folder = Path() if inputs else files[0].parent
    return [(PicturePair(names[0], names[1], folder / names[0], folder / names[1]), matches)]


def _read_many(
    files: Sequence[Path], inputs: Sequence[str], listed: Path | None
) -> Iterator[Given]:
    folder, wanted = files[0].parent, None
    lines: dict[tuple[str, str], ListedPair] = {}
    match inputs:
        case ():
            pass
        case (one,) if Path(one).is_dir():
            folder = Path(one)
        case (first, second):
            if listed:
                raise ConfigError("--matches takes two pictures, or a list with --pairs, not both")
            pair = Path(first).as_posix(), Path(second).as_posix()
            for name0, name1, matches in read_h5(files, [pair], tails=True):
                yield PicturePair(name0, name1, Path(first), Path(second)), matches
            return
        case _:
            raise ConfigError(
                "--matches takes two pictures, or the folder that the pictures are in"
            )
    if listed:
        lines = {(line.name0, line.name1): line for line in read_pairs(listed)}
        wanted = list(lines)
    for name0, name1, matches in read_h5(files, wanted):
        line = lines.get((name0, name1), ListedPair(name0, name1))
        yield (
            PicturePair(name0, name1, folder / name0, folder / name1, line.cameras, line.pose),
            matches,
        )
