"""Which pictures are matched with which."""

from __future__ import annotations

import re
import warnings
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path, PurePath

from n3cli.errors import ConfigError, InputError, N3Warning
from n3cli.io.match.pair_list import ListedPair, read_pairs
from n3cli.io.name import MADE, MATCHED
from n3cli.jobs.scan import scan
from n3cli.ops.array import Float64
from n3cli.ops.two_view.camera import Camera


@dataclass(frozen=True)
class PicturePair:
    """Two pictures.

    Attributes:
        name0: the first one as the command (with slashes) or a list has it; relative to a folder,
            if one was given.
        name1: the second one, likewise.
        path0: where the first is.
        path1: where the second is.
        cameras: of both, if the list has them.
        pose: 4×4, the true one from the first to the second, if the list has it.
    """

    name0: str
    name1: str
    path0: Path
    path1: Path
    cameras: tuple[Camera, Camera] | None = None
    pose: Float64 | None = None

    @property
    def stem(self) -> str:
        """What names the pair's outputs, as SuperGlue does: both pictures' parts."""
        return f"{name_part(Path(self.name0))}_{name_part(Path(self.name1))}"


def name_part(path: PurePath) -> str:
    """A picture's part in the names of its pairs' outputs: its folders, if any, and its stem."""
    return "-".join((*path.parent.relative_to(path.anchor).parts, path.stem))


def find_pairs(
    inputs: Sequence[str],
    listed: Path | None,
    *,
    recursive: bool,
    leave_out: Collection[Path] = (),
) -> tuple[list[PicturePair], list[InputError]]:
    """Find the pairs that the inputs stand for.

    Args:
        inputs: two pictures (a pair), more of them or folders (every two of their pictures), or
            with a list at most one folder, that its names lie in.
        listed: a list of pairs; without a folder its names lie where the list does.
        recursive: take whole trees of folders.
        leave_out: folders inside them whose pictures are none of the inputs: those of outputs.

    Returns:
        The pairs, and an error for each input that stands for nothing.

    Raises:
        ConfigError: inputs that make no pair.
        InputError: the list cannot be read.
    """
    if "-" in inputs or "" in inputs:
        raise ConfigError("n3 match takes files and folders, not - or empty names")
    if listed:
        return _listed_pairs(inputs, listed), []
    paths = [Path(name) for name in inputs]
    if len(paths) == 2 and not any(path.is_dir() for path in paths):
        return [PicturePair(paths[0].as_posix(), paths[1].as_posix(), paths[0], paths[1])], []
    if len(paths) == 1 and paths[0].is_file():
        raise ConfigError(f"{inputs[0]}: is only one picture; give two, or a folder")
    made = re.compile(f"{MADE.pattern}|{MATCHED}")
    found = scan(inputs, made=made, recursive=recursive, leave_out=leave_out)
    names = [
        ((source.place if len(paths) == 1 else source.path).as_posix(), source.path)
        for source in found.sources
    ]
    failed = [error for _, error in found.failed]
    if len(names) < 2 and not failed:
        failed.append(
            InputError(f"{', '.join(inputs)}: fewer than two pictures found; a pair needs two")
        )
    return [
        PicturePair(name0, name1, path0, path1)
        for (name0, path0), (name1, path1) in combinations(names, 2)
    ], failed


def _listed_pairs(inputs: Sequence[str], listed: Path) -> list[PicturePair]:
    if len(inputs) > 1 or (inputs and not Path(inputs[0]).is_dir()):
        raise ConfigError("--pairs takes at most one INPUT: the folder that its pictures are in")
    folder = Path(inputs[0]) if inputs else listed.parent
    lines = read_pairs(listed)
    once: dict[tuple[str, str], ListedPair] = {}
    for line in lines:
        once.setdefault((line.name0, line.name1), line)
    if repeated := len(lines) - len(once):
        warnings.warn(
            f"{listed}: {repeated} of its {len(lines)} lines repeat a pair; each pair is matched "
            "once",
            N3Warning,
            stacklevel=3,
        )
    return [
        PicturePair(line.name0, line.name1, folder / line.name0, folder / line.name1, line.cameras,
             line.pose)
        for line in once.values()
    ]  # fmt: skip
