"""An archive's content put into a collection's folder, and noted there."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from n3cli.data.fetch.download import digest
from n3cli.data.fetch.member import SUFFIXES, BadArchiveError, archive_kind, stem
from n3cli.data.fetch.place import check_space, stage_for
from n3cli.data.fetch.record import RECORD, Unpacked, read_record, write_record
from n3cli.data.fetch.state import State
from n3cli.data.fetch.unpack import copy_folder, explained, unpack
from n3cli.data.published.collection import Archive, PublishedFile
from n3cli.errors import DataError
from n3cli.io.format import READABLE


def install(
    state: State,
    archive: Archive,
    source: Path,
    *,
    told: Callable[[int], None] = lambda count: None,
) -> list[str]:
    """Put what a collection's archive holds in its folder, whole or not at all.

    It is unpacked in a hidden folder beside, and moved when all of it is there. Files that are in
    the folder already stay: those that are the same are passed over, others are told.

    Args:
        state: of the collection.
        archive: which of its archives.
        source: where that lies: the archive, a single file that needs no unpacking, or a folder
            with what was in it.
        told: how many bytes came out, as they do.

    Returns:
        A text for each file that is there with another content.

    Raises:
        DataError: the source is not what it should be, or the disk is full.
    """
    with explained(state.folder), stage_for(state.folder) as stage:
        entry = _fill(stage, archive, source, told)
        return _move(state, archive, entry, stage)


def _fill(stage: Path, archive: Archive, source: Path, told: Callable[[int], None]) -> Unpacked:
    """Bring what an archive holds into an empty folder."""
    sha256 = None
    if source.is_dir():
        # As if it came out of the archive, which has its files in a folder of this name.
        under = source.name if source.name == stem(archive.name) else ""
        found = copy_folder(source, stage, under=under, told=told)
    else:
        sha256 = digest(source)
        if archive.sha256 not in (None, sha256):
            raise BadArchiveError(
                f"{source}: is not the published {archive.name}: has the SHA-256 {sha256}, "
                f"expected {archive.sha256}; get it again"
            )
        if archive_kind(source) is not None:
            found = unpack(source, stage, told=told)
        else:
            found = [_copy(source, stage / archive.name, sha256)]
    pictures = sum(PurePosixPath(file.path).suffix.lower() in READABLE for file in found)
    if not found or pictures < (archive.pictures or 0):
        raise BadArchiveError(
            f"{source}: pictures found: {pictures}, expected: {archive.pictures or 'files'} as in "
            f"{archive.name}; nothing was taken"
        )
    return Unpacked(source.name, sha256, tuple(found))


def _copy(source: Path, target: Path, sha256: str) -> PublishedFile:
    """Take a file that is no archive as it is, if the catalogue's is none either."""
    name = target.name.lower()
    if name.endswith(SUFFIXES) or source.suffix.lower() != target.suffix.lower():
        raise BadArchiveError(
            f"{source}: is not a zip, tar or rar archive, and not {target.name}; get that again"
        )
    size = source.stat().st_size
    check_space(target, size)
    shutil.copyfile(source, target)
    if digest(target) != sha256:
        raise DataError(f"{source}: changed while it was copied; run the command again")
    return PublishedFile(target.name, size, sha256)


def _move(state: State, archive: Archive, entry: Unpacked, stage: Path) -> list[str]:
    """Move everything to its place; the record goes along, or comes last."""
    record = {**read_record(state.folder), archive.name: entry}
    if not state.folder.exists():
        write_record(stage, record)
        stage.rename(state.folder)
        return []
    kept = _merge(stage, state.folder)
    write_record(state.folder, record)
    return [f"{path}: differs from the file in {archive.name} and is kept" for path in kept]


def _merge(stage: Path, folder: Path) -> list[Path]:
    """Move what is not there yet, whole folders at once where that is possible.

    Returns:
        What is there with another content.
    """
    kept = []
    for path in sorted(stage.iterdir()):
        target = folder / path.name
        if path.name == RECORD:
            continue
        if not target.exists() and not target.is_symlink():
            path.rename(target)
        elif path.is_dir() and target.is_dir():
            kept += _merge(path, target)
        elif path.is_dir() or not target.is_file() or digest(path) != digest(target):
            kept.append(target)
    return kept
