"""The boxes of AVIF and HEIC files that tell which colours are meant.

Sources: ISO/IEC 14496-12, section 12.1.5; ISO/IEC 23008-12 (HEIF), section 9; the numbers
are those of ITU-T H.273.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO

from n3cli.io.box import boxes
from n3cli.io.meta import Meta

_LOSS = (
    "its values stay as they are, but which colours they mean (primaries {}, transfer function {} "
    "of H.273, not sRGB's) is left out"
)
_PRIMARIES, _TRANSFERS = (1, 2), (1, 2, 13)  # of sRGB and BT.709, and unsaid
# Where colour descriptions are, and how many bytes precede the boxes inside.
_PATH = ((b"meta", 4), (b"iprp", 0), (b"ipco", 0), (b"colr", 0))


def read_meta(file: BinaryIO) -> Meta:
    """Find colours that no profile tells and that are not sRGB's: no file made of it tells them."""
    places = list(_find(file))
    if any(kind != b"nclx" for kind, _ in places):
        return Meta()
    for _, at in places:
        file.seek(at)
        primaries, transfer = struct.unpack(">HH", file.read(4))
        if primaries not in _PRIMARIES or transfer not in _TRANSFERS:
            return Meta(lost=(_LOSS.format(primaries, transfer),))
    return Meta()


def _find(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Kinds of all colour descriptions, and the offsets of their contents."""
    spans = [(0, file.seek(0, os.SEEK_END))]
    for wanted, skipped in _PATH:
        spans = [
            (start + skipped, end)
            for span in spans
            for kind, start, end in boxes(file, *span)
            if kind == wanted
        ]
    for start, end in spans:
        if end - start >= 8:
            file.seek(start)
            yield file.read(4), start + 4
