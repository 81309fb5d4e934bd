"""`n3 fetch-data --check-urls`: a line for each address of the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from n3cli.cli import console
from n3cli.cli.fetch_view import counter
from n3cli.errors import DataError

if TYPE_CHECKING:
    from n3cli.data.fetch.address import Answer
    from n3cli.data.published.collection import Collection


def check(collections: Sequence[Collection], copy: str | None, quiet: bool) -> None:
    """Ask every address of some collections for its headers, and say what came back.

    Args:
        collections: which ones.
        copy: an address that has their files, in place of the published ones.
        quiet: whether addresses that are well are left out.

    Raises:
        DataError: an address is not well.
    """
    from n3cli.data.fetch.address import ask_all, questions

    asked = []
    for collection in collections:
        own = questions(collection, copy)
        asked += own
        if not own:
            console.line(f"{collection.title}: has no address to check; it is fetched by hand")
    failed = moved = 0
    with counter("asking", len(asked), quiet) as told:
        for question, answer in zip(asked, ask_all(asked), strict=True):
            failed += answer.problem is not None
            moved += answer.moved is not None
            if not quiet or answer.problem or answer.moved:
                click.echo(_line(answer, question.size))
            told(1)
    if not quiet:
        well = len(asked) - failed
        console.line(f"{len(asked)} addresses: {well} ok, {failed} failed; {moved} have moved")
    if failed:
        raise DataError(
            f"{failed} of {len(asked)} addresses failed; try again later, or fetch the files from "
            "another address with --from"
        )


def _line(answer: Answer, listed: int | None) -> str:
    where = f" → {answer.moved}" if answer.moved else ""
    if answer.problem:
        return f"FAILED  {answer.address}{where}: {answer.problem}"
    size = "size not stated" if answer.size is None else f"{answer.size} bytes"
    if listed is not None and answer.size is not None:
        size += ", as listed"
    return f"{'moved' if where else 'ok':<6}  {answer.address}{where}: {size}"
