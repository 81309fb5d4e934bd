"""What camera raw files say in TIFF directories: most kinds are TIFF streams, and DNG always is.

Tags: DNG 1.6, Exif 2.32. What is absent or damaged is None: LibRaw reads the picture without it.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from n3cli.io.area import Area
from n3cli.io.meta import decode
from n3cli.io.raw.black_level import LEVELS, WHITE, BlackLevel, read_black
from n3cli.io.tiff import DNG_VERSION, Directory, Field, Layout, read_head
from n3cli.ops.array import Float64
from n3cli.ops.noise.model import NoiseModel
from n3cli.ops.noise.stabilise import is_clean

_MAKE, _MODEL, _SUB, _EXIF, _UNIQUE_MODEL = 271, 272, 330, 34665, 50708
_WIDTH, _PHOTOMETRIC, _MOSAIC = 256, 262, 32803
_ISO, _LENS = 34855, 42036
_MOST_ISO = 65535  # that Exif's field of two bytes holds: "or more"
_HIGH_ISOS = (0x8832, 0x8831)  # recommended exposure index, standard output sensitivity
_COLOR_MATRICES = (50722, 50721)  # for daylight first, where there are two
_NOISE_PROFILE = 51041
_FILTER_SIZE, _FILTER_LAYOUT = 33421, 50711
_CROP_ORIGIN, _CROP_SIZE, _ACTIVE = 50719, 50720, 50829
_ASKED = (
    _MAKE, _MODEL, _UNIQUE_MODEL, _LENS, _ISO, *_HIGH_ISOS, *_COLOR_MATRICES, _NOISE_PROFILE,
    DNG_VERSION, _FILTER_SIZE, _FILTER_LAYOUT, _CROP_ORIGIN, _CROP_SIZE, _ACTIVE, *LEVELS,
)  # fmt: skip
_MOST = 16
"""Directories beside the first that are looked at."""


@dataclass(frozen=True)
class RawTags:
    """What TIFF directories say.

    Attributes:
        make: of the camera.
        model: of the camera.
        lens: its model.
        iso: the sensitivity that was set.
        from_xyz: 3×3, CIE XYZ → camera colours, from DNG's colour matrices.
        noise: DNG's noise profile: one for all colours, or one each for red, green and blue.
        area: DNG's active area in the sensor.
        crop: the part of it that DNG's default crop shows, from its corner.
        black: DNG's levels of black.
        white: DNG's level of white.
        known_filter: False where DNG's tags tell a filter that neither Bayer's nor X-Trans' can be.
    """

    make: str = ""
    model: str = ""
    lens: str = ""
    iso: float | None = None
    from_xyz: Float64 | None = None
    noise: tuple[NoiseModel, ...] | None = None
    area: Area | None = None
    crop: Area | None = None
    black: BlackLevel | None = None
    white: float | None = None
    known_filter: bool = True


def read_tags(data: bytes) -> RawTags:
    """Read what a file says; nothing of one that is no TIFF stream."""
    file = io.BytesIO(data)
    fields: dict[int, Field] = {}
    try:
        layout, offset = read_head(file)
        for directory in _directories(layout, file, offset, {*_ASKED, _EXIF, _SUB}):
            fields = {**directory, **fields}  # what comes first, counts
    except (ValueError, struct.error, OverflowError):
        pass
    numbers = {tag: field.numbers for tag, field in fields.items()}
    is_dng = DNG_VERSION in fields
    return RawTags(
        make=_text(fields, _MAKE),
        model=_text(fields, _MODEL) or _text(fields, _UNIQUE_MODEL),
        lens=_text(fields, _LENS),
        iso=_iso(numbers),
        from_xyz=_matrix(numbers) if is_dng else None,
        noise=_noise(numbers.get(_NOISE_PROFILE, [])) if is_dng else None,
        area=_area(numbers.get(_ACTIVE, [])) if is_dng else None,
        crop=_crop(numbers) if is_dng else None,
        black=read_black(fields) if is_dng else None,
        white=next(iter(numbers.get(WHITE, ())), None) if is_dng else None,
        known_filter=not is_dng or _is_known(numbers),
    )


def is_cut_off(data: bytes) -> bool:
    """Whether a TIFF stream ends before its first directory does, which n3 writes last.

    Args:
        data: the whole file.
    """
    try:
        layout, offset = read_head(io.BytesIO(data))
    except (ValueError, struct.error):
        return False
    try:
        places = layout.locate(io.BytesIO(data), offset).values()
    except (ValueError, OverflowError):
        return True
    return any(place.at + place.size > len(data) for place in places)


def raw_directory(file: BinaryIO) -> Directory:
    """The directory of a TIFF stream that describes its mosaic; empty where there is none."""
    try:
        layout, offset = read_head(file)
        found = (  # one by one: none but the widest is kept
            directory
            for directory in _directories(layout, file, offset)
            if _PHOTOMETRIC in directory and directory[_PHOTOMETRIC].numbers == [_MOSAIC]
        )
        return max(found, key=lambda one: one[_WIDTH].numbers if _WIDTH in one else [], default={})
    except (ValueError, struct.error, OverflowError):
        return {}


def _directories(
    layout: Layout, file: BinaryIO, offset: int, wanted: Collection[int] | None = None
) -> Iterator[Directory]:
    """The first directory, and those that it points to; all fields, or those that are wanted."""
    first = layout.read(file, offset, wanted)
    yield first
    pointers = [first[tag].numbers for tag in (_EXIF, _SUB) if tag in first]
    for pointer in [each for several in pointers for each in several][:_MOST]:
        try:
            yield layout.read(file, int(pointer), wanted)
        except (ValueError, struct.error, OverflowError):
            continue


def _text(fields: Mapping[int, Field], tag: int) -> str:
    field = fields.get(tag)
    return "" if field is None else decode(field.data.split(b"\0")[0]).strip()


def _iso(numbers: Mapping[int, list[float]]) -> float | None:
    told, *high = (
        next((value for value in numbers.get(tag, ()) if value > 0), None)
        for tag in (_ISO, *_HIGH_ISOS)
    )
    return next(filter(None, high), told) if told == _MOST_ISO else told


def _matrix(numbers: Mapping[int, Any]) -> Float64 | None:
    for tag in _COLOR_MATRICES:
        if len(numbers.get(tag, ())) == 9:
            return np.array(numbers[tag], np.float64).reshape(3, 3)
    return None


def _area(numbers: list[float]) -> Area | None:
    """Top, left, bottom and right; None for one without pixels."""
    if len(numbers) != 4 or not np.isfinite(numbers).all():
        return None
    area = Area(*map(int, numbers))
    return area if 0 <= area.top < area.bottom and 0 <= area.left < area.right else None


def _crop(numbers: Mapping[int, list[float]]) -> Area | None:
    try:
        (left, top), (width, height) = numbers[_CROP_ORIGIN], numbers[_CROP_SIZE]
    except (KeyError, ValueError):
        return None
    return _area([top, left, top + height, left + width])


def _is_known(numbers: Mapping[int, list[float]]) -> bool:
    """Whether a filter is square, of a period of 2 or 6, and its sites are in no staggered rows."""
    size, layout = numbers.get(_FILTER_SIZE, [2, 2]), numbers.get(_FILTER_LAYOUT, [1])
    return size in ([2, 2], [6, 6]) and layout == [1]


def _noise(values: list[float]) -> tuple[NoiseModel, ...] | None:
    models = tuple(NoiseModel(a, b) for a, b in zip(values[::2], values[1::2], strict=False))
    good = all(np.isfinite([one.a, one.b]).all() and one.a >= 0 for one in models)
    good &= not all(is_clean(one.a, one.b) for one in models)  # no sensor has none
    # Its order is that of the colour planes, which for mosaics of red, green and blue is just that.
    return models if good and len(models) in (1, 3) and len(values) == 2 * len(models) else None
