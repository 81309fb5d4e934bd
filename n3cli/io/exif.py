"""Exif blocks: made, corrected, and carried from and to TIFF files.

A block that needs no change is passed on byte for byte, for makers' notes refer to places in it.
Tags: Exif 2.32, section 4.6.
"""

from __future__ import annotations

import contextlib
import io
import math
import os
import struct
from collections.abc import Collection, Mapping
from fractions import Fraction
from typing import BinaryIO, Final

from n3cli.io.meta import Meta, decode
from n3cli.io.tiff import (
    ASCII,
    BYTE,
    LONG,
    RATIONAL,
    SHORT,
    Directory,
    Field,
    FieldPlace,
    Layout,
    read_head,
)

DESCRIPTION = "Description"
_DESCRIPTION, _ORIENTATION, _X_RESOLUTION, _Y_RESOLUTION, _UNIT = 270, 274, 282, 283, 296
_MAKE, _MODEL = 271, 272
XMP: Final = 700
_FOCAL_LENGTH, _FOCAL_35MM = 0x920A, 0xA405
_PLANE_RESOLUTION, _PLANE_UNIT, _PIXELS_ACROSS, _PIXELS_DOWN = 0xA20E, 0xA210, 0xA002, 0xA003
_PLANE_RESOLUTION_DOWN, _WIDTH, _HEIGHT = 0xA20F, 256, 257
_MILLIMETRES = {2.0: 25.4, 3.0: 10.0, 4.0: 1.0, 5.0: 0.001}
_FILM_DIAGONAL = 43.267  # millimetres, of 36 × 24
EXIF: Final = 0x8769
GPS: Final = 0x8825
_INTEROPERABILITY = 0xA005
_BRANCHES = (EXIF, GPS)
DESCRIPTIVE: Final = (_DESCRIPTION, 271, 272, 305, 306, 315, 316, 33432)
"""Tags: description, make, model, software, date, artist, host computer, copyright."""
_PLAIN = Layout("<", big=False)

Tree = dict[int, Directory]
"""The main directory under 0, the directories that it points to under the tags that do so."""


def complete(meta: Meta, *, with_dpi: bool) -> bytes | None:
    """Give the Exif block that a file with this metadata needs.

    Args:
        meta: the picture's metadata.
        with_dpi: whether the block must tell the resolution, for formats without another place.

    Returns:
        `meta.exif` itself if it agrees with the rest of `meta`, else one made from both; None if
        there is nothing to say.
    """
    tree = _read(meta.exif)
    needed: Directory = {}
    if meta.orientation != 1 or _ORIENTATION in tree[0]:
        needed[_ORIENTATION] = _short(meta.orientation)
    if with_dpi and meta.dpi:
        needed |= _resolution(meta.dpi)
    if all(tree[0].get(tag) == field for tag, field in needed.items()):
        return meta.exif
    return pack(tree | {0: tree[0] | needed})


def resized(
    exif: bytes | None,
    before: tuple[int, int],
    size: tuple[int, int],
    factor: tuple[float, float],
) -> bytes | None:
    """The block for a picture that was cropped or resized: what it tells of its size is changed.

    All else stays byte for byte where it is, for makers' notes refer to places. Sizes that are not
    those of the file are left as they are: they tell, beside the focal plane's resolution, how much
    another program has reduced the picture.

    Args:
        exif: the block.
        before: width and height of the file that it is from.
        size: width and height of the picture as it is written.
        factor: by which width and height were resized; pixels of the focal plane become denser.
    """
    if exif is None:
        return None
    file = io.BytesIO(exif)
    with contextlib.suppress(ValueError, struct.error, OverflowError):  # of a damaged block
        layout, first = read_head(file)
        main = layout.locate(file, first)
        _put_sides(file, layout, main, (_WIDTH, _HEIGHT), before, size)
        if pointer := main.get(EXIF):
            file.seek(pointer.at)
            (offset,) = struct.unpack(f"{layout.order}I", file.read(4))
            fields = layout.locate(file, offset)
            sides = _PIXELS_ACROSS, _PIXELS_DOWN
            if _put_sides(file, layout, fields, sides, before, size):
                planes = (_PLANE_RESOLUTION, _PLANE_RESOLUTION_DOWN)
                places = {fields[tag]: times for tag, times in zip(planes, factor, strict=True)
                          if tag in fields}  # fmt: skip
                for place, times in places.items():  # once where both share a value
                    _multiply(file, layout, place, times)
    return file.getvalue()


