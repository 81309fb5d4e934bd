"""The command `n3 fetch-data`: published data sets, brought here and checked."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from n3cli.cli import console, options
from n3cli.errors import ConfigError, DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from n3cli.data.fetch import State

_NAMED = 5
"""How many of the files with trouble are named."""


@click.command(
    "fetch-data",
    epilog="\b\nExamples:\n  n3 fetch-data --list\n  n3 fetch-data set12 bsd68 --yes\n"
    "  n3 fetch-data bsds500 --from /media/usb/BSDS500",
)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--dir",
    "data",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the data sets. [default: N3_DATA, else the cache folder]",
)
@click.option(
    "--from",
    "source",
    metavar="DIR|URL",
    help="Folder or address that has the files, in place of the published address.",
)
@click.option("--list", "listing", is_flag=True, help="List the data sets, and fetch nothing.")
@click.option("--verify", is_flag=True, help="Check what is there, and fetch nothing.")
@click.option("-y", "--yes", is_flag=True, help="Accept the terms without being asked.")
@options.quiet
@options.debug
def fetch_data(
    names: tuple[str, ...],
    data: Path | None,
    source: str | None,
    listing: bool,
    verify: bool,
    yes: bool,
    quiet: bool,
) -> None:
    """Download published data sets, and check every file of them.

    Prints the folder of each NAME. What is there already is not fetched again, and what broke off
    goes on. The terms are shown first. Exits with 3 where something could not be had.
    """
    from n3cli.data.fetch import inspect
    from n3cli.data.index import find_collection
    from n3cli.data.location import locate_root

    root, _ = locate_root(data)
    if listing:
        _list(root)
        return
    if not names:
        raise ConfigError("name a data set; n3 fetch-data --list shows them")
    # Each once, in the order given.
    collections = list(dict.fromkeys(find_collection(name) for name in names))
    states = [inspect(collection, root) for collection in collections]
    if verify:
        _verify(states)
        return
    _agree([state for state in states if state.missing], yes)
    failed = [state.collection.title for state in states if not _bring(state, source, quiet)]
    if failed:
        raise DataError(f"not whole: {', '.join(failed)}; run the command again to go on")


def _bring(state: State, source: str | None, quiet: bool) -> bool:
    """Fetch what is missing of a collection, and say what came of it.

    Returns:
        Whether it is whole now.
    """
    from n3cli.data.fetch import fetch, take

    troubles = [
        f"{state.target(file)}: is not the published file, and kept; move it away to fetch it"
        for file in state.different
    ]
    size = sum(file.size for file in state.missing)
    try:
        if state.missing and source is not None and "://" not in source:
            troubles += take(state, state.missing, Path(source))
        elif state.missing:
            with _progress(state.collection.title, size, quiet) as gained:
                troubles += fetch(state, state.missing, address=source, gained=gained)
    except DataError as error:
        troubles.append(str(error))
    for trouble in troubles[:_NAMED]:
        console.error(trouble)
    if len(troubles) > _NAMED:
        console.error(f"{len(troubles) - _NAMED} more files of {state.collection.title}")
    if not troubles:
        click.echo(state.folder)
    return not troubles


def _verify(states: list[State]) -> None:
    """Say of each collection whether it is whole.

    Raises:
        DataError: one is not.
    """
    damaged = []
    for state in states:
        title = state.collection.title
        if state.is_whole:
            click.echo(f"ok       {title}: {len(state.whole)} files in {state.folder}")
            continue
        damaged.append(title)
        kind = "missing" if not state.whole and not state.different else "DAMAGED"
        click.echo(
            f"{kind:<7}  {title}: {len(state.whole)} files whole, {len(state.missing)} missing, "
            f"{len(state.different)} different in {state.folder}"
        )
        for file in [*state.different, *state.missing][:_NAMED]:
            console.line(f"  {state.target(file)}")
    if damaged:
        raise DataError(
            f"not whole: {', '.join(damaged)}; without --verify, what is missing is fetched"
        )


def _agree(states: list[State], yes: bool) -> None:
    """Show the terms of what will be fetched, and ask.

    Raises:
        ConfigError: there is nobody to ask.
        Abort: the answer is no.
    """
    if not states:
        return
    for state in states:
        collection = state.collection
        console.line(f"{collection.title}: {collection.about}")
        console.line(f"  terms: {collection.terms}")
        console.line(f"  from: {collection.citation}; {collection.homepage}")
        size = sum(file.size for file in state.missing)
        console.line(f"  {len(state.missing)} files, {size / 1e6:.1f} MB → {state.folder}")
    if yes:
        return
    if not sys.stdin.isatty():
        raise ConfigError("nobody is there to accept the terms; say --yes if you do")
    click.confirm("Fetch under these terms?", abort=True, err=True)


def _list(root: Path) -> None:
    """Print a table of the collections."""
    from n3cli.data.index import COLLECTIONS

    rows = [("name", "files", "MB", "here", "terms")]
    for collection in COLLECTIONS.values():
        paths = [file.path.split("/") for file in collection.published]
        found = sum(root.joinpath(collection.folder, *path).is_file() for path in paths)
        here = "yes" if found == len(paths) else "in part" if found else "no"
        size = f"{collection.size / 1e6:.1f}"
        rows.append((collection.name, str(len(paths)), size, here, collection.terms))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, count, size, here, terms in rows:
        click.echo(
            f"{name:<{widths[0]}}  {count:>{widths[1]}}  {size:>{widths[2]}}  {here:<{widths[3]}}  "
            f"{terms}"
        )


@contextmanager
def _progress(title: str, size: int, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A bar with rate and time left, on a terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda count: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(title, total=size)
        yield lambda count: progress.advance(task, count)
