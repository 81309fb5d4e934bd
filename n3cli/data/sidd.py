"""The blocks of SIDD as its makers publish them: one array of all blocks of all photos a file.

Source: Abdelhamed, Lin, Brown, "A High-Quality Denoising Dataset for Smartphone Cameras", CVPR
2018.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from n3cli.errors import DataError
from n3cli.io.mat import Value, read_mat
from n3cli.ops.array import Float32


@dataclass(frozen=True)
class Blocks:
    """The blocks of some photos.

    Attributes:
        path: of the file.
        values: photos×blocks×H×W×C, C 1 (raw) or 3; uint8 or floating in [0, 1].
    """

    path: Path
    values: NDArray[Any]

    @property
    def photos(self) -> int:
        """How many photos there are."""
        return int(self.values.shape[0])

    @property
    def each(self) -> int:
        """How many blocks a photo has."""
        return int(self.values.shape[1])

    def block(self, photo: int, number: int) -> Float32:
        """A block H×W×C in [0, 1]; both counted from 0."""
        block: Float32 = self.values[photo, number].astype(np.float32)
        if self.values.dtype.kind == "u":
            block /= np.float32(np.iinfo(self.values.dtype).max)
        return block


@dataclass(frozen=True)
class Block:
    """A noisy block, with its clean form where its makers publish it.

    Attributes:
        noisy_blocks: all noisy blocks.
        clean_blocks: all clean ones, or None.
        photo: which photo's, from 0.
        number: which of the photo's blocks, from 0.
    """

    noisy_blocks: Blocks
    clean_blocks: Blocks | None
    photo: int
    number: int

    @property
    def noisy(self) -> Float32:
        """H×W×C in [0, 1]; C is 1 (raw) or 3."""
        return self.noisy_blocks.block(self.photo, self.number)

    @property
    def clean(self) -> Float32 | None:
        """The same without noise; None where its makers keep it."""
        if self.clean_blocks is None:
            return None
        return self.clean_blocks.block(self.photo, self.number)

    @property
    def name(self) -> str:
        """For people."""
        return f"photo {self.photo + 1}, block {self.number + 1}"

    @property
    def stem(self) -> str:
        """For names of files."""
        return f"{self.photo + 1:04d}_{self.number + 1:02d}"


def list_blocks(paths: Sequence[Path], channels: int) -> list[Block]:
    """The blocks in a file, or in two that belong together, photo by photo.

    Args:
        paths: of the noisy blocks' file; where the clean ones have a file, that comes first.
        channels: 1 for raw blocks, 3 for sRGB ones.

    Raises:
        InputError: a file cannot be read.
        DataError: it holds something else, or the two do not belong together.
        ConfigError: the library that reads it is not installed.
    """
    *others, noisy = (read_blocks(path, channels) for path in paths)
    clean = others[0] if others else None
    if clean and noisy.values.shape != clean.values.shape:
        raise DataError(
            f"{noisy.path} and {clean.path} do not match: their arrays have the shapes "
            f"{noisy.values.shape} and {clean.values.shape}; get them again"
        )
    return [
        Block(noisy, clean, photo, number)
        for photo in range(noisy.photos)
        for number in range(noisy.each)
    ]


def read_blocks(path: Path, channels: int) -> Blocks:
    """Read a file of blocks; its variable is called like the file.

    Args:
        path: of the file.
        channels: 1 for raw blocks, 3 for sRGB ones.

    Raises:
        InputError: it cannot be read, or has no such variable.
        DataError: the variable is no array of such blocks.
        ConfigError: the library that reads it is not installed.
    """
    values = _stacked(read_mat(path, [path.stem])[path.stem])
    axes = 4 if channels == 1 else 5
    good = values.ndim == axes and values.dtype.kind in "fu" and values.size
    if not good or (channels == 3 and values.shape[-1] != 3):
        kind = "photos×blocks×height×width" + "×3" * (channels == 3)
        raise DataError(
            f"{path}: expected an array {kind}, got {values.dtype} of shape {values.shape}; "
            "get it again"
        )
    return Blocks(path, values.reshape(*values.shape[:4], channels))


def _stacked(value: Value) -> NDArray[Any]:
    """Cells of equal blocks as one array."""
    array = np.asarray(value)
    if array.dtype != object or array.ndim != 2 or not array.size:
        return array
    if len({(np.shape(cell), np.asarray(cell).dtype) for cell in array.ravel()}) > 1:
        return array
    first = np.asarray(array[0, 0])
    return np.stack(list(array.ravel())).reshape(*array.shape, *first.shape)
