"""DNG files: a mosaic with all that a developer needs to make a picture of it.

The mosaic is the whole sensor's, borders included, in the first directory: tiles of lossless JPEG
where imagecodecs is there, else plain 16-bit values. Source: Adobe, DNG specification 1.7.1.
"""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from n3cli.errors import N3Warning
from n3cli.io.exif import EXIF, Tree, add_tree
from n3cli.io.format import printable
from n3cli.io.path import deliver, explained, staging
from n3cli.io.raw.black_level import BLACK, BLACK_SIZE, LEVELS, WHITE, black_at, scale_black
from n3cli.io.raw.mosaic import RawPicture
from n3cli.io.tiff import (
    ASCII,
    BYTE,
    DNG_VERSION,
    LONG,
    RATIONAL,
    SHORT,
    SRATIONAL,
    Directory,
    Field,
)
from n3cli.ops.primaries import XYZ_FROM_SRGB

Encode: TypeAlias = Callable[[NDArray[np.uint16]], bytes]

_KIND, _BITS, _PLANES = 254, 258, 284
_MAKE, _MODEL, _ORIENTATION, _ISO, _LENS = 271, 272, 274, 34855, 0xA434
_PATTERN_SIZE, _PATTERN = 33421, 33422
_BACKWARD, _CAMERA = 50707, 50708
_SCALE, _CROP_ORIGIN, _CROP_SIZE, _ACTIVE = 50718, 50719, 50720, 50829
_MATRIX, _NEUTRAL, _ILLUMINANT, _REDUCED = 50721, 50728, 50778, 50935
_D65 = 21
_CFA, _LOSSLESS_JPEG = 32803, 7
_FULL = 65535
_TILE = 256
"""Side of a tile; TIFF wants multiples of 16."""

_LEAST_NOISE: Final = 4.0
"""Of noise at black, in values of the file: with less, rounding would be seen beside what is left
of it. Rounding has a deviation of 0.29."""


def finer(raw: RawPicture, deviation: float) -> int:
    """The factor, a power of 2, by which a file's values should be scaled to hold an estimate.

    Rounded to the file's own values, faint noise would give way to visible steps.

    Args:
        raw: the file.
        deviation: of the noise at black, in units of the mosaic.
    """
    range_ = float((raw.white - raw.black).min())
    factor = 1
    while deviation * range_ * factor < _LEAST_NOISE and 2 * factor * raw.white.max() <= _FULL:
        factor *= 2
    return factor


def write_dng(
    target: Path | BinaryIO,
    raw: RawPicture,
    mosaic: NDArray[np.floating],
    tree: Tree,
    *,
    factor: int = 1,
    strength: float = 1.0,
    replace: bool = True,
) -> None:
    """Write a mosaic in the place of a camera raw file's; the target appears whole or not at all.

    Args:
        target: a path, whose folder exists, or a binary stream.
        raw: the file that the mosaic comes from.
        mosaic: H×W, black at 0 and white at 1 as in `raw`.
        tree: what the file says besides, see `read_raw_tree`.
        factor: what to scale the file's values by, levels included; see `finer`.
        strength: share of the noise that was taken away, which the file tells.
        replace: as for `path.deliver`.

    Raises:
        InputError: the target cannot be written.
    """
    name = printable(target) if isinstance(target, Path) else "output stream"
    with staging(target) as folder:
        finished = folder / "finished.dng"
        with explained(name), finished.open("x+b") as file:
            _write_values(file, _values(raw, mosaic, factor), _encoder())
            main = _main(raw, tree[0], factor) | {_REDUCED: _rationals([strength])}
            add_tree(file, tree | _exif(raw, tree) | {0: main})
        deliver(finished, target, replace=replace)


def pack_dng(
    raw: RawPicture, mosaic: NDArray[np.floating], tree: Tree, *, factor: int = 1
) -> bytes:
    """Make a DNG file in memory, for LibRaw at once: uncompressed.

    Args:
        raw: as in `write_dng`.
        mosaic: as in `write_dng`.
        tree: as in `write_dng`.
        factor: as in `write_dng`.
    """
    file = io.BytesIO()
    _write_values(file, _values(raw, mosaic, factor), None)
    add_tree(file, tree | {0: _main(raw, tree[0], factor)})
    return file.getvalue()


def _main(raw: RawPicture, told: Directory, factor: int) -> Directory:
    """The main directory, with what the file told."""
    kept = {tag: field for tag, field in told.items() if tag not in LEVELS}
    return kept | _layout(raw) | _levels(raw, told, factor) | _colours(raw, told)


