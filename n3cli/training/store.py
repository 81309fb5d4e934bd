"""Pictures decoded once, so that a training step only copies pixels."""

from __future__ import annotations

import errno
import mmap
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from n3cli.errors import DataError, InputError, N3Warning
from n3cli.inference.memory import free_memory
from n3cli.io.depth import FULL, to_depth
from n3cli.io.reader import open_picture
from n3cli.ops.array import Float32
from n3cli.ops.luma import luma

IN_MEMORY = 2 << 30
"""Bytes of pixels that are held in memory; more are kept in a file that is mapped into it."""

_THREADS = min(4, os.cpu_count() or 1)
_STRIP = 256  # rows of a file that are decoded at a time

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class ImageStore:
    """Pictures decoded once, as 8-bit pixels in one flat tensor.

    Attributes:
        pixels: uint8, 1-D; the pictures one after the other, each H×W×C.
        offsets: int64, where each picture begins in `pixels`, a multiple of `channels`.
        heights: int64, rows of each picture.
        widths: int64, columns of each picture.
        channels: C, 1 grey or 3 RGB.
        paths: the files that they are from.
    """

    pixels: Tensor
    offsets: Tensor
    heights: Tensor
    widths: Tensor
    channels: int
    paths: tuple[Path, ...]

    def __len__(self) -> int:
        return len(self.offsets)

    def to(self, device: torch.device | str) -> ImageStore:
        """The same pictures on another device."""
        return ImageStore(
            self.pixels.to(device),
            self.offsets.to(device),
            self.heights.to(device),
            self.widths.to(device),
            self.channels,
            self.paths,
        )

    def part(self, indices: Sequence[int]) -> ImageStore:
        """Some of the pictures; the pixels are shared, not copied."""
        return ImageStore(
            self.pixels,
            self.offsets[indices],
            self.heights[indices],
            self.widths[indices],
            self.channels,
            tuple(self.paths[index] for index in indices),
        )

    def image(self, index: int) -> Tensor:
        """One whole picture, C×H×W float32 in [0, 1]."""
        start, height, width = (
            int(numbers[index]) for numbers in (self.offsets, self.heights, self.widths)
        )
        flat = self.pixels[start : start + height * width * self.channels]
        return flat.view(height, width, self.channels).permute(2, 0, 1).contiguous().float() / 255


