"""PNM, PFM and BMP against files made by hand and by Pillow."""

import io
import struct
import tracemalloc
import warnings

import numpy as np
import pytest
from PIL import Image

from n3cli.errors import InputError
from n3cli.io.picture import read_picture
from n3cli.io.reader import open_picture

RGB = np.random.default_rng(1).integers(0, 256, (5, 7, 3), np.uint8)


@pytest.mark.parametrize(
    ("format", "mode"),
    [
        *(("BMP", mode) for mode in ("RGB", "L", "1", "P")),
        ("PPM", "RGB"),
        ("PPM", "L"),
        ("PPM", "1"),
    ],
)
def test_pillows_files(format: str, mode: str) -> None:
    image = Image.fromarray(RGB).convert(mode)
    stream = io.BytesIO()
    image.save(stream, format)
    found = read_picture(stream.getvalue())
    expected = np.asarray(image.convert("RGB" if mode in ("RGB", "P") else "L"))
    np.testing.assert_array_equal(found.pixels, np.atleast_3d(expected))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"P1\n# a comment\n3 2\n101\n0 1 0\n", [[0, 255, 0], [255, 0, 255]]),
        (b"P2 3 1 # sizes\n100\n0 50 100\n", [[0, 128, 255]]),
        (b"P2\n3 1\n255\n7 # a comment: 8\n 9\r\n\t0 and more\n", [[7, 9, 0]]),
        (b"P1\n2 1\n# 10\n01\n", [[255, 0]]),
        (b"P5\n2 1\n1023\n\x00\x00\x03\xff", [[0, 65535]]),
        (b"P5\n2 1\n65535\n\x12\x34\xff\xff", [[0x1234, 65535]]),
        (b"P4\n3 2\n\xa0\x40", [[0, 255, 0], [255, 0, 255]]),
    ],
)
def test_levels_are_brought_to_the_full_range(data: bytes, expected: list[list[int]]) -> None:
    assert read_picture(data).pixels[..., 0].tolist() == expected


@pytest.mark.parametrize("order", ["<", ">"])
def test_pfm_is_upside_down(order: str) -> None:
    values = np.arange(24, dtype=np.float32).reshape(4, 2, 3) / 24
    head = b"PF\n2 4\n%s1.0\n" % (b"-" if order == "<" else b"")
    found = read_picture(head + values[::-1].astype(order + "f4").tobytes())
    np.testing.assert_array_equal(found.pixels, values)


@pytest.mark.parametrize(
    "data",
    [
        b"P5\n2 2\n0\n\0\0\0\0",
        b"P5\n2 2\n255\nab",
        b"P6\nx y\n",
        b"P2\n2 1\n9\n1 x\n",
        b"P2\n2 1\n9\n1 0.5\n",
        b"P2\n2 1\n9\n1",
        b"P2\n2 1\n9\n ",
        b"P3\n999999999 999999999\n9\n1 2 3",
        b"P5 0 4 255 ",
    ],
)
def test_nonsense_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match="damaged PNM"):
        read_picture(data)


@pytest.mark.parametrize("value", [b"9" * 26, b"-2", b"256"])
def test_a_number_out_of_range_is_refused(value: bytes) -> None:
    with pytest.raises(InputError, match="damaged PNM: it has a value outside 0 to 255"):
        read_picture(b"P2\n2 1\n255\n7 " + value + b"\n")


@pytest.mark.parametrize("limit", [255, 65535])
def test_a_large_plain_file_takes_little_memory(limit: int) -> None:
    values = np.random.default_rng(0).integers(0, limit + 1, (700, 500, 3), np.uint16)
    rows = "\n".join(" ".join(map(str, row)) for row in values.reshape(-1, 15))
    data = f"P3\n500 700\n{limit}\n{rows}\n".encode()
    tracemalloc.start()
    try:
        found = read_picture(data).pixels
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    np.testing.assert_array_equal(found, values)
    assert peak < 60 * values.shape[0] * values.shape[1]


def bmp_of_nothing(width: int, height: int, packing: int) -> bytes:
    """The head of a BMP file of 1 bit a pixel, black and white."""
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 1, packing, 0, 0, 0, 2, 0)
    return b"BM" + struct.pack("<IHHI", 0, 0, 0, 62) + head + bytes(4) + b"\xff\xff\xff\0"


def test_a_large_bmp_is_read_without_chatter() -> None:
    width, height = 20_000, 9_000  # more than Pillow takes, twice as many as it warns of
    data = bmp_of_nothing(width, height, 0) + bytes(width // 8 * height)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with open_picture(data) as reader:
            assert (reader.width, reader.height) == (width, height)


def test_a_bmp_cannot_claim_more_pixels_than_it_may_hold() -> None:
    with pytest.raises(InputError, match="damaged BMP: it claims 60000×60000 pixels"):
        read_picture(bmp_of_nothing(60_000, 60_000, 0))
