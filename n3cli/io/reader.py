"""Pictures from files, row by row."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np

from n3cli.errors import InputError
from n3cli.io import avif, exif, jpeg, path, png, tiff_colour, vips
from n3cli.io.depth import Pixels
from n3cli.io.format import FORMATS, HEAD_SIZE, printable, sniff
from n3cli.io.meta import Meta
from n3cli.io.plain import Whole

_PLAIN = ("bmp", "pnm")
_READ_META = {
    "png": png.read_meta,
    "jpeg": jpeg.read_meta,
    "tiff": exif.read_tiff,
    "avif": avif.read_meta,
    "heic": avif.read_meta,
}


class PictureReader:
    """A picture being read; a context manager, made by `open_picture`.

    Attributes:
        name: what the picture is called in messages.
        height: rows.
        width: columns.
        channels: 1 (grey) or 3 (RGB), without alpha.
        has_alpha: whether it has transparency.
        dtype: uint8, uint16 or float32.
        meta: everything else that the file says.
    """

    def __init__(self, strips: vips.Strips | Whole, meta: Meta, name: str, file: BinaryIO) -> None:
        self.name = name
        self.height, self.width = strips.height, strips.width
        self.channels = 1 if strips.bands < 3 else 3
        self.has_alpha = strips.bands in (2, 4)
        self.dtype: np.dtype[Any] = strips.dtype
        self.meta = meta
        self._strips, self._file = strips, file
        self._top = 0
        self._kept: Pixels = np.empty((0, self.width, strips.bands), self.dtype)

    def rows(self, top: int, bottom: int) -> tuple[Pixels, Pixels | None]:
        """Read the rows [top, bottom).

        Strips may overlap and may leave rows out, but `top` never goes back.

        Returns:
            The pixels, h×W×C, and the alpha plane, h×W, or None.

        Raises:
            InputError: the file is damaged or cut off.
            ValueError: the rows are outside the picture, or go back.
        """
        if not self._top <= top < bottom <= self.height:
            raise ValueError(f"rows {top}:{bottom} of {self.height}, after {self._top}")
        # libvips forgets rows that it gave away: those that may be asked for again stay here.
        kept = self._kept[top - self._top :]
        ready = top + len(kept)
        if bottom > ready:
            fresh = self._strips.fetch(ready, bottom)
            kept = np.concatenate((kept, fresh)) if len(kept) else fresh
        self._top, self._kept = top, kept
        rows = kept[: bottom - top]
        alpha = rows[..., -1].copy() if self.has_alpha else None
        return rows[..., : self.channels].copy(), alpha

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_picture(source: Path | bytes, name: str | None = None) -> PictureReader:
    """Open a picture; the format is told by the contents, not by the suffix.

    Colours of other kinds (CMYK, Lab, TIFF's YCbCr) become sRGB; of several pages or frames the
    first is read; both with a `N3Warning`. Palettes become RGB, 1, 2 and 4 bits become 8.

    Args:
        source: a path, or all bytes of a file.
        name: what to call it in messages; by default the path.

    Raises:
        InputError: it is missing, may not be read, is no picture or a damaged one, or has pixels
            that are not supported (more than RGB and alpha, complex, 32-bit integers).
    """
    if isinstance(source, bytes):
        return _open(io.BytesIO(source), printable(name or "input data"))
    name = printable(name or source)
    with path.explained(name):
        file = source.open("rb")
    try:
        if not file.seekable():
            with path.explained(name), file:
                return _open(io.BytesIO(file.read()), name)
        return _open(file, name)
    except BaseException:
        file.close()
        raise


def _open(file: BinaryIO, name: str) -> PictureReader:
    with path.explained(name):
        head = file.read(HEAD_SIZE)
    if not head:
        raise InputError(f"{name}: is empty")
    format = sniff(head)
    if format is None:
        raise InputError(
            f"{name}: is not a picture in a known format; known are {', '.join(FORMATS)}"
        )
    with path.explained(name):
        found = _READ_META[format](file) if format in _READ_META else Meta()
        if format == "png" and (frames := png.count_frames(file)) > 1:
            vips.warn_of_pages(name, frames)
        ycbcr = format == "tiff" and tiff_colour.is_ycbcr(file, name)
        file.seek(0)
        if format in _PLAIN:
            return PictureReader(Whole(file.read(), format, name), Meta(format=format), name, file)
    image = vips.load(file.getvalue() if isinstance(file, io.BytesIO) else file, name, format)
    if ycbcr:
        vips.warn_of_colours(name, "YCbCr")
        image = tiff_colour.to_rgb(image)
    meta = vips.read_meta(image)
    block, dpi = found.exif or meta.exif, found.dpi or exif.read_dpi(meta.exif)
    if format == "avif" and block and dpi == (25.4, 25.4):
        # A pixel a millimetre, which libvips tells where no resolution is known.
        block, dpi = exif.without_dpi(block), None
    meta = dataclasses.replace(
        meta,
        exif=block,
        dpi=dpi,
        text=found.text,
        blocks=found.blocks,
        lost=found.lost,
        format=format,
    )
    return PictureReader(vips.Strips(image, name), meta, name, file)
