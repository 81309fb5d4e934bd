"""Matches of many pairs in one HDF5 file, as hloc lays them out.

Sarlin and others, "From Coarse to Fine: Robust Hierarchical Localization at Large Scale", CVPR
2019: a group for each picture with its keypoints (N×2) and image_size, and a group for each pair
with matches0 and matching_scores0. Coordinates have (0, 0) at the centre of a pixel there, too.
"""

from __future__ import annotations

import os
import posixpath
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np

from n3cli.errors import InputError, OutputError
from n3cli.io.extra import load_extra
from n3cli.io.format import printable
from n3cli.io.match.matches import MORE, Matches, check
from n3cli.io.path import deliver, explained, locked, staging
from n3cli.ops.two_view.camera import Camera

SUFFIXES: Final = (".h5", ".hdf5")
"""Of HDF5 files."""

_DAMAGE = (OSError, ValueError, TypeError, LookupError, AttributeError, RuntimeError)
"""What h5py and NumPy raise where a file holds something else than it should."""

_LARGEST = 1 << 27
"""Values that a data set of a pair may have."""

_ROOM: Final = 1 << 16
"""Bytes that HDF5's own records of a pair take at most, beside its values."""


class MatchStore:
    """A file of pairs being written, made by `open_store`."""

    def __init__(self, file: Any, path: Path, target: Path) -> None:
        self._file, self._path, self._target = file, path, target
        self._broken: Exception | None = None

    def has(self, name0: str, name1: str) -> bool:
        """Whether the pair is there already."""
        return f"{_flat(name0)}/{_flat(name1)}/matches0" in self._file

    def add(
        self,
        name0: str,
        name1: str,
        matches: Matches,
        cameras: tuple[Camera | None, Camera | None] = (None, None),
    ) -> None:
        """Add a pair, in place of what was there; of the cameras the matrices are kept.

        Raises:
            InputError: a name is none of a picture; or a picture is there with other keypoints,
                which the pairs of an earlier run refer to.
            OutputError: there is no room for the pair, and those before it are safe; or HDF5
                failed.
        """
        for name in (name0, name1):
            if _place(name) in ("", "."):
                raise InputError(
                    f"{printable(name)!r} cannot be the name of a picture in an HDF5 file"
                )
        values = {
            "matching_scores0": matches.match_confidence.astype(np.float16),
            "candidates0": matches.candidates.astype(np.int32),
        } | {key: kept for key in MORE if (kept := getattr(matches, key)) is not None}
        last = matches.matches.astype(np.int32)
        everything = (*values.values(), last, matches.keypoints0, matches.keypoints1)
        self._reserve(sum(np.asarray(each).nbytes for each in everything))
        try:
            self._add(name0, name1, matches, values | {"matches0": last})
        except (OSError, RuntimeError) as error:
            self._broken = error
            raise self._failure(error) from error

    def close(self) -> None:
        """Close the file.

        Raises:
            OutputError: HDF5 failed, now or before; the file is not whole.
        """
        try:
            self._file.close()
        except (OSError, RuntimeError) as error:
            self._broken = self._broken or error
        if self._broken:
            raise self._failure(self._broken) from self._broken

    def _failure(self, error: Exception) -> OutputError:
        return OutputError(
            f"{printable(self._target)}: HDF5 cannot write it ({error}); it is unchanged"
        )

    def _add(self, name0: str, name1: str, matches: Matches, values: dict[str, Any]) -> None:
        """Write a pair; of its values the last tells `has` that it is whole."""
        for name, points, size in (
            (name0, matches.keypoints0, matches.size0),
            (name1, matches.keypoints1, matches.size1),
        ):
            group = self._file.require_group(_place(name))
            if "keypoints" not in group:
                group["keypoints"] = points
            elif not np.array_equal(group["keypoints"], points):
                raise InputError(
                    f"{printable(name)}: the output has other keypoints for it, from a run with "
                    "other settings; write to another file"
                )
            if size and "image_size" not in group:
                group["image_size"] = np.array(size)
        pair = self._file.require_group(f"{_flat(name0)}/{_flat(name1)}")
        # What is there is of an earlier run, or of one that was cut short.
        for key in ("matches0", *values, *MORE):
            if key in pair:
                del pair[key]
        pair.attrs["status"] = matches.status
        for key, value in {**matches.facts, "image0": name0, "image1": name1}.items():
            pair.attrs[key] = value
        for key, kept in values.items():
            pair[key] = kept
        self._file.flush()

    def _reserve(self, size: int) -> None:
        """Make the file long enough for what comes: HDF5 does not survive a write that fails."""
        try:
            with self._path.open("r+b") as file:
                there = file.seek(0, os.SEEK_END)
                missing = self._file.id.get_filesize() + size + _ROOM - there
                file.write(bytes(max(missing, 0)))
        except OSError as error:
            raise OutputError(
                f"{printable(self._target)}: {error.strerror or error}; it has the pairs before"
            ) from error