def load_store(
    paths: Sequence[Path],
    channels: int,
    *,
    smallest: int,
    largest: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ImageStore:
    """Decode pictures into a store, in their order.

    Files that cannot be read and pictures that are too small are left out, with one `N3Warning`
    for each of the two; what else is told of many files alike is told once. Transparency is
    dropped; 16-bit and float pictures are rounded to 8 bits.

    Args:
        paths: the files.
        channels: 1 (colour becomes luma) or 3 (grey is repeated).
        smallest: fewest pixels of a side, as stored.
        largest: most pixels of a side; a larger picture is reduced by the smallest whole factor
            that fits it, by averaging boxes, which averages away its own noise as well. None
            keeps all as they are.
        progress: told, after each picture, how many of how many are done.

    Raises:
        DataError: no picture is left, or the disk has no room for them.
    """
    with _counted_warnings():
        return _load(paths, channels, smallest, largest, progress)


@contextmanager
def _counted_warnings() -> Iterator[None]:
    """Tell of many files alike what was told of each, such as of CMYK: once, with their number."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", N3Warning)
        yield
    ours = [each for each in told if issubclass(each.category, N3Warning)]
    for each in told:
        if each not in ours:
            warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)
    alike: dict[str, list[str]] = {}
    for text in dict.fromkeys(str(each.message) for each in ours):  # a file is opened twice
        alike.setdefault(text.rpartition(": ")[2], []).append(text)
    for texts in alike.values():
        more = f" (and {len(texts) - 1} pictures more)" if len(texts) > 1 else ""
        warnings.warn(texts[0] + more, N3Warning, stacklevel=4)


def _load(
    paths: Sequence[Path],
    channels: int,
    smallest: int,
    largest: int | None,
    progress: Callable[[int, int], None] | None,
) -> ImageStore:
    frames: list[_Frame] = []
    small: list[_Frame] = []
    unreadable: list[InputError] = []
    for path in paths:
        try:
            frame = _measure(path, largest)
        except InputError as error:
            unreadable.append(error)
        else:
            (small if min(frame.height, frame.width) < smallest else frames).append(frame)

    sizes = np.array([frame.height * frame.width * channels for frame in frames], np.int64)
    ends = np.cumsum(sizes)
    pixels = _allocate(int(sizes.sum()))
    # Without a copy: each picture is decoded into its place.
    places = [
        pixels[end - size : end].reshape(frame.height, frame.width, channels)
        for frame, size, end in zip(frames, sizes, ends, strict=True)
    ]
    decoded: list[int] = []
    with ThreadPoolExecutor(_THREADS) as pool:
        for index, failure in enumerate(pool.map(_decode, frames, places)):
            if failure:
                unreadable.append(failure)
            else:
                decoded.append(index)
            if progress:
                progress(index + 1, len(frames))

    left_out = []
    if unreadable:
        left_out.append(f"{len(unreadable)} cannot be read; the first: {unreadable[0]}")
    if small:
        first = f"{small[0].path} ({small[0].width}×{small[0].height})"
        left_out.append(f"{len(small)} below {smallest} pixels a side; the first: {first}")
    if not decoded:
        reasons = "".join(f"; {reason}" for reason in left_out)
        raise DataError(f"none of {len(paths)} files can be used{reasons}; give other pictures")
    for reason in left_out:
        text = f"pictures left out: {reason} (of {len(paths)} in all)"
        warnings.warn(text, N3Warning, stacklevel=2)
    return ImageStore(
        torch.from_numpy(pixels),
        torch.from_numpy((ends - sizes)[decoded]),
        torch.tensor([frames[index].height for index in decoded]),
        torch.tensor([frames[index].width for index in decoded]),
        channels,
        tuple(frames[index].path for index in decoded),
    )


@dataclass(frozen=True)
class _Frame:
    """A picture that is to be decoded: its size as stored, and the factor it is reduced by."""

    path: Path
    height: int
    width: int
    factor: int


def _measure(path: Path, largest: int | None) -> _Frame:
    """Learn from a file's header what size it will be stored in."""
    with open_picture(path) as reader:
        height, width = reader.height, reader.width
    # The smallest factor with side // factor ≤ largest.
    factor = 1 if largest is None else max(height, width) // (largest + 1) + 1
    return _Frame(path, height // factor, width // factor, factor)


def _decode(frame: _Frame, place: Bytes) -> InputError | None:
    """Decode a picture into its place, H×W×C; gives the error if that fails."""
    step = max(_STRIP // frame.factor, 1)
    try:
        with open_picture(frame.path) as reader:
            for top in range(0, frame.height, step):
                bottom = min(top + step, frame.height)
                rows, _ = reader.rows(top * frame.factor, bottom * frame.factor)
                place[top:bottom] = _convert(rows, place.shape[2], frame.factor)
    except InputError as error:
        return error
    return None


def _convert(rows: NDArray[Any], channels: int, factor: int) -> Bytes:
    """Pixels of a file → 8 bits, with as many channels, or one that stands for all three."""
    if factor > 1:
        rows = _average_boxes(rows, factor)
    if channels < rows.shape[2]:
        rows = luma(rows)
    return to_depth(rows, np.dtype(np.uint8))


def _average_boxes(rows: NDArray[Any], factor: int) -> Float32:
    """Means of factor×factor pixels, in [0, 1]; columns that fill no box are cut off."""
    height, width, channels = rows.shape[0] // factor, rows.shape[1] // factor, rows.shape[2]
    boxes = rows[:, : width * factor].reshape(height, factor, width * factor * channels)
    sums = boxes.sum(1, dtype=np.float32).reshape(height, width, factor, channels).sum(2)
    means: Float32 = sums / np.float32(factor**2 * FULL[rows.dtype])
    return means


def _allocate(size: int) -> Bytes:
    """Room for `size` bytes: in memory, or in a nameless file that vanishes with the process."""
    if size <= IN_MEMORY:
        return np.empty(size, np.uint8)
    folder = tempfile.gettempdir()
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            # Else a full disk would end the process later.
            reserves = hasattr(os, "posix_fallocate")
            if not reserves and shutil.disk_usage(folder).free < size:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            file.truncate(size)
            if reserves:
                os.posix_fallocate(file.fileno(), 0, size)
            return np.frombuffer(mmap.mmap(file.fileno(), size), np.uint8)
    except OSError as error:
        raise DataError(
            f"no room for {size / 1e9:.1f} GB of pixels in {folder} ({error.strerror}); set TMPDIR "
            "to a folder with more room, or train on fewer or smaller pictures"
        ) from error


def placed(store: ImageStore, device: torch.device) -> ImageStore:
    """The pictures on the device, so that crops are cut there, unless they would crowd it."""
    free = None if device.type == "cpu" else free_memory(device)
    crowded = free is not None and store.pixels.numel() > free // 4
    return store if crowded else store.to(device)
