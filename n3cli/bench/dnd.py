"""The Darmstadt Noise Dataset: denoised part by part, and packed as its makers ask for it.

Their kit writes a file for each part (`0001_01.mat`, with `Idenoised_crop`), and from these one for
each photo (`bundled/0001.mat`, with `Idenoised`, `israw` and `eval_version`), which are uploaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from n3cli.bench.method import Method
from n3cli.bench.mosaic import run_on_mosaic
from n3cli.bench.submission import Part, Photo, Submission, faults_of
from n3cli.data.dnd import DndPhoto
from n3cli.data.kept import DND_TRACKS, KeptSet
from n3cli.errors import InputError
from n3cli.io.mat import read_mat, write_mat
from n3cli.io.path import explained
from n3cli.ops.array import Float32
from n3cli.ops.mosaic.layout import Pattern, find_bayer
from n3cli.ops.noise.model import NoiseModel

_VERSION = "1.0"
_SHAPES = tuple(((512, 512),) * 20 for _ in range(50))
"""Of the published set: 20 parts of each of 50 photos."""

_WHOLE = (
    "There is no ground truth here: its makers keep the clean photos, and their server scores what "
    "is uploaded. Every part that info.mat names is denoised by itself, in float32, and the "
    "estimate is clipped to [0, 1]."
)

RAW_PROTOCOL = (
    f"{_WHOLE} Each of the four planes of a raw part is denoised by itself, as a grey image: its "
    "noise of variance a·x + b (a, b of info.mat) is made even by the generalised Anscombe "
    "transform, and the way back is the exact unbiased inverse. Networks for mosaics get the part, "
    "and a and b; which sites are green is told by their likeness."
)

SRGB_PROTOCOL = f"{_WHOLE} Methods get the part's mean noise level of info.mat (sigma_srgb)."


class _Photos:
    """The photos of a track, with how methods are run on their parts."""

    def __init__(self, folder: Path, data: KeptSet[DndPhoto]) -> None:
        self._photos = data.read(folder)

    def __len__(self) -> int:
        return len(self._photos)

    def __iter__(self) -> Iterator[Photo]:
        for photo in self._photos:
            yield Photo(len(photo.boxes), self._parts(photo))

    def _parts(self, photo: DndPhoto) -> Iterator[Part]:
        image = photo.image()
        if photo.track == "srgb":
            for noisy, sigma in zip(photo.parts(image), photo.sigma_srgb, strict=True):
                yield Part(noisy, partial(_run_on_srgb, 255 * float(sigma)))
            return
        noise, pattern = NoiseModel(photo.a, photo.b), find_bayer(image[..., 0])
        for noisy, box in zip(photo.parts(image), photo.boxes, strict=True):
            own = np.roll(pattern, (-box.top, -box.left), (0, 1))
            yield Part(noisy, partial(_run_on_raw, noise, own))


def _run_on_raw(noise: NoiseModel, pattern: Pattern, method: Method, noisy: Float32) -> Float32:
    return run_on_mosaic(method, noisy, noise, pattern)


def _run_on_srgb(sigma: float, method: Method, noisy: Float32) -> Float32:
    return method.run(noisy, sigma)


class _Bundle:
    """The files of both kinds, written as photos come."""

    def __init__(self, folder: Path, *, raw: bool) -> None:
        self._folder, self._raw, self._photo = folder, raw, 0
        (folder / "bundled").mkdir()

    def take(self, estimates: Sequence[Float32]) -> None:
        """Write the files of the next photo."""
        self._photo += 1
        cells = np.empty(len(estimates), object)
        for number, estimate in enumerate(estimates):
            cells[number] = estimate[..., 0] if self._raw else estimate
            name = f"{self._photo:04d}_{number + 1:02d}.mat"
            write_mat(self._folder / name, {"Idenoised_crop": cells[number]})
        write_mat(
            self._folder / "bundled" / f"{self._photo:04d}.mat",
            {"Idenoised": cells, "israw": self._raw, "eval_version": _VERSION},
        )

    def finish(self, method: str, pace: float) -> list[Path]:
        """The folder that is uploaded."""
        return [self._folder / "bundled"]


def _check(folder: Path, source: Path | None, *, data: KeptSet[DndPhoto], raw: bool) -> list[str]:
    """What is wrong with the files for the server, against the set's boxes where they are here."""
    if (folder / "bundled").is_dir():
        folder = folder / "bundled"
    shapes = _SHAPES if source is None else tuple(map(_sizes, data.read(source)))
    names = {f"{number:04d}.mat" for number in range(1, len(shapes) + 1)}
    with explained(folder):
        found = {path.name for path in folder.iterdir()}
    missing = sorted(names - found)
    faults = [f"{missing[0]} is missing"] if len(missing) == 1 else []
    if len(missing) > 1:
        faults = [f"{len(missing)} of {len(names)} files are missing, the first is {missing[0]}"]
    for name in sorted(found - names):
        kind = "a part by itself; only" if re.fullmatch(r"\d{4}_\d\d\.mat", name) else "not one of"
        faults.append(f"{name}: is {kind} the {len(names)} files 0001.mat … that are uploaded")
    for name, parts in zip(sorted(names), shapes, strict=True):
        if name in found:
            faults += _faults(folder / name, parts, raw)
    return faults


def _sizes(photo: DndPhoto) -> tuple[tuple[int, int], ...]:
    return tuple((box.bottom - box.top, box.right - box.left) for box in photo.boxes)


def _faults(path: Path, parts: Sequence[tuple[int, int]], raw: bool) -> Iterator[str]:
    try:
        values = read_mat(path, ["Idenoised", "israw", "eval_version"])
    except InputError as error:
        yield str(error)
        return
    israw = np.asarray(values["israw"])
    if israw.size != 1 or israw.dtype.kind not in "biuf" or bool(israw.item()) != raw:
        track = "raw" if raw else "sRGB"
        yield f"{path.name}: israw is not {str(raw).lower()}, as the {track} track requires"
    version = values["eval_version"]
    if not isinstance(version, str) or version != _VERSION:
        yield f"{path.name}: eval_version is not {_VERSION!r}"
    cells = values["Idenoised"]
    if not isinstance(cells, np.ndarray) or cells.dtype != object:
        yield f"{path.name}: Idenoised is not a cell array"
        return
    if cells.size != len(parts):
        yield f"{path.name}: Idenoised has {cells.size} parts, expected {len(parts)}"
        return
    for number, (cell, size) in enumerate(zip(cells.ravel(), parts, strict=True), 1):
        yield from faults_of(cell, f"{path.name}, part {number}", size if raw else (*size, 3))


def _track(name: str, protocol: str, *, raw: bool) -> Submission:
    data = DND_TRACKS[name]
    return Submission(
        data,
        protocol,
        partial(_Photos, data=data),
        partial(_Bundle, raw=raw),
        partial(_check, data=data, raw=raw),
    )


DND = _track("dnd", RAW_PROTOCOL, raw=True)
DND_SRGB = _track("dnd-srgb", SRGB_PROTOCOL, raw=False)
