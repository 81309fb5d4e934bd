"""MATLAB's files: named arrays, texts, cells and structs.

Version 7.3 is HDF5 with MATLAB's conventions and is read by h5py; older ones are read by SciPy.
Both give the same here: arrays have the axes that they have in MATLAB.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np

from n3cli.errors import ConfigError, InputError
from n3cli.io.extra import load_extra
from n3cli.io.format import printable
from n3cli.io.path import deliver, explained, staging

Value = Any
"""An array; a text; a cell array, which is an array of values; a struct, which is a dict of values,
or where there are several, a dict of arrays of values."""

_FILES: Final = ".mat files"
_EXTRA: Final = "mat"
"""What brings the libraries along."""

_HDF5: Final = b"\x89HDF\r\n\x1a\n"
_USER_BLOCK: Final = 512  # MATLAB's own head, before HDF5 begins
_OLDER: Final = b"MATLAB 5.0 MAT-file"
_LARGEST: Final = 8 << 30
"""Bytes of a variable. A damaged file, or a hostile one, may claim any size."""


def is_mat(head: bytes) -> bool:
    """Whether a file that begins so (with 520 bytes or more) is one of MATLAB's."""
    return head.startswith(_OLDER) or _is_hdf5(head)


def list_mat(path: Path) -> dict[str, tuple[tuple[int, ...], str]]:
    """The variables of a file: shape and type, which is empty for all but arrays of numbers.

    Raises:
        InputError: the file is missing, damaged, cut off or none of MATLAB's.
        ConfigError: the library that reads it is not installed.
    """
    with _explained(path) as is_hdf5:
        return _list_hdf5(path) if is_hdf5 else _list_older(path)


def read_mat(path: Path, names: Sequence[str]) -> dict[str, Value]:
    """Read variables of a file.

    Args:
        path: of the file.
        names: of the variables.

    Returns:
        Their values.

    Raises:
        InputError: the file is missing, damaged, cut off or none of MATLAB's, or lacks a variable.
        ConfigError: the library that reads it is not installed.
    """
    with _explained(path) as is_hdf5:
        return _read_hdf5(path, names) if is_hdf5 else _read_older(path, names)


@contextmanager
def _explained(path: Path) -> Iterator[bool]:
    """Tell by a file's head whether it is HDF5; what readers raise becomes one error."""
    name = printable(path)
    with explained(path), path.open("rb") as file:
        head = file.read(_USER_BLOCK + len(_HDF5))
    if not head:
        raise InputError(f"{name}: is empty")
    if not is_mat(head):
        raise InputError(f"{name}: is not a MATLAB file (.mat of version 5 or 7.3)")
    try:
        yield _is_hdf5(head)
    except (InputError, ConfigError):
        raise
    except MemoryError as error:
        raise InputError(f"{name}: does not fit into memory") from error
    except Exception as error:  # what the readers raise on damaged files is anything
        raise InputError(
            f"{name}: is damaged or cut off ({type(error).__name__}: {error}); get it again"
        ) from error


def write_mat(path: Path, values: Mapping[str, Any], *, replace: bool = True) -> None:
    """Write a file of version 5, compressed, at once and whole.

    Args:
        path: of the file.
        values: by name: numbers, texts and arrays; arrays of objects become cells, dicts structs.
            One-dimensional arrays become rows.
        replace: as for `path.deliver`.

    Raises:
        InputError: it cannot be written.
        ConfigError: SciPy is not installed.
    """
    io = load_extra("scipy.io", _FILES, _EXTRA)
    with staging(path) as folder:
        finished = folder / "finished.mat"
        with explained(path):
            io.savemat(finished, dict(values), do_compression=True, oned_as="row")
        deliver(finished, path, replace=replace)


def _is_hdf5(head: bytes) -> bool:
    return head.startswith(_HDF5) or head[_USER_BLOCK:].startswith(_HDF5)


def _read_hdf5(path: Path, names: Sequence[str]) -> dict[str, Value]:
    with load_extra("h5py", _FILES, _EXTRA).File(path, "r") as file:
        _check_names(path, names, [key for key in file if not key.startswith("#")])
        return {name: _convert(file, file[name]) for name in names}


def _list_hdf5(path: Path) -> dict[str, tuple[tuple[int, ...], str]]:
    found: dict[str, tuple[tuple[int, ...], str]] = {}
    with load_extra("h5py", _FILES, _EXTRA).File(path, "r") as file:
        for name in file:
            if name.startswith("#"):
                continue
            item = file[name]
            number = hasattr(item, "dtype") and item.dtype.kind in "fiub"
            text = item.attrs.get("MATLAB_class", b"") == b"char"
            shape = tuple(reversed(item.shape)) if number else ()
            found[name] = shape, item.dtype.name if number and not text else ""
    return found


def _list_older(path: Path) -> dict[str, tuple[tuple[int, ...], str]]:
    names = {"single": "float32", "double": "float64"}
    numbers = {"single", "double", "int8", "uint8", "int16", "uint16", "int32", "uint32"}
    return {
        name: (tuple(shape), names.get(kind, kind) if kind in numbers else "")
        for name, shape, kind in load_extra("scipy.io", _FILES, _EXTRA).whosmat(path)
    }


def _convert(file: Any, item: Any) -> Value:
    """What an item of HDF5 stands for."""
    if hasattr(item, "keys"):
        return {key: _convert(file, item[key]) for key in item}
    if math.prod(item.shape or ()) * item.dtype.itemsize > _LARGEST:
        raise ValueError(f"a variable claims {item.shape} values")
    values = np.asarray(item[()])
    kind = item.attrs.get("MATLAB_class", b"")
    if item.attrs.get("MATLAB_empty", 0):  # what is stored are the lengths of its axes
        return "" if kind == b"char" else np.empty(tuple(int(each) for each in values.ravel()))
    if values.dtype == object:  # references
        cells = np.empty(values.shape, object)
        for place in np.ndindex(values.shape):
            cells[place] = _convert(file, file[values[place]])
        return cells.T
    if kind == b"char":
        return "".join(map(chr, values.T.ravel().tolist()))
    return values.T


def _read_older(path: Path, names: Sequence[str]) -> dict[str, Value]:
    io = load_extra("scipy.io", _FILES, _EXTRA)
    found = {name: (shape, kind) for name, shape, kind in io.whosmat(path)}
    _check_names(path, names, list(found))
    for name in names:
        if 8 * math.prod(found[name][0]) > _LARGEST:
            raise ValueError(f"a variable claims {found[name][0]} values")
    read = io.loadmat(path, variable_names=list(names), chars_as_strings=True)
    return {name: _unpack(read[name]) for name in names}


def _unpack(value: Value) -> Value:
    """What SciPy read, in the form of `Value`."""
    if not isinstance(value, np.ndarray):
        return value
    if value.dtype.names:
        fields = {name: value[name] for name in value.dtype.names}
        if value.size == 1:
            return {name: _unpack(field.item()) for name, field in fields.items()}
        return {name: _unpack(field) for name, field in fields.items()}
    if value.dtype == object:
        cells = np.empty(value.shape, object)
        for place in np.ndindex(value.shape):
            cells[place] = _unpack(value[place])
        return cells
    if value.dtype.kind == "U":
        return "".join(value.ravel().tolist())
    return value


def _check_names(path: Path, names: Sequence[str], found: Sequence[str]) -> None:
    missing = [name for name in names if name not in found]
    if missing:
        has = ", ".join(sorted(found)[:10]) or "nothing"
        raise InputError(f"{printable(path)}: has no variable {', '.join(missing)}; it has {has}")
