"""A folder of one's own clean pictures as suites."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from n3cli.bench.protocol import gaussian_protocol, load_image, make_noisy
from n3cli.bench.suite import LEVELS, NAMES, Suite
from n3cli.bench.task import DENOISE, UPSCALE, SuiteTask
from n3cli.data.catalog import DataSet
from n3cli.data.location import list_originals
from n3cli.errors import DataError, InputError
from n3cli.io.reader import open_picture
from n3cli.ops.array import Float32


@dataclass(frozen=True)
class OwnPicture:
    """A picture below the folder.

    Attributes:
        path: where it lies.
        name: its path below the folder.
        stem: likewise, for names of files.
    """

    path: Path
    name: str
    stem: str

    @property
    def seed(self) -> int:
        """Of its noise, which therefore stays the same whatever lies beside it."""
        return int.from_bytes(hashlib.sha256(os.fsencode(self.name)).digest()[:8])


def is_folder(word: str) -> bool:
    """Whether a word is meant as a folder's path; a suite's name is not, whatever lies here."""
    is_path = "/" in word or "\\" in word or os.path.isdir(word)  # noqa: PTH112 - never raises
    return is_path and word not in NAMES


def own_suites(folder: Path, scales: Sequence[float], *, denoise: bool) -> list[Suite]:
    """What is measured on the pictures in a folder and below it, in sorted order.

    Args:
        folder: of clean pictures.
        scales: whole numbers by which they are made small and enlarged again.
        denoise: whether noise is put on them, too: on grey and on colour ones as suites of their
            own, for each kind has its networks.

    Raises:
        DataError: it is no folder, there is no picture in it, or one is too small to be measured.
        InputError: one cannot be read.
    """
    folder = folder.expanduser()
    paths = list_originals(folder)
    planes = [_look_at(path, scales) for path in paths]
    name = folder.resolve().name or "pictures"
    suites = []
    if denoise:
        task = replace(
            DENOISE,
            protocol=gaussian_protocol(
                "the first 8 bytes of the SHA-256 of its path below the folder, big-endian"
            ),
            load=lambda item, channels: _load(item),
            degrade=lambda item, clean, sigma, index: make_noisy(clean, sigma, item.seed),
        )
        for channels in sorted(set(planes), reverse=True):
            own = [path for path, its in zip(paths, planes, strict=True) if its == channels]
            grey = "-gray" if channels == 1 < max(planes) else ""
            suites.append(_suite(name + grey, folder, own, channels, task, LEVELS))
    if scales:
        suites.append(_suite(f"{name}-sr", folder, paths, 3, _enlarged(scales), scales))
    return suites


def _look_at(path: Path, scales: Sequence[float]) -> int:
    """The planes of a picture; what is scored of it must hold SSIM's window of 11×11."""
    multiple, border = _multiple(scales), round(max(scales, default=0))
    with _remedied(), open_picture(path) as picture:
        sides = picture.height, picture.width
        if min(side - side % multiple - 2 * border for side in sides) < 11:
            raise DataError(
                f"{picture.name} has {picture.width}×{picture.height} pixels, too few to measure "
                "on; remove it from the folder"
            )
        return picture.channels


def _load(item: OwnPicture) -> Float32:
    with _remedied():
        return load_image(item.path)


@contextmanager
def _remedied() -> Iterator[None]:
    """Say of a picture that cannot be read what to do; without it, figures would be of others."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{error}; remove it from the folder to measure the others") from error


def _multiple(scales: Sequence[float]) -> int:
    """What sides must be a multiple of, so that every scale divides them; 1 without scales."""
    return math.lcm(*map(round, scales))


def _suite(
    name: str, folder: Path, paths: Sequence[Path], channels: int, task: SuiteTask,
    levels: Sequence[float],
) -> Suite:  # fmt: skip
    data = DataSet(
        name, name, str(folder.resolve()), len(paths), channels, terms="", paths=tuple(paths)
    )
    names = [path.relative_to(folder) for path in paths]
    bare = [name.with_suffix("") for name in names]
    # a.png and a.jpg may lie beside each other; on some disks A.png is a.png, too.
    alike = len({str(stem).casefold() for stem in bare}) < len(bare)
    items = [
        OwnPicture(path, name.as_posix(), (name if alike else stem).as_posix())
        for path, name, stem in zip(paths, names, bare, strict=True)
    ]
    task = replace(task, items=lambda paths, channels: items)
    return Suite(name, data, tuple(levels), channels, task=task)


def _enlarged(scales: Sequence[float]) -> SuiteTask:
    multiple = _multiple(scales)

    def load(item: OwnPicture, channels: int) -> Float32:
        image = _load(item)
        height, width = (side - side % multiple for side in image.shape[:2])
        return image[:height, :width]

    cut = f"Originals are cut to multiples of {multiple} pixels at right and bottom. "
    return replace(UPSCALE, load=load, protocol=cut + UPSCALE.protocol)