def _put_sides(
    file: BinaryIO,
    layout: Layout,
    fields: Mapping[int, FieldPlace],
    tags: tuple[int, int],
    before: tuple[int, int],
    size: tuple[int, int],
) -> bool:
    """Replace both sides, unless others than those before are told; whether none are."""
    writes: list[tuple[int, bytes]] = []
    for tag, old, new in zip(tags, before, size, strict=True):
        if (place := fields.get(tag)) is None:
            continue
        number = {SHORT: struct.Struct(f"{layout.order}H"), LONG: struct.Struct(f"{layout.order}I")}
        form = number.get(place.type)
        if form is None or place.size != form.size:
            return False
        file.seek(place.at)
        if form.unpack(file.read(form.size))[0] != old or new >= 1 << 8 * form.size:
            return False
        writes.append((place.at, form.pack(new)))
    for at, data in writes:
        file.seek(at)
        file.write(data)
    return True


def _multiply(file: BinaryIO, layout: Layout, place: FieldPlace, factor: float) -> None:
    if place.type != RATIONAL or place.size != 8 or factor == 1:
        return
    file.seek(place.at)
    above, below = struct.unpack(f"{layout.order}II", file.read(8))
    if not below:
        return
    value = Fraction(above, below) * Fraction(factor)
    most = (1 << 32) - 1
    fraction = value.limit_denominator(max(1, int(most / max(1.0, float(value)))))
    if fraction.numerator <= most:
        file.seek(place.at)
        file.write(struct.pack(f"{layout.order}II", fraction.numerator, fraction.denominator))


def read_dpi(exif: bytes | None) -> tuple[float, float] | None:
    """Read the resolution in dots per inch that an Exif block tells."""
    return _dpi(_read(exif)[0])


def without_dpi(exif: bytes) -> bytes:
    """The block without the resolution that it tells."""
    tree = _read(exif)
    told = (_X_RESOLUTION, _Y_RESOLUTION, _UNIT)
    return pack(tree | {0: {tag: field for tag, field in tree[0].items() if tag not in told}})


def read_focal(exif: bytes | None, size: tuple[int, int]) -> float | None:
    """Read the focal length that an Exif block tells, in pixels of a picture of that size.

    From FocalLengthIn35mmFilm, which is meant by the diagonal (CIPA DCG-001) and rounded to
    millimetres, else from FocalLength and the resolution of the focal plane. Both hold for
    pictures that were reduced, and not for cropped ones.

    Args:
        exif: the block.
        size: width and height of the picture as it is, pixels.

    Returns:
        The focal length, or None where nothing usable is told.
    """
    tags = _read(exif).get(EXIF, {})
    film = _only(tags.get(_FOCAL_35MM))
    if film:
        return film * math.hypot(*size) / _FILM_DIAGONAL
    length, resolution = (_only(tags.get(tag)) for tag in (_FOCAL_LENGTH, _PLANE_RESOLUTION))
    unit = _MILLIMETRES.get(_only(tags.get(_PLANE_UNIT, _short(2))))
    taken = max(_only(tags.get(tag)) for tag in (_PIXELS_ACROSS, _PIXELS_DOWN))
    if not (length and resolution and unit and taken):
        return None
    return length * resolution / unit * max(size) / taken


def read_camera(exif: bytes | None) -> str | None:
    """Read the maker and model of the camera that an Exif block tells; None where it has no model.

    Makers repeat themselves in front of the model, or do not; here they stand once.
    """
    tags = _read(exif)[0]
    maker, model = (
        decode(tags[tag].data.split(b"\0")[0]).strip() if tag in tags else ""
        for tag in (_MAKE, _MODEL)
    )
    if not model:
        return None
    repeated = not maker or model.lower().startswith(maker.split()[0].lower())
    return model if repeated else f"{maker} {model}"


def _only(field: Field | None) -> float:
    """A field's number above 0; 0 where it has none, or more than one."""
    numbers = field.numbers if field else []
    return numbers[0] if len(numbers) == 1 and 0 < numbers[0] < math.inf else 0.0


