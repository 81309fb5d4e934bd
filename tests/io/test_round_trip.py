"""What is written is read again: pixels of every type, and all metadata, also by other readers."""

import io
import struct
import warnings
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import pyvips
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import ExifTags, Image, ImageCms, IptcImagePlugin

from n3cli.errors import InputError, N3Warning
from n3cli.io import avif, png
from n3cli.io.depth import over_white, to_depth
from n3cli.io.meta import Meta
from n3cli.io.picture import Picture, read_picture, write_picture

XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><note>\xe4\xb8\xad</note></x:xmpmeta>'
TYPES = ("uint8", "uint16", "float32")


def exif_block(orientation: int = 6) -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Orientation] = "Canon", orientation
    photo = exif.get_ifd(ExifTags.IFD.Exif)
    photo[ExifTags.Base.ExposureTime], photo[ExifTags.Base.LensModel] = 0.01, "EF 50 mm"
    photo[ExifTags.Base.MakerNote] = b"the maker's own bytes \0\1\2"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (48.0, 30.0, 15.5)
    return exif.tobytes().removeprefix(b"Exif\0\0")


@pytest.fixture
def meta() -> Meta:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    text = {"Title": "Crème", "Author": "中村", "Comment": "ça", "Description": "día"}
    return Meta(profile, exif_block(), XMP, (300.0, 150.0), 6, text)


def picture(dtype: str, channels: int, alpha: bool, meta: Meta | None = None) -> Picture:
    values = np.random.default_rng(channels).random((13, 17, channels + 1), np.float32)
    stored = to_depth(values, np.dtype(dtype))
    return Picture(stored[..., :-1], stored[..., -1] if alpha else None, meta or Meta())


def encoded(given: Picture, format: str, quality: int = 95) -> bytes:
    stream = io.BytesIO()
    write_picture(stream, given, format=format, quality=quality)
    return stream.getvalue()


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    ("format", "dtype"),
    [("png", "uint8"), ("png", "uint16"), *(("tiff", dtype) for dtype in TYPES)],
)
def test_lossless_formats_keep_pixels_and_metadata(
    format: str, dtype: str, channels: int, alpha: bool, meta: Meta, tmp_path: Path
) -> None:
    given = picture(dtype, channels, alpha, replace(meta, icc=meta.icc if channels == 3 else None))
    path = tmp_path / f"picture.{format}"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_picture(path, given)
        found = read_picture(path)
    assert found.pixels.dtype == dtype
    np.testing.assert_array_equal(found.pixels, given.pixels)
    assert (found.alpha is None) == (not alpha)
    if alpha:
        np.testing.assert_array_equal(found.alpha, given.alpha)
    assert (found.meta.icc, found.meta.xmp, found.meta.orientation, found.meta.format) == (
        given.meta.icc,
        XMP,
        6,
        format,
    )
    assert found.meta.dpi == pytest.approx((300, 150), abs=0.02)
    if format == "png":
        assert found.meta.exif == given.meta.exif
        assert found.meta.text == given.meta.text
    else:
        assert found.meta.text == {"Description": "día"}


@settings(max_examples=25)
@given(
    format=st.sampled_from(["png", "tiff"]),
    data=st.data(),
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    channels=st.sampled_from([1, 3]),
    dtype=st.sampled_from(["uint8", "uint16"]),
)
def test_any_size_survives(
    format: str, data: st.DataObject, height: int, width: int, channels: int, dtype: str
) -> None:
    pixels = data.draw(arrays(dtype, (height, width, channels)))
    found = read_picture(encoded(Picture(pixels), format))
    np.testing.assert_array_equal(found.pixels, pixels)


@pytest.mark.parametrize("format", ["jpeg", "webp", "avif", "png", "tiff"])
def test_a_picture_of_one_pixel(format: str) -> None:
    given = Picture(np.full((1, 1, 3), 200, np.uint8))
    assert np.abs(read_picture(encoded(given, format)).pixels.astype(int) - 200).max() <= 3


