"""Where data sets lie: the folder that was named, else `N3_DATA`, else the cache folder."""

from __future__ import annotations

import os
import sys
from importlib.resources import files
from pathlib import Path

from n3cli.data.catalog import DataSet
from n3cli.errors import DataError

VARIABLE = "N3_DATA"


def locate_root(data: Path | None = None) -> tuple[Path, str]:
    """The folder that holds the data sets; it need not exist.

    Args:
        data: the folder that the user named, if any.

    Returns:
        The folder, and a word on why it is this one (``--data``, the variable, or the cache).
    """
    if data is not None:
        return data, "--data"
    if named := os.environ.get(VARIABLE):
        return Path(named).expanduser(), VARIABLE
    return _cache() / "n3cli" / "datasets", "the cache folder"


def list_images(dataset: DataSet, data: Path | None = None) -> list[Path]:
    """The images of a data set, in sorted order (the order that seeds its noise).

    Args:
        dataset: which set.
        data: the folder that the user named, if any; see `locate_root`.

    Returns:
        `dataset.count` paths.

    Raises:
        DataError: the set is absent, or its number of images is not what it should be.
    """
    root, reason = locate_root(data)
    folder = root / dataset.folder
    if not folder.is_dir():
        raise DataError(
            f"{dataset.title} not found: {folder} is not a folder (looked there because of "
            f"{reason}); name the folder that holds {dataset.folder} with --data DIR or {VARIABLE}"
        )
    if dataset.listing is None:
        found = sorted(folder.glob(dataset.pattern))
    else:
        names = files("n3cli.data").joinpath(dataset.listing).read_text("ascii").split()
        found = [path for path in (folder / name for name in sorted(names)) if path.is_file()]
    if len(found) != dataset.count:
        raise DataError(
            f"{dataset.title} is damaged: {folder} has {len(found)} of its images, "
            f"expected {dataset.count}; restore the folder or name another with --data DIR"
        )
    return found


def _cache() -> Path:
    """The platform's folder for files that can be made again."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
