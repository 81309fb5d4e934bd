"""Pickles of arrays from strangers: anything that a pickle could call beside them is refused."""

from __future__ import annotations

import codecs
import pickle
from pathlib import Path
from typing import Any, Final

import numpy as np

from n3cli.errors import DataError

_MAKERS: Final[dict[tuple[str, str], Any]] = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("_codecs", "encode"): codecs.encode,
    # By either of the names that numpy's own functions have had.
    **{
        (f"numpy.{core}.{module}", name): made[0]
        for core in ("core", "_core")
        for module, name, made in (
            ("multiarray", "_reconstruct", np.empty(0).__reduce__()),
            ("multiarray", "scalar", np.float64(0).__reduce__()),
            ("numeric", "_frombuffer", np.empty(0).__reduce_ex__(5)),
        )
    },
}


class _Arrays(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """What may be called by name."""
        try:
            return _MAKERS[module, name]
        except KeyError:
            raise pickle.UnpicklingError(
                f"it wants to call {module}.{name}, which arrays do not need"
            ) from None


def read_pickle(path: Path) -> object:
    """Lists, dicts, numbers, strings and arrays of a pickle; those of Python 2, too.

    Raises:
        DataError: it cannot be read, is damaged, or wants to call anything else.
    """
    try:
        with path.open("rb") as file:
            value: object = _Arrays(file, encoding="latin1").load()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    except Exception as error:  # a damaged pickle can fail in any way
        raise DataError(f"{path}: is no pickle of arrays, or damaged ({error})") from error
    return value