def test_jpeg_keeps_metadata_and_nearly_the_pixels(meta: Meta) -> None:
    ramp = np.linspace(0, 255, 64 * 48 * 3).reshape(64, 48, 3).astype(np.uint8)
    data = encoded(Picture(ramp, None, meta), "jpeg")
    found = read_picture(data)
    assert np.abs(found.pixels.astype(int) - ramp).max() <= 6
    assert found.meta == replace(meta, text={"Comment": "ça"}, format="jpeg")
    assert Image.open(io.BytesIO(data)).info["dpi"] == (300, 150)


@pytest.mark.parametrize(("quality", "expected"), [(90, "4:2:0"), (91, "4:4:4")])
def test_jpeg_chroma_is_full_above_90(quality: int, expected: str) -> None:
    image = Image.open(io.BytesIO(encoded(picture("uint8", 3, False), "jpeg", quality)))
    factors = [layer[1:3] for layer in image.layer]
    assert factors[0] == ((2, 2) if expected == "4:2:0" else (1, 1))


@pytest.mark.parametrize("alpha", [False, True])
def test_webp_is_lossless_at_100_and_keeps_metadata(alpha: bool, meta: Meta) -> None:
    given = picture("uint8", 3, alpha, replace(meta, dpi=None))
    data = encoded(given, "webp", 100)
    found = read_picture(data)
    np.testing.assert_array_equal(found.pixels, given.pixels)
    assert found.meta == replace(given.meta, text={}, format="webp")
    if alpha:
        np.testing.assert_array_equal(found.alpha, given.alpha)
    other = Image.open(io.BytesIO(data))
    assert (other.size, other.mode) == ((17, 13), "RGBA" if alpha else "RGB")


@pytest.mark.parametrize("format", ["webp", "avif"])
def test_resolution_without_exif(format: str) -> None:
    given = picture("uint8", 3, False, Meta(dpi=(300.0, 300.0)))
    assert read_picture(encoded(given, format)).meta.dpi == pytest.approx((300, 300), abs=0.01)


@pytest.mark.parametrize("then", ["avif", "jpeg", "tiff", "webp"])
def test_no_resolution_is_invented(then: str) -> None:
    given = picture("uint8", 3, False, Meta(exif=exif_block(1)))
    found = read_picture(encoded(given, "avif", 100))
    for meta in (found.meta, read_picture(encoded(found, then)).meta):
        assert meta.dpi is None
        tags = Image.Exif()
        tags.load(meta.exif)
        assert tags[ExifTags.Base.Make] == "Canon"
        assert ExifTags.Base.XResolution not in tags


@pytest.mark.parametrize("dots", [1e-9, 0.01, 4e5, 4294967295 * 2.54, float("inf")])
@pytest.mark.parametrize("format", ["png", "jpeg", "webp", "tiff", "avif"])
def test_resolutions_that_cannot_be(format: str, dots: float) -> None:
    given = picture("uint8", 3, False, Meta(dpi=(dots, 300.0)))
    np.testing.assert_array_equal(
        read_picture(encoded(given, format, 100)).pixels.shape, given.pixels.shape
    )
    assert (Meta(dpi=(dots, 300.0)).dpi is None) == (dots > 4e5)


