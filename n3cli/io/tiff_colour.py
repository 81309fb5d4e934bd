"""Colours of TIFF files that libvips would hand over as if they were RGB.

Source: TIFF 6.0 (1992), sections 20 to 23, and its technical notes for ICC L*a*b*.
"""

from __future__ import annotations

import struct
from typing import Any, BinaryIO

import numpy as np

from n3cli.errors import InputError
from n3cli.io.tiff import DNG_VERSION, read_head

_BITS, _COMPRESSION, _COLOURS, _SAMPLES = 258, 259, 262, 277
_COEFFICIENTS, _SUBSAMPLING, _RANGE = 529, 530, 532
_KIND, _PREVIEW = 254, [1.0]
_RAW = ([32803.0], [34892.0])  # a filter's mosaic, and what was made of one
_YCBCR, _FOREIGN = [6.0], ([9.0], [10.0])  # ICC's and ITU's L*a*b*
_JPEG = ([6.0], [7.0])  # libjpeg makes RGB of it
# What can be converted, and what a file means that does not tell.
_KNOWN = {
    _BITS: ([8.0] * 3, [1.0]),
    _SAMPLES: ([3.0], [1.0]),
    _COEFFICIENTS: ([0.299, 0.587, 0.114],) * 2,
    _SUBSAMPLING: ([1.0, 1.0], [2.0, 2.0]),
    _RANGE: ([0.0, 255.0, 128.0, 255.0, 128.0, 255.0],) * 2,
}
_TO_RGB = [[1, 0, 1.402], [1, -0.344136, -0.714136], [1, 1.772, 0]]  # ITU-R BT.601


def is_ycbcr(file: BinaryIO, name: str) -> bool:
    """Whether the pixels that libvips gives of a TIFF file are YCbCr.

    Raises:
        InputError: they are of another kind that libvips takes for RGB, and that is not converted,
            or the file is camera raw.
    """
    try:
        layout, offset = read_head(file)
        wanted = {_KIND, _COMPRESSION, _COLOURS, DNG_VERSION, *_KNOWN}
        fields = layout.read(file, offset, wanted)
    except (ValueError, struct.error, OverflowError):
        return False  # libvips will tell
    tags = {tag: field.numbers for tag, field in fields.items()}
    colours = tags.get(_COLOURS)
    raw = colours in _RAW or tags.get(_KIND) == _PREVIEW
    if DNG_VERSION in fields and raw:  # libvips would give its preview, if anything
        raise InputError(
            f"{name}: is camera raw (DNG), which only n3 denoise reads, and only from a file named "
            ".dng"
        )
    if colours not in (_YCBCR, *_FOREIGN) or tags.get(_COMPRESSION) in _JPEG:
        return False
    known = all(
        np.shape(given := tags.get(tag, default)) == np.shape(known) and np.allclose(given, known)
        for tag, (known, default) in _KNOWN.items()
    )
    if colours != _YCBCR or not known:
        kind = "YCbCr with fewer colour samples or another range" if colours == _YCBCR else "L*a*b*"
        raise InputError(f"{name}: its colours are {kind}; convert it to RGB with another program")
    return True


def to_rgb(image: Any) -> Any:
    """Convert 8-bit YCbCr of full range, which libvips calls RGB."""
    colours = (image - [0, 128, 128]).recomb(_TO_RGB)
    return colours.rint().cast("uchar").copy(interpretation="srgb")
