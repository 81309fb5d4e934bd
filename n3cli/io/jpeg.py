"""The segments of JPEG files: comment, resolution and IPTC out; these, Exif and XMP in.

Sources: ITU-T T.81, annex B; ITU-T T.871 (JFIF); Exif 2.32, section 4.7; the XMP specification,
part 3, section 1.1.3.
"""

from __future__ import annotations

import shutil
import struct
import warnings
from collections.abc import Iterator
from typing import BinaryIO

from n3cli.errors import N3Warning
from n3cli.io import exif
from n3cli.io.meta import Meta, decode

COMMENT = "Comment"
_APP0, _APP1, _APP2, _APP13, _COM, _SCAN = 0xE0, 0xE1, 0xE2, 0xED, 0xFE, 0xDA
_BLOCKS = {  # what is passed on: IPTC, and what did not fit into the XMP packet
    "APP13": (_APP13, b""),
    "APP1": (_APP1, b"http://ns.adobe.com/xmp/extension/\0"),
}
_PICTURES = b"MPF\0"
_ONLY_FIRST = "only the first of the file's pictures is kept (no preview, gain map, …)"
_BODY_LIMIT = 65533


def read_meta(file: BinaryIO) -> Meta:
    """Read the resolution, comments, IPTC and extended XMP, as far as they stand before the pixels.

    Several comments become one, a line each.
    """
    comments, dpi, blocks, lost = [], None, [], []
    for marker, body in _segments(file):
        if marker == _COM:
            comments.append(decode(body.rstrip(b"\0")))
        elif marker == _APP2 and body.startswith(_PICTURES):
            lost = [_ONLY_FIRST]
        elif marker == _APP0 and body.startswith(b"JFIF\0") and len(body) >= 12:
            unit, across, down = struct.unpack(">BHH", body[7:12])
            inches = {1: 1.0, 2: 2.54}.get(unit)
            if inches and across and down:
                dpi = across * inches, down * inches
        blocks += [
            (name, body)
            for name, (kind, beginning) in _BLOCKS.items()
            if marker == kind and body.startswith(beginning)
        ]
    text = {COMMENT: "\n".join(comments)} if comments else {}
    return Meta(dpi=dpi, text=text, blocks=tuple(blocks), lost=tuple(lost))


def _segments(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Markers and contents of the segments before the pixels."""
    file.seek(2)
    while file.read(1) == b"\xff":
        while (marker := file.read(1)) == b"\xff":  # any number may fill up (T.81, B.1.1.2)
            pass
        length = file.read(2)
        if len(length) < 2 or marker[0] == _SCAN:
            return
        yield marker[0], file.read(max(int.from_bytes(length, "big") - 2, 0))


def splice(source: BinaryIO, target: BinaryIO, meta: Meta) -> None:
    """Copy a JPEG that has no such metadata yet and put metadata at its beginning."""
    target.write(source.read(2))
    for marker, body in _extra(meta):
        if len(body) > _BODY_LIMIT:
            warnings.warn(
                f"metadata of {len(body)} bytes is left out: JPEG holds at most {_BODY_LIMIT}",
                N3Warning,
                stacklevel=2,
            )
        else:
            target.write(struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body)
    shutil.copyfileobj(source, target)


def _extra(meta: Meta) -> Iterator[tuple[int, bytes]]:
    across, down = (max(1, min(round(dots), 65535)) for dots in meta.dpi or (1, 1))
    yield _APP0, b"JFIF\0\1\2" + struct.pack(">BHHBB", 1 if meta.dpi else 0, across, down, 0, 0)
    if block := exif.complete(meta, with_dpi=False):
        yield _APP1, b"Exif\0\0" + block
    if meta.xmp:
        yield _APP1, b"http://ns.adobe.com/xap/1.0/\0" + meta.xmp
    for name, body in meta.blocks:
        if name in _BLOCKS:
            yield _BLOCKS[name][0], body
    comment = meta.text.get(COMMENT, "").encode()
    if len(comment) <= _BODY_LIMIT:
        several = [comment] if comment else []
    else:  # lines that were comments of their own
        several = comment.split(b"\n")
    yield from ((_COM, one) for one in several)
