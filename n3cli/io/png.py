"""The chunks of PNG files: texts, resolution and colours out; these, Exif and XMP in.

Source: Portable Network Graphics (PNG) Specification, third edition (W3C), sections 5 and 11.3.
"""

from __future__ import annotations

import contextlib
import shutil
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from n3cli.io import exif
from n3cli.io.meta import Meta

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_XMP = "XML:com.adobe.xmp"
# What the numbers of the pixels mean, beside a profile: the kinds, and how long each is.
_COLOURS = {b"cICP": 4, b"sRGB": 1, b"gAMA": 4, b"cHRM": 32, b"mDCV": 24, b"cLLI": 8}
_TEXT_LIMIT = 1 << 24  # inflated bytes; more is an attack, not a text


def count_frames(file: BinaryIO) -> int:
    """How many pictures an animated file shows one after the other; 1 of others."""
    for kind, size in _chunks(file):
        if kind == b"acTL" and size == 8:
            return int.from_bytes(file.read(4), "big")
    return 1


def read_meta(file: BinaryIO) -> Meta:
    """Read the resolution, the colour chunks, and all texts (tEXt, zTXt, iTXt) but XMP's.

    Damaged ones are left out.
    """
    texts, dpi, blocks = {}, None, {}
    for kind, size in _chunks(file):
        if kind in (b"tEXt", b"zTXt", b"iTXt"):
            with contextlib.suppress(ValueError, zlib.error):
                key, text = _parse(kind, file.read(size))
                texts[key] = text
        elif kind == b"pHYs" and size == 9:
            across, down, unit = struct.unpack(">IIB", file.read(size))
            if unit == 1 and across and down:  # pixels per metre
                dpi = round(across * 0.0254, 2), round(down * 0.0254, 2)
        elif _COLOURS.get(kind) == size:
            blocks[kind.decode()] = file.read(size)
    texts.pop(_XMP, None)
    return Meta(dpi=dpi, text=texts, blocks=tuple(blocks.items()))


def splice(source: BinaryIO, target: BinaryIO, meta: Meta) -> None:
    """Copy a PNG and put metadata before its pixels, in place of the resolution that it has."""
    target.write(source.read(len(_SIGNATURE)))
    while True:
        head = source.read(8)
        size, kind = struct.unpack(">I4s", head)
        if kind == b"IDAT":
            break
        body = source.read(size + 4)
        if kind != b"pHYs":
            target.write(head + body)
    for kind, body in _extra(meta):
        target.write(struct.pack(">I4s", len(body), kind) + body)
        target.write(struct.pack(">I", zlib.crc32(kind + body)))
    target.write(head)
    shutil.copyfileobj(source, target)


def _extra(meta: Meta) -> Iterator[tuple[bytes, bytes]]:
    for name, body in meta.blocks:
        if name.encode() in _COLOURS:
            yield name.encode(), body
    if meta.dpi:
        across, down = (round(dots / 0.0254) for dots in meta.dpi)
        yield b"pHYs", struct.pack(">IIB", across, down, 1)
    if block := exif.complete(meta, with_dpi=False):
        yield b"eXIf", block
    if meta.xmp:
        yield b"iTXt", _XMP.encode() + bytes(5) + meta.xmp
    for key, text in meta.text.items():
        keyword = key.encode("latin-1", "replace")[:79]
        try:
            yield b"tEXt", keyword + b"\0" + text.encode("latin-1")
        except UnicodeEncodeError:
            yield b"iTXt", keyword + bytes(5) + text.encode()


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Walk over the chunks: kind and size of each, the file standing at its contents."""
    offset = len(_SIGNATURE)
    while True:
        file.seek(offset)
        head = file.read(8)
        if len(head) < 8:
            return
        size, kind = struct.unpack(">I4s", head)
        yield kind, size
        offset += size + 12


def _parse(kind: bytes, body: bytes) -> tuple[str, str]:
    keyword, rest = body.split(b"\0", 1)
    key = keyword.decode("latin-1")
    if kind == b"tEXt":
        return key, rest.decode("latin-1")
    if kind == b"zTXt":
        return key, _inflate(rest[1:]).decode("latin-1")
    _language, _translated, text = rest[2:].split(b"\0", 2)
    return key, (_inflate(text) if rest[:1] == b"\1" else text).decode()


def _inflate(data: bytes) -> bytes:
    return zlib.decompressobj().decompress(data, _TEXT_LIMIT)
