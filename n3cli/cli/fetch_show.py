"""`n3 fetch-data --show`: what a set holds, in numbers and as a contact sheet."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from n3cli.cli import console
from n3cli.cli.fetch_show_pairs import show_pairs
from n3cli.cli.fetch_view import counter
from n3cli.errors import DataError, ExistingError, InputError

if TYPE_CHECKING:
    from n3cli.data.preview import Preview
    from n3cli.data.published.collection import Collection
    from n3cli.data.statistic import Statistic
    from n3cli.render.match_picture import Colours


def target_for(collection: Collection, root: Path, output: str | None, overwrite: bool) -> Path:
    """Name the file that a contact sheet goes to.

    Raises:
        InputError: it exists, is in the set's own folder, or cannot be written.
    """
    from n3cli.io.format import format_of

    target = Path(output or f"{collection.name}-contact-sheet.png")
    format_of(target)
    if target.is_dir():
        raise InputError(f"{target}: is a folder; give a file name with -o")
    if target.resolve().is_relative_to((root / collection.folder).resolve()):
        raise InputError(f"{target}: is in the folder of {collection.name}; choose another -o")
    if target.exists() and not overwrite:
        raise ExistingError(_kept(target))
    return target


def show(collection: Collection, root: Path, target: Path, overwrite: bool, quiet: bool) -> None:
    """Print the numbers of a set, and write its contact sheet.

    Raises:
        DataError: it is not here, or cannot be read.
        InputError: the sheet cannot be written, or its file has appeared meanwhile.
    """
    from n3cli.io.picture import Picture, write_picture

    if collection.kind == "correspondences":
        sheet = show_pairs(collection, root)
    else:
        sheet = _show_pictures(collection, root, quiet)
    try:
        write_picture(target, Picture(sheet), replace=overwrite)
    except ExistingError as error:  # -y has another meaning here
        raise ExistingError(_kept(target)) from error
    click.echo(f"{'sheet':<11} {target}")


def _kept(target: Path) -> str:
    return f"{target}: exists and is kept; give --overwrite to replace it"


def _show_pictures(collection: Collection, root: Path, quiet: bool) -> Colours:
    from n3cli.data.by_name import opens_as
    from n3cli.data.fetch.state import look
    from n3cli.data.preview import preview
    from n3cli.data.statistic import survey
    from n3cli.render.contact_sheet import contact_sheet

    state = look(collection, root)
    if not state.whole:
        raise DataError(
            f"{collection.title} is not in {root}; fetch it first: n3 fetch-data {collection.name} "
            f"--dir {root}"
        )
    with counter(collection.title, len(state.whole), quiet) as told:
        if collection.kind == "pictures":
            statistic, samples = survey(state.folder, told=told)
            rows, unreadable = _rows(collection, statistic), statistic.unreadable
        else:
            found = preview(state.folder, told=told)
            rows, samples, unreadable = _kinds(collection, found), found.samples, found.unreadable
    if not samples:
        raise DataError(
            f"{collection.title}: none of its pictures can be read; to see what is damaged: n3 "
            f"fetch-data {collection.name} --verify --dir {root}"
        )
    if sets := opens_as(collection.name):
        rows.append(("opens as", ", ".join(sets)))
    for name, text in rows:
        click.echo(f"{name:<11} {text}")
    for path in unreadable:
        console.warning(f"{path}: cannot be read")
    return contact_sheet([one.pixels for one in samples], [one.name for one in samples], columns=6)


def _kinds(collection: Collection, found: Preview) -> list[tuple[str, str]]:
    """What a set of raw photos or blocks holds, as names and texts."""
    return [
        ("set", f"{collection.title}: {collection.about}"),
        ("files", f"{found.files}, {found.size / 1e6:.1f} MB"),
        ("pictures", str(found.kinds.total())),
        *(("", f"{count} of {kind}") for kind, count in found.kinds.most_common()),
    ]


def _rows(collection: Collection, statistic: Statistic) -> list[tuple[str, str]]:
    """The numbers as names and texts."""
    shapes = statistic.shapes
    small, middle, large = (
        f"{width}×{height}"
        for height, width, _ in (shapes[0], shapes[len(shapes) // 2], shapes[-1])
    )
    kinds = Counter("grey" if channels == 1 else "colour" for _, _, channels in shapes)
    bits = {"uint8": "8 bits", "uint16": "16 bits", "float32": "32 bits, float"}
    depths = Counter({bits[name]: count for name, count in statistic.depths.items()})
    return [
        ("set", f"{collection.title}: {collection.about}"),
        ("files", f"{statistic.files}, {statistic.size / 1e6:.1f} MB"),
        ("pictures", str(len(shapes))),
        ("pixels", f"smallest {small}, median {middle}, largest {large} (width×height)"),
        ("channels", _tally(kinds)),
        ("depth", _tally(depths)),
        (
            "values",
            f"mean {255 * statistic.mean:.1f}, standard deviation {255 * statistic.deviation:.1f} "
            f"on the 0-255 scale, over {statistic.sampled} pictures",
        ),
    ]


def _tally(counts: Counter[str]) -> str:
    return ", ".join(f"{name} ({count})" for name, count in counts.most_common())
