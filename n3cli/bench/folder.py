"""A folder of one's own clean pictures as suites."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from n3cli.bench.protocol import load_image
from n3cli.bench.suite import LEVELS, NAMES, Suite
from n3cli.bench.task import DENOISE, UPSCALE, SuiteTask
from n3cli.data.catalog import DataSet
from n3cli.data.location import list_pictures
from n3cli.errors import DataError
from n3cli.io.reader import open_picture
from n3cli.ops.array import Float32


@dataclass(frozen=True)
class OwnPicture:
    """A picture below the folder.

    Attributes:
        path: where it lies.
        name: its path below the folder.
    """

    path: Path
    name: str

    @property
    def stem(self) -> str:
        """For names of files. The suffix stays: a.png and a.jpg may lie beside each other."""
        return self.name


def is_folder(word: str) -> bool:
    """Whether a word is meant as a folder's path; a suite's name is not, whatever lies here."""
    return word not in NAMES and ("/" in word or "\\" in word or Path(word).is_dir())


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
    paths = list_pictures(folder)
    planes = [_look_at(path, scales) for path in paths]
    name = folder.resolve().name or "pictures"
    suites = []
    if denoise:
        task = replace(DENOISE, load=lambda item, channels: load_image(item.path))
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
    with open_picture(path) as picture:
        sides = picture.height, picture.width
        if min(side - side % multiple - 2 * border for side in sides) < 11:
            raise DataError(
                f"{picture.name} has {picture.width}×{picture.height} pixels, too few to measure "
                "on; remove it from the folder"
            )
        return picture.channels


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
    items = [OwnPicture(path, path.relative_to(folder).as_posix()) for path in paths]
    task = replace(task, items=lambda paths, channels: items)
    return Suite(name, data, tuple(levels), channels, task=task)


def _enlarged(scales: Sequence[float]) -> SuiteTask:
    multiple = _multiple(scales)

    def load(item: OwnPicture, channels: int) -> Float32:
        image = load_image(item.path)
        height, width = (side - side % multiple for side in image.shape[:2])
        return image[:height, :width]

    cut = f"Originals are cut to multiples of {multiple} pixels at right and bottom. "
    return replace(UPSCALE, load=load, protocol=cut + UPSCALE.protocol)
