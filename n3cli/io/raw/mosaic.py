"""Camera raw files: the sensor's values before anything was made of them, read by LibRaw."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from n3cli.errors import InputError
from n3cli.io.area import Area
from n3cli.io.format import HEAD_SIZE, printable, sniff
from n3cli.io.path import explained
from n3cli.io.raw.black_level import Lines, black_at
from n3cli.io.raw.tag import RawTags, is_cut_off, read_tags
from n3cli.ops.array import Float32, Float64
from n3cli.ops.mosaic.layout import Pattern
from n3cli.ops.noise.model import ColourNoise
from n3cli.ops.primaries import XYZ_FROM_SRGB

_COLOURS = "RGB"
_FLIPS = {0: 1, 1: 2, 2: 4, 3: 3, 4: 5, 5: 8, 6: 6, 7: 7}  # LibRaw's turns → Exif's orientation
_LOOKED_AT = 48
"""Rows and columns of a filter: whole periods of any that LibRaw describes."""

_MOST_BALANCE = 1000.0  # of a colour to green; no light is so coloured


@dataclass(frozen=True)
class RawPicture:
    """A mosaic, linear in light, and what is needed to make a picture of it.

    Attributes:
        mosaic: H×W float32, the sensor's active area; black is 0, white 1. Values below black and
            above white stay as they are: noise is on both sides.
        sensor: the whole sensor's values, uint16, as LibRaw gives them (a curve undone).
        active: where in it the mosaic lies.
        pattern: p×p (2 or 6), the colour of the filter at row r and column c is at
            (r mod p, c mod p): 0 red, 1 green, 2 blue.
        black: q×q (q whole periods, mostly one), the sensor's value at black, in the same places.
        black_lines: what rows and columns add to black, if they do.
        white: q×q, its value at white.
        crop: the part of the active area that makers mean to be shown.
        stretch: factors by which LibRaw enlarges rows and columns of what it develops: not 1 where
            pixels are not square.
        orientation: how to turn it upright, as in Exif, 1–8.
        white_balance: factors of red, green (1) and blue as shot, if the file tells.
        to_srgb: 3×3, balanced camera colours → linear sRGB.
        from_xyz: 3×3, CIE XYZ → camera colours, if known.
        noise: what the file says of its noise, for red, green and blue.
        iso: the sensitivity that was set, if known.
        tags: what else it says.
        name: of the file, for people.
    """

    mosaic: Float32
    sensor: NDArray[np.uint16]
    active: Area
    pattern: Pattern
    black: Float64
    black_lines: Lines | None
    white: Float64
    crop: Area
    stretch: tuple[float, float]
    orientation: int
    white_balance: tuple[float, float, float] | None
    to_srgb: Float64
    from_xyz: Float64 | None
    noise: ColourNoise | None
    iso: float | None
    tags: RawTags
    name: str

    @property
    def shown(self) -> Area:
        """The crop in pixels of what LibRaw develops of the active area."""
        rows, columns = self.stretch
        top, left, bottom, right = self.crop
        return Area(*map(round, (top * rows, left * columns, bottom * rows, right * columns)))

    @property
    def layout(self) -> str:
        """The filter's colours row by row for people: ``RGGB``, …, or ``X-Trans``."""
        if self.pattern.shape != (2, 2):
            return "X-Trans"
        return "".join(_COLOURS[colour] for colour in self.pattern.ravel())


def read_raw(source: Path | bytes, name: str | None = None) -> RawPicture:
    """Read a camera raw file; its contents tell its kind, not its suffix.

    Args:
        source: a path, or all bytes of a file.
        name: what to call it in messages; by default the path.

    Raises:
        InputError: it is missing, damaged or cut off, of no kind that LibRaw knows, or holds no
            mosaic of red, green and blue.
    """
    name = printable(name or ("input data" if isinstance(source, bytes) else source))
    if isinstance(source, bytes):
        data = source
    else:
        with explained(source):
            data = source.read_bytes()
    if not data:
        raise InputError(f"{name}: is empty")
    import rawpy

    try:
        with rawpy.RawPy() as raw:
            raw.open_buffer(io.BytesIO(data))
            raw.unpack()
            return _picture(raw, read_tags(data), name)
    except (rawpy.LibRawFileUnsupportedError, rawpy.NotSupportedError) as error:
        if (kind := sniff(data[:HEAD_SIZE])) not in (None, "tiff"):
            raise InputError(
                f"{name}: is not a camera raw file but a picture ({kind}); change its suffix"
            ) from error
        if is_cut_off(data):
            raise InputError(f"{name}: is cut off; get it again") from error
        raise InputError(
            f"{name}: is not a camera raw file, or from a camera that LibRaw {_version()} does not "
            "know"
        ) from error
    except rawpy.LibRawError as error:
        raise InputError(f"{name}: is damaged or cut off ({reason_of(error)})") from error


