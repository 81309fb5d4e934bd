"""What a picture file says besides its pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

_FINEST = 400_000.0
"""Dots per inch that a file can be believed: more than of any microscope, and what the fields of
all formats hold."""


@dataclass(frozen=True)
class Meta:
    """Everything a picture file says besides its pixels.

    Attributes:
        icc: ICC colour profile.
        exif: Exif block, a little TIFF stream that begins with ``II`` or ``MM``.
        xmp: XMP packet.
        dpi: horizontal and vertical resolution in dots per inch; none where it is implausible.
        orientation: Exif orientation, 1 to 8; 1 is upright. The pixels are as in the file, not
            turned by it.
        text: named texts: PNG's text chunks, "Comment" in JPEG, "Description" in TIFF.
        blocks: what is passed on as it is, and only to files of the same format, each with its
            kind: PNG's colour chunks ("gAMA", "cICP", …) and its "pHYs" where that tells only the
            shape of a pixel, JPEG's "APP13" (IPTC) and "APP1" (extended XMP).
        bits: of a channel, where they are fewer than the pixels' type has (10 or 12 in AVIF).
        lost: what the file has besides and no file made of it will have, a phrase each; told with a
            warning when one is written.
        format: name of the format it was read from ("png", "jpeg", …); empty if from no file.
    """

    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    dpi: tuple[float, float] | None = None
    orientation: int = 1
    text: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    blocks: tuple[tuple[str, bytes], ...] = ()
    bits: int | None = None
    lost: tuple[str, ...] = ()
    format: str = ""

    def __post_init__(self) -> None:
        if self.dpi and not all(0 < dots <= _FINEST for dots in self.dpi):
            object.__setattr__(self, "dpi", None)

    def as_seen(self, size: tuple[int, int]) -> tuple[int, int]:
        """Height and width of the pixels, as the orientation tag turns them; or the way back."""
        return size[::-1] if self.orientation >= 5 else size


def decode(text: bytes) -> str:
    """Read text of unsaid encoding: UTF-8 where it is valid, else Latin-1, which always is."""
    try:
        return text.decode()
    except UnicodeDecodeError:
        return text.decode("latin-1")
