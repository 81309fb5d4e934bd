"""What `n3 fetch-data` shows: the table of sets, their terms, the state of each, progress."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import click

from n3cli.cli import console
from n3cli.errors import DataError

if TYPE_CHECKING:
    from n3cli.data.fetch.state import State
    from n3cli.data.published.collection import Collection

_INTERVAL = 30.0
"""Seconds between lines of progress in a log."""

_NAMED = 5
"""How many of the files with trouble are named."""


def show_list(root: Path) -> None:
    """Print a table of the collections and of what is here of them."""
    from n3cli.data.published.index import COLLECTIONS

    rows = [("name", "files", "MB", "here", "comes as", "for", "terms")]
    for collection in COLLECTIONS.values():
        count, here = _what_is_here(collection, root)
        rows.append(
            (
                collection.name,
                str(count or "-"),
                "-" if collection.size is None else f"{collection.size / 1e6:.1f}",
                here,
                _way(collection),
                ", ".join(collection.tasks),
                collection.terms,
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, files, size, here, way, use, terms in rows:
        click.echo(
            f"{name:<{widths[0]}}  {files:>{widths[1]}}  {size:>{widths[2]}}  {here:<{widths[3]}}  "
            f"{way:<{widths[4]}}  {use:<{widths[5]}}  {terms}"
        )


def _what_is_here(collection: Collection, root: Path) -> tuple[int, str]:
    """The number of a collection's files, 0 where nobody knows it, and whether they are here."""
    from n3cli.data.fetch.state import look

    try:
        state = look(collection, root)
    except DataError as error:
        console.warning(str(error))
        return len(collection.published), "unknown"
    here = "yes" if not state.lacks else "in part" if state.whole else "no"
    return len(state.whole) + len(state.missing), here


def _way(collection: Collection) -> str:
    if collection.is_listed:
        return "files"
    return "by hand" if collection.by_hand else "archive"


def describe(state: State) -> None:
    """Say what will be fetched of a set, and under which terms."""
    collection = state.collection
    console.line(f"{collection.title}: {collection.about}")
    console.line(f"  terms: {collection.terms}")
    console.line(f"  from: {collection.citation}; {collection.homepage}")
    size = "size not known" if state.size is None else f"{state.size / 1e6:.1f} MB"
    if collection.is_listed:
        console.line(f"  {len(state.missing)} files, {size} → {state.folder}")
        return
    names = ", ".join(archive.name for archive in state.needed)
    console.line(f"  {names}, {size} → {state.folder}")
    if any(archive.sha256 is None for archive in state.needed):
        console.line("  check: none, as no SHA-256 is published; n3 records that of each file")


def show_troubles(state: State, troubles: Sequence[str | DataError]) -> None:
    """Name the first files with trouble, and count the rest."""
    for trouble in troubles[:_NAMED]:
        console.error(str(trouble), trouble.steps if isinstance(trouble, DataError) else ())
    if len(troubles) > _NAMED:
        console.error(f"{len(troubles) - _NAMED} more files of {state.collection.title}")


def show_verdicts(states: Sequence[State]) -> None:
    """Say of each collection whether it is whole.

    Raises:
        DataError: one is not.
    """
    damaged = []
    for state in states:
        title = state.collection.title
        if state.is_whole:
            against = "" if state.collection.is_listed else ", as they were unpacked"
            click.echo(f"ok       {title}: {len(state.whole)} files in {state.folder}{against}")
            continue
        damaged.append(title)
        kind = "missing" if not state.whole and not state.different else "DAMAGED"
        absent = "".join(f", {archive.name} missing" for archive in state.absent)
        click.echo(
            f"{kind:<7}  {title}: {len(state.whole)} files whole, {len(state.missing)} missing, "
            f"{len(state.different)} different{absent} in {state.folder}"
        )
        for file in [*state.different, *state.missing][:_NAMED]:
            console.line(f"  {state.target(file)}")
    if damaged:
        raise DataError(
            f"incomplete: {', '.join(damaged)}; run without --verify to fetch what is missing"
        )


def progress(
    title: str, size: int | None, quiet: bool
) -> AbstractContextManager[Callable[[int], None]]:
    """A bar with rate and time left, on a terminal; it is told bytes as they come."""
    return _bar(title, size, quiet, in_bytes=True)


def counter(title: str, count: int, quiet: bool) -> AbstractContextManager[Callable[[int], None]]:
    """A bar that counts things, on a terminal."""
    return _bar(title, count, quiet, in_bytes=False)


class _Log:
    """Says how far a transfer is, now and then, where there is no terminal for a bar.

    Args:
        title: of what comes.
        total: its bytes, if known.
    """

    def __init__(self, title: str, total: int | None) -> None:
        self._title, self._total = title, total
        self._begun = self._told = time.monotonic()
        self._come, self._lock = 0, Lock()

    def add(self, count: int) -> None:
        """Count bytes, from any thread."""
        with self._lock:
            self._come += count
            now = time.monotonic()
            if now - self._told < _INTERVAL:
                return
            self._told = now
            rate = max(self._come, 1) / (now - self._begun)
            text = f"{self._title}: {self._come / 1e6:.1f} MB, {rate / 1e6:.1f} MB/s"
            if self._total is not None:
                left = timedelta(seconds=round(max(self._total - self._come, 0) / rate))
                text += f", {left} left of {self._total / 1e6:.1f} MB"
            console.line(text)


@contextmanager
def _bar(
    title: str, total: int | None, quiet: bool, *, in_bytes: bool
) -> Iterator[Callable[[int], None]]:
    if quiet:
        yield lambda count: None
        return
    if not sys.stderr.isatty():
        yield _Log(title, total).add if in_bytes else lambda count: None
        return
    from rich import progress as rich_progress
    from rich.console import Console

    columns: list[rich_progress.ProgressColumn] = [
        rich_progress.TextColumn("{task.description}"),
        rich_progress.BarColumn(),
    ]
    if in_bytes:
        columns += [rich_progress.DownloadColumn(), rich_progress.TransferSpeedColumn()]
    else:
        columns.append(rich_progress.MofNCompleteColumn())
    columns.append(rich_progress.TimeRemainingColumn())
    shown = rich_progress.Progress(*columns, console=Console(stderr=True), transient=True)
    with shown:
        task = shown.add_task(title, total=total)
        yield lambda count: shown.advance(task, count)
