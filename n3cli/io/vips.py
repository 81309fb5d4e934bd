"""Opening files with libvips: no option syntax, no chatter, one-line errors."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np
import pyvips
from numpy.typing import NDArray

from n3cli.errors import InputError, N3Warning
from n3cli.io.depth import Pixels
from n3cli.io.meta import Meta

# Every picture is read once: the cache of operations would only keep files open.
pyvips.cache_set_max(0)

_DTYPES = {"uchar": np.uint8, "ushort": np.uint16, "float": np.float32}
_UNKNOWN = {  # what libvips says of files that are not damaged, and what it means
    ("samples out of range",): (
        "samples of more than 32 bits (double, complex) are not supported; "
        "convert it to 8 or 16 bits or to 32-bit float"
    ),
    ("not configured", "not implemented", "not supported", "bad labq", "Unknown pseudo-tag"): (
        "its compression or its kind of colours cannot be decoded here; convert it with another "
        "program, for example to RGB in a PNG file"
    ),
}
_OTHER_SPACES = frozenset(("cmyk", "lab", "labq", "labs", "lch", "cmc", "xyz", "yxy", "hsv"))


@contextmanager
def explained(trouble: str) -> Iterator[None]:
    """Turn libvips' many-line complaints into one `InputError` of one line.

    Args:
        trouble: which file it is, and what failed; the cause is added.
    """
    pyvips.vips_lib.vips_error_clear()  # or older complaints are taken for the cause
    try:
        yield
    except pyvips.Error as error:
        # The log repeats itself; its first line names the cause.
        causes = [line.strip() for line in str(error.detail).splitlines() if line.strip()]
        raise InputError(f"{trouble} ({causes[0]})" if causes else trouble) from error


def load(file: BinaryIO | bytes, name: str, format: str) -> Any:
    """Open a picture for reading from top to bottom; pixels are decoded as they are asked for.

    Args:
        file: an open regular file, or all its bytes.
        name: what to call it in messages.
        format: what its first bytes tell, see `sniff`.

    Returns:
        A `pyvips.Image` with 1 to 4 bands of uchar, ushort or float, grey or RGB.

    Raises:
        InputError: the header is damaged, or the pixels are of a kind that we do not treat.
    """
    with _decoding(name):
        if isinstance(file, bytes):
            source = pyvips.Source.new_from_memory(file)
        else:
            os.lseek(file.fileno(), 0, os.SEEK_SET)  # Python's own position may differ
            source = pyvips.Source.new_from_descriptor(file.fileno())
        image = pyvips.Image.new_from_source(
            source, "", access="sequential", fail_on="error", **_options(format)
        )
        if (pages := _field(image, "n-pages") or 1) > 1:
            warn_of_pages(name, pages)
        image = _stretch(_to_rgb(image, name))
    if image.format == "double":
        image = image.cast("float")
    if image.format not in _DTYPES:
        raise InputError(
            f"{name}: pixels of type {image.format!r} are not supported; "
            "convert it to 8 or 16 bits or to 32-bit float"
        )
    if image.bands > 4:
        raise InputError(
            f"{name}: has {image.bands} channels; at most 4 (RGB and alpha) are supported"
        )
    return image


def warn_of_pages(name: str, count: int) -> None:
    """Say that a file holds more than the picture that is read."""
    _warn(name, f"only the first of its {count} pages or frames is read")


def warn_of_colours(name: str, space: str) -> None:
    """Say that a file has colours of another kind than the picture that is read."""
    _warn(name, f"its colours are converted from {space} to sRGB")


def read_meta(image: Any) -> Meta:
    """Collect what libvips knows of a picture's metadata: profile, Exif, XMP, orientation."""
    block = _field(image, "exif-data")
    return Meta(
        icc=_field(image, "icc-profile-data"),
        exif=block and block.removeprefix(b"Exif\0\0"),
        xmp=_field(image, "xmp-data"),
        orientation=_field(image, "orientation") or 1,
        bits=_bits(image),
    )


def _field(image: Any, name: str) -> Any:
    """A field of an image; None where it has none of that name.

    Their list cannot be asked for: it has the keywords of PNG's texts, which may be Latin-1.
    """
    return image.get(name) if image.get_typeof(name) else None


class Strips:
    """The rows of an image that `load` opened."""

    def __init__(self, image: Any, name: str) -> None:
        self._image, self._name = image, name
        self.height, self.width, self.bands = image.height, image.width, image.bands
        self.dtype = np.dtype(_DTYPES[image.format])

    def fetch(self, top: int, bottom: int) -> Pixels:
        """Decode the rows [top, bottom), h×W×bands; `top` never goes back."""
        with _decoding(self._name):
            # A region belongs to the thread that made it, and rows may be asked for by any.
            region = pyvips.Region.new(self._image)
            buffer = region.fetch(0, top, self.width, bottom - top)
        rows: NDArray[Any] = np.frombuffer(buffer, self.dtype)
        return rows.reshape(bottom - top, self.width, self.bands)


@contextmanager
def _decoding(name: str) -> Iterator[None]:
    """Tell kinds that libvips does not know from damage; one `InputError` either way."""
    with explained(f"{name}: damaged, cut off, or of a kind that cannot be decoded"):
        try:
            yield
        except pyvips.Error as error:
            for causes, told in _UNKNOWN.items():
                if any(cause in str(error.detail) for cause in causes):
                    raise InputError(f"{name}: {told}") from error
            raise


def _options(format: str) -> dict[str, bool]:
    """Lift libtiff's budget of 50 MB: one strip or one private tag may well hold more."""
    known = pyvips.Introspect.get("tiffload_source").optional_input if format == "tiff" else ()
    return {"unlimited": True} if "unlimited" in known else {}  # unknown to old libvips


def _to_rgb(image: Any, name: str) -> Any:
    if image.interpretation not in _OTHER_SPACES:
        return image
    warn_of_colours(name, image.interpretation.upper())
    if image.interpretation == "cmyk":
        depth = 16 if image.format == "ushort" else 8
        return image.icc_transform("srgb", embedded=True, input_profile="cmyk", depth=depth)
    return image.colourspace("rgb16" if image.format != "uchar" else "srgb")


def _bits(image: Any) -> int | None:
    """How many bits of 16 an AVIF or HEIC file fills; None if all, or of other files."""
    bits: int | None = _field(image, "bits-per-sample")
    if bits is None or not image.get("vips-loader").startswith("heif"):
        return None
    return bits if 8 < bits < 16 else None


def _stretch(image: Any) -> Any:
    """Bring white to the full range: of 10 or 12 bits libvips only fills the upper ones."""
    if (bits := _bits(image)) is None:
        return image
    white = ((1 << bits) - 1) << (16 - bits)
    return image.linear(65535 / white, 0.5).cast("ushort")


def _warn(name: str, text: str) -> None:
    warnings.warn(f"{name}: {text}", N3Warning, stacklevel=4)
