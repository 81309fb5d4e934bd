"""Camera raw: what a file of known content says, a real one, and bad ones."""

import io
import struct

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from reference.dng import BAYER, MATRIX, X_TRANS, make_dng, make_pef

from n3cli.errors import InputError
from n3cli.io.area import Area
from n3cli.io.exif import EXIF, add_tree
from n3cli.io.raw.dng import write_dng
from n3cli.io.raw.meta import read_raw_tree
from n3cli.io.raw.mosaic import read_raw
from n3cli.io.tiff import LONG, RATIONAL, SHORT, Field
from n3cli.ops.noise.model import NoiseModel


def values(height=60, width=72):
    """Sensor values from well below black to above white."""
    return np.random.default_rng(0).integers(300, 16000, (height, width)).astype(np.uint16)


@pytest.mark.parametrize("name", [*BAYER, "X-Trans"])
def test_layouts_and_levels(name):
    mosaic = values()
    pattern = BAYER.get(name, X_TRANS)
    raw = read_raw(make_dng(mosaic, pattern))
    assert raw.layout == name
    np.testing.assert_array_equal(raw.pattern, pattern)
    assert raw.mosaic.dtype == np.float32
    np.testing.assert_allclose(raw.mosaic, (mosaic - 512.0) / (15000 - 512), atol=1e-6)
    assert raw.mosaic.min() < -0.01
    assert raw.mosaic.max() > 1.05


