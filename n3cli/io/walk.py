"""The files of a folder and of the folders below it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from stat import S_ISREG


def visible_files(
    folder: Path, closed: Callable[[OSError], object] = lambda error: None
) -> Iterator[Path]:
    """Give the files in a folder and those below it.

    Hidden files and folders are passed over, and links to folders are not followed.

    Args:
        folder: where to begin.
        closed: is told of what the system refuses to show.
    """
    for top, folders, names in os.walk(folder, onerror=closed):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(top, name)
            try:
                if not name.startswith(".") and S_ISREG(path.stat().st_mode):
                    yield path
            except PermissionError as error:  # its folder may be listed and not entered
                closed(error)
            except OSError:  # a link that leads nowhere
                continue
