"""Row strips → picture files, which appear whole or not at all."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np
from numpy.typing import DTypeLike

from n3cli.errors import ConfigError, InputError, N3Warning
from n3cli.io import path
from n3cli.io.depth import Pixels, over_white, to_depth
from n3cli.io.encode import Raw, encode
from n3cli.io.format import FORMATS, printable, writable_names
from n3cli.io.meta import Meta


@dataclass(frozen=True)
class _Layout:
    """What comes in, with its metadata, and what of it the format keeps."""

    format: str
    height: int
    width: int
    channels: int
    has_alpha: bool
    dtype: np.dtype[Any]
    meta: Meta

    @property
    def keeps_alpha(self) -> bool:
        return self.has_alpha and FORMATS[self.format].alpha

    @property
    def stored(self) -> np.dtype[Any]:
        """The pixels' own type if the format has it, else the deepest that it has."""
        depths = FORMATS[self.format].depths
        return np.dtype(self.dtype.name if self.dtype.name in depths else depths[-1])

    def losses(self) -> Iterator[str]:
        if self.has_alpha and not self.keeps_alpha:
            yield f"{self.format} has no transparency; it is laid over white"
        given, kept = 8 * self.dtype.itemsize, FORMATS[self.format].bits
        if given == 16:
            given = self.meta.bits or given
        if given > kept:
            cut = ", and cut to 0 to 1" if self.dtype.kind == "f" else ""
            yield f"{self.format} holds at most {kept} bits; {given}-bit pixels are reduced{cut}"
        yield from self.meta.lost


class PictureWriter:
    """A picture being written; a context manager, made by `create_picture`.

    Rows wait in a file of raw pixels until all have come, because no encoder takes them strip by
    strip. Leaving the context cleanly encodes them and puts the file in its place; leaving it by
    an error leaves the target as it was.

    Attributes:
        name: what the picture is called in messages.
    """

    def __init__(
        self, target: Path | BinaryIO, name: str, layout: _Layout, quality: int, replace: bool
    ) -> None:
        self.name = name
        self._target, self._layout, self._quality = target, layout, quality
        self._replace = replace
        self._written = 0
        self._cleanup = ExitStack()

    def write(self, pixels: Pixels, alpha: Pixels | None = None) -> None:
        """Add the next rows, from top to bottom.

        Args:
            pixels: h×W×C of the picture's type.
            alpha: h×W of the same type, given exactly when the picture has transparency.

        Raises:
            InputError: the disk is full.
            ValueError: the strip does not fit the picture.
        """
        self._check(pixels, alpha)
        if alpha is not None and not self._layout.keeps_alpha:
            pixels, alpha = over_white(pixels, alpha), None
        planes = pixels if alpha is None else np.dstack((pixels, alpha))
        stored = np.ascontiguousarray(to_depth(planes, self._layout.stored))
        view = stored.reshape(-1).view(np.uint8).data
        with path.explained(self.name):
            while view:  # unbuffered, so that a full disk shows here and not on closing
                view = view[self._raw.write(view) :]
        self._written += len(pixels)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._folder = stack.enter_context(path.staging(self._target))
            self._raw = stack.enter_context((self._folder / "raw").open("wb", buffering=0))
            self._cleanup = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._cleanup:
            if kind is None:
                self._commit()

    def _commit(self) -> None:
        layout = self._layout
        if self._written != layout.height:
            raise ValueError(f"{self.name}: {self._written} of {layout.height} rows were written")
        self._raw.close()
        bands = layout.channels + layout.keeps_alpha
        raw = Raw(self._folder / "raw", layout.height, layout.width, bands, layout.stored)
        finished = self._folder / "finished"
        with path.explained(self.name):
            encode(raw, finished, layout.format, layout.meta, self._quality, self.name)
        path.deliver(finished, self._target, replace=self._replace)

    def _check(self, pixels: Pixels, alpha: Pixels | None) -> None:
        layout = self._layout
        height = min(len(pixels), layout.height - self._written)
        expected: list[tuple[int, ...]] = [(height, layout.width, layout.channels)]
        if layout.has_alpha:
            expected.append((height, layout.width))
        given = [plane for plane in (pixels, alpha) if plane is not None]
        if [plane.shape for plane in given] != expected or {plane.dtype for plane in given} != {
            layout.dtype
        }:
            raise ValueError(
                f"{self.name}: given {[(plane.shape, str(plane.dtype)) for plane in given]}, "
                f"while the next rows are {expected} {layout.dtype}"
            )


def create_picture(
    target: Path | BinaryIO,
    *,
    format: str,
    height: int,
    width: int,
    channels: int,
    has_alpha: bool,
    dtype: DTypeLike,
    meta: Meta,
    quality: int = 95,
    replace: bool = True,
) -> PictureWriter:
    """Prepare to write a picture row by row.

    What the format cannot hold is adapted, with a `N3Warning`: pixels are reduced to the deepest
    type that it has, transparency is laid over white (JPEG). WebP stores grey as RGB. Metadata
    that a format has no place for is left out: texts in WebP and AVIF, all texts but "Comment" in
    JPEG and "Description" in TIFF.

    Args:
        target: a path, whose folder exists, or a binary stream, to which nothing is written
            before the picture is complete.
        format: a writable format's name; `format.format_of` tells it from a path.
        height: rows.
        width: columns.
        channels: 1 (grey) or 3 (RGB).
        has_alpha: whether an alpha plane comes with every strip.
        dtype: type of the strips: uint8, uint16 or float32 (in [0, 1]).
        meta: metadata to write.
        quality: 1 to 100, for JPEG, WebP and AVIF. Chroma has full resolution above 90 (always
            halved in lossy WebP); at 100 WebP and AVIF are lossless.
        replace: as for `path.deliver`.

    Raises:
        InputError: the format cannot be written, or holds no picture of that size.
        ConfigError: `quality` is out of its range.
    """
    if format not in FORMATS or not FORMATS[format].depths:
        raise InputError(
            f"cannot write the format {format!r}; use one of {', '.join(writable_names())}"
        )
    if not 1 <= quality <= 100:
        raise ConfigError(f"quality must be from 1 to 100, got {quality}")
    name = printable(target) if isinstance(target, Path) else "output stream"
    if max(height, width) > FORMATS[format].side:
        raise InputError(
            f"{name}: {format} holds at most {FORMATS[format].side} pixels per side, but the "
            f"picture has {width}×{height}; write another format, for example png"
        )
    layout = _Layout(format, height, width, channels, has_alpha, np.dtype(dtype), meta)
    for loss in layout.losses():
        warnings.warn(f"{name}: {loss}", N3Warning, stacklevel=2)
    return PictureWriter(target, name, layout, quality, replace)
