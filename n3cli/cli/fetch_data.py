"""The command `n3 fetch-data`: published data sets, brought here and checked."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from n3cli.cli import options
from n3cli.errors import ConfigError, DataError

if TYPE_CHECKING:
    from n3cli.data.collection import Collection
    from n3cli.data.state import State


@click.command(
    "fetch-data",
    epilog="\b\nExamples:\n  n3 fetch-data --list\n  n3 fetch-data set12 bsd68 --yes\n"
    "  n3 fetch-data bsds500 --from /media/usb/BSDS500\n  n3 fetch-data dnd --from dnd_2017.zip\n"
    "  n3 fetch-data --show set12\n  n3 fetch-data --check-urls",
)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@options.data_folder("--dir")
@click.option(
    "--from",
    "source",
    metavar="DIR|FILE|URL",
    help="Folder, archive or address that has the files, in place of the published address.",
)
@click.option("--list", "listing", is_flag=True, help="List the data sets, and fetch nothing.")
@click.option("--verify", is_flag=True, help="Check what is there, and fetch nothing.")
@click.option(
    "--check-urls",
    is_flag=True,
    help="Ask the address of every file, of all sets if none is named, and fetch nothing.",
)
@click.option(
    "--show", is_flag=True, help="Print what a set holds, and write a contact sheet of it."
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="Where --show writes the contact sheet.  [default: NAME-contact-sheet.png]",
)
@click.option("--overwrite", is_flag=True, help="Let --show replace a file that exists.")
@click.option("-y", "--yes", is_flag=True, help="Accept the terms without being asked.")
@options.quiet
@options.debug
def fetch_data(
    names: tuple[str, ...],
    data: Path | None,
    source: str | None,
    listing: bool,
    verify: bool,
    check_urls: bool,
    show: bool,
    output: str | None,
    overwrite: bool,
    yes: bool,
    quiet: bool,
) -> None:
    """Download published data sets, and check every file of them.

    Prints the folder of each NAME. What is there already is not fetched again, and what broke off
    goes on. The terms are shown first. Names of parts (sidd, div2k-train), as n3cli.data.open
    has them, and of suites of n3 bench (bsds-raw) stand for the whole. Sets that must be fetched by
    hand say so, and are taken with --from. Exits with 3 where something could not be had.
    """
    from n3cli.cli import fetch_view
    from n3cli.data.location import locate_root
    from n3cli.data.state import inspect

    if listing + verify + check_urls + show > 1:
        raise ConfigError("--list, --verify, --check-urls and --show exclude each other")
    if (output is not None or overwrite) and not show:
        raise ConfigError("-o and --overwrite are for the contact sheet of --show")
    root, _ = locate_root(data)
    if listing:
        fetch_view.show_list(root)
        return
    if check_urls:
        _check_urls(names, source, quiet)
        return
    if not names:
        raise ConfigError("name a data set; n3 fetch-data --list shows them")
    # Each once, in the order given.
    collections = list(dict.fromkeys(_find(name) for name in names))
    if show:
        _show(collections, root, output, overwrite, quiet)
        return
    states = [inspect(collection, root) for collection in collections]
    if verify:
        fetch_view.show_verdicts(states)
        return
    # Nothing is accepted where nothing can be fetched: what to do by hand is told below.
    _agree([one for one in states if one.lacks and (source or not one.collection.by_hand)], yes)
    failed: list[Collection] = []
    for state in states:
        if bring(state, source, quiet):
            click.echo(state.folder)
        else:
            failed.append(state.collection)
    if failed:
        titles = ", ".join(each.title for each in failed)
        by_hand = source is None and all(each.by_hand for each in failed)
        raise DataError(
            f"not whole: {titles}{'' if by_hand else '; run the command again to go on'}"
        )


def _find(name: str) -> Collection:
    """The collection of that name, or that a set or a suite of that name is made of."""
    from n3cli.data.index import COLLECTIONS

    wanted = name.lower()
    if whole := COLLECTIONS.get(wanted):
        return whole
    from n3cli.bench.suite import PAIRS_IN_PAPER, PAPER, SUITES  # takes a while to load
    from n3cli.data.by_name import find_whole

    if wanted == "paper":
        sets = ", ".join([*(suite.name for suite in PAPER), *PAIRS_IN_PAPER])
        raise ConfigError(f"{name} stands for several sets; name them: {sets}")
    return find_whole(SUITES[wanted].data.name if wanted in SUITES else name)


def _check_urls(names: tuple[str, ...], copy: str | None, quiet: bool) -> None:
    """Ask the addresses of some sets, or of all."""
    from n3cli.cli.fetch_check import check
    from n3cli.data.index import COLLECTIONS

    if copy is not None and "://" not in copy:
        raise ConfigError(f"--check-urls --from takes an address, and {copy} is none")
    check([_find(name) for name in names or COLLECTIONS], copy, quiet)


def _show(
    collections: list[Collection], root: Path, output: str | None, overwrite: bool, quiet: bool
) -> None:
    """Show some sets, if all of their contact sheets may be written."""
    from n3cli.cli.fetch_show import show, target_for

    if output is not None and len(collections) > 1:
        raise ConfigError("-o names one file; show one set at a time, or leave -o out")
    targets = [target_for(collection, output, overwrite) for collection in collections]
    for collection, target in zip(collections, targets, strict=True):
        show(collection, root, target, quiet)


def bring(state: State, source: str | None, quiet: bool) -> bool:
    """Fetch what is missing of a collection, and say what came of it.

    Returns:
        Whether it is whole now.
    """
    from n3cli.cli import fetch_view
    from n3cli.data import bring as data

    troubles: list[str | DataError] = [
        f"{state.target(file)}: is not the published file, and kept; move it away to fetch it"
        for file in state.different
    ]
    try:
        troubles += data.bring(
            state, source, lambda title, size: fetch_view.progress(title, size, quiet)
        )
    except DataError as error:
        troubles.append(error)
    fetch_view.show_troubles(state, troubles)
    return not troubles


def _agree(states: list[State], yes: bool) -> None:
    """Show the terms of what will be fetched, and ask.

    Raises:
        ConfigError: there is nobody to ask, or the answer is no.
    """
    from n3cli.cli import fetch_view

    for state in states:
        fetch_view.describe(state)
    if yes or not states:
        return
    if not sys.stdin.isatty():
        raise ConfigError("nobody is there to accept the terms; say --yes if you do")
    if not click.confirm("Fetch under these terms?", err=True):
        raise ConfigError("nothing was fetched: the terms were not accepted")
