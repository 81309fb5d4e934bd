"""Dumps of correspondences that the field trains and tests on: pickles of Yi, HDF5 files of Zhang.

Yi and others, "Learning to Find Good Correspondences", CVPR 2018: a folder
`<name>/numkp-2000/nn-1/nocrop/te-1000/` has `xs_te.pkl`, `Rs_te.pkl`, `ts_te.pkl` and more, each a
list with an array for each pair. Zhang and others, "Learning Two-View Correspondences and Geometry
Using Order-Aware Network" (OANet), ICCV 2019: one file has groups `xs`, `Rs`, `ts`, `ratios`,
`mutuals` and more, with an array for each pair by its number.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from n3cli.data.pairs.hdf5 import open_hdf5
from n3cli.data.pairs.made import Made
from n3cli.data.pairs.pair import Pair
from n3cli.data.pairs.unpickle import read_pickle
from n3cli.errors import DataError

_NEEDED = ("xs", "Rs", "ts")
_SIDE = ("ratios", "mutuals")


def find_dumps(folder: Path, part: str) -> list[Path]:
    """Folders of pickles below a folder, or in it.

    Args:
        folder: to look in, at any depth.
        part: ``"tr"``, ``"va"`` or ``"te"``.
    """
    return sorted(path.parent for path in folder.rglob(f"xs_{part}.pkl"))


def read_pickled(folder: Path, part: str) -> Sequence[Pair]:
    """The pairs of a folder of pickles, in their order; the files are read at once.

    Args:
        folder: one that `find_dumps` found.
        part: as there.

    Raises:
        DataError: a file is missing or damaged, or has more in it than arrays. A pair raises it
            where its arrays have other shapes, when it is asked for.
    """
    columns: dict[str, Sequence[Any]] = {}
    for name in (*_NEEDED, *_SIDE):
        path = folder / f"{name}_{part}.pkl"
        if name in _NEEDED or path.is_file():
            columns[name] = _column(path, read_pickle(path))
    counts = {len(column) for column in columns.values()}
    if len(counts) != 1:
        raise DataError(
            f"{folder}: its files have different numbers of pairs: {sorted(counts)}; get them again"
        )

    def pair(index: int) -> Pair:
        row = {name: column[index] for name, column in columns.items()}
        return _pair(f"{folder.name} {index}", row)

    return Made(pair, range(counts.pop()))


def read_dump(path: Path) -> Sequence[Pair]:
    """The pairs of an HDF5 file, in the order of their numbers, each read when it is asked for.

    Raises:
        DataError: it is damaged. A pair raises it where it is, when it is asked for.
        ConfigError: the reader of HDF5 is not installed.
    """
    with open_hdf5(path) as file:
        names = [*_NEEDED, *(name for name in _SIDE if name in file)]
        keys = sorted(file.keys("xs"), key=lambda key: (len(key), key))

    def pair(key: str) -> Pair:
        with open_hdf5(path) as file:
            row = {name: file.array(f"{name}/{key}", np.float64) for name in names}
        return _pair(f"{path.name} {key}", row)

    return Made(pair, keys)


def _column(path: Path, value: object) -> Sequence[Any]:
    if not isinstance(value, list | tuple | np.ndarray):
        raise DataError(f"{path}: expected a list of arrays, got {type(value).__name__}")
    return list(value)


def _pair(name: str, row: dict[str, Any]) -> Pair:
    try:
        arrays = {key: np.asarray(value, np.float64) for key, value in row.items()}
        points = arrays["xs"].reshape(-1, 4).astype(np.float32)
        rotation, translation = arrays["Rs"].reshape(3, 3), arrays["ts"].reshape(3)
        side = {key: arrays[key].reshape(len(points)) for key in _SIDE if key in arrays}
    except (ValueError, TypeError) as error:
        raise DataError(f"{name}: its arrays do not have the shapes of a pair ({error})") from error
    if not all(np.isfinite(part).all() for part in (points, rotation, translation)):
        raise DataError(f"{name}: has numbers that are not finite")
    return Pair(
        name,
        points,
        rotation,
        translation / (np.linalg.norm(translation) or 1),
        side["ratios"].astype(np.float32) if "ratios" in side else None,
        side["mutuals"] > 0.5 if "mutuals" in side else None,
    )
