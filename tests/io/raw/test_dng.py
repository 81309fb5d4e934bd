"""DNG files made of camera raw: what LibRaw, tifffile, Pillow, dcraw and exiftool find in them."""

import io
import json
import shutil
import struct
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import rawpy
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from reference.dng import BAYER, X_TRANS, XMP, make_dng, make_pef

from n3cli.errors import InputError, N3Warning
from n3cli.io.exif import EXIF, GPS, add_tree
from n3cli.io.raw import develop as raw_develop
from n3cli.io.raw import dng
from n3cli.io.raw.develop import develop
from n3cli.io.raw.dng import finer, write_dng
from n3cli.io.raw.meta import developed_meta, read_raw_tree
from n3cli.io.raw.mosaic import read_raw
from n3cli.io.tiff import ASCII, LONG, RATIONAL, SHORT, SRATIONAL, Field

UNDEFINED = 7
NOTE = b"AOC\0II" + struct.pack("<HHHI4sI", 1, 0, 1, 4, b"\3\0\0\0", 0)
"""Of Pentax: a directory with its version."""
TOLD = {
    EXIF: {
        0x829A: Field(RATIONAL, struct.pack("<II", 1, 250)),
        34855: Field(SHORT, struct.pack("<H", 1600)),
        0x927C: Field(UNDEFINED, NOTE),
        0xA434: Field(ASCII, b"smc PENTAX-DA 40mm F2.8\0"),
    },
    GPS: {
        1: Field(ASCII, b"N\0"),
        2: Field(RATIONAL, struct.pack("<6I", 48, 1, 12, 1, 30, 1)),
    },
}


def values(height=250, width=300):
    """Sensor values from well below black to above white."""
    return np.random.default_rng(0).integers(300, 16000, (height, width)).astype(np.uint16)


def write(target, source: bytes, **more):
    """Write a file's own mosaic as a DNG file."""
    raw = read_raw(source)
    write_dng(target, raw, raw.mosaic, read_raw_tree(source), **more)
    return raw


def sensor(source) -> np.ndarray:
    """The whole sensor's values, by LibRaw."""
    with rawpy.imread(str(source)) as raw:
        return raw.raw_image.copy()


def tags(path) -> dict[int, object]:
    """The tags of the first directory, by tifffile."""
    with tifffile.TiffFile(path) as file:
        return {tag.code: tag.value for tag in file.pages[0].tags}


@pytest.mark.parametrize("name", [*BAYER, "X-Trans"])
@pytest.mark.parametrize("size", [(250, 300), (61, 75), (23, 26), (31, 512)])
def test_values_and_all_that_a_developer_needs_come_back(tmp_path, name, size):
    mosaic, path = values(*size), tmp_path / "a.dng"
    source = make_dng(mosaic, BAYER.get(name, X_TRANS), orientation=8)
    raw = write(path, source)
    np.testing.assert_array_equal(sensor(path), mosaic)
    np.testing.assert_array_equal(tifffile.imread(path), mosaic)
    again = read_raw(path)
    for what in ("mosaic", "pattern", "black", "white", "to_srgb", "from_xyz"):
        np.testing.assert_array_equal(getattr(again, what), getattr(raw, what))
    assert again.layout == name
    assert again.orientation == 8
    assert again.white_balance == raw.white_balance


@pytest.mark.parametrize("name", ["RGGB", "X-Trans"])
def test_tiles_are_in_adobes_form(tmp_path, name):
    """That of rawspeed, darktable's decoder: predictor 1, two components that fill the tile."""
    path = tmp_path / "a.dng"
    write(path, make_dng(values(), BAYER.get(name, X_TRANS)))
    with tifffile.TiffFile(path) as file:
        (page,), raw = file.pages, path.read_bytes()
        for start, size in zip(page.dataoffsets, page.databytecounts, strict=True):
            tile = raw[start : start + size]
            frame, scan = tile.index(b"\xff\xc3"), tile.index(b"\xff\xda")
            bits, height, width, components = struct.unpack_from(">BHHB", tile, frame + 4)
            assert (bits, components, tile[scan + 4], tile[scan + 9]) == (16, 2, 2, 1)
            assert (height, 2 * width) == (page.tilelength, page.tilewidth)


