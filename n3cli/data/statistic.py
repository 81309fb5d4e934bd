"""Numbers that say what a folder of pictures holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from n3cli.data.location import list_pictures
from n3cli.errors import InputError
from n3cli.io.picture import read_picture
from n3cli.io.reader import open_picture
from n3cli.io.walk import visible_files

if TYPE_CHECKING:
    from n3cli.io.depth import Pixels


@dataclass(frozen=True)
class Statistic:
    """What a folder of pictures holds.

    Attributes:
        files: number of all files, hidden ones left out.
        size: bytes of these.
        shapes: height, width and channels of each picture, by ascending number of pixels.
        depths: how many pictures there are of each type ("uint8", …).
        unreadable: paths of pictures that cannot be read.
        sampled: how many pictures mean and deviation were taken over.
        mean: of their values, in [0, 1].
        deviation: standard deviation of their values.
    """

    files: int
    size: int
    shapes: Sequence[tuple[int, int, int]]
    depths: Counter[str]
    unreadable: Sequence[Path]
    sampled: int
    mean: float
    deviation: float


@dataclass(frozen=True)
class Sample:
    """A picture of the sample.

    Attributes:
        name: its path below the folder, with ``/`` between folders.
        pixels: H×W×C as the file has them.
    """

    name: str
    pixels: Pixels


def survey(
    folder: Path, *, sample: int = 24, told: Callable[[int], None] = lambda count: None
) -> tuple[Statistic, list[Sample]]:
    """Look at every picture of a folder, and into some of them.

    Args:
        folder: of pictures, in any depth.
        sample: how many are read whole; they are spread evenly over the sorted paths.
        told: how many pictures were looked at, as they are.

    Returns:
        The numbers, and the sample.

    Raises:
        DataError: there is no picture.
    """
    paths = list_pictures(folder)
    shapes, depths, good, bad = [], Counter[str](), [], []
    for path in paths:
        try:
            with open_picture(path) as reader:
                shapes.append((reader.height, reader.width, reader.channels))
                depths[reader.dtype.name] += 1
            good.append(path)
        except InputError:
            bad.append(path)
        told(1)
    count = min(sample, len(good))
    samples = []
    for i in range(count):
        path = good[i * len(good) // count]
        try:
            picture = read_picture(path)
            samples.append(Sample(path.relative_to(folder).as_posix(), picture.pixels))
        except InputError:  # its head is good, and what follows is not
            bad.append(path)
    files = [*visible_files(folder)]
    mean, deviation = _moments([one.pixels for one in samples])
    statistic = Statistic(
        files=len(files),
        size=sum(path.stat().st_size for path in files),
        shapes=sorted(shapes, key=lambda shape: (shape[0] * shape[1], shape)),
        depths=depths,
        unreadable=bad,
        sampled=len(samples),
        mean=mean,
        deviation=deviation,
    )
    return statistic, samples


def _moments(pictures: Sequence[Pixels]) -> tuple[float, float]:
    """Mean and standard deviation of all values of some pictures, white as 1; NaN for none."""
    count, total, squares = 0, 0.0, 0.0
    for pixels in pictures:
        full = np.iinfo(pixels.dtype).max if pixels.dtype.kind == "u" else 1
        values = pixels.astype(np.float64) / full
        count += values.size
        total += float(values.sum())
        squares += float((values**2).sum())
    if not count:
        return float("nan"), float("nan")
    mean = total / count
    return mean, max(0.0, squares / count - mean**2) ** 0.5
