"""Cameras from text files, from lists of pairs, and from Exif."""

import io

import numpy as np
import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from n3cli.errors import InputError
from n3cli.io.exif import read_camera, read_focal
from n3cli.io.match import camera_file, pair_list
from n3cli.io.match.camera_file import read_intrinsics, read_matrix
from n3cli.io.match.pair_list import read_pairs
from n3cli.io.reader import open_picture

MATRIX = np.array([[900.0, 0, 500], [0, 950, 400], [0, 0, 1]])


def write(path, text):
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    "text", ["900 0 500\n0 950 400\n0 0 1\n", "9e2, 0, 500, 0, 950, 400, 0, 0, 1"]
)
def test_a_matrix(tmp_path, text):
    camera = read_matrix(write(tmp_path / "K.txt", text))
    np.testing.assert_array_equal(camera.matrix, MATRIX)
    assert camera.source.endswith("K.txt")


def test_numpys_own_text_is_read(tmp_path):
    np.savetxt(tmp_path / "K.txt", MATRIX)
    np.testing.assert_array_equal(read_matrix(tmp_path / "K.txt").matrix, MATRIX)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "0 numbers"),
        ("1 2 3 4", "4 numbers"),
        ("0 0 0 0 0 0 0 0 1", "no inverse"),
        ("nan 0 0 0 1 0 0 0 1", "not finite"),
        ("a b c", "could not convert"),
        ("900 0 500 0 950 400 0 0 2", "last row"),
    ],
)
def test_what_is_no_matrix_is_told(tmp_path, text, words):
    with pytest.raises(InputError, match=words) as caught:
        read_matrix(write(tmp_path / "K.txt", text))
    assert "K.txt" in str(caught.value)


@pytest.mark.parametrize(
    ("module", "read"), [(camera_file, read_intrinsics), (pair_list, read_pairs)]
)
def test_what_is_too_long_is_told_not_cut_off(tmp_path, monkeypatch, module, read):
    lines = {read_intrinsics: "a.jpg 1 0 0 0 1 0 0 0 1\n", read_pairs: "a.jpg b.jpg\n"}[read]
    path = write(tmp_path / "list.txt", lines + "# and what follows\n")
    monkeypatch.setattr(module, "_LARGEST", path.stat().st_size)
    assert len(read(path)) == 1
    monkeypatch.setattr(module, "_LARGEST", len(lines))
    with pytest.raises(InputError, match=r"list\.txt: is too large for a text file of its kind"):
        read(path)


def test_what_is_no_text_is_told(tmp_path):
    (tmp_path / "K.txt").write_bytes(bytes([0x93, 0xFF]) + b"NUMPY")
    with pytest.raises(InputError, match="not a text file"):
        read_matrix(tmp_path / "K.txt")
    with pytest.raises(InputError, match="No such file"):
        read_matrix(tmp_path / "missing.txt")


@pytest.mark.parametrize("model", ["OPENCV_FISHEYE", "fov", "FULL_OPENCV"])
def test_a_model_that_is_not_known_is_told(tmp_path, model):
    path = write(tmp_path / "list.txt", f"a.jpg {model} 1000 800 900 950 500 400 0 0 0 0\n")
    with pytest.raises(InputError, match=f"the camera model is {model.upper()}; known are SIMPLE"):
        read_intrinsics(path)


def test_a_list_of_cameras(tmp_path):
    text = """# comment
a.jpg 900 0 500 0 950 400 0 0 1

in/b.jpg PINHOLE 1000 800 900 950 500.5 400.5
c.jpg SIMPLE_PINHOLE 1000 800 900 500.5 400.5
d.jpg SIMPLE_RADIAL 1000 800 900 500.5 400.5 -0.1
e.jpg RADIAL 1000 800 900 500.5 400.5 -0.1 0.02
f.jpg OPENCV 1000 800 900 950 500.5 400.5 -0.1 0.02 1e-3 2e-3
"""
    cameras = read_intrinsics(write(tmp_path / "list.txt", text))
    np.testing.assert_array_equal(cameras["a.jpg"].matrix, MATRIX)
    # Half a pixel: COLMAP counts from the corner.
    np.testing.assert_array_equal(cameras["in/b.jpg"].matrix, MATRIX)
    np.testing.assert_array_equal(cameras["f.jpg"].matrix, MATRIX)
    assert cameras["c.jpg"].matrix[1, 1] == 900
    assert cameras["d.jpg"].distortion == (-0.1, 0, 0, 0)
    assert cameras["e.jpg"].distortion == (-0.1, 0.02, 0, 0)
    assert cameras["f.jpg"].distortion == (-0.1, 0.02, 1e-3, 2e-3)
    assert cameras["in/b.jpg"].size == (1000, 800)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# nothing", "no cameras"),
        ("a.jpg 1 2 3", "line 1"),
        ("a.jpg PINHOLE 10 10 900 950 500", "4 parameters, got 3"),
        ("a.jpg PINHOLE 10 10 0 950 500 400", "no inverse"),
        ("a.jpg FISHEYE 10 10 900 950 500 400", "line 1"),
    ],
)
def test_what_is_no_list_is_told(tmp_path, text, words):
    with pytest.raises(InputError, match=words):
        read_intrinsics(write(tmp_path / "list.txt", text))


