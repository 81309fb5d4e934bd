"""The benchmark of SIDD: its blocks denoised, and packed in the two forms that its makers describe.

Their MATLAB code writes `SubmitSrgb.mat` (cells of single values, the time and a few words), their
Python code `SubmitSrgb.csv` (a line for each block, with the values as base64, in the type that the
noisy blocks have).
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from n3cli.bench.real import AUTO, RAW_AUTO, run_on_image, run_on_mosaic
from n3cli.bench.submission import Part, Photo, Submission, faults_of, faults_of_values
from n3cli.data.kept import SIDD_BENCHMARKS, KeptSet
from n3cli.data.sidd import Block, read_blocks
from n3cli.errors import InputError
from n3cli.io.mat import read_mat, write_mat
from n3cli.io.path import deliver, explained, staging
from n3cli.ops.array import Float32

_PHOTOS, _EACH, _SIDE = 40, 32, 256
"""Of the published set."""

_PROTOCOL = (
    "There is no ground truth here: its makers keep the clean blocks, and their server scores what "
    "is handed in. Every block is denoised by itself, in float32, at the noise level that n3 {}. "
    "The estimate is clipped to [0, 1]."
)


class _Photos:
    """The photos, with how methods are run on their blocks."""

    def __init__(self, folder: Path, data: KeptSet[Block]) -> None:
        blocks = groupby(data.read(folder), lambda block: block.photo)
        self._photos = [list(own) for _, own in blocks]
        self._run = run_on_mosaic if data.channels == 1 else run_on_image

    def __len__(self) -> int:
        return len(self._photos)

    def __iter__(self) -> Iterator[Photo]:
        for blocks in self._photos:
            yield Photo(len(blocks), self._parts(blocks))

    def _parts(self, blocks: Sequence[Block]) -> Iterator[Part]:
        for block in blocks:
            yield Part(block.noisy, lambda method, noisy: self._run(method, noisy, AUTO))


class _Bundle:
    """Both files; nothing is written before the last block has come."""

    def __init__(self, folder: Path, kind: str) -> None:
        self._folder, self._kind = folder, kind
        self._photos: list[Sequence[Float32]] = []

    def take(self, estimates: Sequence[Float32]) -> None:
        """Keep the estimates of the next photo."""
        self._photos.append([one[..., 0] if one.shape[2] == 1 else one for one in estimates])

    def finish(self, method: str, pace: float) -> list[Path]:
        """Write both files."""
        cells = np.empty((len(self._photos), len(self._photos[0])), object)
        for place in np.ndindex(cells.shape):
            cells[place] = self._photos[place[0]][place[1]]
        name = f"Submit{self._kind}"
        paths = [self._folder / f"{name}.mat", self._folder / f"{name}.csv"]
        write_mat(
            paths[0],
            {
                f"DenoisedBlocks{self._kind}": cells,
                f"TimeMP{self._kind}": pace * 1024**2 / 1e6,  # their megapixel has 1024² pixels
                "OptionalData": {"MethodName": method},
            },
        )
        with staging(paths[1]) as folder:
            finished = folder / "finished"
            with explained(paths[1]), finished.open("w", encoding="ascii", newline="") as file:
                file.write("ID,BLOCK\n")
                for number, block in enumerate(cells.ravel()):
                    values = _as_noisy(block, self._kind).tobytes()
                    file.write(f"{number},{base64.b64encode(values).decode()}\n")
            deliver(finished, paths[1])
        return paths


def _as_noisy(block: Float32, kind: str) -> NDArray[np.generic]:
    """An estimate in the type of the noisy blocks."""
    return block if kind == "Raw" else np.rint(255 * block).astype(np.uint8)


def _check(place: Path, folder: Path | None, *, data: KeptSet[Block], kind: str) -> list[str]:
    """What is wrong with the files, against the published set or the one that is here."""
    photos, each, side = _PHOTOS, _EACH, (_SIDE, _SIDE)
    if folder is not None:
        blocks = read_blocks(folder / data.key, data.channels).values
        photos, each, *_ = blocks.shape
        side = (blocks.shape[2], blocks.shape[3])
    shape = side if kind == "Raw" else (*side, 3)
    name = f"Submit{kind}"
    paths = [place / f"{name}.mat", place / f"{name}.csv"] if place.is_dir() else [place]
    found = [path for path in paths if path.is_file()]
    if not found:
        return [f"{place}: has neither {name}.mat nor {name}.csv"]
    faults: list[str] = []
    for path in found:
        table = path.suffix == ".csv"
        form = np.dtype("<f4" if kind == "Raw" else "u1")
        faults += (
            _faults_of_table(path, photos * each, int(np.prod(shape)), form)
            if table
            else _faults_of_cells(path, kind, (photos, each), shape)
        )
    return faults


def _faults_of_cells(
    path: Path, kind: str, count: tuple[int, int], shape: tuple[int, ...]
) -> Iterator[str]:
    name = f"DenoisedBlocks{kind}"
    try:
        values = read_mat(path, [name, f"TimeMP{kind}"])
    except InputError as error:
        yield str(error)
        return
    cells = values[name]
    if not isinstance(cells, np.ndarray) or cells.dtype != object or cells.shape != count:
        got = np.shape(cells)
        yield f"{path.name}: {name} is not a cell array of {count[0]}×{count[1]}, but {got}"
        return
    for photo, number in np.ndindex(count):
        where = f"{path.name}, photo {photo + 1}, block {number + 1}"
        yield from faults_of(cells[photo, number], where, shape)


def _faults_of_table(path: Path, count: int, values: int, form: np.dtype[Any]) -> Iterator[str]:
    """Of a table of blocks with so many values of a type each."""
    size = values * form.itemsize
    with explained(path), path.open(encoding="ascii", errors="replace") as file:
        if file.readline().strip() != "ID,BLOCK":
            yield f"{path.name}: does not begin with the line ID,BLOCK"
            return
        lines = 0
        for lines, line in enumerate(file, 1):
            number, _, text = line.strip().partition(",")
            if number != str(lines - 1):
                yield f"{path.name}, line {lines + 1}: the ID is {number[:20]}, not {lines - 1}"
            try:
                block = base64.b64decode(text, validate=True)
            except ValueError:
                yield f"{path.name}, line {lines + 1}: the block is not base64"
                continue
            if len(block) != size:
                yield f"{path.name}, line {lines + 1}: the block has {len(block)} bytes, not {size}"
            elif form.kind == "f":
                yield from faults_of_values(
                    np.frombuffer(block, form), f"{path.name}, line {lines + 1}"
                )
    if lines != count:
        yield f"{path.name}: has {lines} blocks, expected {count}"


def _benchmark(name: str, kind: str, measured: str) -> Submission:
    data = SIDD_BENCHMARKS[name]
    return Submission(
        data,
        _PROTOCOL.format(measured),
        partial(_Photos, data=data),
        partial(_Bundle, kind=kind),
        partial(_check, data=data, kind=kind),
    )


SIDD = _benchmark("sidd-benchmark", "Srgb", "measures in it (--sigma auto)")
SIDD_RAW = _benchmark("sidd-benchmark-raw", "Raw", RAW_AUTO)