@pytest.mark.parametrize(("dtype", "tolerance"), [("uint8", 0), ("uint16", 16)])
def test_avif_at_100(dtype: str, tolerance: int, meta: Meta) -> None:
    given = picture(dtype, 3, True, replace(meta, orientation=1, exif=exif_block(1)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", N3Warning)
        found = read_picture(encoded(given, "avif", 100))
    assert np.abs(found.pixels.astype(int) - given.pixels).max() <= tolerance
    assert (found.meta.icc, found.meta.xmp, found.meta.orientation) == (given.meta.icc, XMP, 1)


def deep_avif(bits: int) -> tuple[bytes, np.ndarray]:
    """A file of a ramp through all values, lossless and made by libvips itself, and the ramp."""
    values = np.tile(np.arange(1 << bits, dtype=np.uint16), (8, 1))
    ramp = np.dstack([values] * 3)
    image = pyvips.Image.new_from_array(ramp << (16 - bits), interpretation="rgb16")
    return image.heifsave_buffer(compression="av1", bitdepth=bits, lossless=True), ramp


@pytest.mark.parametrize("bits", [10, 12])
def test_avif_keeps_its_depth_and_white_is_white(bits: int) -> None:
    data, ramp = deep_avif(bits)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = read_picture(data)
        again = encoded(found, "avif", 100)
    assert found.pixels.max() == 65535
    np.testing.assert_allclose(found.pixels, ramp * (65535 / ramp.max()), rtol=0, atol=0.51)
    assert pyvips.Image.new_from_buffer(again, "").get("bits-per-sample") == bits
    np.testing.assert_array_equal(read_picture(again).pixels, found.pixels)
    with pytest.warns(N3Warning, match=f"at most 8 bits; {bits}-bit pixels are reduced"):
        encoded(found, "webp")


def test_16_bits_are_rounded_to_12_in_avif() -> None:
    values = np.random.default_rng(0).integers(0, 65536, (8, 8, 1), np.uint16).repeat(3, 2)
    with pytest.warns(N3Warning, match="at most 12 bits; 16-bit pixels are reduced"):
        found = read_picture(encoded(Picture(values), "avif", 100))
    assert np.abs(found.pixels.astype(int) - values).max() <= 8


def of_colours(data: bytes, primaries: int, transfer: int) -> bytes:
    """The same AVIF file with another description of its colours."""
    assert data.count(b"colrnclx") == 1
    at = data.index(b"colrnclx") + 8
    return data[:at] + struct.pack(">HH", primaries, transfer) + data[at + 4 :]


def test_colours_of_an_avif_that_no_file_will_tell_are_told() -> None:
    data = deep_avif(10)[0]
    found = read_picture(of_colours(data, 9, 16))  # BT.2020, PQ
    np.testing.assert_array_equal(found.pixels, read_picture(data).pixels)
    with pytest.warns(N3Warning, match=r"colours .*\(primaries 9, transfer function 16 .*left out"):
        encoded(found, "avif")


@pytest.mark.parametrize(("primaries", "transfer"), [(1, 13), (1, 1), (2, 2)])
def test_usual_colours_of_an_avif_need_no_telling(primaries: int, transfer: int) -> None:
    assert read_picture(of_colours(deep_avif(10)[0], primaries, transfer)).meta.lost == ()


def test_a_profile_tells_what_colours_are_meant(meta: Meta) -> None:
    profile = encoded(picture("uint8", 3, False, Meta(icc=meta.icc)), "avif", 100)
    assert read_picture(profile).meta == Meta(icc=meta.icc, format="avif")


@pytest.mark.parametrize("size", [0, 1, 5, 1 << 31])
def test_damaged_boxes_are_passed_over(size: int) -> None:
    plain = bytearray(of_colours(deep_avif(10)[0], 9, 16))
    for kind in (b"meta", b"iprp", b"ipco", b"colr"):
        damaged = plain.copy()
        at = damaged.index(kind) - 4
        damaged[at : at + 4] = struct.pack(">I", size)
        assert avif.read_meta(io.BytesIO(damaged)).icc is None


@pytest.mark.parametrize("format", ["png", "jpeg", "webp", "tiff", "avif"])
def test_nothing_is_made_up(format: str) -> None:
    found = read_picture(encoded(picture("uint8", 3, False), format))
    assert found.meta == Meta(format=format)


@pytest.mark.parametrize("format", ["png", "jpeg", "webp", "tiff"])
def test_an_orientation_without_exif_is_written(format: str) -> None:
    data = encoded(picture("uint8", 3, False, Meta(orientation=8)), format)
    assert read_picture(data).meta.orientation == 8
    assert read_picture(data).pixels.shape == (13, 17, 3)
    assert Image.open(io.BytesIO(data)).getexif()[ExifTags.Base.Orientation] == 8


@pytest.mark.parametrize("orientation", range(1, 9))
def test_half_of_the_orientations_swap_the_sides(orientation: int) -> None:
    seen = (4, 3) if orientation in (5, 6, 7, 8) else (3, 4)
    assert Meta(orientation=orientation).as_seen((3, 4)) == seen


@pytest.mark.parametrize("format", ["png", "jpeg", "webp", "tiff"])
def test_other_readers_find_the_exif(format: str, meta: Meta) -> None:
    exif = Image.open(io.BytesIO(encoded(picture("uint8", 3, False, meta), format))).getexif()
    photo = exif.get_ifd(ExifTags.IFD.Exif)
    assert exif[ExifTags.Base.Make] == "Canon"
    assert exif[ExifTags.Base.Orientation] == 6
    assert photo[ExifTags.Base.LensModel] == "EF 50 mm"
    assert photo[ExifTags.Base.MakerNote] == b"the maker's own bytes \0\1\2"
    assert exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] == (48.0, 30.0, 15.5)


def test_exif_goes_through_tiff_and_back(meta: Meta) -> None:
    through = read_picture(encoded(picture("uint8", 3, False, meta), "tiff"))
    exif = Image.open(io.BytesIO(encoded(through, "jpeg"))).getexif()
    assert exif[ExifTags.Base.Make] == "Canon"
    assert exif[ExifTags.Base.Orientation] == 6
    assert exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ExposureTime] == pytest.approx(0.01)