def test_black_of_each_site_the_active_area_and_the_crop(tmp_path):
    mosaic, path = values(), tmp_path / "a.dng"
    how = {"area": (6, 8, 246, 290), "crop": (4, 2, 50, 40), "black": (100, 200, 300, 400)}
    raw = write(path, make_dng(mosaic, BAYER["GBRG"], **how))
    again = read_raw(path)
    np.testing.assert_array_equal(sensor(path), mosaic)  # the borders, too
    np.testing.assert_array_equal(again.black.ravel(), how["black"])
    assert (again.active, again.crop) == (raw.active, raw.crop)
    assert again.active == how["area"]


@pytest.mark.parametrize("corner", [(7, 8), (6, 9), (7, 9)])
@pytest.mark.parametrize("name", ["RGGB", "GRBG", "X-Trans"])
def test_an_active_area_from_an_odd_corner_stays_where_it_is(tmp_path, name, corner):
    """LibRaw moves that of Bayer's mosaics; the crop counts from it."""
    path, blacks = tmp_path / "a.dng", (512,) if name == "X-Trans" else (100, 200, 300, 400)
    how = {"area": (*corner, 246, 290), "crop": (4, 2, 50, 40), "black": blacks}
    filters = np.array(BAYER.get(name, X_TRANS))
    source = make_dng(values(), filters.tolist(), **how)
    raw = write(path, source)
    for one in (raw, read_raw(path)):
        assert one.active == how["area"]
        assert one.crop == (2, 4, 42, 54)
        np.testing.assert_array_equal(one.pattern, filters)
        black = one.black if len(blacks) > 1 else one.black[:1, :1]
        np.testing.assert_array_equal(black.ravel(), blacks)
    found = tags(path)
    assert (found[50829], found[50719], found[50720]) == (how["area"], (4, 2), (50, 40))
    np.testing.assert_array_equal(sensor(path), values())
    assert develop(raw, raw.mosaic, read_raw_tree(source)).shape == (40, 50, 3)


def test_what_is_developed_begins_where_the_crop_does():
    """Of a sensor with one light row and column: they are the picture's first."""
    light = np.full((80, 90), 600, np.uint16)
    light[9:11], light[:, 13:15] = 9000, 9000
    source = make_dng(light, area=(7, 9, 79, 89), crop=(4, 2, 50, 40))
    raw = read_raw(source)
    picture = develop(raw, raw.mosaic, read_raw_tree(source)).mean(2)
    assert picture[0].min() > 4 * picture[4, 8:].max()
    assert picture[:, 0].min() > 4 * picture[8:, 4].max()


def test_a_denoised_mosaic_is_rounded_and_clipped(tmp_path):
    mosaic, path = values(), tmp_path / "a.dng"
    source = make_dng(mosaic, area=(10, 0, 250, 300))
    raw = read_raw(source)
    estimate = raw.mosaic * 0 + np.linspace(-1, 6, 300, dtype=np.float32)
    write_dng(path, raw, estimate, read_raw_tree(source))
    expected = np.rint(512 + estimate.astype(np.float64) * (15000 - 512)).clip(0, 65535)
    np.testing.assert_array_equal(sensor(path)[10:], expected)
    np.testing.assert_array_equal(sensor(path)[:10], mosaic[:10])


def test_faint_noise_gets_finer_values(tmp_path):
    source, path = make_dng(values()), tmp_path / "a.dng"
    raw = read_raw(source)
    assert finer(raw, 4.01 / (15000 - 512)) == 1
    assert finer(raw, 2.01 / (15000 - 512)) == 2
    assert finer(raw, 0) == 4  # 8 × 15000 is no 16-bit value
    write_dng(path, raw, raw.mosaic + np.float32(0.25 / 14488), read_raw_tree(source), factor=4)
    again = read_raw(path)
    assert (again.black == 2048).all()
    assert (again.white == 60000).all()
    difference = again.mosaic - raw.mosaic
    kept = raw.sensor < 16383
    np.testing.assert_allclose(difference[kept], 0.25 / 14488, atol=2e-7)


