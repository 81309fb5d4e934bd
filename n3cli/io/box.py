"""Boxes, of which AVIF, HEIC and Canon's CR3 files are made: ISO/IEC 14496-12, section 4.2."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO


def boxes(file: BinaryIO, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kinds of the boxes in [at, end), and where their contents begin and end.

    The last one ends there even if it says that it is larger; one that is smaller than its own
    head ends the search.
    """
    while at + 8 <= end:
        file.seek(at)
        size, kind, large = struct.unpack(">I4sQ", file.read(16).ljust(16, b"\0"))
        start = at + (16 if size == 1 else 8)
        stop = at + (large if size == 1 else size or end - at)
        if stop < start:
            return
        yield kind, start, min(stop, end)
        at = stop