def read_tiff(file: BinaryIO) -> Meta:
    """Read the resolution, description and Exif block of a TIFF file's first picture."""
    # Not all fields: strip tables and other programs' layers may be as large as the pixels.
    tree = read_tree(file, {*DESCRIPTIVE, _X_RESOLUTION, _Y_RESOLUTION, _UNIT, *_BRANCHES})
    description = tree[0].get(_DESCRIPTION)
    text = {DESCRIPTION: decode(description.data.rstrip(b"\0"))} if description else {}
    dpi = _dpi(tree[0])
    tree[0] = {tag: field for tag, field in tree[0].items() if tag in DESCRIPTIVE}
    return Meta(exif=pack(tree) if any(tree.values()) else None, dpi=dpi, text=text)


def into_tiff(file: BinaryIO, meta: Meta) -> None:
    """Add all metadata but the colour profile to the only picture of a finished TIFF file."""
    tree = _read(meta.exif)
    told = {tag: field for tag, field in tree[0].items() if tag in DESCRIPTIVE}
    add_tree(file, tree | {0: told | _tags(meta)})


def add_tree(file: BinaryIO, tree: Tree) -> None:
    """Add directories to the only picture of a finished TIFF file; fields replace its own.

    The main directory is written anew at the end of the file; the pixels stay where they are.
    """
    layout, offset = read_head(file)
    tree = tree | {0: layout.read(file, offset) | tree[0]}
    end = file.seek(0, os.SEEK_END)
    padding = end % 2
    first, body = _pack_tree(tree, layout, end + padding)
    file.write(b"\0" * padding + body)
    file.seek(0)
    file.write(layout.head(first))


def _tags(meta: Meta) -> Directory:
    tags = {_ORIENTATION: _short(meta.orientation)} | _resolution(meta.dpi)
    if meta.xmp:
        tags[XMP] = Field(BYTE, meta.xmp)
    if description := meta.text.get(DESCRIPTION):
        tags[_DESCRIPTION] = Field(ASCII, description.encode() + b"\0")
    return tags


def _resolution(dpi: tuple[float, float] | None) -> Directory:
    across, down = dpi or (1.0, 1.0)
    unit = _short(2 if dpi else 1)  # inches, or none: then only the pixels' shape is meant
    return {_X_RESOLUTION: _rational(across), _Y_RESOLUTION: _rational(down), _UNIT: unit}


def _dpi(fields: Directory) -> tuple[float, float] | None:
    inches = {2.0: 1.0, 3.0: 2.54}.get(_only(fields.get(_UNIT, _short(2))))
    across, down = (_only(fields.get(tag)) for tag in (_X_RESOLUTION, _Y_RESOLUTION))
    return (across * inches, down * inches) if inches and across and down else None


def _short(value: int) -> Field:
    return Field(SHORT, struct.pack("<H", value))


def _rational(value: float) -> Field:
    fraction = Fraction(value).limit_denominator(10000)
    return Field(RATIONAL, struct.pack("<II", fraction.numerator, fraction.denominator))


def _read(exif: bytes | None) -> Tree:
    return read_tree(io.BytesIO(exif or b""))


def read_tree(file: BinaryIO, wanted: Collection[int] | None = None) -> Tree:
    """Read the directories of a TIFF stream; what is damaged counts as absent.

    Args:
        file: the stream.
        wanted: tags of the main directory that are asked for; by default all.
    """
    tree: Tree = {0: {}}
    with contextlib.suppress(ValueError, struct.error, OverflowError):
        layout, offset = read_head(file)
        tree[0] = layout.read(file, offset, wanted)
        for tag in _BRANCHES:
            if pointer := tree[0].pop(tag, None):
                tree[tag] = layout.read(file, int.from_bytes(pointer.data, "little"))
                tree[tag].pop(_INTEROPERABILITY, None)
    return tree


def pack(tree: Tree) -> bytes:
    """Lay directories out as an Exif block."""
    first, body = _pack_tree(tree, _PLAIN, len(_PLAIN.head(0)))
    return _PLAIN.head(first) + body


def _pack_tree(tree: Tree, layout: Layout, at: int) -> tuple[int, bytes]:
    """Lay directories out from offset `at`; gives the main one's offset, and all bytes."""
    main, body = dict(tree[0]), b""
    for tag in _BRANCHES:
        if fields := tree.get(tag):
            main[tag] = layout.pointer(at + len(body))
            body += layout.pack(fields, at + len(body))
    return at + len(body), body + layout.pack(main, at + len(body))
