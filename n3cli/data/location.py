"""Where data sets lie: the folder that was named, else `N3_DATA`, else the cache folder."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterable, Sequence
from importlib import resources
from pathlib import Path, PurePath
from typing import TypeVar

from n3cli.data.catalog import CATALOG, DataSet
from n3cli.data.published.index import COLLECTIONS
from n3cli.errors import DataError, N3Warning
from n3cli.io.format import READABLE
from n3cli.io.name import MADE, has_tag
from n3cli.io.walk import is_file, visible_files

VARIABLE = "N3_DATA"

_P = TypeVar("_P", bound=PurePath)


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


def present_form(dataset: DataSet, data: Path | None = None) -> DataSet:
    """The set, or where it is absent and its stand-in is there, the stand-in.

    Args:
        dataset: which set.
        data: the folder that the user named, if any; see `locate_root`.
    """
    root, _ = locate_root(data)
    other = CATALOG[dataset.stand_in] if dataset.stand_in else dataset
    if not (root / dataset.folder).is_dir() and any(map(_is_there, _paths(other, root))):
        return other
    return dataset


def list_images(dataset: DataSet, data: Path | None = None) -> list[Path]:
    """The images of a data set, in sorted order (the order that seeds its noise).

    Args:
        dataset: which set.
        data: the folder that the user named, if any; see `locate_root`.

    Returns:
        `dataset.count` paths.

    Raises:
        DataError: the set is absent or closed to us, or its number of images is not what it should
            be.
    """
    root, reason = locate_root(data)
    folder = root / dataset.folder
    found = [path for path in _paths(dataset, root) if _is_there(path)]
    if not found:
        trouble = "has none of its images" if folder.is_dir() else "is not a folder"
        raise DataError(
            f"{dataset.title} not found: {folder} {trouble} (looked there because of {reason}); "
            f"give the folder that holds {dataset.folder} with --data DIR or {VARIABLE}"
            f"{_remedy(dataset, root)}"
        )
    wanted = dataset.files or dataset.count
    if len(found) != wanted:
        kind = "files" if dataset.files else "images"
        raise DataError(
            f"{dataset.title} is damaged: {folder} has {len(found)} of its {kind}, "
            f"expected {wanted}; restore the folder or give another with --data DIR"
            f"{_remedy(dataset, root)}"
        )
    return found


def list_training_images(
    sets: Sequence[DataSet], exclude: Sequence[DataSet], data: Path | None = None
) -> list[Path]:
    """The images of some sets without those that must not be trained on.

    Args:
        sets: which sets, all of them present.
        exclude: sets whose images are left out, told by their path below the data folder; they
            may be absent.
        data: the folder that the user named, if any; see `locate_root`.

    Returns:
        The paths, each once, in the order of the sets and sorted inside each.

    Raises:
        DataError: one of `sets` is absent or not whole.
    """
    root, _ = locate_root(data)
    barred = {path for dataset in exclude for path in _paths(dataset, root)}
    found = dict.fromkeys(path for dataset in sets for path in list_images(dataset, data))
    return [path for path in found if path not in barred]


def list_pictures(folder: Path) -> list[Path]:
    """All picture files in a folder and the folders below it, told by their suffix, sorted.

    Hidden files and folders are passed over; what is closed to us is, too, with a warning. Links
    to folders are not followed.

    Raises:
        DataError: it is no folder, or there is no picture in it.
    """
    closed: list[str] = []
    found = [*visible_files(folder, lambda error: closed.append(str(error)), READABLE)]
    if not found:
        trouble = "has no picture files in it" if folder.is_dir() else "is not a folder"
        raise DataError(f"{folder} {trouble}; give a folder of pictures")
    if closed:
        text = f"files and folders left out: {len(closed)} cannot be read; the first: {closed[0]}"
        warnings.warn(text, N3Warning, stacklevel=2)
    return in_order(found)


def list_originals(folder: Path) -> list[Path]:
    """The files of `list_pictures` without those that n3 made, told by their names.

    A warning says how many were left out.

    Raises:
        DataError: as `list_pictures` raises it, or n3 made them all.
    """
    originals: list[Path] = []
    made: list[Path] = []
    for path in list_pictures(folder):
        (made if has_tag(path, MADE) else originals).append(path)
    if not originals:
        raise DataError(f"{folder}: n3 made all pictures in it; give a folder of originals")
    if made:
        text = f"pictures left out that n3 made: {len(made)}; the first: {made[0]}"
        warnings.warn(text, N3Warning, stacklevel=2)
    return originals


def in_order(paths: Iterable[_P]) -> list[_P]:
    """Sort paths part by part, as Linux does; Windows by itself would ignore case.

    Seeds, crops and held-out pictures follow the order.
    """
    return sorted(paths, key=lambda path: path.parts)


def _is_there(path: Path) -> bool:
    try:
        return is_file(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from error


def _remedy(dataset: DataSet, root: Path) -> str:
    """How to get a data set, where that is known."""
    name = dataset.collection
    return f", or run n3 fetch-data {name} --dir {root}" if name in COLLECTIONS else ""


def _paths(dataset: DataSet, root: Path) -> list[Path]:
    """Where the images of a set lie, sorted; those that are listed need not exist."""
    if dataset.paths:
        return list(dataset.paths)
    folder = root / dataset.folder
    if dataset.listing is None:
        return in_order(folder.glob(dataset.pattern))
    names = resources.files("n3cli.data").joinpath(dataset.listing).read_text("ascii").split()
    return [folder / name for name in sorted(names)]


def _cache() -> Path:
    """The platform's folder for files that can be made again."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
