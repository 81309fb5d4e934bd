"""Raw pixels on disk → a finished picture file.

libvips encodes the pixels and embeds the colour profile. The rest of the metadata is put in by our
own modules, because libvips would rewrite the Exif block (blanking makers' notes), invent one
where there was none, and write none to TIFF.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyvips

from n3cli.io import exif, jpeg, png, vips, webp
from n3cli.io.meta import Meta

_FORMATS = {"uint8": "uchar", "uint16": "ushort", "float32": "float"}
_CLASSIC_TIFF_LIMIT = 3 << 30  # bytes of pixels; offsets in classic TIFF end at 4 GiB
_TIFF_STRIP = 8 << 20  # bytes; programs with libtiff's budget refuse strips of more than 50 MB
_SUBSAMPLING_LIMIT = 90  # quality up to which chroma may be halved


@dataclass(frozen=True)
class Raw:
    """Rows of interleaved pixels in a file, as native-endian numbers."""

    path: Path
    height: int
    width: int
    bands: int
    dtype: np.dtype[Any]


def encode(raw: Raw, target: Path, format: str, meta: Meta, quality: int, name: str) -> None:
    """Write raw pixels as a picture file of a format that can hold their type and bands.

    Args:
        raw: the pixels.
        target: the file to make.
        format: its format.
        meta: its metadata.
        quality: 1 to 100, see `create_picture`.
        name: what to call the picture in messages.

    Raises:
        InputError: the format cannot hold the picture (its size), or the disk is full.
    """
    bare = raw.path.with_name("bare")
    with vips.explained(f"{name}: cannot be encoded as {format}"):
        _encode_bare(raw, bare, format, meta, quality)
    raw.path.unlink()
    if format == "tiff":
        with bare.open("r+b") as file:
            exif.into_tiff(file, meta)
    if format in ("tiff", "avif"):
        bare.replace(target)
        return
    with bare.open("rb") as source, target.open("wb") as file:
        if format == "png":
            png.splice(source, file, meta)
        elif format == "jpeg":
            jpeg.splice(source, file, meta)
        else:
            size = raw.width, raw.height
            webp.splice(source, file, meta, size=size, has_alpha=raw.bands in (2, 4))


def _encode_bare(raw: Raw, bare: Path, format: str, meta: Meta, quality: int) -> None:
    """Let libvips write its file.

    Its objects end here: they hold both files, and Windows moves and removes none that is held.
    """
    image = _image(raw, meta)
    if format == "avif":
        image = _squeeze(image, raw, meta)
        _tell_vips(image, meta)
    with bare.open("wb") as file:
        sink = pyvips.Target.new_to_descriptor(file.fileno())
        operation, options = _saver(raw, format, meta, quality)
        pyvips.Operation.call(f"{operation}_target", image, sink, **options)


def _image(raw: Raw, meta: Meta) -> Any:
    # Bytes, because a path may hold some that are no UTF-8.
    path = os.fsencode(raw.path)
    grey, deep = raw.bands < 3, raw.dtype == np.uint16
    image = pyvips.Image.rawload(
        path,
        raw.width,
        raw.height,
        raw.bands,
        format=_FORMATS[raw.dtype.name],
        interpretation=("grey16" if deep else "b-w") if grey else ("rgb16" if deep else "srgb"),
    )
    across, down = meta.dpi or (25.4, 25.4)
    image = image.copy(xres=across / 25.4, yres=down / 25.4)
    if meta.icc:
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", meta.icc)
    return image


def _squeeze(image: Any, raw: Raw, meta: Meta) -> Any:
    """Round 16 bits to those that are written: libvips would only cut the lower ones off."""
    if raw.dtype == np.uint8:
        return image
    bits = _avif_bits(raw, meta)
    white = (1 << bits) - 1
    return image.linear(white / 65535, 0.5).cast("ushort") << (16 - bits)


def _avif_bits(raw: Raw, meta: Meta) -> int:
    return 8 if raw.dtype == np.uint8 else 10 if meta.bits == 10 else 12


def _tell_vips(image: Any, meta: Meta) -> None:
    """Attach the metadata that libvips itself writes, for the container that we leave to it."""
    if block := exif.complete(meta, with_dpi=True):
        image.set_type(pyvips.GValue.blob_type, "exif-data", b"Exif\0\0" + block)
    if meta.xmp:
        image.set_type(pyvips.GValue.blob_type, "xmp-data", meta.xmp)
    image.set_type(pyvips.GValue.gint_type, "orientation", meta.orientation)


def _saver(raw: Raw, format: str, meta: Meta, quality: int) -> tuple[str, dict[str, Any]]:
    """Choose libvips' operation and what decides size and speed."""
    chroma = "on" if quality <= _SUBSAMPLING_LIMIT else "off"
    match format:
        case "png":
            # Measured on photos: 5 % larger and 2 to 3 times as fast as level 6, all filters.
            return "pngsave", {"keep": "icc", "compression": 3, "filter": "paeth"}
        case "jpeg":
            # No optimized Huffman tables: they save 5 % but hold the whole picture in memory.
            return "jpegsave", {"keep": "icc", "Q": quality, "subsample_mode": chroma}
        case "webp":
            lossless = {"lossless": True, "exact": True} if quality == 100 else {"Q": quality}
            return "webpsave", {"keep": "icc", **lossless}
        case "avif":
            lossy = {"Q": quality, "subsample_mode": chroma}
            options = {"lossless": True} if quality == 100 else lossy
            depth = _avif_bits(raw, meta)
            keep = "icc:xmp:exif" if meta.exif or meta.dpi else "icc:xmp"
            return "heifsave", {"keep": keep, "compression": "av1", "bitdepth": depth, **options}
        case _:
            row = raw.width * raw.bands * raw.dtype.itemsize
            return "tiffsave", {
                "keep": "icc",
                "compression": "deflate",
                # Few programs besides libtiff undo the predictor for floats.
                "predictor": "none" if raw.dtype == np.float32 else "horizontal",
                "tile_height": max(1, min(128, _TIFF_STRIP // row)),
                "bigtiff": raw.height * row > _CLASSIC_TIFF_LIMIT,
            }
