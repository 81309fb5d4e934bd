"""Numbers and previews of sets whose files are no pictures: camera raw, and MATLAB's arrays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from n3cli.data.statistic import Sample
from n3cli.errors import ConfigError, DataError, InputError
from n3cli.io.format import RAW_SUFFIXES
from n3cli.io.mat import list_mat, read_mat
from n3cli.io.raw.mosaic import read_raw
from n3cli.io.walk import visible_files
from n3cli.ops.array import Float32
from n3cli.ops.mosaic.develop import show_linear, shrink_mosaic

_SMALLEST = 16  # pixels on a side; smaller arrays are numbers, not pictures


@dataclass
class Preview:
    """What a folder of such files holds.

    Attributes:
        files: number of all files, hidden ones left out.
        size: bytes of these.
        kinds: what its pictures are, for people, and how many there are of each.
        samples: some of them, to look at.
        unreadable: paths of files that cannot be read.
    """

    files: int = 0
    size: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    samples: list[Sample] = field(default_factory=list)
    unreadable: list[Path] = field(default_factory=list)


def preview(
    folder: Path, *, sample: int = 24, told: Callable[[int], None] = lambda count: None
) -> Preview:
    """Look at every file of a folder, and into some of them.

    Args:
        folder: in any depth.
        sample: how many pictures are looked into; they are spread evenly over files and arrays.
        told: how many files were looked at, as they are.

    Raises:
        DataError: there is no such file.
        ConfigError: the library that reads MATLAB's files is not installed.
    """
    found = Preview()
    paths = []
    for path in sorted(visible_files(folder)):
        found.files += 1
        found.size += path.stat().st_size
        if path.suffix.lower() in RAW_SUFFIXES | {".mat"}:
            paths.append(path)
    if not paths:
        raise DataError(f"{folder} has no camera raw and no .mat files; give another with --dir")
    readable = [path for path in paths if _note(path, found, told)]
    count = min(sample, len(readable))
    for index in range(count):
        path = readable[index * len(readable) // count]
        share = sample * (index + 1) // count - sample * index // count
        name = path.relative_to(folder).as_posix()
        try:
            found.samples += [Sample(f"{name}{more}", p) for more, p in _pictures(path, share)]
        except InputError:  # its head is good, and what follows is not
            found.unreadable.append(path)
    return found


def _note(path: Path, found: Preview, told: Callable[[int], None]) -> bool:
    """Count what a file holds; whether there is something to see."""
    told(1)
    try:
        if path.suffix.lower() == ".mat":
            name, shape, kind = _largest(path)
            if name:
                many = int(np.prod(shape[:2])) if len(shape) > 3 else 1
                each = "×".join(map(str, shape[2:] if len(shape) > 3 else shape))
                found.kinds[f"{name} {each} {kind}"] += many
            return bool(name)
        raw = read_raw(path)
        height, width = raw.mosaic.shape
        camera = f"{raw.tags.make} {raw.tags.model}".strip() or "camera not known"
        found.kinds[f"{camera} {height}×{width} {raw.layout}"] += 1
        return True
    except ConfigError:
        raise
    except InputError:
        found.unreadable.append(path)
        return False


def _largest(path: Path) -> tuple[str, Sequence[int], str]:
    """The array of a file that can be a picture, or several of them."""
    arrays = [
        (name, shape, kind)
        for name, (shape, kind) in list_mat(path).items()
        if len(shape) in (2, 3, 4, 5) and kind and min(_sides(shape)) >= _SMALLEST
    ]
    none: tuple[str, Sequence[int], str] = ("", (), "")
    return max(arrays, key=lambda one: np.prod(one[1]), default=none)


def _sides(shape: Sequence[int]) -> Sequence[int]:
    return shape[2:4] if len(shape) > 3 else shape[:2]


def _pictures(path: Path, count: int) -> list[tuple[str, NDArray[Any]]]:
    """Some pictures of a file, with what is added to its name."""
    if path.suffix.lower() != ".mat":
        raw = read_raw(path)
        top, left, bottom, right = raw.crop
        small = shrink_mosaic(raw.mosaic, raw.pattern)
        block = raw.mosaic.shape[0] // small.shape[0]
        shown = small[top // block : bottom // block, left // block : right // block]
        upright = {3: 2, 6: 3, 8: 1}.get(raw.orientation, 0)
        return [("", np.rot90(show_linear(shown, raw.white_balance, raw.to_srgb), upright))]
    name, shape, _ = _largest(path)
    values = read_mat(path, [name])[name]
    if len(shape) < 4:
        return [("", _shown(values))]
    blocks = values.reshape(-1, *values.shape[2:])
    count = max(1, min(count, len(blocks)))
    chosen = [index * len(blocks) // count for index in range(count)]
    return [(f" {index + 1}", _shown(blocks[index])) for index in chosen]


def _shown(values: NDArray[Any]) -> NDArray[Any]:
    """An array as a picture: what has three planes is sRGB; one plane is a mosaic, linear.

    Which colours the filter has, these files do not tell: cells of 2×2 are shown grey.
    """
    if values.ndim == 3 and values.shape[2] == 3:
        if values.dtype.kind == "f":
            shown: Float32 = np.clip(np.nan_to_num(values), 0, 1).astype(np.float32)
            return shown
        return values
    height, width = (size // 2 * 2 for size in values.shape[:2])
    plane = np.nan_to_num(values.reshape(*values.shape[:2], -1)[:height, :width, 0])
    cells = plane.astype(np.float64).reshape(height // 2, 2, width // 2, 2).mean((1, 3))
    return show_linear(cells[..., None])
