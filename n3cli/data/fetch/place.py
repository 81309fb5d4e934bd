"""Hidden places where files grow, and the move of a finished one to its own place."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from n3cli.errors import DataError
from n3cli.io.path import locked, secure

_SPARE = 64 << 20
"""Bytes of the disk that stay free."""


def part_of(target: Path) -> Path:
    """Where a file grows before it is whole."""
    return target.with_name(f".{target.name}.part")


def workshop_of(folder: Path) -> Path:
    """A hidden folder beside a set's own, for its archives and what comes out of them."""
    return folder.with_name(f".{folder.name}.fetch")


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep other processes from writing into a set's folder meanwhile.

    One could otherwise go on writing into a file that another has just moved to its place.

    Raises:
        DataError: another is at work there, or the folder above cannot be written to.
    """
    busy = f"{folder}: another n3 fetch-data is working there; wait until it has finished"
    with ExitStack() as stack:
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            stack.enter_context(locked(folder, DataError(busy)))
        except OSError as error:
            raise DataError(
                f"{folder}: cannot be written ({error.strerror or error}); choose another folder "
                "with --dir"
            ) from error
        yield


@contextmanager
def stage_for(folder: Path) -> Iterator[Path]:
    """Lend a fresh folder for what shall be moved into a set's own; nothing of it stays behind."""
    workshop = workshop_of(folder)
    stage = workshop / "files"
    shutil.rmtree(stage, ignore_errors=True)  # of a run that was killed
    stage.mkdir(parents=True)
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        tidy(workshop)


def tidy(workshop: Path) -> None:
    """Remove a hidden folder if nothing is in it."""
    if workshop.is_dir() and not any(workshop.iterdir()):
        workshop.rmdir()


def settle(part: Path, target: Path) -> None:
    """Move a finished file to its place, replacing what is there."""
    secure(part)
    part.replace(target)


def check_space(folder: Path, size: int) -> None:
    """Refuse to begin what the disk has no room for.

    Args:
        folder: where it shall lie; need not exist.
        size: bytes that will be written.

    Raises:
        DataError: too little space is free.
    """
    existing = folder
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    free = shutil.disk_usage(existing).free
    if free < size + _SPARE:
        raise DataError(
            f"{folder}: needs {size / 1e6:.0f} MB and {_SPARE / 1e6:.0f} MB to spare, but only "
            f"{free / 1e6:.0f} MB are free; make room, or choose another folder with --dir"
        )
