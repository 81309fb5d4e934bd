"""Inputs as given → the picture files they stand for."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from typing import NamedTuple

from n3cli.errors import InputError
from n3cli.io.format import READABLE
from n3cli.io.name import has_tag
from n3cli.io.path import explained


@dataclass(frozen=True)
class Source:
    """A file to read.

    Attributes:
        path: where it is.
        place: its path inside the folder that was given, or just its name; an output folder
            mirrors it.
    """

    path: Path
    place: Path


@dataclass(frozen=True)
class Scan:
    """What the inputs stand for.

    Attributes:
        sources: the files, each once, in the order of the inputs and sorted inside folders.
        failed: what stands for nothing, and why.
        skipped: files of folders left out because their names are those of results.
        linked: folders inside those given that are links, and are not gone into.
    """

    sources: tuple[Source, ...]
    failed: tuple[tuple[Path, InputError], ...]
    skipped: tuple[Path, ...]
    linked: tuple[Path, ...] = ()


def scan(
    inputs: Sequence[str],
    *,
    made: re.Pattern[str],
    recursive: bool,
    leave_out: Collection[Path] = (),
    suffixes: Collection[str] = READABLE,
) -> Scan:
    """Find the files that the inputs stand for.

    Args:
        inputs: files and folders.
        made: files of folders that have a tag like this are results of an earlier run: skipped.
        recursive: go down the whole tree of a folder.
        leave_out: folders whose content is no input even if they lie in one (output folders).
        suffixes: of the files of folders that are taken, in lower case.
    """
    sources: dict[Path, Source] = {}  # by resolved path: what is given twice is done once
    failed: list[tuple[Path, InputError]] = []
    skipped: list[Path] = []
    linked: list[Path] = []
    for given in map(Path, inputs):
        try:
            with explained(given):
                is_folder, exists = given.is_dir(), given.exists()
        except InputError as error:  # a parent folder is closed to us, the name is too long, …
            failed.append((given, error))
            continue
        if not is_folder:
            if exists:
                sources.setdefault(identify(given), Source(given, Path(given.name)))
            else:
                failed.append((given, InputError(f"{given}: no such file or folder")))
            continue
        look = look_into(given, recursive=recursive, leave_out=leave_out, suffixes=suffixes)
        failed += look.unseen
        linked += look.linked
        if not (look.found or look.unseen):
            hint = "" if recursive else "; to include its subfolders, give -r"
            failed.append((given, InputError(f"{given}: no picture files in this folder{hint}")))
        for path in look.found:
            if has_tag(path, made):
                skipped.append(path)
            else:
                sources.setdefault(identify(path), Source(path, path.relative_to(given)))
    return Scan(tuple(sources.values()), tuple(failed), tuple(skipped), tuple(linked))


def identify(path: Path) -> Path:
    """What two paths share if they mean the same file, be it there or yet to be made.

    It is the path without links and, where the disk ignores case, without case. Never raises, as
    `resolve` may.
    """
    place = Path(os.path.realpath(path))
    if not ignores_case(place):
        return place
    return Path(unicodedata.normalize("NFC", str(place)).casefold())


def ignores_case(path: Path) -> bool:
    """Whether the disk finds a path, or the nearest above it that is there, in other case too.

    Args:
        path: absolute, without links; need not exist.
    """
    for place in (path, *path.parents):
        swapped = place.name.swapcase()
        if swapped == place.name:
            continue
        try:
            itself = place.lstat()
        except OSError:
            continue
        try:
            return os.path.samestat(itself, place.with_name(swapped).lstat())
        except OSError:
            return False
    return False


def _may_be_file(path: Path) -> bool:
    """Whether it is no pipe or device; what cannot be looked at shows when it is read."""
    try:
        return S_ISREG(path.stat().st_mode)
    except OSError:
        return True


class Look(NamedTuple):
    """Picture files of a folder in order, folders in it that are closed to us, and links."""

    found: list[Path]
    unseen: list[tuple[Path, InputError]]
    linked: list[Path]


def look_into(
    folder: Path, *, recursive: bool, leave_out: Collection[Path], suffixes: Collection[str]
) -> Look:
    """Look for picture files in a folder.

    Hidden files and folders are left out (macOS puts a `._photo.jpg` beside `photo.jpg`).
    """
    look = Look([], [], [])

    def note(error: OSError) -> None:
        told = InputError(f"{error.filename}: cannot be read: {error.strerror}")
        look.unseen.append((Path(error.filename), told))

    barred = {identify(each) for each in leave_out}
    for top, folders, names in os.walk(folder, onerror=note):
        here = Path(top)
        shown = sorted(name for name in names if not name.startswith("."))
        named = [here / name for name in shown if Path(name).suffix.lower() in suffixes]
        look.found.extend(path for path in named if _may_be_file(path))
        folders[:] = sorted(
            name
            for name in folders
            if recursive and not name.startswith(".") and identify(here / name) not in barred
        )
        # Path's own method raises where a folder may be listed and not entered.
        look.linked.extend(here / name for name in folders if os.path.islink(here / name))  # noqa: PTH114
    return look
