"""Matches as NumPy archives, with the names that SuperGlue gives them and some more."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from n3cli.errors import InputError
from n3cli.io.format import printable
from n3cli.io.match.matches import MORE, Matches, cast, check
from n3cli.io.path import deliver, explained, staging

_ALWAYS: Final = ("keypoints0", "keypoints1", "matches", "match_confidence", "candidates")
_SIZES: Final = ("size0", "size1")
_OTHERS: Final = {
    "matches0": "matches",
    "matching_scores0": "match_confidence",
    "scores": "match_confidence",
}
"""What others call the same."""

_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    ValueError,
    EOFError,
    KeyError,
    OSError,
    MemoryError,
    NotImplementedError,
)
"""What the readers raise where an archive is none, or is not what it says."""

_MOST = 1 << 30
"""Bytes that the arrays of an archive may have unpacked."""


def write_npz(target: Path, matches: Matches, *, replace: bool = True) -> None:
    """Write one pair's matches; the file appears whole or not at all. `replace` as for `deliver`.

    Raises:
        InputError: the target cannot be written.
    """
    arrays = {name: getattr(matches, name) for name in (*_ALWAYS, *MORE, *_SIZES)}
    arrays = {name: np.asarray(value) for name, value in arrays.items() if value is not None}
    arrays["status"] = np.array(matches.status)
    arrays |= {name: np.array(value) for name, value in matches.facts.items()}
    with staging(target) as folder:
        finished = folder / "finished.npz"
        with explained(target):
            np.savez_compressed(finished, allow_pickle=False, **arrays)
        deliver(finished, target, replace=replace)


def read_npz(path: Path) -> Matches:
    """Read putative matches: our own, SuperGlue's, or any with the same names.

    What `candidates` says is taken where it is there, else `matches`, of which -1 is none, or
    `matches0` with `matching_scores0`, as SuperGlue's and LightGlue's networks call the same.
    `matches` may also be K×2, the numbers of both keypoints, with K `scores`, as LightGlue lists
    them. Nothing in the file is run: it may come from anywhere.

    Raises:
        InputError: it is missing, damaged, too large, holds objects, or has no matches.
    """
    name = printable(path)
    arrays: dict[str, Any] = {}
    try:
        with explained(path), zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > _MOST:
                raise InputError(f"{name}: its arrays would take more than {_MOST >> 20} MiB")
        with np.load(path, allow_pickle=False) as stored:
            known = (*_ALWAYS, *MORE, *_SIZES, *_OTHERS, "image0", "image1")
            arrays = {key: stored[key] for key in known if key in stored}
    except _DAMAGE as error:
        raise InputError(f"{name}: is not an archive of arrays, or damaged ({error})") from error
    if {"matches0", "matching_scores0"} <= arrays.keys():
        for key in ("matches", "scores"):  # LightGlue says the same in two ways
            arrays.pop(key, None)
    for other, own in _OTHERS.items():
        if other in arrays:
            arrays.setdefault(own, arrays.pop(other))
    missing = [key for key in ("keypoints0", "keypoints1", "matches") if key not in arrays]
    if missing:
        raise InputError(f"{name}: has no array {' and no '.join(missing)}")
    return _assemble(name, arrays)


def _assemble(name: str, arrays: dict[str, Any]) -> Matches:
    try:
        told = "candidates" if "candidates" in arrays else "matches"
        index = arrays[told]
        if index.dtype.kind not in "iu":
            raise InputError(f"{name}: matches must be whole numbers, not {index.dtype}")
        count = len(arrays["keypoints0"])
        confidence = arrays.get("match_confidence", np.ones(len(index)))
        if index.ndim == 2 and index.shape[1] == 2:
            index, confidence = _scatter(name, index, confidence, count)
        if index.shape != (count,):
            raise InputError(
                f"{name}: {told} has the shape {index.shape}, while there are {count} keypoints0"
            )
        made = Matches(
            arrays["keypoints0"].astype(np.float32),
            arrays["keypoints1"].astype(np.float32),
            index.astype(np.int64),
            index.astype(np.int64),
            confidence.astype(np.float32),
            ratio=cast(arrays.get("ratio"), np.float32),
            mutual=cast(arrays.get("mutual"), np.bool_),
            K0=cast(arrays.get("K0"), np.float64),
            K1=cast(arrays.get("K1"), np.float64),
            size0=_size(arrays.get("size0")),
            size1=_size(arrays.get("size1")),
            facts={key: str(arrays[key]) for key in ("image0", "image1") if key in arrays},
        )
    except (ValueError, TypeError) as error:
        raise InputError(f"{name}: its arrays do not hold numbers ({error})") from error
    if wrong := check(made):
        raise InputError(f"{name}: {wrong}")
    return made


def _scatter(
    name: str, pairs: NDArray[Any], scores: NDArray[Any], count: int
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Of pairs K×2 of numbers one for each of the first keypoints; the surest where it has more."""
    if scores.shape != (len(pairs),):
        raise InputError(f"{name}: has {len(pairs)} pairs of matches and scores of {scores.shape}")
    if len(pairs) and not 0 <= pairs[:, 0].min() <= pairs[:, 0].max() < count:
        raise InputError(f"{name}: matches point to missing keypoints0")
    index, confidence = np.full(count, -1, np.int64), np.zeros(count, np.float32)
    for which in np.argsort(scores, kind="stable"):
        index[pairs[which, 0]], confidence[pairs[which, 0]] = pairs[which, 1], scores[which]
    return index, confidence


def _size(values: Any) -> tuple[int, int] | None:
    if values is None or values.shape != (2,):
        return None
    return int(values[0]), int(values[1])
