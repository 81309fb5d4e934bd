"""The raw photos of SIDD as a whole: a MATLAB file for each, noisy and clean.

`0001_NOISY_RAW_010.MAT` and `0001_GT_RAW_010.MAT` belong together, in a folder for each scene; the
camera's description is `0001_METADATA_RAW_010.MAT`. Source: as in `sidd.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from n3cli.errors import DataError
from n3cli.io.mat import read_mat
from n3cli.ops.array import Float32

_NOISY, _CLEAN = "_NOISY_", "_GT_"
_VARIABLE = "x"


@dataclass(frozen=True)
class RawPhoto:
    """A noisy mosaic and its clean form, each read from its file when it is asked for.

    Attributes:
        noisy_path: of the noisy one's file.
        clean_path: of the clean one's.
    """

    noisy_path: Path
    clean_path: Path

    @property
    def noisy(self) -> Float32:
        """H×W×1 in [0, 1], linear.

        Raises:
            InputError: its file cannot be read, or has no such variable.
            DataError: it holds something else.
            ConfigError: the library that reads it is not installed.
        """
        return _read(self.noisy_path)

    @property
    def clean(self) -> Float32:
        """The same without noise; raises as `noisy` does."""
        return _read(self.clean_path)

    @property
    def name(self) -> str:
        """Its scene's folder and its file: number, scene, phone, ISO and light stand in these."""
        return f"{self.noisy_path.parent.name}/{self.noisy_path.stem}"


def list_photos(paths: Sequence[Path]) -> list[RawPhoto]:
    """The photos in noisy and clean files, in the order of the paths.

    Raises:
        DataError: to a noisy file there is no clean one, or the other way round.
    """
    known = set(paths)
    for path in paths:
        if _other(path) not in known:
            raise DataError(f"{path}: {_other(path).name} is not beside it; get the set again")
    return [RawPhoto(path, _other(path)) for path in paths if _NOISY in path.name]


def _other(path: Path) -> Path:
    """The clean photo's path from the noisy one's, and the other way round."""
    halves = (_NOISY, _CLEAN) if _NOISY in path.name else (_CLEAN, _NOISY)
    return path.with_name(path.name.replace(*halves))


def _read(path: Path) -> Float32:
    values = np.asarray(read_mat(path, [_VARIABLE])[_VARIABLE])
    if values.ndim != 2 or values.dtype.kind != "f" or not values.size:
        raise DataError(
            f"{path}: expected a mosaic of floating values, got {values.dtype} of shape "
            f"{values.shape}; get it again"
        )
    return np.ascontiguousarray(values[..., None], np.float32)
