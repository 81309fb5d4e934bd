"""Pickles of arrays from strangers: what they may call is made here, and makes arrays of numbers.

numpy's own functions are not handed out: with them a pickle could make arrays of pointers to
wherever it likes.
"""

from __future__ import annotations

import codecs
import pickle
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from n3cli.errors import DataError

_KINDS: Final = "biufcSU"
"""Of numpy's types: truth values, numbers and texts."""


class _Type:
    """Stands for a numpy dtype while a pickle is read."""

    def __init__(self, name: object, *_: object) -> None:
        self.is_object = str(name).lstrip("<>|=") in ("O", "O8", "object")
        self.dtype: np.dtype[Any] = np.dtype("f8" if self.is_object else str(name))
        if self.dtype.kind not in _KINDS:
            raise pickle.UnpicklingError(f"it has values of the type {str(name)[:20]}")

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        if state[1] in ("<", ">"):
            self.dtype = self.dtype.newbyteorder(state[1])


class _Array:
    """Stands for a numpy array while a pickle is read."""

    def __init__(self) -> None:
        self.value: NDArray[Any] | list[Any] = np.empty(0)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, kind, fortran, data = state
        if kind.is_object:
            if not isinstance(data, list):
                raise pickle.UnpicklingError("an array of objects has no list of them")
            self.value = data
        else:
            raw = data.encode("latin1") if isinstance(data, str) else bytes(data)
            self.value = _from_bytes(raw, kind, shape, "F" if fortran else "C")


def _from_bytes(data: bytes, kind: _Type, shape: tuple[int, ...], order: Any) -> NDArray[Any]:
    if kind.is_object:
        raise pickle.UnpicklingError("an array of objects is given as bytes")
    return np.frombuffer(data, kind.dtype).reshape(shape, order=order).copy()


def _reconstruct(*_: object) -> _Array:
    return _Array()


def _scalar(kind: _Type, data: bytes | str) -> Any:
    raw = data.encode("latin1") if isinstance(data, str) else bytes(data)
    return _from_bytes(raw, kind, (1,), "C")[0]


def _no_call(*_: object) -> None:
    raise pickle.UnpicklingError("it wants to call numpy.ndarray, which arrays do not need")


def _no_bytes(*given: object) -> bytes:
    """How Python 3 writes that there are none in the old protocols."""
    if given:
        raise pickle.UnpicklingError("it wants to call bytes, which arrays do not need")
    return b""


_MAKERS: Final[dict[tuple[str, str], Any]] = {
    ("numpy", "ndarray"): _no_call,
    ("numpy", "dtype"): _Type,
    ("_codecs", "encode"): codecs.encode,
    ("__builtin__", "bytes"): _no_bytes,
    # By either of the names that numpy's own functions have had.
    **{
        (f"numpy.{core}.{module}", name): made
        for core in ("core", "_core")
        for module, name, made in (
            ("multiarray", "_reconstruct", _reconstruct),
            ("multiarray", "scalar", _scalar),
            ("numeric", "_frombuffer", _from_bytes),
        )
    },
}


class _Unpickler(pickle.Unpickler):
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

    Arrays of objects come as lists.

    Raises:
        DataError: it cannot be read, is damaged, or wants to call anything else.
    """
    try:
        with path.open("rb") as file:
            return _plain(_Unpickler(file, encoding="latin1").load())
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    except Exception as error:  # a damaged pickle can fail in any way
        raise DataError(f"{path}: is not a pickle of arrays, or damaged ({error})") from error


def _plain(value: Any) -> object:
    """The value with arrays in place of what stood for them."""
    match value:
        case _Array():
            return _plain(value.value)
        case list() | tuple():
            return [_plain(each) for each in value]
        case dict():
            return {key: _plain(each) for key, each in value.items()}
    return value
