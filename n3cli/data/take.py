"""Files of a collection's list, taken from a folder or an archive that somebody has."""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath

from n3cli.data.collection import PublishedFile
from n3cli.data.download import digest
from n3cli.data.member import Member
from n3cli.data.place import check_space, part_of, settle, stage_for
from n3cli.data.state import State
from n3cli.data.unpack import explained, limited, pour


def take(state: State, files: Iterable[PublishedFile], source: Path) -> list[str]:
    """Copy files of a collection from a folder that somebody else filled.

    Args:
        state: of the collection.
        files: which of its files.
        source: a folder with the collection's files, itself or in a folder of its name.

    Returns:
        What went wrong, a text for each file that could not be had.

    Raises:
        DataError: the disk has too little space.
    """
    if (source / state.collection.folder).is_dir():
        source = source / state.collection.folder
    wanted = list(files)
    check_space(state.folder, sum(file.size for file in wanted))
    troubles = []
    for file in wanted:
        path = source.joinpath(*file.path.split("/"))
        part = part_of(state.target(file))
        try:
            if digest(path) != file.sha256:
                troubles.append(f"{path}: is not the published file (another SHA-256)")
                continue
            part.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, part)
            settle(part, state.target(file))
        except OSError as error:
            part.unlink(missing_ok=True)
            troubles.append(f"{path}: {error.strerror or error}")
    return troubles


def take_members(
    state: State,
    files: Iterable[PublishedFile],
    archive: Path,
    *,
    told: Callable[[int], None] = lambda count: None,
) -> list[str]:
    """Take files of a collection out of an archive, whatever folders it has them in.

    Content alone decides: a member is a file of the list if its SHA-256 is. Names only serve to
    say more of what is missing.

    Args:
        state: of the collection.
        files: which of its files.
        archive: a zip, tar or rar file.
        told: how many bytes were read of files that were wanted.

    Returns:
        What went wrong, a text for each file that could not be had.

    Raises:
        DataError: the archive is damaged or hostile, or the disk is full.
    """
    wanted: dict[str, list[PublishedFile]] = defaultdict(list)
    for file in files:
        wanted[file.sha256].append(file)
    sizes = {same[0].size for same in wanted.values()}
    check_space(state.folder, sum(file.size for same in wanted.values() for file in same))
    others: list[PurePosixPath] = []  # members that are none of the wanted
    with explained(state.folder), stage_for(state.folder) as stage:
        for member in limited(archive):
            if member.size in sizes and (same := _keep(state, member, stage, wanted, told)):
                wanted.pop(same[0].sha256)
            else:
                others.append(PurePosixPath(member.path))
    return sorted(f"{archive}: {_like(file, others)}" for same in wanted.values() for file in same)


def _keep(
    state: State,
    member: Member,
    stage: Path,
    wanted: dict[str, list[PublishedFile]],
    told: Callable[[int], None],
) -> list[PublishedFile]:
    """Put a member where it belongs.

    Returns:
        The files that it is; none where it is something else of the same size.
    """
    fresh = stage / "member"
    with fresh.open("wb") as file:
        same = wanted.get(pour(member, file, lambda count: None), [])
    for each in same:
        target = state.target(each)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(fresh, part_of(target))
        settle(part_of(target), target)
        told(each.size)
    return same


def _like(file: PublishedFile, others: list[PurePosixPath]) -> str:
    """Say what an archive has in place of a file."""
    parts = PurePosixPath(file.path).parts
    for path in others:
        if path.parts[-len(parts) :] == parts:
            return f"{os.fspath(path)} is not the published {file.path} (another SHA-256)"
    return f"has no {file.path}"
