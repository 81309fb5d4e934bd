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
_SHAPE = "pHYs"  # where it has no unit: only the shape of a pixel is told
_ENCODINGS = {b"tEXt": "latin-1", b"zTXt": "latin-1", b"iTXt": "utf-8"}
# What the numbers of the pixels mean, beside a profile: the kinds, and how long each is.
_COLOURS = {b"cICP": 4, b"sRGB": 1, b"gAMA": 4, b"cHRM": 32, b"mDCV": 24, b"cLLI": 8}
_TEXT_LIMIT = 1 << 24  # inflated bytes of a file; more is an attack, no text
_TOO_LONG = f"texts of more than {_TEXT_LIMIT >> 20} MB are left out"


def count_frames(file: BinaryIO) -> int:
    """How many pictures an animated file shows one after the other; 1 of others."""
    for kind, size in _chunks(file):
        if kind == b"acTL" and size == 8:
            return int.from_bytes(file.read(4), "big")
    return 1


def read_meta(file: BinaryIO) -> Meta:
    """Read the resolution, the colour chunks, and all texts (tEXt, zTXt, iTXt) but XMP's.

    Damaged ones are left out, and compressed texts beyond a budget. Texts of the same name become
    one, a line each.
    """
    texts: dict[str, list[str]] = {}
    dpi, blocks, left = None, {}, _TEXT_LIMIT
    for kind, size in _chunks(file):
        if kind in (b"tEXt", b"zTXt", b"iTXt"):
            with contextlib.suppress(ValueError, zlib.error):
                key, text, inflated = _parse(kind, file.read(size), left)
                left -= inflated
                decoded = text.decode(_ENCODINGS[kind])
                if left >= 0:
                    texts.setdefault(key, []).append(decoded)
        elif kind == b"pHYs" and size == len(body := file.read(9)):
            across, down, unit = struct.unpack(">IIB", body)
            if unit == 1 and across and down:  # pixels per metre
                dpi = round(across * 0.0254, 2), round(down * 0.0254, 2)
            elif unit == 0:
                blocks[_SHAPE] = body
        elif _COLOURS.get(kind) == size:
            blocks[kind.decode()] = file.read(size)
    return Meta(
        dpi=dpi,
        text={key: "\n".join(lines) for key, lines in texts.items() if key != _XMP},
        blocks=tuple(blocks.items()),
        lost=(_TOO_LONG,) if left < 0 else (),
    )


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
    blocks = dict(meta.blocks)
    for name, body in blocks.items():
        if name.encode() in _COLOURS:
            yield name.encode(), body
    if meta.dpi:
        across, down = (round(dots / 0.0254) for dots in meta.dpi)
        yield b"pHYs", struct.pack(">IIB", across, down, 1)
    elif _SHAPE in blocks:
        yield b"pHYs", blocks[_SHAPE]
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


def _parse(kind: bytes, body: bytes, limit: int) -> tuple[str, bytes, int]:
    """A text's name, the text, and how many bytes of it were inflated, at most limit + 1."""
    keyword, rest = body.split(b"\0", 1)
    packed = kind == b"zTXt"
    if packed:
        rest = rest[1:]
    elif kind == b"iTXt":
        packed = rest[:1] == b"\1"
        _language, _translated, rest = rest[2:].split(b"\0", 2)
    if packed:
        inflater = zlib.decompressobj()
        rest = inflater.decompress(rest, max(limit, 0) + 1)  # 0 would mean any number
        if not inflater.eof and len(rest) <= limit:
            raise ValueError("cut off")
    return keyword.decode("latin-1"), rest, len(rest) * packed
