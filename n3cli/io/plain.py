"""The plain formats that libvips does not know, read whole: PNM with its float kin PFM, and BMP.

PNM and PFM are described at https://netpbm.sourceforge.net/doc/ and
https://www.pauldebevec.com/Research/HDR/PFM/.
"""

from __future__ import annotations

import re
import struct
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from n3cli.errors import InputError
from n3cli.io.depth import FULL, Pixels

_COMMENT = re.compile(rb"#[^\n]*")
_SPACE, _OTHER = re.compile(rb"\s"), re.compile(rb"[^\s0-9]")
_FIGURES = b"0123456789"
_ALARM = threading.Lock()  # Pillow's, which is one for the whole process
_MOST_PACKED = 128  # pixels a byte: a run of 255 takes two
_PART = 1 << 20  # bytes of text that become numbers at once
_GAP = rb"(?:\s|#[^\n]*\n)+"
_SIZE = _GAP + rb"(\d{1,9})" + _GAP + rb"(\d{1,9})"
_BITMAP = re.compile(rb"P([14])" + _SIZE + rb"\s")
_LEVELS = re.compile(rb"P([2356Ff])" + _SIZE + _GAP + rb"(-?\d[\d.eE+-]*)\s")


class Whole:
    """The rows of a picture that was decoded at once; the counterpart of `vips.Strips`.

    Raises:
        InputError: the file is damaged or cut off.
    """

    def __init__(self, data: bytes, format: str, name: str) -> None:
        try:
            self._pixels = _bmp(data) if format == "bmp" else _pnm(data)
        except ValueError as error:
            raise InputError(f"{name}: damaged {format.upper()}: {error}") from error
        self.height, self.width, self.bands = self._pixels.shape
        self.dtype = self._pixels.dtype

    def fetch(self, top: int, bottom: int) -> Pixels:
        """Return the rows [top, bottom), h×W×bands."""
        return self._pixels[top:bottom]


def _bmp(data: bytes) -> Pixels:
    from imageio import v3 as imageio  # slow to import, seldom needed
    from PIL import Image  # which imageio reads with

    small = data[14:18] == b"\x0c\0\0\0"  # OS/2's header
    width, height = struct.unpack_from("<HH" if small else "<ii", data.ljust(26, b"\0"), 18)
    if abs(width * height) > _MOST_PACKED * len(data):
        raise ValueError(f"it claims {width}×{abs(height)} pixels")
    with _ALARM:
        most, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None  # refuses what is only large
        try:
            pixels = np.atleast_3d(imageio.imread(data, plugin="pillow", extension=".bmp"))
        except Exception as error:  # Pillow meets damage with errors of nearly any kind
            raise ValueError(error) from error
        finally:
            Image.MAX_IMAGE_PIXELS = most
    return pixels.astype(np.uint8) * 255 if pixels.dtype == bool else pixels


def _pnm(data: bytes) -> Pixels:
    header = _BITMAP.match(data) or _LEVELS.match(data)
    if header is None:
        raise ValueError("its header makes no sense")
    kind, width, height = header[1], int(header[2]), int(header[3])
    if not height * width:
        raise ValueError("it has no pixels")
    shape = height, width, 3 if kind in b"36F" else 1
    body = data[header.end() :]
    if kind in b"123":
        body = _COMMENT.sub(b"", body)
    if kind == b"4":
        packed = _take(np.frombuffer(body, np.uint8), height * ((width + 7) // 8))
        bits = np.unpackbits(packed.reshape(height, -1), axis=1, count=width)
        return _scale(1 - bits.reshape(shape), 1)
    if kind == b"1":
        marks = np.frombuffer(body, np.uint8)
        bits = _take(marks[(marks == ord("0")) | (marks == ord("1"))], height * width) - ord("0")
        return _scale(1 - bits.reshape(shape), 1)
    count = height * width * shape[2]
    if kind in b"Ff":
        order = "<f4" if header[4].startswith(b"-") else ">f4"
        rows = _take(np.frombuffer(body[: len(body) // 4 * 4], order), count)
        return rows.reshape(shape)[::-1].astype(np.float32)  # the lowest row comes first
    limit = int(header[4])
    if not 0 < limit < 65536:
        raise ValueError(f"its largest value is given as {limit}, not 1 to 65535")
    if kind in b"23":
        values = _take(_numbers(body, count, limit), count)
    elif limit < 256:
        values = _take(np.frombuffer(body, np.uint8), count)
    else:
        values = _take(np.frombuffer(body[: len(body) // 2 * 2], ">u2"), count)
    return _scale(values.reshape(shape), limit)


def _numbers(text: bytes, count: int, limit: int) -> NDArray[np.uint16]:
    """The first values of a text, at most `count`; part by part, which spares memory."""
    # However many are claimed: each takes a digit and a space.
    values, done, at = np.empty(min(count, len(text) // 2 + 1), np.uint16), 0, 0
    while done < count and at < len(text):
        gap = _SPACE.search(text, at + _PART)
        end = gap.end() if gap else len(text)
        other = _OTHER.search(text, at, end)
        part = (text[at : other.start()].rstrip(_FIGURES) if other else text[at:end]).strip()
        # Of more than 64 bits it makes the largest number there is.
        found = np.fromstring(part, np.int64, sep=" ")[: count - done] if part else values[:0]
        if found.max(initial=0) > limit:
            raise ValueError(f"it has a value outside 0 to {limit}")
        values[done : done + len(found)] = found
        done, at = done + len(found), end
        if other and done < count:
            raise ValueError(f"it has a value outside 0 to {limit}, or what is no number")
    return values[:done]


def _take(values: NDArray[Any], count: int) -> NDArray[Any]:
    if len(values) < count:
        raise ValueError(f"cut off after {len(values)} of {count} values")
    return values[:count]


def _scale(values: NDArray[Any], limit: int) -> Pixels:
    """Bring values in [0, limit] to the full range of 8 bits, or 16 where 8 do not suffice."""
    dtype = np.dtype(np.uint8 if limit < 256 else np.uint16)
    if limit == FULL[dtype]:
        return values.astype(dtype)
    return np.rint(values * FULL[dtype] / limit).clip(0, FULL[dtype]).astype(dtype)
