"""Every file that cannot be read is one clear error of one line, and nothing reaches stderr."""

import io
import os
import warnings
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from n3cli.errors import InputError, N3Warning
from n3cli.io.format import printable
from n3cli.io.picture import read_picture
from n3cli.io.reader import open_picture

NOISE = np.random.default_rng(5).integers(0, 256, (120, 90, 3), np.uint8)


def file_bytes(format: str, mode: str = "RGB", **options: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(NOISE).convert(mode).save(stream, format, **options)
    return stream.getvalue()


def tiff_bytes(pixels: np.ndarray, **options: object) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, pixels, **options)
    return stream.getvalue()


def refuses(source: Path | bytes, *words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_picture(source)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 250
    for word in words:
        assert word in message


@pytest.fixture(autouse=True)
def _silence(capfd: pytest.CaptureFixture[str]) -> object:
    yield
    assert capfd.readouterr() == ("", "")


FULL = {
    "PNG": file_bytes("PNG"),
    "JPEG": file_bytes("JPEG"),
    "progressive": file_bytes("JPEG", progressive=True),
    "WebP": file_bytes("WEBP"),
    "GIF": file_bytes("GIF"),
    "TIFF": file_bytes("TIFF"),
    "deflated TIFF": tiff_bytes(NOISE, photometric="rgb", compression="zlib", rowsperstrip=8),
    "BMP": file_bytes("BMP"),
    "PNM": file_bytes("PPM"),
}


@pytest.mark.parametrize("size", ["head", "half", "most"])
@pytest.mark.parametrize("kind", FULL)
def test_files_that_are_cut_off(kind: str, size: str, tmp_path: Path) -> None:
    data = FULL[kind]
    data = data[: {"head": 24, "half": len(data) // 2, "most": len(data) - 20}[size]]
    path = tmp_path / "cut.png"
    path.write_bytes(data)
    # The last 20 bytes of tifffile's files may be its directory: then nothing at all is found.
    refuses(path, str(path))
    refuses(data, "input data")


def test_a_text_file_named_png(tmp_path: Path) -> None:
    path = tmp_path / "text.png"
    path.write_text("Dear diary,\ntoday I am a picture.\n")
    refuses(path, "text.png", "is not a picture", "png")


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.png"
    path.touch()
    refuses(path, "empty")
    refuses(b"", "empty")


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    refuses(tmp_path / "missing.png", "missing.png", "No such file")
    refuses(tmp_path, "directory")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "secret.png"
    path.write_bytes(FULL["PNG"])
    path.chmod(0)
    refuses(path, "Permission denied")


@pytest.mark.parametrize(
    ("pixels", "options", "word"),
    [
        (NOISE.repeat(2, 2), {"photometric": "minisblack", "planarconfig": "contig"}, "6 channels"),
        (np.zeros((4, 5), np.uint32), {}, "uint"),
        (np.zeros((4, 5), np.int16), {}, "short"),
        (np.zeros((4, 5), np.complex64), {}, "more than 32 bits"),
        (np.zeros((4, 5), np.float64), {}, "more than 32 bits"),
    ],
)
def test_pixels_that_are_not_supported(
    pixels: np.ndarray, options: dict[str, object], word: str
) -> None:
    refuses(tiff_bytes(pixels, **options), word)


def test_a_name_that_is_not_utf8_is_shown_by_its_bytes(tmp_path: Path) -> None:
    refuses(tmp_path / os.fsdecode(b"caf\xe9.png"), r"caf\xe9.png: No such file")
    assert printable("\ud800 é") == r"\ud800 é"


def test_damage_in_the_middle_leaves_the_rows_before_it() -> None:
    data = bytearray(file_bytes("PNG", compress_level=0))
    data[len(data) // 2] ^= 0xFF
    with open_picture(bytes(data)) as reader:
        np.testing.assert_array_equal(reader.rows(0, 10)[0], NOISE[:10])
        with pytest.raises(InputError, match="damaged"):
            reader.rows(10, 120)


@pytest.mark.parametrize("exif", [b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff\xff", b"rubbish"])
def test_damaged_exif_does_not_matter(exif: bytes) -> None:
    found = read_picture(file_bytes("JPEG", exif=b"Exif\0\0" + exif))
    assert found.pixels.shape == NOISE.shape
    assert found.meta.orientation == 1


def test_cmyk_becomes_rgb_with_a_warning() -> None:
    white = Image.new("CMYK", (8, 8), (0, 0, 0, 0))
    stream = io.BytesIO()
    white.save(stream, "JPEG")
    with pytest.warns(N3Warning, match="CMYK"):
        found = read_picture(stream.getvalue())
    assert found.pixels.shape == (8, 8, 3)
    assert found.pixels.min() >= 250
    assert found.meta.icc is not None  # sRGB's, not that of the inks


@pytest.mark.parametrize("kind", ["tiff", "gif"])
def test_only_the_first_page_is_read_with_a_warning(kind: str) -> None:
    if kind == "tiff":
        data = tiff_bytes(np.stack((NOISE[..., 0], NOISE[..., 1])), photometric="minisblack")
    else:
        second = [Image.fromarray(NOISE[::-1].copy())]
        data = file_bytes("GIF", save_all=True, append_images=second)
    with pytest.warns(N3Warning, match="first of its 2"):
        found = read_picture(data)
    assert found.pixels.shape[:2] == NOISE.shape[:2]
    if kind == "tiff":
        np.testing.assert_array_equal(found.pixels[..., 0], NOISE[..., 0])


@pytest.mark.parametrize(
    ("mode", "format"), [("P", "PNG"), ("1", "PNG"), ("1", "TIFF"), ("L", "GIF")]
)
def test_palettes_and_bits_become_full_pixels(mode: str, format: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = read_picture(file_bytes(format, mode))
    expected = Image.fromarray(NOISE).convert(mode).convert("L" if mode != "P" else "RGB")
    gray = found.pixels[..., 0] if mode != "P" else found.pixels
    np.testing.assert_array_equal(gray, np.asarray(expected))


def test_transparent_palette() -> None:
    source = Image.fromarray(NOISE).convert("P")
    stream = io.BytesIO()
    source.save(stream, "PNG", transparency=7)
    found = read_picture(stream.getvalue())
    np.testing.assert_array_equal(found.alpha == 0, np.asarray(source) == 7)


@pytest.mark.filterwarnings("ignore::n3cli.errors.N3Warning")
@pytest.mark.parametrize("kind", FULL)
def test_damaged_headers_give_a_picture_or_an_input_error(kind: str) -> None:
    rng = np.random.default_rng(0)
    outcomes = set()
    for _ in range(12):
        damaged = bytearray(FULL[kind])
        for place in rng.integers(2, 200, 4):
            damaged[place] = rng.integers(256)
        try:
            with open_picture(bytes(damaged)) as reader:
                reader.rows(0, 1)
            outcomes.add("read")
        except InputError:
            outcomes.add("refused")
    assert "refused" in outcomes