@pytest.mark.parametrize("orientation", [1, 3])
def test_an_orientation_that_contradicts_the_exif_wins(orientation: int, meta: Meta) -> None:
    given = picture("uint8", 3, False, replace(meta, orientation=orientation))
    exif = Image.open(io.BytesIO(encoded(given, "png"))).getexif()
    assert exif[ExifTags.Base.Orientation] == orientation
    assert exif[ExifTags.Base.Make] == "Canon"


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("channels", [1, 3])
def test_tifffile_reads_our_tiff(dtype: str, channels: int, meta: Meta) -> None:
    given = picture(dtype, channels, False, replace(meta, icc=None))
    with tifffile.TiffFile(io.BytesIO(encoded(given, "tiff"))) as file:
        page = file.pages[0]
        assert len(file.pages) == 1
        assert page.photometric.name == ("RGB" if channels == 3 else "MINISBLACK")
        assert page.tags["Orientation"].value == 6
        found = page.asarray()
    np.testing.assert_array_equal(np.atleast_3d(found), given.pixels)


@pytest.mark.parametrize(
    ("format", "dtype", "stored"),
    [
        ("png", "float32", "uint16"),
        ("jpeg", "uint16", "uint8"),
        ("webp", "float32", "uint8"),
        ("avif", "uint16", "uint16"),
    ],
)
def test_reduced_depth_is_told(format: str, dtype: str, stored: str) -> None:
    with pytest.warns(N3Warning, match="bit"):
        data = encoded(picture(dtype, 3, False), format)
    assert read_picture(data).pixels.dtype == stored


def test_transparency_in_jpeg_is_laid_over_white() -> None:
    pixels = np.full((8, 8, 3), 40, np.uint8)
    with pytest.warns(N3Warning, match="white"):
        found = read_picture(encoded(Picture(pixels, np.full((8, 8), 51, np.uint8)), "jpeg", 100))
    assert found.alpha is None
    assert np.abs(found.pixels.astype(int) - 212).max() <= 1  # 255 + (40 - 255) · 51/255


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_what_is_laid_over_white_is_rounded(dtype: str) -> None:
    given, full = picture(dtype, 3, True), np.iinfo(dtype).max
    expected = full + (given.pixels.astype(float) - full) * given.alpha[..., None] / full
    found = over_white(given.pixels, given.alpha)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, expected, rtol=0, atol=0.51)


