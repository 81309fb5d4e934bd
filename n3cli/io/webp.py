"""The chunks of WebP files: Exif and XMP in.

Source: WebP Container Specification (Google), "Extended File Format"; RFC 9649, section 2.7.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

from n3cli.io import exif
from n3cli.io.meta import Meta

_ALPHA, _EXIF, _XMP = 0x10, 0x08, 0x04


def splice(
    source: BinaryIO, target: BinaryIO, meta: Meta, *, size: tuple[int, int], has_alpha: bool
) -> None:
    """Copy a still WebP that has neither Exif nor XMP yet and put them behind its pixels.

    `size` is width and height in pixels.
    """
    chunks = source.read()[12:]
    block = exif.complete(meta, with_dpi=True)
    if block or meta.xmp:
        flags = (_ALPHA if has_alpha else 0) | (_EXIF if block else 0) | (_XMP if meta.xmp else 0)
        if chunks.startswith(b"VP8X"):
            flags |= chunks[8]
            chunks = chunks[18:]
        canvas = b"".join((side - 1).to_bytes(3, "little") for side in size)
        chunks = _chunk(b"VP8X", bytes((flags, 0, 0, 0)) + canvas) + chunks
        chunks += _chunk(b"EXIF", block) + _chunk(b"XMP ", meta.xmp)
    target.write(b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks)


def _chunk(kind: bytes, body: bytes | None) -> bytes:
    if not body:
        return b""
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
