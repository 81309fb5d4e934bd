"""A collection brought into the data folder, file by file, and held against its list."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from n3cli.data.collection import Collection, PublishedFile
from n3cli.data.download import UnreachableError, Wanted, digest, download, open_client
from n3cli.errors import DataError

_SPARE = 64 << 20
"""Bytes of the disk that stay free."""


@dataclass(frozen=True)
class State:
    """What there is of a collection.

    Attributes:
        collection: which one.
        folder: where it lies.
        whole: files that are as published.
        missing: files that are not there.
        different: files that are there with another content.
    """

    collection: Collection
    folder: Path
    whole: Sequence[PublishedFile] = field(repr=False)
    missing: Sequence[PublishedFile] = field(repr=False)
    different: Sequence[PublishedFile] = field(repr=False)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing and nothing different."""
        return not self.missing and not self.different

    def target(self, file: PublishedFile) -> Path:
        """Where a file lies."""
        return self.folder.joinpath(*file.path.split("/"))


def inspect(collection: Collection, root: Path) -> State:
    """Read what there is of a collection and compare it with the list.

    Raises:
        DataError: something is there and cannot be read.
    """
    folder = root / collection.folder
    state = State(collection, folder, [], [], [])
    for file in collection.published:
        path = state.target(file)
        try:
            if not path.is_file():
                kind = state.missing
            elif path.stat().st_size == file.size and digest(path) == file.sha256:
                kind = state.whole
            else:
                kind = state.different
        except OSError as error:
            raise DataError(f"{path}: cannot be read ({error.strerror or error}).") from error
        assert isinstance(kind, list)
        kind.append(file)
    return state


def fetch(
    state: State,
    files: Iterable[PublishedFile],
    *,
    address: str | None = None,
    workers: int = 8,
    gained: Callable[[int], None] = lambda count: None,
) -> list[str]:
    """Download files of a collection, several at a time.

    Args:
        state: of the collection.
        files: which of its files; those that are there are replaced once the new one is whole.
        address: of a copy, in place of the collection's own.
        workers: how many at a time.
        gained: told bytes as they come, from any thread.

    Returns:
        What went wrong, a text for each file that could not be had.

    Raises:
        DataError: the disk has too little space, or the server cannot be reached.
    """
    wanted = [
        Wanted(state.collection.url(file, address), state.target(file), file.size, file.sha256)
        for file in files
    ]
    check_space(state.folder, sum(one.size or 0 for one in wanted))
    cancelled = Event()
    troubles: list[str] = []
    with open_client() as client, ThreadPoolExecutor(workers) as pool:
        pending: set[Future[None]] = {
            pool.submit(download, client, one, gained=gained, cancelled=cancelled) for one in wanted
        }
        try:
            for done in as_completed(pending):
                try:
                    done.result()
                except UnreachableError:
                    raise
                except DataError as error:
                    troubles.append(str(error))
        finally:
            # After an interruption or where nobody answers: the rest would only keep us waiting.
            cancelled.set()
            pool.shutdown(wait=True, cancel_futures=True)
    return sorted(troubles)


def take(state: State, files: Iterable[PublishedFile], source: Path) -> list[str]:
    """Copy files of a collection from a folder that somebody else filled.

    Args:
        state: of the collection.
        files: which of its files.
        source: a folder with the collection's files, itself or in a folder of its name.

    Returns:
        What went wrong, a text for each file that could not be had.

    Raises:
        DataError: it is no folder, or the disk has too little space.
    """
    if not source.is_dir():
        raise DataError(f"{source} is not a folder; --from takes a folder or an address")
    if (source / state.collection.folder).is_dir():
        source = source / state.collection.folder
    wanted = list(files)
    check_space(state.folder, sum(file.size for file in wanted))
    troubles = []
    for file in wanted:
        path = source.joinpath(*file.path.split("/"))
        part = Wanted("", state.target(file)).part
        try:
            if digest(path) != file.sha256:
                troubles.append(f"{path}: is not the published file (another SHA-256)")
                continue
            part.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, part)
            part.replace(state.target(file))
        except OSError as error:
            part.unlink(missing_ok=True)
            troubles.append(f"{path}: {error.strerror or error}")
    return troubles


def check_space(folder: Path, size: int) -> None:
    """Refuse to begin what the disk has no room for.

    Raises:
        DataError: too little space is free.
    """
    existing = folder
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    free = shutil.disk_usage(existing).free
    if free < size + _SPARE:
        raise DataError(
            f"{folder}: needs {size / 1e6:.0f} MB, and {free / 1e6:.0f} MB are free; make room, or "
            "choose another folder with --dir"
        )