@contextmanager
def open_store(target: Path, *, anew: bool = False) -> Iterator[MatchStore]:
    """Open a file of pairs to write into; it is created, or gets what is missing.

    Only one at a time: of two copies that grow, the last to be put in place would be all there is.
    What was written is put in place at the end, also when an error ends the block: pairs that are
    done stay done. Until then the file is as it was, and it stays so where HDF5 itself failed.

    Args:
        target: the file.
        anew: forget what is there.

    Raises:
        ConfigError: h5py is not installed.
        InputError: the target cannot be written, is no HDF5 file, or another process has it open.
        OutputError: there is no room for more.
    """
    h5py = load_extra("h5py", "HDF5 files", "match")
    busy = f"{printable(target)}: another n3 match is writing it; wait until it has finished"
    with staging(target) as folder, ExitStack() as stack:
        finished = folder / "finished.h5"
        with explained(target):
            stack.enter_context(locked(Path(os.path.realpath(target)), InputError(busy)))
            there = target.exists()
            if there and not anew:
                shutil.copyfile(target, finished)
        try:
            file = h5py.File(finished, "a")
        except OSError as error:
            raise InputError(
                f"{printable(target)}: is not an HDF5 file; give another name, or -y to replace it"
            ) from error
        store = MatchStore(file, finished, target)
        try:
            yield store
        finally:
            store.close()  # what cannot be closed is not delivered
            deliver(finished, target, replace=there or anew)


def read_h5(
    paths: Sequence[Path],
    wanted: Sequence[tuple[str, str]] | None = None,
    *,
    tails: bool = False,
) -> Iterator[tuple[str, str, Matches | InputError]]:
    """Read pairs from HDF5 files: of ours, or hloc's matches and features.

    Args:
        paths: files; a picture's keypoints are taken from the first that has them.
        wanted: pairs by the names of pictures; None is all. A pair may be there the other way
            round.
        tails: the wanted names are paths, which may begin with folders that the files know nothing
            of.

    Yields:
        Both names (of wanted paths those ends that the files know) and the pair's putative
        matches, or what is wrong with them.

    Raises:
        ConfigError: h5py is not installed.
        InputError: a file is missing, or no HDF5 file.
    """
    h5py = load_extra("h5py", "HDF5 files", "match")
    files = []
    try:
        for path in paths:
            with explained(path), path.open("rb"):
                pass
            try:
                files.append(h5py.File(path, "r"))
            except OSError as error:
                raise InputError(f"{printable(path)}: is not an HDF5 file, or damaged") from error
        keypoints = _find_keypoints(files)
        for name0, name1 in _find_pairs(files, keypoints) if wanted is None else wanted:
            try:
                if tails:
                    name0, name1 = _find_tails(files, name0, name1)
                yield name0, name1, _read_pair(files, keypoints, name0, name1)
            except InputError as error:
                yield name0, name1, error
            except _DAMAGE as error:
                yield name0, name1, InputError(f"{printable(paths[0])}: is damaged ({error})")
    finally:
        for file in files:
            file.close()


def _find_keypoints(files: Sequence[Any]) -> dict[str, Any]:
    """The groups of pictures, by their names as pairs know them (without slashes)."""
    found: dict[str, Any] = {}

    def look(name: str, item: Any) -> None:
        if hasattr(item, "shape") and name.endswith("/keypoints"):
            found.setdefault(_flat(name.removesuffix("/keypoints")), item.parent)

    for file in files:
        file.visititems(look)
    return found


