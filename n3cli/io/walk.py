"""The files of a folder and of the folders below it."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from stat import S_ISREG


def visible_files(
    folder: Path,
    closed: Callable[[OSError], object] = lambda error: None,
    suffixes: Collection[str] | None = None,
) -> Iterator[Path]:
    """Give the files in a folder and those below it.

    Hidden files and folders are passed over, and links to folders are not followed.

    Args:
        folder: where to begin.
        closed: is told of what the system refuses to show.
        suffixes: of the files that count, in lower case; None is all.
    """
    for top, folders, names in os.walk(folder, onerror=closed):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(top, name)
            if name.startswith(".") or not (suffixes is None or path.suffix.lower() in suffixes):
                continue
            try:
                if is_file(path):
                    yield path
            except OSError as error:  # its folder may be listed and not entered
                closed(error)


def is_file(path: Path) -> bool:
    """Whether a path leads to a file.

    `Path.is_file` takes what the system refuses to show for missing, from Python 3.14 on.

    Raises:
        OSError: the system does not say.
    """
    try:
        return S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        if error.errno == errno.ELOOP:  # links in a circle
            return False
        raise
