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
_APP0, _APP1, _APP13, _COM, _SCAN = 0xE0, 0xE1, 0xED, 0xFE, 0xDA
_IPTC = "APP13"
_BODY_LIMIT = 65533


def read_meta(file: BinaryIO) -> Meta:
    """Read the resolution, the comment and IPTC, as far as they stand before the pixels."""
    texts, dpi, blocks = {}, None, []
    file.seek(2)
    while (head := file.read(4))[:1] == b"\xff" and len(head) == 4 and head[1] != _SCAN:
        body = file.read(max(struct.unpack(">H", head[2:])[0] - 2, 0))
        if head[1] == _COM:
            texts[COMMENT] = decode(body.rstrip(b"\0"))
        elif head[1] == _APP13:
            blocks.append((_IPTC, body))
        elif head[1] == _APP0 and body.startswith(b"JFIF\0") and len(body) >= 12:
            unit, across, down = struct.unpack(">BHH", body[7:12])
            inches = {1: 1.0, 2: 2.54}.get(unit)
            if inches and across and down:
                dpi = across * inches, down * inches
    return Meta(dpi=dpi, text=texts, blocks=tuple(blocks))


def splice(source: BinaryIO, target: BinaryIO, meta: Meta) -> None:
    """Copy a JPEG that has no such metadata yet and put metadata at its beginning."""
    target.write(source.read(2))
    for marker, body in _extra(meta):
        if len(body) > _BODY_LIMIT:
            warnings.warn(
                f"metadata of {len(body)} bytes is left out: JPEG holds {_BODY_LIMIT}",
                N3Warning,
                stacklevel=2,
            )
        else:
            target.write(struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body)
    shutil.copyfileobj(source, target)


def _extra(meta: Meta) -> Iterator[tuple[int, bytes]]:
    across, down = (min(round(dots), 65535) for dots in meta.dpi or (1, 1))
    yield _APP0, b"JFIF\0\1\2" + struct.pack(">BHHBB", 1 if meta.dpi else 0, across, down, 0, 0)
    if block := exif.complete(meta, with_dpi=False):
        yield _APP1, b"Exif\0\0" + block
    if meta.xmp:
        yield _APP1, b"http://ns.adobe.com/xap/1.0/\0" + meta.xmp
    for kind, body in meta.blocks:
        if kind == _IPTC:
            yield _APP13, body
    if comment := meta.text.get(COMMENT):
        yield _COM, comment.encode()
