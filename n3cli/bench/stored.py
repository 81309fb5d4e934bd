"""Results that another program made of what `write_given` wrote, as a method."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from n3cli.bench.estimate import BESIDE
from n3cli.bench.given import Items
from n3cli.bench.method import Method, digest_of_files
from n3cli.bench.protocol import load_image
from n3cli.bench.suite import GROUPS, NAMES, SUITES, Suite
from n3cli.errors import ConfigError, InputError
from n3cli.io.format import READABLE, printable
from n3cli.io.reader import open_picture
from n3cli.ops.array import Float32


def is_stored(name: str) -> bool:
    """Whether a name of a method is that of stored results."""
    return "=" in name


def check_plain(names: Sequence[str], option: str) -> None:
    """Refuse suites whose methods get more than an image and its level, or that have no images.

    Args:
        names: as `find_suites` takes them.
        option: what is asked for.

    Raises:
        ConfigError: there is one.
    """
    for name in names:
        own = [SUITES.get(each) for each in GROUPS.get(name, (name,))]
        if (
            name in NAMES
            and name != "paper"
            and not all(each and each.task.is_plain for each in own)
        ):
            raise ConfigError(
                f"{name}: {option} is for suites of white Gaussian noise and of super-resolution "
                "only; leave one of them out"
            )


def find_stored(name: str) -> tuple[str, Path]:
    """What stored results are called, and their folder.

    Raises:
        ConfigError: one of them is left out, or the name is taken.
        InputError: there is no such folder.
    """
    called, _, place = name.partition("=")
    if not (called and place):
        raise ConfigError(f"--against {name}: give NAME=DIR")
    if called in BESIDE:
        raise ConfigError(
            f"--against {name}: --save-images has a folder {called}; choose another NAME"
        )
    folder = Path(place).expanduser()
    if not folder.is_dir():
        raise InputError(
            f"--against {name}: {folder} is not a folder; further methods need an --against of "
            "their own"
        )
    return called, folder


def load_stored(name: str, suite: Suite, items: Items) -> Method:
    """Stored results as a method.

    Args:
        name: ``NAME=DIR``; results are read from ``DIR/SUITE/sigma-N/IMAGE.*``.
        suite: what they are results of.
        items: which of its images.

    Raises:
        ConfigError, InputError: as `find_stored` raises them, or a file is missing, or is no
            picture of the size and planes of the clean image.
    """
    called, folder = find_stored(name)
    shape_of: Callable[[Any], tuple[int, ...]] = cache(
        lambda item: suite.task.load(item, suite.channels).shape
    )
    pictures_in = cache(_pictures_in)
    paths: dict[tuple[str, float], Path] = {}
    depths, faults = set(), []
    for level, own in items.items():
        for item in own:
            place, shape = folder / suite.folder(level) / item.stem, shape_of(item)
            try:
                path = paths[item.stem, level] = _the_one(place, pictures_in(place.parent), shape)
                depths.add(_depth(path, shape))
            except InputError as error:
                faults.append(str(error))
    if faults:
        count = sum(map(len, items.values()))
        are = "is" if len(faults) == 1 else "are"
        raise InputError(
            f"--against {name}: {faults[0]} ({len(faults)} of {count} files of {suite.name} {are} "
            "missing or wrong)"
        )
    told = " and ".join(
        f"{bits}-bit float" if floats else f"{bits} bits" for floats, bits in sorted(depths)
    )
    named = [(path.relative_to(folder).as_posix(), path) for path in paths.values()]
    return Method(
        called,
        f"files in {printable(folder)}, {told}",
        _never_run,
        facts={"source": str(folder.resolve()), "files_sha256": digest_of_files(named)},
        stored=lambda stem, level: _read(paths[stem, level]),
    )


def _never_run(image: Float32, level: float) -> Float32:
    raise AssertionError("what is stored is not run")


def _pictures_in(folder: Path) -> dict[str, list[Path]]:
    """The pictures in a folder, sorted, by their names without suffixes."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*")):
        if path.suffix.lower() in READABLE:
            found.setdefault(path.stem, []).append(path)
    return found


def _the_one(place: Path, pictures: dict[str, list[Path]], shape: tuple[int, ...]) -> Path:
    """The one picture of that name, whatever its suffix."""
    found = pictures.get(place.name, [])
    if not found:
        raise InputError(f"{place}.*: is missing, expected a picture of {_size(shape)}")
    if len(found) > 1:
        names = " and ".join(path.name for path in found)
        raise InputError(f"{place}.*: are several files, {names}; keep one")
    return found[0]


def _depth(path: Path, shape: tuple[int, ...]) -> tuple[bool, int]:
    """Whether a picture, which must be of that shape, has floats, and of how many bits."""
    with open_picture(path) as picture:
        its = picture.height, picture.width, picture.channels
        if its != shape:
            raise InputError(f"{path}: has {_size(its)}, expected {_size(shape)}")
        return picture.dtype.kind == "f", picture.meta.bits or 8 * picture.dtype.itemsize


def _read(path: Path) -> Float32:
    values = load_image(path)
    if not np.isfinite(values).all():
        raise InputError(f"{path}: has values that are not finite")
    return values


def _size(shape: tuple[int, ...]) -> str:
    height, width, planes = shape
    return f"{width}×{height} pixels and {planes} plane{'s' * (planes > 1)}"
