"""What is in an archive or a folder, written below a fresh folder, within limits."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Final

from n3cli.data.fetch.member import BadArchiveError, Member, declared_size, members
from n3cli.data.fetch.place import check_space
from n3cli.data.published.collection import PublishedFile
from n3cli.errors import DataError
from n3cli.io.walk import visible_files

_RATIO: Final = 200
"""Bytes that may come out for one of the archive: pictures and measurements hardly shrink."""

_ALWAYS: Final = 1 << 20
"""Bytes that may come out of any archive."""

_CHUNK: Final = 1 << 20


def unpack(
    archive: Path, stage: Path, *, told: Callable[[int], None] = lambda count: None
) -> list[PublishedFile]:
    """Unpack a whole archive.

    Args:
        archive: a zip, tar or rar file.
        stage: the folder for what is in it; nothing is there yet.
        told: how many bytes came out, as they do.

    Returns:
        Its files with their SHA-256, sorted by path.

    Raises:
        DataError: the archive is damaged or hostile, holds more than it can, or the disk is full.
    """
    check_space(stage, declared_size(archive) or archive.stat().st_size)
    return write_members(limited(archive), stage, told)


def limited(archive: Path) -> Iterator[Member]:
    """The members of an archive, as long as they do not say that they are a flood.

    Raises:
        DataError: see `unpack`.
    """
    limit = archive.stat().st_size * _RATIO + _ALWAYS
    total = 0
    for member in members(archive):
        total += member.size
        if total > limit:
            raise BadArchiveError(
                f"{archive}: unpacks to more than {_RATIO} times its size, which pictures do not; "
                "nothing was unpacked, get the archive from its makers"
            )
        yield member


def copy_folder(
    folder: Path,
    stage: Path,
    *,
    under: str = "",
    told: Callable[[int], None] = lambda count: None,
) -> list[PublishedFile]:
    """Copy what somebody unpacked already; hidden files and links to folders are passed over.

    Args:
        folder: where it lies.
        stage: the folder for the copy; nothing is there yet.
        under: a folder in `stage` to copy it to.
        told: how many bytes were copied, as they are.

    Returns:
        Its files with their SHA-256, sorted by path.

    Raises:
        DataError: something cannot be read, or the disk is full.
    """
    with explained(folder):
        files = visible_files(folder, closed=_refuse)
        check_space(stage, sum(path.stat().st_size for path in files))
    prefix = f"{under}/" if under else ""
    found = (replace(one, path=prefix + one.path) for one in folder_members(folder))
    return write_members(found, stage, told)


def _refuse(error: OSError) -> None:
    raise error


def folder_members(folder: Path) -> Iterator[Member]:
    """The files in and below a folder, sorted by path, as if it were an archive."""
    for path in sorted(visible_files(folder)):
        with path.open("rb") as content:
            size = os.fstat(content.fileno()).st_size
            yield Member(path.relative_to(folder).as_posix(), size, content)


def write_members(
    several: Iterable[Member], stage: Path, told: Callable[[int], None]
) -> list[PublishedFile]:
    """Write members below a folder, each checked against the size that it says it has.

    Raises:
        DataError: a member has another size, or cannot be written.
    """
    found = []
    with explained(stage):
        for member in several:
            path = stage.joinpath(*member.path.split("/"))
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                sha256 = pour(member, file, told)
            found.append(PublishedFile(member.path, member.size, sha256))
    return sorted(found, key=lambda file: file.path)


def pour(member: Member, file: IO[bytes], told: Callable[[int], None]) -> str:
    """Write a member's content into an open file and onto the disk.

    Returns:
        Its SHA-256.

    Raises:
        DataError: it has not the size that it says.
    """
    hashed, size = hashlib.sha256(), 0
    while chunk := member.content.read(_CHUNK):
        size += len(chunk)
        if size > member.size:
            break
        hashed.update(chunk)
        file.write(chunk)
        told(len(chunk))
    if size != member.size:
        raise BadArchiveError(
            f"the member {member.path!r} does not have the {member.size} bytes that its archive "
            "states; get the archive again"
        )
    file.flush()
    os.fsync(file.fileno())
    return hashed.hexdigest()


@contextmanager
def explained(place: Path) -> Iterator[None]:
    """Turn what the system refuses while files are written into an error for people.

    Raises:
        DataError: the disk is full, a folder may not be written, …
    """
    try:
        yield
    except InterruptedError:
        raise
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        hint = "; free some space and run the command again" if full else ""
        raise DataError(
            f"{error.filename or place}: cannot be read or written "
            f"({error.strerror or error}){hint}"
        ) from error
