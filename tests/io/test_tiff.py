"""TIFF files of others: large strips, hostile directories, colours that need conversion."""

import io
import re
import struct
import tracemalloc
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image
from reference.dng import make_dng

from n3cli.errors import InputError, N3Warning
from n3cli.io import exif
from n3cli.io.exif import pack, read_dpi
from n3cli.io.picture import read_picture
from n3cli.io.raw.tag import read_tags
from n3cli.io.tiff import ASCII, BYTE, LONG, RATIONAL, SHORT, SRATIONAL, Field, Layout, read_head


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


RGB = np.random.default_rng(0).integers(0, 256, (16, 20, 3), np.uint8)


def luma_and_chroma(pixels: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(pixels).convert("YCbCr"))


def pillows_ycbcr() -> bytes:
    stream = io.BytesIO()
    Image.fromarray(RGB).convert("YCbCr").save(stream, "TIFF")
    return stream.getvalue()


def tifffiles_ycbcr() -> bytes:
    return tiff_bytes(luma_and_chroma(RGB), photometric="ycbcr", compression="zlib")


@pytest.mark.parametrize("data", [pillows_ycbcr(), tifffiles_ycbcr()], ids=["Pillow", "tifffile"])
def test_ycbcr_becomes_rgb(data: bytes) -> None:
    with pytest.warns(N3Warning, match="converted from YCbCr to sRGB"):
        found = read_picture(data)
    expected = Image.fromarray(luma_and_chroma(RGB), "YCbCr").convert("RGB")
    difference = found.pixels.astype(int) - np.asarray(expected)
    assert np.abs(difference).max() <= 1


def test_ycbcr_of_jpeg_in_tiff_is_rgb_already() -> None:
    flat = np.full((16, 16, 3), (200, 100, 50), np.uint8)
    data = tiff_bytes(luma_and_chroma(flat), photometric="ycbcr", compression="jpeg")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.abs(read_picture(data).pixels.astype(int) - flat).max() <= 2


def of_studio_range() -> bytes:
    at = struct.pack("<HHI", 532, RATIONAL, 6)
    data = bytearray(tifffiles_ycbcr())
    (start,) = struct.unpack_from("<I", data, data.index(at) + 8)
    struct.pack_into("<I", data, start, 16)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (tiff_bytes(luma_and_chroma(RGB).astype(np.uint16), photometric="ycbcr"), "YCbCr"),
        (of_studio_range(), "YCbCr"),
        (tiff_bytes(RGB, photometric="icclab"), "L*a*b*"),
    ],
)
def test_colours_that_are_not_converted_are_refused(data: bytes, word: str) -> None:
    with pytest.raises(InputError, match=f"its colours are {re.escape(word)}.*convert it to RGB"):
        read_picture(data)


@pytest.mark.parametrize(
    "options",
    [
        *({"photometric": "rgb", "compression": one} for one in ("zstd", "lzma", "jpeg2000")),
        {"photometric": "cielab"},
    ],
)
def test_a_kind_that_cannot_be_decoded_is_not_called_damaged(options: dict[str, object]) -> None:
    with pytest.raises(InputError, match="cannot be decoded here; convert it") as caught:
        read_picture(tiff_bytes(RGB, **options))
    assert "damaged" not in str(caught.value)


def test_a_dng_file_of_another_name_is_no_picture(tmp_path: Path) -> None:
    path = tmp_path / "photo.tif"
    path.write_bytes(make_dng(np.full((60, 72), 9000, np.uint16)))
    with pytest.raises(InputError, match=r"is camera raw \(DNG\).*from a file named \.dng"):
        read_picture(path)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
def test_fields_are_in_order_and_their_values_at_even_offsets(order: str, big: bool) -> None:
    layout = Layout(order, big)
    fields = {tag: Field(ASCII, bytes(length)) for tag, length in ((700, 13), (270, 11), (271, 9))}
    start = len(layout.head(0))
    file = io.BytesIO(layout.head(start) + layout.pack(fields, start))
    assert read_head(file) == (layout, start)
    places = layout.locate(file, start)
    assert [*places] == [270, 271, 700]
    assert all(place.at % 2 == 0 for place in places.values())
    assert layout.read(file, start) == fields


def test_the_head_of_a_large_file() -> None:
    assert Layout("<", big=True).head(16) == b"II+\0\x08\0\0\0" + struct.pack("<Q", 16)


def test_a_pointer_to_what_is_not_carried_along_is_left_out() -> None:
    note = {0x9286: Field(7, b"note")}
    tree = {0: {}, exif.EXIF: note | {0xA005: Field(LONG, struct.pack("<I", 8))}}
    assert exif.read_tree(io.BytesIO(exif.pack(tree)))[exif.EXIF] == note


@pytest.mark.parametrize(
    ("kind", "data", "dpi"),
    [
        (RATIONAL, struct.pack("<II", 300, 1), 300),
        (12, struct.pack("<d", 300.0), 300),  # as long as a rational
        (SHORT, struct.pack("<H", 300), 300),
        (SRATIONAL, struct.pack("<ii", -300, 1), None),
        (RATIONAL, struct.pack("<II", 300, 0), None),
        (RATIONAL, struct.pack("<4I", 300, 1, 300, 1), None),
        (12, struct.pack("<d", float("nan")), None),
    ],
)
def test_a_resolution_is_read_by_its_type(kind, data, dpi):
    block = pack({0: dict.fromkeys((282, 283), Field(kind, data))})
    assert read_dpi(block) == (dpi and (dpi, dpi))
