"""Files of a collection's list, taken from a folder or an archive that somebody has."""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath

from n3cli.data.fetch.download import digest
from n3cli.data.fetch.member import Member
from n3cli.data.fetch.place import check_space, part_of, settle, stage_for
from n3cli.data.fetch.state import State
from n3cli.data.fetch.unpack import explained, folder_members, limited, pour
from n3cli.data.published.collection import PublishedFile


def take(state: State, files: Iterable[PublishedFile], source: Path) -> list[str]:
    """Copy files of a collection from a folder that somebody else filled.

    What is not at its place there is looked for in the whole folder, by its content.

    Args:
        state: of the collection.
        files: which of its files.
        source: a folder with the collection's files, itself or in a folder of its name.

    Returns:
        What went wrong, a text for each file that could not be had.

    Raises:
        DataError: the disk has too little space.
    """
    place = source
    if (source / state.collection.folder).is_dir():
        place = source / state.collection.folder
    wanted = list(files)
    check_space(state.folder, sum(file.size for file in wanted))
    troubles = {}
    for file in wanted:
        path = place.joinpath(*file.path.split("/"))
        part = part_of(state.target(file))
        try:
            if digest(path) != file.sha256:
                troubles[file] = f"{path}: is not the published file (another SHA-256)"
                continue
            part.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, part)
            settle(part, state.target(file))
        except OSError as error:
            part.unlink(missing_ok=True)
            troubles[file] = f"{path}: {error.strerror or error}"
    if troubles:
        lost, _ = _match(state, troubles, folder_members(source), lambda count: None)
        return [troubles[file] for file in lost]
    return []


def take_members(
    state: State,
    files: Iterable[PublishedFile],
    archive: Path,
    *,
    told: Callable[[int], None] = lambda count: None,
) -> list[str]:
    """Take files of a collection out of an archive, whatever folders it has them in.

    Args:
        state: of the collection.
        files: which of its files.
        archive: a zip, tar or rar file.
        told: the bytes of each file that was found.

    Returns:
        What went wrong, a text for each file that could not be had.

    Raises:
        DataError: the archive is damaged or hostile, or the disk is full.
    """
    wanted = list(files)
    check_space(state.folder, sum(file.size for file in wanted))
    lost, others = _match(state, wanted, limited(archive), told)
    return [f"{archive}: {_like(file, others)}" for file in lost]


def _match(
    state: State,
    files: Iterable[PublishedFile],
    members: Iterable[Member],
    told: Callable[[int], None],
) -> tuple[list[PublishedFile], list[PurePosixPath]]:
    """Take the members that are files of a collection.

    Content alone decides: a member is a file of the list if its SHA-256 is. Names only serve to
    say more of what is missing.

    Returns:
        The files that were not found, in their order, and the paths of members that are none.
    """
    wanted: dict[str, list[PublishedFile]] = defaultdict(list)
    for file in files:
        wanted[file.sha256].append(file)
    order = [file for same in wanted.values() for file in same]
    sizes = {file.size for file in order}
    others: list[PurePosixPath] = []
    with explained(state.folder), stage_for(state.folder) as stage:
        for member in members:
            if member.size in sizes and (same := _keep(state, member, stage, wanted, told)):
                wanted.pop(same[0].sha256)
            else:
                others.append(PurePosixPath(member.path))
    return [file for file in order if file.sha256 in wanted], others


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
            return f"{os.fspath(path)} is not the published {file.path} (its SHA-256 differs)"
    return f"has no {file.path}"