def reason_of(error: Exception) -> str:
    """What an error of LibRaw's says: bytes or text, by rawpy's version and the error's kind."""
    reason = error.args[0] if error.args else type(error).__name__
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)


def holds_raw(data: bytes) -> bool:
    """Whether LibRaw takes a file's bytes for camera raw; those of other pictures are not tried."""
    if sniff(data[:HEAD_SIZE]) not in (None, "tiff"):
        return False
    import rawpy

    try:
        with rawpy.RawPy() as raw:
            raw.open_buffer(io.BytesIO(data))
            return True
    except (rawpy.LibRawError, rawpy.NotSupportedError):
        return False


def _picture(raw: Any, tags: RawTags, name: str) -> RawPicture:
    values = raw.raw_image_visible if raw.raw_pattern is not None else None
    if values is None or values.ndim != 2:
        raise InputError(
            f"{name}: holds no mosaic: its pixels already have all colours, or only one (linear "
            "DNG, small raw, monochrome); develop it to a TIFF or PNG file and give that"
        )
    period = 6 if raw.raw_pattern.shape[0] > 2 else 2
    top, left = raw.sizes.top_margin, raw.sizes.left_margin
    height, width = (min(length, _LOOKED_AT) for length in values.shape)
    # One by one: rawpy's own array is wrong where X-Trans has borders.
    seen = np.array(
        [[raw.raw_color(top + row, left + column) for column in range(width)]
         for row in range(height)]
    )  # fmt: skip
    channel = seen[:period, :period]
    colours = raw.color_desc.decode("ascii", "replace")
    used = {colours[index] for index in set(channel.ravel().tolist()) if index < len(colours)}
    rows, columns = (np.arange(length) % period for length in seen.shape)
    if not tags.known_filter or (seen != channel[np.ix_(rows, columns)]).any():
        raise InputError(f"{name}: its filter repeats in another way than Bayer's and X-Trans'")
    if used != set(_COLOURS) or min(values.shape) < period:
        raise InputError(
            f"{name}: its filter has the colours {colours}, but n3 knows only red, green and blue"
        )
    pattern = np.array([[_COLOURS.index(colours[i]) for i in row] for row in channel], np.uint8)
    # LibRaw repeats black from where the file does, even if it moves the active area's corner.
    black = np.array(raw.black_level_per_channel, np.float64)[channel]
    found = Area(top, left, top + values.shape[0], left + values.shape[1])
    active = _unmoved(found, tags)
    moved = found.top - active.top, found.left - active.left
    pattern, channel = (np.roll(each, moved, (0, 1)) for each in (pattern, channel))
    values = raw.raw_image[active.top : active.bottom, active.left : active.right]
    white, lines = _white(raw, channel, black), None
    if tags.black and tags.black.is_beyond(period) and tags.white == white.min():
        told = tags.black.repeated(period)
        if told is not None:
            black, lines = told, tags.black.lines(*values.shape)
            if lines and black.max() + sum(each.max() for each in lines) >= white.min():
                lines = None  # damaged
            white = np.tile(white, (len(told) // period, len(told) // period))
    if not (white > black).all():
        raise InputError(f"{name}: its black and white levels make no sense; get it again")
    from_xyz = _from_xyz(raw.rgb_xyz_matrix, tags)
    return RawPicture(
        mosaic=_scaled(values, black, white, lines),
        sensor=raw.raw_image.copy(),  # LibRaw's own goes
        active=active,
        pattern=pattern,
        black=black,
        black_lines=lines,
        white=white,
        crop=_crop(tags.crop if any(moved) else _shown(raw.sizes), *values.shape),
        stretch=_stretch(raw.sizes.pixel_aspect),
        orientation=_FLIPS.get(raw.sizes.flip, 1),
        white_balance=_balance(raw.camera_whitebalance),
        to_srgb=_to_srgb(raw.color_matrix, from_xyz),
        from_xyz=from_xyz,
        noise=_noise(tags),
        iso=tags.iso or float(raw.other.iso_speed) or None,
        tags=tags if tags.lens else replace(tags, lens=raw.lens.model.strip("\0 ")),
        name=name,
    )


def _scaled(
    values: NDArray[np.uint16],
    black: Float64,
    white: Float64,
    lines: Lines | None,
) -> Float32:
    """The values with black at 0 and white at 1 exactly, site by site."""
    mosaic = values.astype(np.float32)
    period = len(black)
    for row, column in np.ndindex(black.shape):
        part = mosaic[row::period, column::period]
        level = black_at(black, lines, row, column).astype(np.float32)
        part -= level
        part /= np.float32(white[row, column]) - level
    return mosaic


def _white(raw: Any, channel: NDArray[np.uint8], black: Float64) -> Float64:
    """White at each site: the camera's own for each colour where it tells, else LibRaw's."""
    own = raw.camera_white_level_per_channel
    if own is not None:
        white = np.array(own, np.float64)[channel]
        if (white > black).all():
            return white
    return np.full(channel.shape, float(raw.white_level))


def _unmoved(found: Area, tags: RawTags) -> Area:
    """The active area as DNG tells it, where LibRaw moves the corner of Bayer's to even places."""
    if tags.area is None:
        return found
    top, left, bottom, right = tags.area
    return tags.area if found == (top + top % 2, left + left % 2, bottom, right) else found


def _shown(sizes: Any) -> Area | None:
    """The shown part, from the active area's corner; LibRaw counts from the sensor's."""
    if not (sizes.crop_width and sizes.crop_height):
        return None
    top = max(sizes.crop_top_margin - sizes.top_margin, 0)
    left = max(sizes.crop_left_margin - sizes.left_margin, 0)
    return Area(top, left, top + sizes.crop_height, left + sizes.crop_width)


def _crop(shown: Area | None, height: int, width: int) -> Area:
    """The shown part, inside the active area."""
    if shown is None:
        return Area(0, 0, height, width)
    top, left = min(shown.top, height - 1), min(shown.left, width - 1)
    return Area(top, left, min(shown.bottom, height), min(shown.right, width))


def _stretch(aspect: float) -> tuple[float, float]:
    """Of rows and columns, from the pixels' width divided by their height."""
    if not 0 < aspect < np.inf:
        return 1.0, 1.0
    return max(1 / aspect, 1.0), max(aspect, 1.0)


def _balance(given: Any) -> tuple[float, float, float] | None:
    red, green, blue = (float(value) for value in given[:3])
    if not (np.isfinite([red, green, blue]).all() and min(red, green, blue) > 0):
        return None
    if not all(1 / _MOST_BALANCE <= one / green <= _MOST_BALANCE for one in (red, blue)):
        return None
    return red / green, 1.0, blue / green


def _from_xyz(known: Any, tags: RawTags) -> Float64 | None:
    """LibRaw has matrices of cameras; DNG files bring their own."""
    matrix = np.array(known, np.float64)[:3] if tags.from_xyz is None else tags.from_xyz
    return matrix if _is_invertible(matrix) else None


def _to_srgb(known: Any, from_xyz: Float64 | None) -> Float64:
    """LibRaw's matrix; before it develops it has none where a file brings none."""
    matrix = np.array(known, np.float64)[:3, :3]
    if _is_invertible(matrix):
        return matrix
    if from_xyz is None:
        return np.eye(3)
    camera = from_xyz @ XYZ_FROM_SRGB
    white = camera.sum(1, keepdims=True)
    return np.linalg.inv(camera / white) if white.all() else np.eye(3)  # white stays white


def _is_invertible(matrix: Float64) -> bool:
    """Whether 3×3 numbers of a file are a change of colours."""
    return bool(np.isfinite(matrix).all() and np.linalg.matrix_rank(matrix) == 3)


def _noise(tags: RawTags) -> ColourNoise | None:
    if tags.noise is None:
        return None
    red, green, blue = tags.noise if len(tags.noise) == 3 else tags.noise * 3
    return red, green, blue


def _version() -> str:
    import rawpy

    return ".".join(map(str, rawpy.libraw_version))
