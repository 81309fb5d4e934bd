"""HDF5 files with arrays by name, read with care for what is missing or damaged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from n3cli.errors import DataError
from n3cli.io.extra import load_extra


class HDF5File:
    """An open file.

    Args:
        path: for messages.
        root: of h5py.
    """

    def __init__(self, path: Path, root: Any) -> None:
        self.path, self._root = path, root

    def __contains__(self, name: str) -> bool:
        return name in self._root

    def keys(self, name: str) -> list[str]:
        """What a group holds.

        Raises:
            DataError: there is no such group.
        """
        group = self._root.get(name)
        if not hasattr(group, "keys"):
            raise DataError(f"{self.path}: has no group {name!r}; there are {self._known()}")
        return list(group.keys())

    def array(self, name: str, dtype: DTypeLike) -> NDArray[Any]:
        """An array by its path in the file.

        Raises:
            DataError: it is not there, damaged, or of another type.
        """
        dataset = self._root.get(name)
        if dataset is None or hasattr(dataset, "keys"):
            raise DataError(f"{self.path}: has no array {name!r}; there are {self._known()}")
        try:
            return np.asarray(dataset[()], dtype)
        except (OSError, ValueError, TypeError) as error:
            raise DataError(f"{self.path}: {name} is damaged ({error})") from error

    def _known(self) -> str:
        return ", ".join(sorted(self._root)) or "none"


@contextmanager
def open_hdf5(path: Path) -> Iterator[HDF5File]:
    """Open a file for reading.

    Raises:
        ConfigError: h5py is not installed.
        DataError: it cannot be opened.
    """
    h5py = load_extra("h5py", "HDF5 files", "hdf5")
    try:
        root = h5py.File(path, "r")
    except OSError as error:
        raise DataError(f"{path}: is not an HDF5 file, or damaged ({error})") from error
    with root:
        yield HDF5File(path, root)
