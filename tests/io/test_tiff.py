"""TIFF files of others: large strips, hostile directories, colours that need conversion."""

import io
import struct
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
import tifffile

from n3cli.io import exif
from n3cli.io.picture import read_picture
from n3cli.io.raw_tag import read_tags
from n3cli.io.tiff import BYTE, read_head


def tiff_bytes(pixels: np.ndarray, **options: object) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, pixels, **options)
    return stream.getvalue()


def test_one_strip_may_be_larger_than_libtiffs_budget() -> None:
    pixels = np.zeros((5000, 3600, 3), np.uint8)
    pixels[-1, -1] = 1, 2, 3
    data = tiff_bytes(
        pixels,
        photometric="rgb",
        rowsperstrip=5000,
        compression="zlib",
        compressionargs={"level": 0},
    )
    assert read_picture(data).pixels[-1, -1].tolist() == [1, 2, 3]


MEGABYTE = 1 << 20


def peak(work: Callable[[], object]) -> int:
    """Bytes of Python's memory that some work takes at most."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def shared_block(count: int) -> bytes:
    """A TIFF stream of a megabyte, whose many fields all claim that megabyte."""
    start = 8 + 2 + 12 * count + 4
    fields = [struct.pack("<HHII", 1000 + one, BYTE, MEGABYTE, start) for one in range(count)]
    head = b"II*\0" + struct.pack("<IH", 8, count) + b"".join(fields) + bytes(4)
    return head + bytes(MEGABYTE)


def test_fields_cannot_claim_more_than_the_file_has() -> None:
    file = io.BytesIO(shared_block(40))
    layout, offset = read_head(file)
    with pytest.raises(ValueError, match="more than the file has"):
        layout.read(file, offset)
    assert len(layout.read(file, offset, {1000})) == 1
    data = file.getvalue()
    assert peak(lambda: exif.read_dpi(data)) < 3 * MEGABYTE
    assert peak(lambda: read_tags(data)) < 3 * MEGABYTE


def test_only_what_is_wanted_of_a_tiff_file_is_read() -> None:
    private = (37724, 7, 8 * MEGABYTE, bytes(8 * MEGABYTE), False)
    pixels = np.zeros((4, 4, 3), np.uint8)
    data = tiff_bytes(
        pixels, photometric="rgb", description="a dog", metadata=None, extratags=[private]
    )
    file = io.BytesIO(data)
    assert peak(lambda: exif.read_tiff(file)) < MEGABYTE
    assert exif.read_tiff(file).text == {"Description": "a dog"}
    assert peak(lambda: read_tags(data)) < MEGABYTE


def test_of_a_long_field_only_the_first_numbers_are_looked_at() -> None:
    speeds = (34855, 3, 2 * MEGABYTE, bytes(4 * MEGABYTE), False)
    data = tiff_bytes(np.zeros((4, 4), np.uint8), extratags=[speeds])
    assert peak(lambda: read_tags(data)) < 20 * MEGABYTE