class TestPairs:
    POSE = np.eye(4)

    def line(self, *changes):
        words = ["a.jpg", "in/b.jpg", "0", "1", *MATRIX.ravel(), *MATRIX.ravel(),
                 *self.POSE.ravel()]  # fmt: skip
        for place, value in changes:
            words[place] = value
        return " ".join(map(str, words))

    def test_both_forms(self, tmp_path):
        path = write(tmp_path / "p.txt", f"# names\na.jpg b.jpg\n\n{self.line()}\n")
        plain, full = read_pairs(path)
        assert (plain.name0, plain.name1, plain.cameras) == ("a.jpg", "b.jpg", None)
        assert full.name1 == "in/b.jpg"
        np.testing.assert_array_equal(full.cameras[1].matrix, MATRIX)
        np.testing.assert_array_equal(full.pose, self.POSE)

    def test_tabs_part_names_with_spaces(self, tmp_path):
        (pair,) = read_pairs(write(tmp_path / "p.txt", "my photo.jpg\tother photo.jpg\n"))
        assert (pair.name0, pair.name1) == ("my photo.jpg", "other photo.jpg")

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ([(5, "x")], "line 1"),
            ([(4, 0)], "no inverse"),
            ([(37, "inf")], "not finite"),
            ([(22, 3)], "not a rotation"),
        ],
    )
    def test_what_makes_no_sense_is_told(self, tmp_path, change, words):
        with pytest.raises(InputError, match=words):
            read_pairs(write(tmp_path / "p.txt", self.line(*change)))

    @pytest.mark.parametrize("text", ["", "a.jpg\n", "a b c\n"])
    def test_no_pairs_are_told(self, tmp_path, text):
        with pytest.raises(InputError, match=r"p\.txt"):
            read_pairs(write(tmp_path / "p.txt", text))


class TestExif:
    def block(self, tags):
        exif = Image.Exif()
        exif.get_ifd(0x8769).update(tags)
        file = io.BytesIO()
        Image.new("RGB", (360, 240)).save(file, "JPEG", exif=exif)
        with open_picture(file.getvalue()) as reader:
            return reader.meta.exif

    @pytest.mark.parametrize("size", [(360, 240), (240, 360), (400, 300), (1600, 900)])
    def test_of_35_mm_film_by_the_diagonal(self, size):
        found = read_focal(self.block({0xA405: 50}), size)
        assert found == pytest.approx(50 * np.hypot(*size) / np.hypot(36, 24), rel=1e-4)

    @pytest.mark.parametrize(("unit", "millimetres"), [({0xA210: 3}, 10), ({}, 25.4)])
    @pytest.mark.parametrize("size", [(3600, 2400), (360, 240), (240, 360)])
    def test_of_the_focal_plane_also_in_a_reduced_picture(self, size, unit, millimetres):
        """Without a unit, in inches."""
        tags = {0x920A: IFDRational(12), 0xA20E: IFDRational(2000), 0xA002: 3600, 0xA003: 2400}
        expected = 12 * 2000 / millimetres * max(size) / 3600
        assert read_focal(self.block(tags | unit), size) == pytest.approx(expected)

    @pytest.mark.parametrize(
        "tags",
        [{}, {0xA405: 0}, {0x920A: IFDRational(12)}, {0xA20E: IFDRational(5)}],
    )
    def test_what_is_not_told_is_not_guessed(self, tags):
        assert read_focal(self.block(tags), (360, 240)) is None
        assert read_focal(None, (360, 240)) is None
        assert read_focal(b"Exif\0\0garbage", (360, 240)) is None

    def test_a_damaged_count_makes_no_giant_number(self):
        assert read_focal(self.block({0xA405: (50,) * 1000}), (360, 240)) is None

    @pytest.mark.parametrize(
        ("maker", "model", "told"),
        [
            ("Canon", "Canon EOS 80D", "Canon EOS 80D"),
            ("NIKON CORPORATION", "NIKON D800", "NIKON D800"),
            ("SONY", "ILCE-7R ", "SONY ILCE-7R"),
            (None, "Pixel 8", "Pixel 8"),
            ("Canon", None, None),
            ("Canon", "", None),
        ],
    )
    def test_the_camera_is_named_once(self, maker, model, told):
        exif = Image.Exif()
        for tag, text in ((271, maker), (272, model)):
            if text is not None:
                exif[tag] = text
        file = io.BytesIO()
        Image.new("RGB", (8, 8)).save(file, "JPEG", exif=exif)
        with open_picture(file.getvalue()) as reader:
            assert read_camera(reader.meta.exif) == told

    def test_no_block_names_no_camera(self):
        assert read_camera(None) is None
        assert read_camera(b"Exif\0\0garbage") is None

    def test_a_real_photo(self, shared):
        photo = shared / "match" / "lund-door" / "images" / "DSC_0001.JPG"
        if not photo.is_file():
            pytest.skip("needs lund-door")
        with open_picture(photo) as reader:
            found = read_focal(reader.meta.exif, (reader.width, reader.height))
        assert found == pytest.approx(2435.38, rel=0.06)  # what was calibrated