def _find_pairs(files: Sequence[Any], keypoints: dict[str, Any]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []

    def look(name: str, item: Any) -> None:
        if hasattr(item, "shape") and name.endswith("/matches0") and name.count("/") == 2:
            first, second, _ = name.split("/")
            found.append(
                (
                    _original(item.parent, keypoints, "image0", first),
                    _original(item.parent, keypoints, "image1", second),
                )
            )

    for file in files:
        file.visititems(look)
    return found


def _find_tails(files: Sequence[Any], name0: str, name1: str) -> tuple[str, str]:
    """The longest ends of two paths that are a pair; the paths, where there is none."""
    ends = sorted(product(_tails(name0), _tails(name1)), key=lambda each: -sum(map(len, each)))
    return next((each for each in ends if _find_pair(files, *each)), (name0, name1))


def _find_pair(files: Sequence[Any], name0: str, name1: str) -> tuple[Any, str, str, bool] | None:
    """A pair's group, the names that it goes by, and whether they are turned."""
    first, second = _flat(name0), _flat(name1)
    for file in files:
        for turned, names in ((False, (first, second)), (True, (second, first))):
            if f"{names[0]}/{names[1]}/matches0" in file:
                return file[f"{names[0]}/{names[1]}"], *names, turned
    return None


def _read_pair(files: Sequence[Any], keypoints: dict[str, Any], name0: str, name1: str) -> Matches:
    if not (found := _find_pair(files, name0, name1)):
        raise InputError(f"{printable(name0)}, {printable(name1)}: no such pair in the file")
    pair, first, second, turned = found
    return _assemble(pair, keypoints, first, second, turned=turned)


def _assemble(
    pair: Any, keypoints: dict[str, Any], first: str, second: str, *, turned: bool
) -> Matches:
    for name in (first, second):
        if name not in keypoints:
            raise InputError(
                f"{printable(name)}: its keypoints are missing; also give hloc's file of features: "
                "--matches MATCHES.h5 --matches FEATURES.h5"
            )
    points = [_array(keypoints[name]["keypoints"])[:, :2] for name in (first, second)]
    index = _array(pair["candidates0" if "candidates0" in pair else "matches0"]).astype(np.int64)
    scores = _array(pair["matching_scores0"]) if "matching_scores0" in pair else np.ones(len(index))
    sizes = [_size(keypoints[name]) for name in (first, second)]
    ratio, mutual, *matrices = (
        _array(pair[key]) if key in pair else None for key in ("ratio", "mutual", "K0", "K1")
    )
    if turned:  # a keypoint of the second may have several; the surest stays
        points, sizes, matrices = points[::-1], sizes[::-1], matrices[::-1]
        index, order = _turn(index, scores, len(points[0]))
        scores = np.where(index >= 0, scores[order], 0)
        ratio, mutual = None, None  # they are not the same the other way round
    made = Matches(
        points[0].astype(np.float32),
        points[1].astype(np.float32),
        index,
        index,
        scores.astype(np.float32),
        ratio=ratio,
        mutual=mutual,
        K0=matrices[0],
        K1=matrices[1],
        size0=sizes[0],
        size1=sizes[1],
    )
    if wrong := check(made):
        raise InputError(f"{printable(first)}, {printable(second)}: {wrong}")
    return made


def _turn(index: Any, scores: Any, count: int) -> tuple[Any, Any]:
    turned = np.full(count, -1, np.int64)
    order = np.zeros(count, np.int64)
    for place in np.argsort(scores, kind="stable"):
        if 0 <= index[place] < count:
            turned[index[place]] = order[index[place]] = place
    return turned, order


def _array(item: Any) -> Any:
    if item.size > _LARGEST or item.dtype.kind not in "iufb":
        raise InputError(f"{printable(item.name)}: is too large, or holds no numbers")
    return item[()]


def _size(group: Any) -> tuple[int, int] | None:
    if "image_size" not in group or group["image_size"].shape != (2,):
        return None
    width, height = group["image_size"][()]
    return int(width), int(height)


def _place(name: str) -> str:
    """The group of a picture: its name, as HDF5 and hloc put groups into groups.

    HDF5 has no place for ``/photos/a.jpg`` other than that of ``photos/a.jpg``.
    """
    return posixpath.normpath(name).lstrip("/")


def _flat(name: str) -> str:
    """A picture's name as hloc's pairs have it."""
    return _place(name).replace("/", "-")


def _original(pair: Any, keypoints: dict[str, Any], key: str, flat: str) -> str:
    """A picture's name with its folders, which hloc's pairs are without."""
    told = pair.attrs.get(key)
    if isinstance(told, str) and _flat(told) == flat:
        return told
    return str(keypoints[flat].name).lstrip("/") if flat in keypoints else flat


def _tails(name: str) -> list[str]:
    """A path, and what remains of it without one folder after the other."""
    parts = _place(name).split("/")
    return [name, *("/".join(parts[start:]) for start in range(1, len(parts)))]
