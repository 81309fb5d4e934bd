"""TIFF directories: the frame of TIFF files, and of the Exif blocks in all other formats.

A directory is read into fields whose values have a fixed (little-endian) byte order, so that it
can be written elsewhere in any order. Sources: TIFF 6.0 (1992), section 2; the BigTIFF proposal of
libtiff; Exif 2.32, section 4.6.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Collection
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

import numpy as np

BYTE, ASCII, SHORT, LONG, RATIONAL, SRATIONAL, LONG8 = 1, 2, 3, 4, 5, 10, 16
_SIZE = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_SIZE |= {16: 8, 17: 8, 18: 8}
DNG_VERSION = 50706  # the tag of it, which no other kind of file has
_HALVES = (5, 10)  # (S)RATIONAL is two numbers of four bytes

_LONGEST = 1024
"""Bytes of a field that are looked at for numbers: more than any that is asked for has."""


@dataclass(frozen=True)
class Field:
    """One entry of a directory: its TIFF type, and its values as little-endian bytes."""

    type: int
    data: bytes

    @property
    def count(self) -> int:
        """How many values it has."""
        return len(self.data) // _SIZE[self.type]

    @property
    def numbers(self) -> list[float]:
        """Its first values, whatever its type; of texts and bytes of unsaid meaning none."""
        data = self.data[:_LONGEST]
        if self.type in (5, 10):
            pairs = np.frombuffer(data, "<u4" if self.type == 5 else "<i4").reshape(-1, 2)
            return [float(top) / float(bottom) if bottom else 0.0 for top, bottom in pairs]
        kinds = {1: "u1", 3: "<u2", 4: "<u4", 6: "i1", 8: "<i2", 9: "<i4", 11: "<f4", 12: "<f8"}
        kinds |= {13: "<u4", 16: "<u8", 17: "<i8", 18: "<u8"}
        kind = kinds.get(self.type)
        return [] if kind is None else [float(value) for value in np.frombuffer(data, kind)]


Directory = dict[int, Field]


class FieldPlace(NamedTuple):
    """Where the values of a field are: their TIFF type, their bytes' number and their offset."""

    type: int
    size: int
    at: int


@dataclass(frozen=True)
class Layout:
    """How a TIFF stream lays its directories out."""

    order: str
    big: bool

    @property
    def _entry(self) -> struct.Struct:
        return struct.Struct(self.order + ("HHQ8s" if self.big else "HHI4s"))

    @property
    def _count(self) -> struct.Struct:
        return struct.Struct(self.order + ("Q" if self.big else "H"))

    @property
    def _offset(self) -> struct.Struct:
        return struct.Struct(self.order + ("Q" if self.big else "I"))

    def locate(self, file: BinaryIO, offset: int) -> dict[int, FieldPlace]:
        """Find the values of the directory at an offset; unknown types are left out.

        Raises:
            ValueError: the directory is damaged.
        """
        file.seek(offset)
        (count,) = self._count.unpack(_exactly(file, self._count.size))
        if count > 65535:
            raise ValueError(f"a directory of {count} fields")
        table = _exactly(file, count * self._entry.size)
        end, places = offset + self._count.size, {}
        for tag, type, number, value in self._entry.iter_unpack(table):
            end += self._entry.size
            if type in _SIZE:
                size = number * _SIZE[type]
                inside = size <= len(value)
                at = end - len(value) if inside else self._offset.unpack(value)[0]
                places[tag] = FieldPlace(type, size, at)
        return places

    def read(self, file: BinaryIO, offset: int, wanted: Collection[int] | None = None) -> Directory:
        """Read the directory at an offset; fields of unknown types are left out.

        Args:
            file: the stream.
            offset: where the directory is.
            wanted: the tags that are asked for; by default all.

        Raises:
            ValueError: the directory is damaged.
        """
        places = self.locate(file, offset)
        if wanted is not None:
            places = {tag: place for tag, place in places.items() if tag in wanted}
        # Fields may share bytes: a small file could claim any amount of memory.
        claimed = sum(place.size for place in places.values())
        if claimed > file.seek(0, os.SEEK_END):
            raise ValueError(f"fields of {claimed} bytes, more than the file has")
        fields = {}
        for tag, place in places.items():
            file.seek(place.at)
            data = _exactly(file, place.size)
            fields[tag] = Field(place.type, _swap(data, place.type, self.order))
        return fields

    def pack(self, fields: Directory, at: int) -> bytes:
        """Lay a directory out as the bytes that belong at offset `at` (even)."""
        start = at + self._count.size + len(fields) * self._entry.size + self._offset.size
        table, values = self._count.pack(len(fields)), b""
        for tag, field in sorted(fields.items()):
            data = _swap(field.data, field.type, self.order)
            if len(data) > self._offset.size:
                offset = start + len(values)
                values += data + b"\0" * (len(data) % 2)
                data = self._offset.pack(offset)
            table += self._entry.pack(tag, field.type, field.count, data)
        return table + self._offset.pack(0) + values

    def pointer(self, offset: int) -> Field:
        """Make a field that points to another directory."""
        return (
            Field(LONG8, struct.pack("<Q", offset))
            if self.big
            else Field(LONG, struct.pack("<I", offset))
        )

    def head(self, first: int) -> bytes:
        """Lay the head of a stream out whose first directory is at an offset."""
        mark = b"II" if self.order == "<" else b"MM"
        if self.big:
            return mark + struct.pack(self.order + "HHHQ", 43, 8, 0, first)
        return mark + struct.pack(self.order + "HI", 42, first)


def read_head(file: BinaryIO) -> tuple[Layout, int]:
    """Read the head of a TIFF stream: its layout, and the offset of its first directory.

    Raises:
        ValueError: it is none.
    """
    file.seek(0)
    mark = _exactly(file, 4)
    for name, order in ((b"II", "<"), (b"MM", ">")):
        if mark == name + struct.pack(f"{order}H", 42):
            return Layout(order, big=False), struct.unpack(f"{order}I", _exactly(file, 4))[0]
        if mark == name + struct.pack(f"{order}H", 43):
            return Layout(order, big=True), struct.unpack(f"{order}4xQ", _exactly(file, 12))[0]
    raise ValueError("no TIFF stream")


def _exactly(file: BinaryIO, size: int) -> bytes:
    # Never asks for more than a chunk: a damaged size must not take all memory.
    data = bytearray()
    while len(data) < size and (chunk := file.read(min(size - len(data), 1 << 20))):
        data += chunk
    if len(data) < size:
        raise ValueError("cut off")
    return bytes(data)


def _swap(data: bytes, type: int, order: str) -> bytes:
    width = 4 if type in _HALVES else _SIZE[type]
    if order == "<" or width == 1:
        return data
    return np.frombuffer(data, f"u{width}").byteswap().tobytes()