def test_black_of_each_site():
    mosaic, blacks = values(), (100, 200, 300, 400)
    raw = read_raw(make_dng(mosaic, BAYER["GRBG"], black=blacks))
    np.testing.assert_array_equal(raw.black.ravel(), blacks)
    for number, black in enumerate(blacks):
        part = np.s_[number // 2 :: 2, number % 2 :: 2]
        expected = (mosaic[part] - float(black)) / (15000 - black)
        np.testing.assert_allclose(raw.mosaic[part], expected, atol=1e-6)


def test_the_active_area_and_the_crop_in_it():
    mosaic = values()
    raw = read_raw(make_dng(mosaic, BAYER["GBRG"], area=(6, 8, 56, 68), crop=(4, 2, 50, 40)))
    assert raw.mosaic.shape == (50, 60)
    expected = (mosaic[6:56, 8:68] - 512.0) / (15000 - 512)
    np.testing.assert_allclose(raw.mosaic, expected, atol=1e-6)
    assert raw.layout == "GBRG"
    assert raw.crop == Area(2, 4, 42, 54)
    assert read_raw(make_dng(mosaic)).crop == Area(0, 0, 60, 72)


@pytest.mark.parametrize(
    "size",
    [
        Field(LONG, bytes(8)),
        Field(LONG, bytes(4)),
        Field(12, struct.pack("<dd", np.nan, 40)),
        Field(12, struct.pack("<dd", np.inf, 40)),
    ],
)
def test_a_crop_that_makes_no_sense_counts_as_absent(size):
    """Where LibRaw moves the active area, the file's own crop counts."""
    file = io.BytesIO(make_dng(values(), area=(7, 9, 57, 69), crop=(4, 2, 50, 40)))
    add_tree(file, {0: {50720: size}})
    raw = read_raw(file.getvalue())
    assert (raw.active, raw.crop) == ((7, 9, 57, 69), (0, 0, 50, 60))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_exifs(orientation):
    assert read_raw(make_dng(values(), orientation=orientation)).orientation == orientation


def test_colours():
    raw = read_raw(make_dng(values()))
    assert raw.white_balance == pytest.approx((2, 1, 1.6))
    np.testing.assert_allclose(raw.from_xyz.ravel(), MATRIX)
    np.testing.assert_allclose(raw.to_srgb.sum(1), 1, atol=1e-6)  # white stays white
    assert (raw.tags.make, raw.tags.model) == ("Maker", "Model 1")
    assert raw.tags.from_xyz is not None


@pytest.mark.parametrize(
    ("told", "iso"),
    [
        ({34855: 1600}, 1600),
        ({34855: 1600, 0x8832: 1000}, 1600),
        ({34855: 65535, 0x8832: 102400, 0x8831: 99}, 102400),
        ({34855: 65535, 0x8831: 204800}, 204800),
        ({34855: 65535}, 65535),
    ],
)
def test_sensitivities_beyond_what_exifs_first_field_holds(told, iso):
    fields = {
        tag: Field(SHORT, struct.pack("<H", value)) if tag == 34855
        else Field(LONG, struct.pack("<I", value))
        for tag, value in told.items()
    }  # fmt: skip
    assert read_raw(make_pef(values(), told={EXIF: fields})).iso == iso


@pytest.mark.parametrize("count", [0, 1, 3])
def test_the_noise_profile(count):
    profile = tuple(1e-4 * (1 + number) for number in range(2 * count))
    raw = read_raw(make_dng(values(), noise=profile))
    if not count:
        assert raw.noise is None
        return
    models = [NoiseModel(*profile[2 * n : 2 * n + 2]) for n in range(count)]
    assert list(raw.noise) == (models if count == 3 else models * 3)


@pytest.mark.parametrize(
    "profile",
    [
        (1e-4,),
        (np.nan, 1e-4),
        (-1e-4, 1e-4),
        (1e-4,) * 4,
        (0, 0),
        (0, -1e-4),
        (0,) * 6,
    ],
)
def test_a_noise_profile_that_makes_no_sense_counts_as_absent(profile):
    assert read_raw(make_dng(values(), noise=profile)).noise is None


def test_one_colour_without_noise_is_believed():
    assert read_raw(make_dng(values(), noise=(0, 0, 1e-4, 0, 1e-4, 0))).noise is not None


QUAD = ((0, 0, 1, 1), (0, 0, 1, 1), (1, 1, 2, 2), (1, 1, 2, 2))
FOUR_ROWS = ((0, 1), (1, 2), (1, 0), (2, 1))
FOUR_COLUMNS = ((0, 1, 1, 2), (1, 2, 0, 1))
THREES = ((0, 1, 2), (1, 2, 0), (2, 0, 1))


@pytest.mark.parametrize("pattern", [QUAD, FOUR_ROWS, FOUR_COLUMNS, THREES])
def test_a_filter_that_repeats_in_another_way_is_refused(pattern):
    with pytest.raises(InputError, match="its filter repeats in another way than Bayer's and"):
        read_raw(make_dng(values(), pattern))


@pytest.mark.parametrize("number", [1, 2])
def test_sites_in_staggered_rows_are_refused(number):
    file = io.BytesIO(make_dng(values()))
    add_tree(file, {0: {50711: Field(SHORT, struct.pack("<H", number))}})
    if number == 1:
        assert read_raw(file.getvalue()).layout == "RGGB"
        return
    with pytest.raises(InputError, match="its filter repeats in another way than Bayer's and"):
        read_raw(file.getvalue())


def make_balanced(levels: tuple[int, int, int]) -> bytes:
    """A Pentax file whose maker's note tells the white balance: red, green and blue."""
    red, green, blue = levels

    def note(at: int) -> bytes:
        directory = struct.pack("<HHHIII", 1, 0x0201, 3, 4, at + 24, 0)
        return b"AOC\0II" + directory + struct.pack("<4H", red, green, green, blue)

    def file(at: int) -> bytes:
        told = {0x829A: Field(RATIONAL, bytes(8)), 0x927C: Field(7, note(at))}
        return make_pef(values(), told={EXIF: told})

    return file(file(0).index(b"AOC\0"))


@pytest.mark.parametrize(
    ("levels", "balance"),
    [
        ((8000, 4000, 6000), (2, 1, 1.5)),
        ((65535, 1, 1), None),
        ((1, 65535, 65535), None),
        ((4000, 4000, 1), None),
    ],
)
def test_a_white_balance_of_no_light_counts_as_absent(levels, balance):
    raw = read_raw(make_balanced(levels))
    assert raw.white_balance == (balance and pytest.approx(balance))


def test_a_real_file(shared):
    raw = read_raw(shared / "raw" / "colorchart.dng")
    assert raw.layout == "RGGB"
    assert raw.mosaic.shape == (1156, 1734)
    assert (raw.black == 2056).all()
    assert (raw.white == 15000).all()
    assert raw.white_balance == pytest.approx((2.477, 1, 1000 / 1000 * 1.4620 / 0.8629), rel=0.01)
    assert raw.tags.model == "Canon EOS Kiss X4"
    # The mosaic is tifffile's, read without LibRaw: 14 bits, packed.
    with tifffile.TiffFile(shared / "raw" / "colorchart.dng") as file:
        packed = np.frombuffer(file.filehandle.read_array("u1", 3905328, 1536).tobytes(), np.uint8)
    rows = np.unpackbits(packed).reshape(1182, 1888, 14)
    whole = rows @ (1 << np.arange(13, -1, -1))
    expected = (whole[26:1182, 152:1886] - 2056) / (15000 - 2056)
    np.testing.assert_allclose(raw.mosaic, expected, atol=1e-6)
    assert raw.mosaic.min() < 0


def jpeg():
    file = io.BytesIO()
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(file, "JPEG")
    return file.getvalue()


def linear():
    file = io.BytesIO()
    tags = [(50706, "B", 4, bytes([1, 4, 0, 0]), True), (50708, "s", 0, "Camera", True)]
    tifffile.imwrite(file, np.zeros((64, 64, 3), np.uint16), photometric=34892, extratags=tags)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (lambda: b"", "is empty"),
        (lambda: b"no raw file" * 100, "is not a camera raw file"),
        (jpeg, r"is not a camera raw file but a picture \(jpeg\); change its suffix"),
        (lambda: make_dng(values())[:5000], "is damaged or cut off"),
        (lambda: make_dng(values())[:-10], "is damaged or cut off"),
        (lambda: make_dng(values())[:40], "is (damaged or cut off|not a camera raw file)"),
        (linear, "holds no mosaic: its pixels already have all colours"),
        (lambda: make_dng(values(), white=512), "its black and white levels make no sense"),
    ],
)
def test_bad_files(tmp_path, content, words):
    path = tmp_path / "photo.NEF"
    path.write_bytes(content())
    with pytest.raises(InputError, match=rf"photo\.NEF: {words}"):
        read_raw(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"photo\.nef: No such file"):
        read_raw(tmp_path / "photo.nef")