def dng_with_preview():
    """A DNG file as cameras and converters write it: preview first, mosaic below."""
    file = io.BytesIO()
    how = {"metadata": None, "software": None}
    mosaic = values()
    first = [
        (271, "s", 0, "Maker", True),
        (274, "H", 1, 3, True),
        (50706, "B", 4, bytes([1, 4, 0, 0]), True),
        (50708, "s", 0, "Maker Model 1", True),
        (50721, "2i", 9, (1, 1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 1, 1), True),
        (50728, "2I", 3, (1, 2, 1, 1, 2, 3), True),
        (50781, "B", 16, bytes(16), True),  # identity of the values
        (51041, "d", 2, (1e-4, 1e-6), True),
        (50936, "s", 0, "Profile", True),
        (50937, "I", 3, (1, 1, 1), True),  # a table of hues, and how its values are spread
        (50938, "f", 3, (0.0, 1.0, 1.0), True),
        (51107, "I", 1, 1, True),
    ]
    below = [
        (33421, "H", 2, (2, 2), True),
        (33422, "B", 4, bytes([1, 0, 2, 1]), True),
        (50712, "H", 65536, np.arange(65536, dtype=np.uint16).tobytes(), True),  # a curve
        (50714, "2I", 1, (2049, 4), True),
        (50716, "2i", 250, (1, 8) * 250, True),  # of each row
        (50717, "I", 1, 15000, True),
        (51022, "B", 4, bytes(4), True),  # an empty list of corrections
    ]
    with tifffile.TiffWriter(file) as writer:
        writer.write(
            np.zeros((30, 40, 3), np.uint8),
            photometric="rgb", subfiletype=1, subifds=1, extratags=first, **how,
        )  # fmt: skip
        writer.write(mosaic, photometric=32803, subfiletype=0, extratags=below, **how)
    add_tree(file, {0: {}} | TOLD)
    return file.getvalue(), mosaic


def test_the_tags_of_a_dng_file_are_kept_but_for_what_holds_no_more(tmp_path):
    source, mosaic = dng_with_preview()
    path = tmp_path / "a.dng"
    write(path, source, strength=0.75)
    np.testing.assert_array_equal(sensor(path), mosaic)
    found = tags(path)
    assert found[50936] == "Profile"
    assert (found[50937], found[51107]) == ((1, 1, 1), 1)
    assert found[50706] == bytes([1, 4, 0, 0])
    assert found[51022] == bytes(4)
    assert found[50935] == (3, 4)  # NoiseReductionApplied
    assert found[274] == 3
    assert found[50714] == (2049, 4)
    assert found[50716] == (1, 8) * 250
    assert read_raw(path).black[0, 0] == read_raw(source).black[0, 0]
    assert found[262] == 32803
    assert not found.keys() & {330, 50712, 50781, 51041}
    assert found[34665]["ISOSpeedRatings"] == 1600
    assert found[34665]["MakerNote"].startswith(b"AOC\0")


def test_finer_values_have_levels_of_their_own(tmp_path):
    source, _ = dng_with_preview()
    path = tmp_path / "a.dng"
    raw = write(path, source, factor=2)
    assert (read_raw(path).black == 2 * raw.black).all()
    assert (read_raw(path).white == 30000).all()
    found = tags(path)
    assert (found[50714], found[50716]) == ((4098, 4), (2, 8) * 250)


LINES = {
    50716: Field(SRATIONAL, struct.pack("<500i", *(0, 1, 60, 1) * 125)),  # of each row
    50715: Field(SRATIONAL, struct.pack("<600i", *(5, 2, -5, 2, 0, 1) * 100)),  # of each column
}


def black_of(rows: int, columns: int) -> dict:
    """A pattern of levels, in fourths."""
    levels = [number for n in range(rows * columns) for number in (2001 + 160 * n, 4)]
    return {
        50713: Field(SHORT, struct.pack("<HH", rows, columns)),
        50714: Field(RATIONAL, struct.pack(f"<{len(levels)}I", *levels)),
    }


