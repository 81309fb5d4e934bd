"""Whole pictures in memory, read and written in one go."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from n3cli.errors import InputError
from n3cli.io.depth import Pixels
from n3cli.io.format import format_of
from n3cli.io.meta import Meta
from n3cli.io.reader import open_picture
from n3cli.io.writer import create_picture


@dataclass(frozen=True)
class Picture:
    """A whole picture in memory.

    Attributes:
        pixels: H×W×C with C 1 (grey) or 3 (RGB); uint8 and uint16 hold the file's values,
            float32 is in [0, 1].
        alpha: opacity, H×W of the same type, or None.
        meta: everything else that the file says.
    """

    pixels: Pixels
    alpha: Pixels | None = None
    meta: Meta = field(default_factory=Meta)


def read_picture(source: Path | bytes) -> Picture:
    """Read a whole picture from a file or from the bytes of one.

    Raises:
        InputError: it cannot be read; see `open_picture`.
    """
    with open_picture(source) as reader:
        pixels, alpha = reader.rows(0, reader.height)
        return Picture(pixels, alpha, reader.meta)


def write_picture(
    target: Path | BinaryIO,
    picture: Picture,
    *,
    format: str | None = None,
    quality: int = 95,
    replace: bool = True,
) -> None:
    """Write a whole picture; the target is replaced at once when everything went well.

    Args:
        target: a path, or a stream (then `format` is needed).
        picture: what to write.
        format: a format's name ("png", …); by default what the target's suffix says.
        quality: see `create_picture`.
        replace: as for `path.deliver`.

    Raises:
        InputError: the format is unknown, or the target cannot be written.
    """
    if format is None:
        if not isinstance(target, Path):
            raise InputError("a stream has no suffix: say which format to write")
        format = format_of(target)
    height, width, channels = picture.pixels.shape
    with create_picture(
        target,
        format=format,
        height=height,
        width=width,
        channels=channels,
        has_alpha=picture.alpha is not None,
        dtype=picture.pixels.dtype,
        meta=picture.meta,
        quality=quality,
        replace=replace,
    ) as writer:
        writer.write(picture.pixels, picture.alpha)
