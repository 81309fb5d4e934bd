"""Names of results."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from n3cli.errors import InputError
from n3cli.io.name import default_target


@pytest.mark.parametrize(
    ("source", "format", "expected"),
    [
        ("photo.png", None, "photo_n3dn.png"),
        ("dir/photo.JPG", None, "dir/photo_n3dn.JPG"),
        ("photo.gif", None, "photo_n3dn.png"),
        ("photo.bmp", None, "photo_n3dn.png"),
        ("photo.PFM", None, "photo_n3dn.tif"),
        ("photo", None, "photo_n3dn.png"),
        ("v1.2", None, "v1_n3dn.png"),
        ("a.b.tiff", None, "a.b_n3dn.tiff"),
        ("photo.png", "tiff", "photo_n3dn.tif"),
        ("photo.png", ".JPEG", "photo_n3dn.jpg"),
        ("photo.png", "jpeg", "photo_n3dn.jpg"),
        ("写真.png", "webp", "写真_n3dn.webp"),
        (os.fsdecode(b"\xff.png"), None, os.fsdecode(b"\xff_n3dn.png")),
    ],
)
def test_names_beside_the_source(source: str, format: str | None, expected: str) -> None:
    assert default_target(Path(source), "n3dn", format) == Path(expected)


@pytest.mark.parametrize("format", ["gif", "docx", ""])
def test_formats_that_cannot_be_written(format: str) -> None:
    with pytest.raises(InputError, match="png, jpeg, tiff, webp, avif"):
        default_target(Path("a.png"), "n3dn", format)


def test_naming_needs_no_image_library() -> None:
    code = "import sys, n3cli.io.name; print(*{'numpy', 'pyvips', 'PIL'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