@pytest.mark.parametrize("factor", [1, 4])
@pytest.mark.parametrize(
    ("name", "size", "lines"),
    [("RGGB", (1, 1), True), ("RGGB", (6, 6), False), ("GBRG", (4, 3), True),
     ("X-Trans", (2, 2), False), ("X-Trans", (6, 6), True)],
)  # fmt: skip
def test_black_of_any_repeat_of_rows_and_of_columns(tmp_path, name, size, lines, factor):
    mosaic, path = values(), tmp_path / "a.dng"
    file = io.BytesIO(make_dng(mosaic, BAYER.get(name, X_TRANS)))
    told = black_of(*size) | (LINES if lines else {})
    add_tree(file, {0: told})
    black = (500.25 + 40 * np.arange(size[0] * size[1])).reshape(size)
    repeated = np.tile(black, (250, 300))[:250, :300]
    whole = repeated
    if lines:
        whole = repeated + np.tile([[0.0], [60]], (125, 1)) + np.tile([2.5, -2.5, 0], 100)
    raw = write(path, file.getvalue(), factor=factor)
    again = read_raw(path)
    expected = (mosaic - whole) / (15000 - whole)
    for one in (raw, again):
        np.testing.assert_allclose(one.mosaic, expected, atol=2e-6)
    np.testing.assert_array_equal(again.sensor, factor * mosaic)
    scaled = np.array(tags(path)[50714]).reshape(-1, 2)
    np.testing.assert_allclose(scaled[:, 0] / scaled[:, 1], factor * black.ravel())


def test_what_is_white_is_exactly_white_whatever_lines_add_to_black():
    mosaic = values()
    mosaic[40:120, 30:200] = 15000
    file = io.BytesIO(make_dng(mosaic))
    add_tree(file, {0: black_of(2, 2) | LINES})
    raw = read_raw(file.getvalue())
    assert raw.black_lines
    np.testing.assert_array_equal(raw.mosaic == 1, mosaic == 15000)


def test_fractions_of_black_are_scaled_with_the_values(tmp_path):
    file, path = io.BytesIO(make_dng(values())), tmp_path / "a.dng"
    add_tree(file, {0: {50714: Field(RATIONAL, struct.pack("<II", 5114, 10))}})
    write(path, file.getvalue(), factor=4)
    assert tags(path)[50714] == (20456, 10)
    large = 511 * 4_000_000, 4_000_000
    file = io.BytesIO(make_dng(values()))
    add_tree(file, {0: {50714: Field(RATIONAL, struct.pack("<II", *large))}})
    write(path, file.getvalue(), factor=4)
    above, below = tags(path)[50714]
    assert above / below == 2044


def test_floating_point_values_get_the_levels_of_what_is_written(tmp_path):
    """LibRaw makes integers of them, so that the file's own levels hold no more."""
    light = np.linspace(-0.05, 1, 60 * 72, dtype=np.float32).reshape(60, 72)
    told, file = read_raw_tree(make_dng(values(60, 72), black=0, white=1))[0], io.BytesIO()
    pattern = [(33421, "H", 2, (2, 2), True), (33422, "B", 4, bytes([0, 1, 1, 2]), True)]
    tifffile.imwrite(file, light, photometric=32803, extratags=pattern, metadata=None)
    add_tree(file, {0: told})
    path = tmp_path / "a.dng"
    raw = write(path, file.getvalue())
    again = read_raw(path)
    assert again.white.min() == raw.white.min() > 10000
    assert raw.mosaic.mean() == pytest.approx(light.clip(0).mean(), rel=0.01)
    np.testing.assert_array_equal(again.mosaic, raw.mosaic)


