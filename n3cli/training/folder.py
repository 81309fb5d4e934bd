"""A run's folder belongs to one run at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from n3cli.errors import InputError
from n3cli.io.path import explained

_LOCK = ".lock"


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Make a folder, if need be, and keep other runs out of it.

    What stays empty is taken away again.

    Raises:
        InputError: another run works in it, or it cannot be made or written to.
    """
    lock = FileLock(folder / _LOCK)
    with explained(folder):
        new = [path for path in (folder, *folder.parents) if not path.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise InputError(
                f"{folder}: another run is using it; give another folder with --out"
            ) from None
    try:
        yield
    finally:
        lock.release()
        if new and {path.name for path in folder.iterdir()} <= {_LOCK}:
            with suppress(OSError):
                (folder / _LOCK).unlink(missing_ok=True)
                for path in new:
                    path.rmdir()
