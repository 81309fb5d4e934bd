"""The images of a data set as arrays, read when they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, overload

from numpy.typing import NDArray

from n3cli.data.catalog import DataSet
from n3cli.io.picture import read_picture

Pixels = NDArray[Any]


class ImageSet(Sequence[Pixels]):
    """A data set on this machine: a sequence of arrays H×W×C, in the files' own dtype.

    Args:
        dataset: its record in the catalog.
        paths: its files in sorted order.
    """

    def __init__(self, dataset: DataSet, paths: Sequence[Path]) -> None:
        self.dataset, self.paths = dataset, tuple(paths)

    def __len__(self) -> int:
        return len(self.paths)

    @overload
    def __getitem__(self, index: int) -> Pixels: ...

    @overload
    def __getitem__(self, index: slice) -> ImageSet: ...

    def __getitem__(self, index: int | slice) -> Pixels | ImageSet:
        """One image, or a part of the set.

        Raises:
            InputError: the file cannot be read.
        """
        if isinstance(index, slice):
            return ImageSet(self.dataset, self.paths[index])
        return read_picture(self.paths[index]).pixels

    def __repr__(self) -> str:
        return f"<{self.dataset.title}: {len(self)} of {self.dataset.count} images>"