def test_other_raw_files_get_what_dng_asks_for(tmp_path):
    mosaic, path = values(), tmp_path / "a.dng"
    source = make_pef(mosaic, told=TOLD)
    raw = write(path, source)
    assert (raw.orientation, raw.iso, raw.tags.from_xyz) == (6, 1600, None)
    again = read_raw(path)
    np.testing.assert_array_equal(again.sensor, mosaic)
    np.testing.assert_array_equal(again.mosaic, raw.mosaic)
    np.testing.assert_allclose(again.from_xyz, raw.from_xyz, atol=1e-6)
    np.testing.assert_allclose(again.to_srgb, raw.to_srgb, atol=1e-4)
    assert (again.orientation, again.iso, again.crop) == (6, 1600, raw.crop)
    assert (again.tags.make, again.tags.model) == ("PENTAX", "PENTAX K10D")
    assert again.tags.lens == "smc PENTAX-DA 40mm F2.8"
    found = tags(path)
    assert found[50708] == "PENTAX K10D"
    assert found[315] == "Jane Doe"
    assert bytes(found[700]) == XMP
    # Adobe's form: the byte order, where the note stood, the note.
    private = bytes(found[50740])
    assert private[20:] == NOTE
    assert private.startswith(b"Adobe\0MakN" + struct.pack(">I", 6 + len(NOTE)) + b"II")
    (place,) = struct.unpack(">I", private[16:20])
    assert source[place:].startswith(private[20:])
    exif = Image.Exif()
    exif.load(path.read_bytes())
    assert exif.get_ifd(EXIF)[0x829A] == pytest.approx(1 / 250)
    assert exif.get_ifd(EXIF)[0xA434] == "smc PENTAX-DA 40mm F2.8"
    assert 0x927C not in exif.get_ifd(EXIF)
    assert exif.get_ifd(GPS)[2] == (48, 12, 30)


def test_what_only_libraw_knows_is_added_to_exif(tmp_path):
    source, path = make_pef(values()), tmp_path / "a.dng"
    raw = read_raw(source)
    told = replace(raw, iso=800.0, tags=replace(raw.tags, lens="A lens"))
    write_dng(path, told, raw.mosaic, read_raw_tree(source))
    found = tags(path)[34665]
    assert (found["ISOSpeedRatings"], found["LensModel"]) == (800, "A lens")
    write_dng(path, told, raw.mosaic, read_raw_tree(make_pef(values(), told=TOLD)))
    found = tags(path)[34665]
    assert (found["ISOSpeedRatings"], found["LensModel"]) == (1600, "smc PENTAX-DA 40mm F2.8")


def test_a_white_balance_is_told_as_a_neutral_colour(tmp_path):
    source, path = make_pef(values()), tmp_path / "a.dng"
    raw = replace(read_raw(source), white_balance=(2.5, 1.0, 1.75))
    write_dng(path, raw, raw.mosaic, read_raw_tree(source))
    assert tags(path)[50728] == (2, 5, 1, 1, 4, 7)
    assert read_raw(path).white_balance == pytest.approx((2.5, 1.0, 1.75))


def test_a_camera_of_which_little_is_known(tmp_path):
    """No white balance, no colour matrix: a DNG file all the same."""
    path = tmp_path / "a.dng"
    source = make_pef(values())
    raw = read_raw(source)
    poor = replace(raw, white_balance=None, from_xyz=None, to_srgb=np.eye(3))
    write_dng(path, poor, raw.mosaic, {0: {}})
    again = read_raw(path)
    np.testing.assert_array_equal(again.sensor, raw.sensor)
    np.testing.assert_allclose(again.to_srgb, np.eye(3), atol=2e-3)


@pytest.mark.parametrize("matrix", [(0,) * 9, (1, 1, 1) * 3, (1, 2, 3, 2, 4, 6, 1, 0, 0)])
def test_a_colour_matrix_that_cannot_be_counts_as_absent(tmp_path, matrix):
    spoilt = Field(SRATIONAL, struct.pack("<18i", *(each for one in matrix for each in (one, 1))))
    file = io.BytesIO(make_dng(values()))
    add_tree(file, {0: {50721: spoilt}})
    raw = write(tmp_path / "a.dng", file.getvalue())
    assert raw.from_xyz is None
    assert np.linalg.matrix_rank(raw.to_srgb) == 3
    # As of a file of another kind, which gets a matrix.
    write_dng(tmp_path / "b.dng", raw, raw.mosaic, {0: {}})
    again = read_raw(tmp_path / "b.dng")
    assert again.from_xyz is not None
    np.testing.assert_array_equal(again.black, raw.black)


