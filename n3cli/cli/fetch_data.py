"""The command `n3 fetch-data`: published data sets, brought here and checked."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from n3cli.cli import complete, options
from n3cli.errors import ConfigError, DataError

if TYPE_CHECKING:
    from n3cli.data.fetch.state import State
    from n3cli.data.published.collection import Collection


@click.command(
    "fetch-data",
    epilog="\b\nExamples:\n  n3 fetch-data --list\n  n3 fetch-data set12 bsd68 --yes\n"
    "  n3 fetch-data bsds500 --from /media/usb/BSDS500\n  n3 fetch-data dnd --from dnd_2017.zip\n"
    "  n3 fetch-data --show set12\n  n3 fetch-data --check-urls",
)
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=complete.data_set)
@options.data_folder("--dir")
@click.option(
    "--from",
    "source",
    metavar="DIR|FILE|URL",
    shell_complete=complete.path,
    help="Take the files from this folder, archive or address instead of the published address.",
)
@click.option("--list", "listing", is_flag=True, help="List the data sets without fetching any.")
@click.option("--verify", is_flag=True, help="Check the files that are present, without fetching.")
@click.option(
    "--check-urls",
    is_flag=True,
    help="Check that the address of every file responds, without fetching; for all sets if no "
    "NAME is given.",
)
@click.option(
    "--show", is_flag=True, help="Print what a set contains, and write a contact sheet of it."
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    shell_complete=complete.path,
    help="File that --show writes the contact sheet to.  [default: NAME-contact-sheet.png]",
)
@click.option("--overwrite", is_flag=True, help="Let --show replace an existing file.")
@click.option("-y", "--yes", is_flag=True, help="Accept the terms without asking.")
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
    """Download published data sets and check every file.

    Shows the terms first, and prints the folder of each set. Files that are already present are
    not fetched again, and interrupted downloads resume. NAME may also be a part of a set, as
    n3cli.data.open names it (sidd, div2k-train), or a suite of n3 bench (bsds-raw); n3 then
    fetches the whole set. Some sets must be downloaded by hand: n3 tells you how, and installs
    them with --from. Exits with 3 if a set is incomplete.
    """
    from n3cli.cli import fetch_view
    from n3cli.cli.bring import bring
    from n3cli.data.fetch.state import inspect
    from n3cli.data.location import locate_root

    if listing + verify + check_urls + show > 1:
        raise ConfigError("--list, --verify, --check-urls and --show exclude each other; give one")
    if (output is not None or overwrite) and not show:
        raise ConfigError("-o and --overwrite need --show, whose contact sheet they are for")
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
            f"incomplete: {titles}{'' if by_hand else '; run the command again to continue'}"
        )


def _find(name: str) -> Collection:
    """The collection of that name, or that a set or a suite of that name is made of."""
    from n3cli.data.published.index import COLLECTIONS

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
    from n3cli.data.published.index import COLLECTIONS

    if copy is not None and "://" not in copy:
        raise ConfigError(
            f"{copy} is not an address; with --check-urls, --from needs one, such as "
            "https://example.org/data"
        )
    check([_find(name) for name in names or COLLECTIONS], copy, quiet)


def _show(
    collections: list[Collection], root: Path, output: str | None, overwrite: bool, quiet: bool
) -> None:
    """Show some sets, if all of their contact sheets may be written."""
    from n3cli.cli.fetch_show import show, target_for

    if output is not None and len(collections) > 1:
        raise ConfigError("-o names one file, but several sets are given; show one, or omit -o")
    targets = [target_for(collection, root, output, overwrite) for collection in collections]
    for collection, target in zip(collections, targets, strict=True):
        show(collection, root, target, overwrite, quiet)


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
        raise ConfigError(
            "the terms must be accepted, but standard input is not a terminal; give --yes to "
            "accept them"
        )
    if not click.confirm("Fetch under these terms?", err=True):
        raise ConfigError("nothing was fetched: the terms were not accepted")
