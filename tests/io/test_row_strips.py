"""Strips give the same as the whole, in memory that does not grow with the height."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from n3cli.io.picture import Picture, read_picture, write_picture
from n3cli.io.reader import open_picture
from n3cli.io.writer import create_picture

HEIGHT, WIDTH = 301, 53
PIXELS = np.random.default_rng(2).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)


def _files() -> dict[str, bytes]:
    def pillow(format: str, **options: object) -> bytes:
        stream = io.BytesIO()
        Image.fromarray(PIXELS).save(stream, format, **options)
        return stream.getvalue()

    def tiff(**options: object) -> bytes:
        stream = io.BytesIO()
        tifffile.imwrite(stream, PIXELS, photometric="rgb", **options)
        return stream.getvalue()

    return {
        "png": pillow("PNG"),
        "jpeg": pillow("JPEG"),
        "progressive jpeg": pillow("JPEG", progressive=True),
        "webp": pillow("WEBP", lossless=True),
        "bmp": pillow("BMP"),
        "gif": pillow("GIF"),
        "tiff": tiff(rowsperstrip=7, compression="zlib"),
        "tiled tiff": tiff(tile=(32, 16)),
        "big-endian bigtiff": tiff(bigtiff=True, byteorder=">"),
    }


FILES = _files()


@settings(max_examples=40)
@given(
    kind=st.sampled_from(sorted(FILES)),
    # How high a strip is, and how far below its top the next begins: they overlap, or leave gaps.
    strips=st.lists(st.tuples(st.integers(1, 130), st.integers(0, 170)), max_size=12),
)
def test_any_forward_strips_give_the_whole(kind: str, strips: list[tuple[int, int]]) -> None:
    whole = read_picture(FILES[kind]).pixels
    top = 0
    with open_picture(FILES[kind]) as reader:
        for height, advance in strips:
            bottom = min(top + height, HEIGHT)
            np.testing.assert_array_equal(reader.rows(top, bottom)[0], whole[top:bottom])
            top = min(top + advance, HEIGHT - 1)


@pytest.mark.parametrize("kind", ["png", "tiff", "webp", "tiled tiff", "big-endian bigtiff"])
def test_lossless_files_are_read_exactly(kind: str) -> None:
    np.testing.assert_array_equal(read_picture(FILES[kind]).pixels, PIXELS)


def test_interlaced_png(tmp_path: Path) -> None:
    pyvips = pytest.importorskip("pyvips")
    path = tmp_path / "interlaced.png"
    pyvips.Image.new_from_array(PIXELS).pngsave(str(path), interlace=True)
    with open_picture(path) as reader:
        for top in range(0, HEIGHT, 77):
            bottom = min(top + 77, HEIGHT)
            np.testing.assert_array_equal(reader.rows(top, bottom)[0], PIXELS[top:bottom])


@pytest.mark.parametrize("rows", [(-1, 3), (5, 5), (0, HEIGHT + 1), (3, 9)])
def test_rows_outside_or_backwards_are_refused(rows: tuple[int, int]) -> None:
    with open_picture(FILES["png"]) as reader:
        reader.rows(4, 8)
        with pytest.raises(ValueError, match="rows"):
            reader.rows(*rows)


def test_strips_may_be_changed_by_the_caller() -> None:
    with open_picture(FILES["png"]) as reader:
        reader.rows(0, 20)[0][:] = 0
        np.testing.assert_array_equal(reader.rows(10, 30)[0], PIXELS[10:30])


def test_pictures_are_written_by_strips(tmp_path: Path) -> None:
    path = tmp_path / "strips.png"
    with (
        open_picture(FILES["png"]) as reader,
        create_picture(
            path,
            format="png",
            height=reader.height,
            width=reader.width,
            channels=reader.channels,
            has_alpha=reader.has_alpha,
            dtype=reader.dtype,
            meta=reader.meta,
        ) as writer,
    ):
        for top in range(0, HEIGHT, 41):
            writer.write(*reader.rows(top, min(top + 41, HEIGHT)))
    np.testing.assert_array_equal(read_picture(path).pixels, PIXELS)


COPY = """
import resource, sys
from pathlib import Path
from n3cli.io.reader import open_picture
from n3cli.io.writer import create_picture

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

source, target = map(Path, sys.argv[1:])
before = peak()
with open_picture(source) as r, create_picture(
    target, format=r.meta.format, height=r.height, width=r.width, channels=r.channels,
    has_alpha=r.has_alpha, dtype=r.dtype, meta=r.meta,
) as w:
    for top in range(0, r.height, 64):
        w.write(*r.rows(top, min(top + 64, r.height)))
print((peak() - before) / 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss has other units")
@pytest.mark.parametrize("format", ["png", "jpeg", "tiff"])
def test_memory_stays_below_the_picture(format: str, tmp_path: Path) -> None:
    source, target = tmp_path / f"tall.{format}", tmp_path / f"copy.{format}"
    write_picture(source, Picture(np.tile(PIXELS[:200], (200, 10, 1))))  # 40000×530: 61 MiB
    done = subprocess.run(
        [sys.executable, "-c", COPY, source, target], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert float(done.stdout) < 120  # the mapped raw file (61) included; 60 are libvips' own
    assert target.stat().st_size > 0