def raf(exif: bytes, xmp: bytes = b"") -> bytes:
    """The head of a Fuji file, and the JPEG file in it."""
    jpeg = io.BytesIO()
    Image.new("RGB", (16, 16)).save(jpeg, "JPEG", exif=b"Exif\0\0" + exif, xmp=xmp)
    head = b"FUJIFILMCCD-RAW 0201".ljust(84, b"\0")
    return head + struct.pack(">II", 92, len(jpeg.getvalue())) + jpeg.getvalue()


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


def tiff(fields) -> bytes:
    file = io.BytesIO(b"II*\0\x08\0\0\0" + bytes(6))
    add_tree(file, {0: fields})
    return file.getvalue()


def test_what_fuji_and_canon_tell_in_their_own_containers():
    from n3cli.io.exif import pack

    main = {271: Field(ASCII, b"Maker\0"), 256: Field(LONG, bytes(4))}
    found = read_raw_tree(raf(pack({0: main} | TOLD), XMP))
    assert found[0][271].data == b"Maker\0"
    assert 256 not in found[0]
    assert found[EXIF].keys() >= {0x829A, 0xA434}
    assert found[GPS] == TOLD[GPS]
    assert found[0][700].data == XMP

    canon = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48") + b"".join(
        box(name, tiff(fields))
        for name, fields in ((b"CMT1", main), (b"CMT2", TOLD[EXIF]), (b"CMT4", TOLD[GPS]))
    )
    packet = bytes.fromhex("be7acfcb97a942e89c71999491e3afac") + XMP
    cr3 = (
        box(b"ftyp", b"crx \0\0\0\x01crx isom") + box(b"moov", box(b"uuid", canon))
        + box(b"uuid", packet) + box(b"mdat", bytes(100))
    )  # fmt: skip
    found = read_raw_tree(cr3)
    assert found[0][271].data == b"Maker\0"
    assert found[0][700].data == XMP
    assert found[EXIF][0xA434] == TOLD[EXIF][0xA434]
    assert found[GPS] == TOLD[GPS]


