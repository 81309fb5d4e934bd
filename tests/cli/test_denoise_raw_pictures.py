"""`n3 denoise --crop` and `--compare` on camera raw: developed pictures, cut and held together."""

import base64
import io
import os
import re
import struct
from pathlib import Path

import numpy as np
import pytest
import rawpy
from click.testing import CliRunner, Result
from PIL import Image
from reference.dng import X_TRANS, make_dng

from n3cli.cli.main import n3
from n3cli.io.exif import add_tree
from n3cli.io.picture import read_picture
from n3cli.io.raw import develop as raw_develop
from n3cli.io.tiff import RATIONAL, Field

NOISE = ("--noise", "0.002,1e-5")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(n3, ["denoise", *map(os.fspath, arguments), *NOISE])


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a raw file of 120×100."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "")
    rng, (rows, columns) = np.random.default_rng(0), np.mgrid[:100, :120]
    clean = 0.2 + 0.1 * np.sin(rows / 9) * np.cos(columns / 7)
    noisy = clean + np.sqrt(0.002 * clean + 1e-5) * rng.standard_normal(clean.shape)
    values = np.rint(512 + noisy * (15000 - 512)).clip(0, 65535).astype(np.uint16)
    (tmp_path / "photo.dng").write_bytes(make_dng(values))
    return tmp_path


def pixels(name: str) -> np.ndarray:
    return read_picture(Path(name)).pixels.astype(int)


def shown(page: str) -> list[np.ndarray]:
    """The pictures of a page: after, then what lies over it, before."""
    found = re.findall(r"data:image/jpeg;base64,([A-Za-z0-9+/=]+)", Path(page).read_text("utf-8"))
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(each))), int) for each in found]


@pytest.mark.parametrize("how", [(), ("--chroma", "0.5", "--strength", "0.7")])
def test_a_crop_is_a_part_of_the_developed_picture(how):
    assert run("photo.dng", "-o", "whole.png", *how).exit_code == 0
    result = run("photo.dng", "-o", "part.png", "--crop", "31,40,50,37", *how)
    assert result.exit_code == 0, result.stderr
    whole, part = pixels("whole.png"), pixels("part.png")
    np.testing.assert_array_equal(part, whole[40:77, 31:81])


def test_a_crop_counts_the_pixels_of_the_picture_where_those_of_the_sensor_are_not_square():
    with Path("photo.dng").open("r+b") as file:
        add_tree(file, {0: {50718: Field(RATIONAL, struct.pack("<4I", 1, 1, 2, 1))}})
    assert run("photo.dng", "-o", "whole.png").exit_code == 0
    result = run("photo.dng", "-o", "part.png", "--crop", "31,140,50,60")
    assert result.exit_code == 0, result.stderr
    assert pixels("whole.png").shape == (200, 120, 3)
    np.testing.assert_array_equal(pixels("part.png"), pixels("whole.png")[140:200, 31:81])


@pytest.mark.parametrize("target", ["out.png", "out.dng"])
def test_a_page_shows_what_the_mosaic_is_developed_to_before_and_after(target):
    result = run("photo.dng", "-o", target, "--compare")
    assert result.exit_code == 0, result.stderr
    after, before = shown("out_compare.html")
    assert run("photo.dng", "-o", "noisy.png", "--strength", "0").exit_code == 0
    assert run("photo.dng", "-o", "clean.png").exit_code == 0
    for name, picture in (("noisy.png", before), ("clean.png", after)):
        difference = picture - pixels(name) / 257
        assert np.abs(difference).mean() < (5 if name == "noisy.png" else 2)  # JPEG
    assert np.abs(after - before).mean() > 7
    text = Path("out_compare.html").read_text("utf-8")
    assert "a 0.002, b 1e-05 (given)" in text
    assert "denoise-n3unet-raw" in text
    if target == "out.dng":
        with rawpy.imread("out.dng") as raw:
            assert raw.raw_image_visible.shape == (100, 120)


def test_a_crop_is_compared_with_itself():
    assert run("photo.dng", "-o", "out.jpg", "--crop", "8,9,60,50", "--compare").exit_code == 0
    assert {each.shape for each in shown("out_compare.html")} == {(50, 60, 3)}


def test_a_page_that_fails_leaves_the_result():
    Path("out_compare.html").write_text("mine")
    assert run("photo.dng", "-o", "out.tif", "--compare").exit_code == 1
    assert Path("out_compare.html").read_text() == "mine"
    assert not Path("out.tif").exists()
    assert run("photo.dng", "-o", "out.tif", "--compare", "-y").exit_code == 0
    assert shown("out_compare.html")
    Path("out_compare.html").unlink()
    Path("out.tif").unlink()
    Path("out_compare.html").symlink_to("absent/page.html")
    result = run("photo.dng", "-o", "out.tif", "--compare")
    assert result.exit_code == 1
    assert "out_compare.html: the folder" in result.stderr
    assert "does not exist" in result.stderr
    assert pixels("out.tif").shape == (100, 120, 3)


def test_what_libraw_cannot_develop_is_told_with_what_there_is(monkeypatch):
    monkeypatch.setattr(raw_develop, "_SMALLEST", 0)  # what LibRaw would refuse goes to it
    Path("small.dng").write_bytes(make_dng(np.full((96, 120), 900, np.uint16), X_TRANS))
    result = run("small.dng", "-o", "out.dng", "--compare")
    assert result.exit_code == 1
    assert "small.dng: LibRaw cannot develop it" in result.stderr
    assert "out.dng is written, and only its page is missing" in result.stderr
    with rawpy.imread("out.dng") as raw:
        assert raw.raw_image_visible.shape == (96, 120)
    result = run("small.dng", "-o", "out.png", "--compare")
    assert result.exit_code == 1
    assert "write a DNG file, and develop that with another program" in result.stderr
    assert not Path("out.png").exists()