def test_colour_chunks_of_png_stay_in_png() -> None:
    chunks = {
        b"gAMA": struct.pack(">I", 100_000),  # linear light
        b"cHRM": bytes(range(32)),
        b"sRGB": b"\1",
        b"cICP": bytes((9, 16, 0, 1)),  # BT.2020, PQ
    }
    plain = encoded(picture("uint16", 3, False), "png")
    extra = b"".join(
        struct.pack(">I4s", len(body), kind) + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks.items()
    )
    found = read_picture(plain[:33] + extra + plain[33:])  # after the header
    data = encoded(found, "png")
    assert extra in data[: data.index(b"IDAT")]
    assert Image.open(io.BytesIO(data)).info["gamma"] == 1
    assert read_picture(encoded(found, "tiff")).meta.blocks == ()


def test_a_damaged_colour_chunk_is_left_out() -> None:
    plain = encoded(picture("uint8", 3, False), "png")
    chunk = struct.pack(">I", 2) + b"gAMA\0\1" + struct.pack(">I", zlib.crc32(b"gAMA\0\1"))
    file = io.BytesIO(plain[:33] + chunk + plain[33:])
    assert png.read_meta(file).blocks == ()


def chunk(kind: bytes, body: bytes) -> bytes:
    head, tail = struct.pack(">I4s", len(body), kind), struct.pack(">I", zlib.crc32(kind + body))
    return head + body + tail


def with_chunks(*chunks: bytes) -> bytes:
    plain = encoded(picture("uint8", 3, False), "png")
    return plain[:33] + b"".join(chunks) + plain[33:]


def test_a_pixels_shape_and_repeated_texts_stay_in_png() -> None:
    shape = chunk(b"pHYs", struct.pack(">IIB", 2, 1, 0))
    lines = chunk(b"tEXt", b"Note\0one"), chunk(b"zTXt", b"Note\0\0" + zlib.compress(b"two"))
    found = read_picture(with_chunks(shape, *lines))
    assert found.meta.text == {"Note": "one\ntwo"}
    assert found.meta.dpi is None
    data = encoded(found, "png")
    assert data.count(b"pHYs") == data.count(shape) == 1
    assert Image.open(io.BytesIO(data)).text == {"Note": "one\ntwo"}


def test_resolution_in_png_is_rounded_to_whole_pixels_a_metre() -> None:
    data = encoded(picture("uint8", 3, False, Meta(dpi=(72, 300))), "png")
    assert chunk(b"pHYs", struct.pack(">IIB", 2835, 11811, 1)) in data


def test_a_png_that_is_cut_off_in_its_resolution() -> None:
    with pytest.raises(InputError):
        read_picture(with_chunks(chunk(b"pHYs", bytes(9)))[:45])


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt"])
def test_inflated_texts_have_one_budget_and_what_exceeds_it_is_told(kind: bytes) -> None:
    packed = zlib.compress(bytes(6 << 20))
    body = (b"\0\0" if kind == b"zTXt" else b"\0\1\0\0\0") + packed
    texts = [chunk(kind, b"%d" % number + body) for number in range(4)]
    found = read_picture(with_chunks(chunk(b"tEXt", b"Title\0dog"), *texts))
    assert set(found.meta.text) == {"Title", "0", "1"}
    with pytest.warns(N3Warning, match="texts of more than 16 MB are left out"):
        encoded(found, "png")


def test_a_compressed_text_without_its_end_is_left_out() -> None:
    packed = zlib.compress(np.random.default_rng(0).bytes(1000))[:500]
    assert read_picture(with_chunks(chunk(b"zTXt", b"Note\0\0" + packed))).meta.text == {}


def test_a_keyword_may_be_latin() -> None:
    found = read_picture(with_chunks(chunk(b"tEXt", "Größe\0klein".encode("latin-1"))))
    assert found.meta.text == {"Größe": "klein"}
    assert read_picture(encoded(found, "png")).meta.text == {"Größe": "klein"}


@pytest.mark.parametrize("text", ["plain", "α"])
def test_a_keyword_is_no_longer_than_png_allows(text: str) -> None:
    given = picture("uint8", 3, False, Meta(text={"k" * 100: text}))
    assert read_picture(encoded(given, "png")).meta.text == {"k" * 79: text}