@pytest.mark.parametrize("kind", ["dng", "pef", "raf"])
@settings(max_examples=100)
@given(data=st.data())
def test_damage_is_left_out(kind, data):
    file = {
        "dng": lambda: make_dng(values(12, 14), noise=(1e-4, 1e-5)),
        "pef": lambda: make_pef(values(12, 14), told=TOLD),
        "raf": lambda: raf(tiff(TOLD[EXIF])),
    }[kind]()
    spoilt = bytearray(file)
    for _ in range(data.draw(st.integers(1, 6))):
        spoilt[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
    assert 0 in read_raw_tree(bytes(spoilt[: data.draw(st.integers(0, len(file)))]))


def test_without_the_compressor_files_are_larger(tmp_path, monkeypatch):
    source = make_dng(values())
    write(tmp_path / "small.dng", source)
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    dng._encoder.cache_clear()
    try:
        with pytest.warns(N3Warning, match=r"uncompressed.*n3cli\[dng\]"):
            write(tmp_path / "large.dng", source)
    finally:
        dng._encoder.cache_clear()
    np.testing.assert_array_equal(sensor(tmp_path / "large.dng"), values())
    assert tags(tmp_path / "large.dng")[259] == 1
    assert tags(tmp_path / "small.dng")[259] == 7


def test_a_stream(tmp_path):
    stream = io.BytesIO()
    write(stream, make_dng(values()))
    np.testing.assert_array_equal(read_raw(stream.getvalue()).sensor, values())


def test_a_target_that_cannot_be_written(tmp_path):
    with pytest.raises(InputError, match="does not exist; make it first"):
        write(tmp_path / "no" / "a.dng", make_dng(values()))


def test_a_real_file(tmp_path, shared):
    source, path = shared / "raw" / "colorchart.dng", tmp_path / "a.dng"
    raw = write(path, source.read_bytes())
    assert path.stat().st_size < 0.7 * source.stat().st_size
    np.testing.assert_array_equal(sensor(path), sensor(source))
    with rawpy.imread(str(source)) as before, rawpy.imread(str(path)) as after:
        assert before.sizes == after.sizes
        assert before.camera_whitebalance == after.camera_whitebalance
        assert before.daylight_whitebalance == after.daylight_whitebalance
        expected = before.postprocess(half_size=True)
        np.testing.assert_array_equal(after.postprocess(half_size=True), expected)
    assert read_raw(path).crop == raw.crop


@pytest.mark.skipif(not shutil.which("dcraw"), reason="needs dcraw")
@pytest.mark.parametrize("name", [*BAYER, "X-Trans"])
def test_dcraw_finds_the_same_values(tmp_path, name):
    mosaic, path = values(), tmp_path / "a.dng"
    write(path, make_dng(mosaic, BAYER.get(name, X_TRANS)))
    done = subprocess.run(["dcraw", "-D", "-4", "-c", path], capture_output=True, check=True)
    found = np.frombuffer(done.stdout[-2 * mosaic.size :], ">u2").reshape(mosaic.shape)
    np.testing.assert_array_equal(found, mosaic)


@pytest.mark.skipif(not shutil.which("exiftool"), reason="needs exiftool")
def test_exiftool_finds_nothing_wrong(tmp_path):
    path = tmp_path / "a.dng"
    write(path, make_pef(values(), told=TOLD))
    command = ["exiftool", "-json", "-n", "-validate", "-warning", "-error", "-all", path]
    done = subprocess.run(command, capture_output=True, check=True)
    (found,) = json.loads(done.stdout)
    assert "Error" not in found
    assert "Warning" not in found, found["Warning"]
    assert found["LensModel"] == "smc PENTAX-DA 40mm F2.8"
    assert found["GPSLatitude"] == pytest.approx(48 + 12 / 60 + 30 / 3600)
    assert (found["ISO"], found["Artist"]) == (1600, "Jane Doe")


def test_developed_pictures_are_what_libraw_makes_of_the_dng_file(tmp_path):
    smooth = np.clip(2000 + 40 * np.add.outer(np.arange(120), np.arange(160)), 0, 16000)
    source = make_dng(smooth.astype(np.uint16), crop=(8, 6, 100, 90), orientation=6)
    raw, tree = read_raw(source), read_raw_tree(source)
    pixels = develop(raw, raw.mosaic, tree)
    assert (pixels.shape, pixels.dtype) == ((90, 100, 3), np.uint16)
    write_dng(tmp_path / "a.dng", raw, raw.mosaic, tree)
    with rawpy.imread(str(tmp_path / "a.dng")) as developer:
        expected = developer.postprocess(
            use_camera_wb=True, output_bps=16, gamma=(2.4, 12.92), no_auto_bright=True,
            adjust_maximum_thr=0.0, user_flip=0,
        )  # fmt: skip
    np.testing.assert_array_equal(pixels, expected[6:96, 8:108])
    assert developed_meta(tree, raw.orientation).orientation == 6


@pytest.mark.parametrize(("across", "down"), [(1, 2), (2, 1), (1, 1)])
def test_what_is_developed_of_pixels_that_are_not_square_is_whole(tmp_path, across, down):
    light = np.full((120, 160), 600, np.uint16)
    light[70:], light[:, 90:] = 9000, 9000
    file = io.BytesIO(make_dng(light, crop=(8, 6, 100, 90)))
    add_tree(file, {0: {50718: Field(RATIONAL, struct.pack("<4I", across, 1, down, 1))}})
    raw = read_raw(file.getvalue())
    picture = develop(raw, raw.mosaic, read_raw_tree(file.getvalue())).mean(2)
    assert picture.shape == (90 * down, 100 * across)
    assert raw.shown == (6 * down, 8 * across, 96 * down, 108 * across)
    bright = picture > picture.max() / 2
    assert abs(bright[:, 0].argmax() - 64 * down) <= 3
    assert abs(bright[0].argmax() - 82 * across) <= 3
    write_dng(tmp_path / "a.dng", raw, raw.mosaic, {0: {}})
    assert read_raw(tmp_path / "a.dng").stretch == (down, across)


@pytest.mark.parametrize("size", [(96, 120), (516, 540)])
def test_x_trans_is_developed_at_any_size(size):
    """An even surface, in the colours as shot, is grey; LibRaw has another way for small ones."""
    filters = np.tile(np.array(X_TRANS, np.uint8), (90, 90))[: size[0], : size[1]]
    seen = np.array([0.5, 1.0, 0.625])[filters]
    source = make_dng((512 + 0.3 * seen * (15000 - 512)).astype(np.uint16), X_TRANS)
    raw = read_raw(source)
    pixels = develop(raw, raw.mosaic, read_raw_tree(source)).astype(float)
    assert pixels.shape == (*size, 3)
    inner = pixels[12:-12, 12:-12]
    assert inner.std() < 0.01 * inner.mean()
    expected = 65535 * (1.055 * 0.3 ** (1 / 2.4) - 0.055)
    assert inner.mean() == pytest.approx(expected, rel=0.02)


def test_what_libraw_cannot_develop_is_told(monkeypatch):
    monkeypatch.setattr(raw_develop, "_SMALLEST", 0)
    source = make_dng(np.full((96, 120), 900, np.uint16), X_TRANS)
    raw = read_raw(source, "small.dng")
    with pytest.raises(InputError, match=r"small\.dng: LibRaw cannot develop it"):
        develop(raw, raw.mosaic, read_raw_tree(source))


def test_developed_pictures_keep_what_was_told():
    meta = developed_meta(read_raw_tree(make_pef(values(), told=TOLD)), 6)
    assert meta.xmp == XMP
    exif = Image.Exif()
    exif.load(meta.exif)
    assert exif[315] == "Jane Doe"
    assert exif.get_ifd(EXIF)[34855] == 1600
    assert exif.get_ifd(GPS)[1] == "N"


def test_the_narrowest_range_decides_how_fine_values_are_and_the_widest_how_far():
    raw = replace(read_raw(make_dng(values())), white=np.array([[15000, 30000], [30000, 30000]]))
    assert finer(raw, 3 / (15000 - 512)) == 2
    assert finer(raw, 0) == 2  # 4 × 30000 is no 16-bit value


def test_one_level_of_white_is_the_lowest(tmp_path):
    source, path = make_pef(values()), tmp_path / "a.dng"
    raw = replace(read_raw(source), white=np.array([[15000, 30000], [30000, 30000]]))
    write_dng(path, raw, raw.mosaic, read_raw_tree(source))
    assert (read_raw(path).white == 15000).all()


def test_a_sensitivity_that_its_field_does_not_hold_is_left_out(tmp_path):
    source, path = make_pef(values()), tmp_path / "a.dng"
    raw = replace(read_raw(source), iso=102400.0)
    write_dng(path, raw, raw.mosaic, read_raw_tree(source))
    assert "ISOSpeedRatings" not in tags(path).get(34665, {})


def test_the_name_of_the_camera_is_the_files_own(tmp_path):
    source, path = make_pef(values()), tmp_path / "a.dng"
    raw = read_raw(source)
    raw = replace(raw, tags=replace(raw.tags, make="Pentax", model="K10D"))
    write_dng(path, raw, raw.mosaic, read_raw_tree(source))
    found = tags(path)
    assert (found[271], found[272]) == ("PENTAX", "PENTAX K10D")


def test_borders_that_finer_values_do_not_hold_are_cut_off(tmp_path):
    mosaic, path = values(), tmp_path / "a.dng"
    mosaic[:8] = 60000
    write(path, make_dng(mosaic, area=(8, 0, 250, 300)), factor=2)
    assert (sensor(path)[:8] >= 65534).all()
