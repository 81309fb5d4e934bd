"""What is published of a collection, downloaded: files of a list, or an archive."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path
from threading import Event

from n3cli.data.fetch.address import Question, ask
from n3cli.data.fetch.download import UnreachableError, Wanted, download
from n3cli.data.fetch.place import check_space
from n3cli.data.fetch.state import State
from n3cli.data.fetch.web import open_client
from n3cli.data.published.collection import PublishedFile
from n3cli.errors import DataError


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


def fetch_archive(
    address: str,
    target: Path,
    *,
    size: int | None = None,
    sha256: str | None = None,
    gained: Callable[[int], None] = lambda count: None,
) -> None:
    """Download an archive, unless it is there from a run that ended before it was unpacked.

    Args:
        address: where it is to be had.
        target: where it shall lie until it is unpacked.
        size: in bytes, if known.
        sha256: of it, if known.
        gained: told bytes as they come.

    Raises:
        DataError: it cannot be had, or the disk has no room for it and what will come out of it.
    """
    if target.is_file():
        return
    with open_client() as client:
        # Where the server does not say it either, the disk is held against what is unpacked.
        known = size or ask(client, Question(address)).size or 0
        check_space(target.parent, 2 * known)
        download(client, Wanted(address, target, size, sha256), gained=gained)
