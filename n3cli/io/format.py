"""The picture formats: their file suffixes, how their contents begin, what they can hold."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Final

from n3cli.errors import InputError

_DEPTHS = (("uint8", 8), ("uint16", 9), ("float32", 32))


@dataclass(frozen=True)
class Format:
    """One picture format.

    Attributes:
        suffixes: file suffixes in lower case, the usual one first.
        bits: most bits of a channel that can be written; 0 where the format is only read.
        alpha: whether transparency can be written.
        side: most pixels of a side that can be written.
    """

    suffixes: tuple[str, ...]
    bits: int = 0
    alpha: bool = True
    side: int = 2**31 - 1

    @property
    def depths(self) -> tuple[str, ...]:
        """The pixel types that can be written, the deepest last."""
        return tuple(name for name, least in _DEPTHS if self.bits >= least)


FORMATS = {
    "png": Format((".png",), 16),
    "jpeg": Format((".jpg", ".jpeg", ".jpe", ".jfif"), 8, alpha=False, side=65500),
    "tiff": Format((".tif", ".tiff"), 32),
    "webp": Format((".webp",), 8, side=16383),
    "avif": Format((".avif",), 12),
    "heic": Format((".heic", ".heif")),
    "gif": Format((".gif",)),
    "bmp": Format((".bmp", ".dib")),
    "pnm": Format((".pbm", ".pgm", ".ppm", ".pnm", ".pfm")),
}

FLOATING: Final = ".pfm"
"""The suffix of a format that is only read, and whose values only TIFF can hold."""

READABLE = frozenset(suffix for format in FORMATS.values() for suffix in format.suffixes)

RAW_SUFFIXES: Final = frozenset({
    ".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".fff", ".iiq", ".kdc", ".mef",
    ".mos", ".mrw", ".nef", ".nrw", ".orf", ".pef", ".raf", ".rw2", ".rwl", ".sr2", ".srf", ".srw",
})  # fmt: skip
"""File suffixes of camera raw, in lower case."""

DNG: Final = "dng"
"""The format that camera raw is written in; only what was camera raw can be."""

MAT: Final = "mat"
"""MATLAB's files, which raw values come in, too; what is made of one is another."""

HEAD_SIZE = 32
_AVIF_BRANDS = (b"avif", b"avis")
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"II+\0", "tiff"),
    (b"MM\0+", "tiff"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"BM", "bmp"),
)


def writable_suffixes() -> tuple[str, ...]:
    """All file suffixes that can be written, sorted."""
    return tuple(sorted(s for f in FORMATS.values() if f.bits for s in f.suffixes))


def writable_names() -> tuple[str, ...]:
    """All formats that can be written."""
    return tuple(name for name, format in FORMATS.items() if format.bits)


def format_of(path: Path) -> str:
    """Name the format that a file of this name is written in.

    Raises:
        InputError: the suffix is unknown, or its format can only be read.
    """
    suffix = path.suffix.lower()
    for name, format in FORMATS.items():
        if suffix in format.suffixes and format.bits:
            return name
    given = f"the format {suffix[1:]!r}" if suffix else "to a name without a suffix"
    raise InputError(
        f"{printable(path)}: cannot write {given}; use one of {', '.join(writable_suffixes())}"
    )


def is_raw(path: PurePath) -> bool:
    """Whether a file's name is that of camera raw."""
    return path.suffix.lower() in RAW_SUFFIXES


def is_mat_name(path: PurePath) -> bool:
    """Whether a file's name is that of one of MATLAB's."""
    return path.suffix.lower() == f".{MAT}"


def sniff(head: bytes) -> str | None:
    """Recognise a format by the first `HEAD_SIZE` bytes of its file; None if it is none of ours."""
    for signature, name in _SIGNATURES:
        if head.startswith(signature):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[4:8] == b"ftyp":
        brands = {head[8:12], *(head[i : i + 4] for i in range(16, len(head), 4))}
        if brands & set(_AVIF_BRANDS):
            return "avif"
        return "heic" if brands & set(_HEIF_BRANDS) else None
    if head[:1] == b"P" and head[1:2] in b"123456Ff" and head[2:3].isspace():
        return "pnm"
    return None


def printable(path: Path | str) -> str:
    r"""Show a file name in a message: bytes that are no valid UTF-8 as escapes such as ``\xe9``."""
    # Python holds each such byte as the lone surrogate U+DC00 + byte (PEP 383).
    shown = re.sub("[\udc80-\udcff]", lambda found: rf"\x{ord(found[0]) - 0xDC00:02x}", str(path))
    return shown.encode("utf-8", "backslashreplace").decode()
