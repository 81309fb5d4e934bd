"""Test sets whose clean images their makers keep: results are written, for a server to score."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from n3cli.bench.method import Method
from n3cli.data.kept import KeptSet
from n3cli.io.path import make_new_folder
from n3cli.ops.array import Float32


@dataclass(frozen=True)
class Part:
    """A part of a photo that is to be denoised.

    Attributes:
        noisy: H×W×C in [0, 1].
        apply: how a method is run on it; gives H×W×C.
    """

    noisy: Float32
    apply: Callable[[Method, Float32], Float32]


@dataclass(frozen=True)
class Photo:
    """A photo of a test set, with the number of its parts."""

    count: int
    parts: Iterator[Part]


class PhotoSet(Protocol):
    """A test set on this machine: a sized collection of photos in their order."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Photo]: ...


class Bundle(Protocol):
    """What a server wants, growing."""

    def take(self, estimates: Sequence[Float32]) -> None:
        """Take the estimates of the next photo's parts, H×W×C in [0, 1]."""

    def finish(self, method: str, pace: float) -> Sequence[Path]:
        """Write what is left.

        Args:
            method: what made the estimates.
            pace: seconds for a megapixel.

        Returns:
            What is to be handed in: files, or a folder of them.
        """


@dataclass(frozen=True)
class Submission:
    """A test set, and what its server wants.

    Attributes:
        data: the set.
        protocol: the rules in words.
        open: the set in a folder.
        begin: a bundle in an empty folder.
        check: a written submission, and the folder of the set if it is there → what is wrong with
            it, one text for each fault.
    """

    data: KeptSet[Any]
    protocol: str
    open: Callable[[Path], PhotoSet]
    begin: Callable[[Path], Bundle]
    check: Callable[[Path, Path | None], list[str]]

    @property
    def name(self) -> str:
        """What the command line calls it."""
        return self.data.name


@dataclass(frozen=True)
class Written:
    """A submission that was made.

    Attributes:
        photos: how many photos were denoised.
        parts: how many parts of them.
        pace: seconds for a megapixel.
        removed: root mean square of what was taken away, on the 0–255 scale.
        files: what is to be handed in.
    """

    photos: int
    parts: int
    pace: float
    removed: float
    files: tuple[Path, ...]


def write_submission(
    submission: Submission,
    folder: Path,
    method: Method,
    target: Path,
    progress: Callable[[str], None],
) -> Written:
    """Denoise a test set, and write what its server wants.

    Args:
        submission: which set.
        folder: where it lies.
        method: what denoises.
        target: a new or an empty folder.
        progress: told once a part what is going on.

    Raises:
        InputError: a file cannot be read, or the folder holds something or cannot be written to.
        DataError: the set is not as it should be.
        ConfigError: the library that reads it is not installed.
    """
    photos = submission.open(folder)
    make_new_folder(target, "for the submission with -o")
    bundle = submission.begin(target)
    seconds = change = 0.0
    pixels = values = parts = 0
    for index, photo in enumerate(photos, 1):
        estimates = []
        for number, part in enumerate(photo.parts, 1):
            progress(
                f"{submission.name}: photo {index} of {len(photos)}, part {number} of {photo.count}"
            )
            begun = time.perf_counter()
            estimate = part.apply(method, part.noisy.copy())
            seconds += time.perf_counter() - begun
            estimate = np.clip(estimate, 0, 1).astype(np.float32)
            change += float(np.square(estimate - part.noisy, dtype=np.float64).sum())
            pixels += estimate.shape[0] * estimate.shape[1]
            values += estimate.size
            estimates.append(estimate)
        parts += len(estimates)
        bundle.take(estimates)
    pace = seconds * 1e6 / max(pixels, 1)
    files = bundle.finish(method.name, pace)
    removed = 255 * (change / max(values, 1)) ** 0.5
    return Written(len(photos), parts, pace, removed, tuple(files))


def faults_of(values: object, name: str, shape: tuple[int, ...]) -> Iterator[str]:
    """What is wrong with an estimate that a server shall score.

    Args:
        values: what a file has.
        name: what to call it.
        shape: that it should have.
    """
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "biuf":
        yield f"{name}: is not an array of numbers"
        return
    if values.dtype != np.float32:
        yield f"{name}: is {values.dtype}, expected float32 (single)"
    if values.shape != shape:
        yield f"{name}: has the shape {_times(values.shape)}, expected {_times(shape)}"
    yield from faults_of_values(values, name)


def faults_of_values(values: NDArray[Any], name: str) -> Iterator[str]:
    """What is wrong with the values of an estimate, whatever its shape."""
    if not np.isfinite(values).all():
        yield f"{name}: has values that are not finite (NaN or infinity)"
    elif values.size and (values.min() < 0 or values.max() > 1):
        yield f"{name}: has values from {values.min():g} to {values.max():g}, expected 0 to 1"


def _times(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))