def test_a_text_that_is_no_text_is_left_out() -> None:
    found = read_picture(with_chunks(chunk(b"iTXt", b"K\0\0\0\0\0\xff\xfe")))
    assert not found.meta.text


def test_iptc_of_jpeg_stays_in_jpeg() -> None:
    caption = b"\x1c\x02\x78" + struct.pack(">H", 5) + b"A dog"
    block = b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(caption)) + caption
    plain = encoded(picture("uint8", 3, False), "jpeg")
    marked = plain[:2] + struct.pack(">BBH", 0xFF, 0xED, len(block) + 2) + block + plain[2:]
    data = encoded(read_picture(marked), "jpeg")
    assert IptcImagePlugin.getiptcinfo(Image.open(io.BytesIO(data))) == {(2, 120): b"A dog"}
    assert data.count(b"Photoshop") == 1
    assert b"Photoshop" not in encoded(read_picture(marked), "png")


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def with_segments(*segments: bytes) -> bytes:
    plain = encoded(picture("uint8", 3, False), "jpeg")
    return plain[:2] + b"".join(segments) + plain[2:]


def test_bytes_that_fill_up_before_a_marker_do_not_matter() -> None:
    told = Meta(dpi=(300.0, 200.0), text={"Comment": "a dog"})
    plain = encoded(picture("uint8", 3, False, told), "jpeg")
    filled = plain.replace(b"\xff\xfe", b"\xff\xff\xff\xfe", 1)
    assert read_picture(filled[:2] + b"\xff" + filled[2:]).meta == replace(told, format="jpeg")


def test_a_very_low_resolution_is_no_zero_in_jpeg() -> None:
    data = encoded(picture("uint8", 3, False, Meta(dpi=(0.01, 0.4))), "jpeg")
    assert read_picture(data).meta.dpi == (1, 1)


def test_both_comments_and_extended_xmp_stay_in_jpeg() -> None:
    more = segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + bytes(40) + b"<rest/>")
    found = read_picture(with_segments(segment(0xFE, b"one"), more, segment(0xFE, b"two")))
    assert found.meta.text == {"Comment": "one\ntwo"}
    data = encoded(found, "jpeg")
    assert data.count(more) == 1
    assert Image.open(io.BytesIO(data)).info["comment"] == b"one\ntwo"


def test_comments_that_are_too_long_for_one_stay_several() -> None:
    long = [letter * 40_000 for letter in "ab"]
    data = with_segments(*(segment(0xFE, text.encode()) for text in long))
    found = read_picture(data)
    assert found.meta.text == {"Comment": "\n".join(long)}
    assert read_picture(encoded(found, "jpeg")).meta.text == found.meta.text


def test_pictures_behind_the_first_are_told_when_they_are_left_out(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(
        tmp_path / "two.jpg", "MPO", save_all=True, append_images=[Image.new("RGB", (8, 8))]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = read_picture(tmp_path / "two.jpg")
    with pytest.warns(N3Warning, match="only the first of the file's pictures is kept"):
        encoded(found, "png")


def test_a_stream_needs_a_format() -> None:
    with pytest.raises(InputError, match="format"):
        write_picture(io.BytesIO(), picture("uint8", 1, False))


def test_depths() -> None:
    whites = [to_depth(np.array([value]), np.dtype("uint8"))[0] for value in (np.uint16(65535),)]
    assert whites == [255]
    odd = np.array([np.nan, -np.inf, -1, 0.5, 2, np.inf], np.float32)
    with warnings.catch_warnings(action="error"):
        assert to_depth(odd, np.dtype("uint16")).tolist() == [0, 0, 0, 32768, 65535, 65535]
    every = np.arange(256, dtype=np.uint8)
    for between in ("uint16", "float32"):
        assert (to_depth(to_depth(every, np.dtype(between)), np.dtype("uint8")) == every).all()
