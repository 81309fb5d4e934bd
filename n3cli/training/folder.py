"""A run's folder belongs to one run at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from n3cli.errors import InputError
from n3cli.io.path import explained, locked


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Make a folder, if need be, and keep other runs out of it.

    What stays empty is taken away again.

    Raises:
        InputError: another run works in it, or it cannot be made or written to.
    """
    busy = f"{folder}: another run is using it; give another folder with --out"
    with explained(folder):
        new = [path for path in (folder, *folder.parents) if not path.exists()]
        folder.mkdir(parents=True, exist_ok=True)
    try:
        with ExitStack() as stack:
            with explained(folder):
                stack.enter_context(locked(folder / "run", InputError(busy)))
            yield
    finally:
        with suppress(OSError):  # not empty, nearly always
            for path in new:
                path.rmdir()