def compressed(source: bytes) -> bytes:
    """A file in n3's own form: tiles of lossless JPEG."""
    raw, file = read_raw(source), io.BytesIO()
    write_dng(file, raw, raw.mosaic, read_raw_tree(source))
    return file.getvalue()


DNG = {
    "plain": make_dng(values(12, 14), noise=(1e-4, 1e-5)),
    "tiles": compressed(make_dng(values())),
}


@pytest.mark.parametrize("kind", DNG)
@settings(max_examples=150)
@given(
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=8)),
             max_size=6)
)  # fmt: skip
def test_any_damage_is_one_error_or_a_picture(kind, changes):
    data = bytearray(DNG[kind])
    for share, bytes_ in changes:
        place = int(share * len(data))
        data[place : place + len(bytes_)] = bytes_
    try:
        raw = read_raw(bytes(data), "a.dng")
    except InputError:
        return
    assert raw.mosaic.ndim == 2


def test_a_damaged_tile_that_libraw_notices_is_told():
    data = bytearray(DNG["tiles"])
    start = data.index(b"\xff\xda") + 200
    data[start : start + 8] = b"\xff\xd9" * 4
    with pytest.raises(InputError, match=r"a\.dng: is damaged or cut off \("):
        read_raw(bytes(data), "a.dng")


@pytest.mark.parametrize("left", [0.01, 0.3, 0.9, 0.995, 0.999])
def test_a_file_of_n3s_own_that_is_cut_off_is_told_so(left):
    data = DNG["tiles"]
    with pytest.raises(InputError, match=r"a\.dng: is (damaged or )?cut off"):
        read_raw(data[: int(left * len(data))], "a.dng")
