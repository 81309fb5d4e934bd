"""What a camera raw file says besides its mosaic, as TIFF directories for a file made of it.

Most kinds are TIFF streams, some under another number; Fuji's RAF holds a JPEG file that tells, and
Canon's CR3 boxes of ISO 14496-12 with a TIFF stream for each directory (their layout: Laurent
Clévy's description of CR3). Tags: DNG 1.7.1, Exif 2.32.
"""

from __future__ import annotations

import io
import struct
from typing import Final

from n3cli.errors import InputError
from n3cli.io.box import boxes
from n3cli.io.exif import DESCRIPTIVE, EXIF, GPS, XMP, Tree, pack, read_tree
from n3cli.io.meta import Meta
from n3cli.io.raw.tag import raw_directory
from n3cli.io.reader import open_picture
from n3cli.io.tiff import BYTE, DNG_VERSION, Field

MAKER_NOTE: Final = 0x927C
PRIVATE_DATA: Final = 50740
_ORIENTATION, _RESOLUTION = 274, (282, 283, 296)
_IPTC, _PHOTOSHOP, _EP_STANDARD, _EP_DATE = 33723, 34377, 37398, 36867
_TEXTS = {*DESCRIPTIVE, XMP, _IPTC, _PHOTOSHOP, _EP_STANDARD, _EP_DATE}
# Tags of DNG that lose their meaning with the mosaic that they were written for: how it is stored,
# previews and the original file, digests and identity of the values, and places in the old file.
_FORSAKEN = {
    50712, 50781, 50828, 50933, 50966, 50967, 50968, 50969, 50970, 50971, 50972,
    50973, 50974, 50975, 51041, 51089, 51090, 51091, 51111, 51114, 52547, 52553, 52554,
    52555,
}  # fmt: skip
_RAF = b"FUJIFILMCCD-RAW"
_CR3_BOX = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
_XMP_BOX = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")


def read_raw_tree(data: bytes) -> Tree:
    """Read the directories that a DNG file made of a camera raw file should have.

    Of a DNG file that is everything that still holds, for other kinds the descriptive texts, XMP,
    IPTC, Exif and GPS. A maker's note moves to where DNG has it, since it refers to places in the
    file that it comes from. What is damaged is left out.

    Args:
        data: the whole file.
    """
    if data.startswith(_RAF):
        tree = _of_raf(data)
    elif data[4:12] == b"ftypcrx ":
        tree = _of_cr3(data)
    else:
        tree = _of_tiff(data)
    if DNG_VERSION not in tree[0] and (note := tree.get(EXIF, {}).pop(MAKER_NOTE, None)):
        tree[0][PRIVATE_DATA] = _private(note.data, data)
    return tree


def developed_meta(tree: Tree, orientation: int) -> Meta:
    """What a picture developed from such a file says."""
    told = {tag: field for tag, field in tree[0].items() if tag in DESCRIPTIVE}
    branches = {tag: fields for tag, fields in tree.items() if tag}
    xmp = tree[0].get(XMP)
    exif = pack({0: told, **branches}) if told or any(branches.values()) else None
    return Meta(exif=exif, xmp=xmp.data if xmp else None, orientation=orientation)


def _of_tiff(data: bytes) -> Tree:
    # Olympus and Panasonic have numbers of their own in the place of 42.
    if data[:4] in (b"IIRO", b"IIRS", b"MMOR", b"IIU\0"):
        data = (b"II*\0" if data[:2] == b"II" else b"MM\0*") + data[4:]
    file = io.BytesIO(data)
    tree = read_tree(file)
    if DNG_VERSION not in tree[0]:
        tree[0] = {tag: field for tag, field in tree[0].items() if tag in _TEXTS}
        return tree
    told = raw_directory(file) | tree[0]
    tree[0] = {
        tag: field
        for tag, field in told.items()
        if tag in {*_TEXTS, _ORIENTATION, *_RESOLUTION}
        or (tag >= DNG_VERSION and tag not in _FORSAKEN)
    }
    return tree


def _of_raf(data: bytes) -> Tree:
    start, length = struct.unpack_from(">II", data.ljust(92, b"\0"), 84)
    try:
        with open_picture(data[start : start + length]) as reader:
            meta = reader.meta
    except InputError:
        return {0: {}}
    tree = read_tree(io.BytesIO(meta.exif or b""))
    tree[0] = {tag: field for tag, field in tree[0].items() if tag in _TEXTS}
    if meta.xmp:
        tree[0][XMP] = Field(BYTE, meta.xmp)
    return tree


def _of_cr3(data: bytes) -> Tree:
    tree: Tree = {0: {}}
    whole = _contents(data)
    if packet := whole.get(b"uuid" + _XMP_BOX):
        tree[0][XMP] = Field(BYTE, packet)
    canon = _contents(_contents(whole.get(b"moov", b"")).get(b"uuid" + _CR3_BOX, b""))
    for name, branch in ((b"CMT1", 0), (b"CMT2", EXIF), (b"CMT4", GPS)):
        found = read_tree(io.BytesIO(canon.get(name, b"")))[0]
        kept = {tag: one for tag, one in found.items() if branch or tag in _TEXTS}
        tree[branch] = tree.get(branch, {}) | kept
    return tree


def _contents(data: bytes) -> dict[bytes, bytes]:
    """Contents of boxes that stand one after another, by their kinds, with the identity of uuids.

    Without the values themselves, which are large.
    """
    found = {}
    for kind, start, end in boxes(io.BytesIO(data), 0, len(data)):
        named = start + 16 if kind == b"uuid" else start
        if kind != b"mdat":
            found[kind + data[start:named]] = data[named:end]
    return found


def _private(note: bytes, data: bytes) -> Field:
    """A maker's note as Adobe keeps it: with its byte order and where it stood (DNG, chapter 6)."""
    order = b"MM" if data[:2] == b"MM" else b"II"
    block = order + struct.pack(">I", max(data.find(note), 0)) + note
    return Field(BYTE, b"Adobe\0MakN" + struct.pack(">I", len(block)) + block)