def _values(raw: RawPicture, mosaic: NDArray[np.floating], factor: int) -> NDArray[np.uint16]:
    """The whole sensor's values with the mosaic in its place."""
    sensor = np.minimum(raw.sensor, _FULL // factor) * np.uint16(factor)
    top, left, bottom, right = raw.active
    period = len(raw.black)
    for row, column in np.ndindex(period, period):
        black = black_at(raw.black, raw.black_lines, row, column)
        part = mosaic[row::period, column::period] * (factor * (raw.white[row, column] - black))
        part += factor * black
        place = sensor[top + row : bottom : period, left + column : right : period]
        place[...] = np.rint(part, out=part).clip(0, _FULL)
    return sensor


def _write_values(file: BinaryIO, values: NDArray[np.uint16], encode: Encode | None) -> None:
    import tifffile

    how: dict[str, Any] = {"photometric": _CFA, "metadata": None, "software": False}
    height, width = values.shape
    across = min(_TILE, width // 16 * 16)  # LibRaw wraps tiles wider than the sensor
    if 2 * across == width:  # which LibRaw takes for rows of two components
        across -= 16
    if encode and across:
        tile = _TILE, across
        how |= {"tile": tile, "compression": _LOSSLESS_JPEG}
        tiles = map(encode, _tiles(values, tile))
        tifffile.imwrite(file, tiles, shape=values.shape, dtype=values.dtype, **how)
    else:
        tifffile.imwrite(file, values, rowsperstrip=height, **how)


def _tiles(values: NDArray[np.uint16], tile: tuple[int, int]) -> Iterator[NDArray[np.uint16]]:
    """Tiles H×W row by row, as Adobe lays them out: H×(W/2) pixels of two components.

    The value before one of Bayer's is then of the same colour.
    """
    height, width = tile
    for top in range(0, values.shape[0], height):
        for left in range(0, values.shape[1], width):
            part = values[top : top + height, left : left + width]
            missing = [(0, full - has) for full, has in zip(tile, part.shape, strict=True)]
            yield np.pad(part, missing, "edge").reshape(height, width // 2, 2)


@cache  # tells once what is missing
def _encoder() -> Encode | None:
    try:
        from imagecodecs import jpeg8_encode
    except ImportError:
        warnings.warn(
            "DNG files are written uncompressed, about twice as large; to compress them, pip "
            "install 'n3cli[dng]'",
            N3Warning,
            stacklevel=2,
        )
        return None

    def encode(tile: NDArray[np.uint16]) -> bytes:
        # By the value before: rawspeed, darktable's decoder, knows no other way.
        return bytes(jpeg8_encode(tile, lossless=True, predictor=1, bitspersample=16))

    return encode


def _layout(raw: RawPicture) -> Directory:
    """Where on the sensor the values are from."""
    period = len(raw.pattern)
    return {
        _KIND: _longs([0]),
        _BITS: _shorts([16]),  # tifffile takes 12 for JPEG of more than 8
        _PLANES: _shorts([1]),
        _PATTERN_SIZE: _shorts([period, period]),
        _PATTERN: Field(BYTE, raw.pattern.tobytes()),
        _ACTIVE: _longs(raw.active),
    }


def _levels(raw: RawPicture, told: Directory, factor: int) -> Directory:
    """The values of black and white."""
    # One level for all: above the lowest, one colour would be white before the others.
    white = raw.white.min()
    levels = {WHITE: _longs([factor * white])}
    as_told = raw.tags.white == white  # LibRaw scales floating-point values
    if BLACK in told and raw.tags.black and as_told:
        # With fractions, which LibRaw rounds, and what rows and columns add.
        return levels | scale_black(told, factor)
    black = factor * raw.black
    same = (black == black[0, 0]).all()
    size = _shorts([1, 1] if same else black.shape)
    return levels | {BLACK_SIZE: size, BLACK: _longs(black[:1, :1] if same else black)}


def _colours(raw: RawPicture, told: Directory) -> Directory:
    """What a file that is no DNG file does not say in DNG's way."""
    if DNG_VERSION in told:
        return {}
    from_xyz = raw.from_xyz
    matrix = np.linalg.inv(XYZ_FROM_SRGB @ raw.to_srgb) if from_xyz is None else from_xyz
    top, left, bottom, right = raw.crop
    make, model = raw.tags.make, raw.tags.model
    named = make.split()[:1] == model.split()[:1]  # many models begin with the maker's name
    camera = (model if named else f"{make} {model}".strip()) or "unknown camera"
    found = {
        _ORIENTATION: _shorts([raw.orientation]),
        DNG_VERSION: Field(BYTE, bytes([1, 4, 0, 0])),
        _BACKWARD: Field(BYTE, bytes([1, 1, 0, 0])),
        _CAMERA: _text(camera),
        _MATRIX: _rationals(matrix, signed=True),
        _ILLUMINANT: _shorts([_D65]),
        _SCALE: _rationals(raw.stretch[::-1]),
        _CROP_ORIGIN: _longs([left, top]),
        _CROP_SIZE: _longs([right - left, bottom - top]),
    }
    if raw.white_balance:
        found[_NEUTRAL] = _rationals(1 / np.array(raw.white_balance))
    for tag, text in ((_MAKE, make), (_MODEL, model)):
        if text and tag not in told:
            found[tag] = _text(text)
    return found


def _exif(raw: RawPicture, tree: Tree) -> Tree:
    """The lens and the sensitivity, which LibRaw may know where Exif does not tell them."""
    known = {}
    if raw.tags.lens:
        known[_LENS] = _text(raw.tags.lens)
    if raw.iso and raw.iso <= _FULL:
        known[_ISO] = _shorts([raw.iso])
    exif = known | tree.get(EXIF, {})
    return {EXIF: exif} if exif else {}


def _text(text: str) -> Field:
    return Field(ASCII, text.encode() + b"\0")


def _shorts(values: ArrayLike) -> Field:
    return Field(SHORT, np.asarray(values).astype("<u2").tobytes())


def _longs(values: ArrayLike) -> Field:
    return Field(LONG, np.asarray(values).astype("<u4").tobytes())


def _rationals(values: ArrayLike, *, signed: bool = False) -> Field:
    pairs = [Fraction(float(value)).limit_denominator(10**6) for value in np.ravel(values)]
    numbers = [number for one in pairs for number in (one.numerator, one.denominator)]
    form = f"<{len(numbers)}{'i' if signed else 'I'}"
    return Field(SRATIONAL if signed else RATIONAL, struct.pack(form, *numbers))
