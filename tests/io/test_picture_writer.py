"""Outputs appear whole or not at all, under any name, and leave nothing else behind."""

import io
import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from n3cli.errors import ConfigError, InputError
from n3cli.io.format import FORMATS, READABLE, format_of
from n3cli.io.meta import Meta
from n3cli.io.picture import Picture, read_picture, write_picture
from n3cli.io.writer import PictureWriter, create_picture

PIXELS = np.random.default_rng(3).integers(0, 256, (20, 30, 3), np.uint8)
PICTURE = Picture(PIXELS)


def writer(target: Any, **changes: Any) -> PictureWriter:
    options = {
        "format": "png",
        "height": 20,
        "width": 30,
        "channels": 3,
        "has_alpha": False,
        "dtype": np.uint8,
        "meta": Meta(),
    }
    return create_picture(target, **options | changes)


NAMES = [
    "plain.png",
    "-rf.png",
    "page[page=1].png",
    "a:b.png",
    "name.tif[page=1].png",
    "x.png:strip",
    "  spaces and\nlines .png",
    "写真 – фото – صورة – 🖼.png",
    "e\u0301.png",
    "100%s{}.png",
    os.fsdecode(b"latin-\xe9\xff.png"),
    "n" * 251 + ".png",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_any_kind(name: str, tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"f\xf6lder [1]")
    folder.mkdir()
    path = folder / name
    try:
        path.touch()
        path.unlink()
    except OSError:
        pytest.skip("the file system forbids this name")
    write_picture(path, PICTURE, format="png")
    assert os.listdir(folder) == [name]  # noqa: PTH208
    np.testing.assert_array_equal(read_picture(path).pixels, PIXELS)
    path.write_bytes(b"\x89PNG\r\n\x1a\n rubbish")
    with pytest.raises(InputError) as caught:
        read_picture(path)
    str(caught.value).encode()  # can be printed


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="tells open files")  # noqa: PTH112
@pytest.mark.parametrize("format", ["png", "jpeg", "tiff", "webp", "avif"])
def test_nothing_is_held_that_is_moved_or_removed(
    format: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Windows wants it."""
    seen: list[str] = []

    def watch(name: str) -> None:
        act = getattr(os, name)

        def watched(path: str | Path, *rest: Any, **more: Any) -> None:
            open_ones = [os.path.realpath(held) for held in Path("/proc/self/fd").iterdir()]
            held = os.path.realpath(path)
            assert held not in open_ones
            assert held not in Path("/proc/self/maps").read_text()
            seen.append(name)
            act(path, *rest, **more)

        monkeypatch.setattr(os, name, watched)

    for name in ("unlink", "replace", "link"):
        watch(name)
    write_picture(tmp_path / "a", PICTURE, format=format)
    assert "unlink" in seen
    assert "replace" in seen


@pytest.mark.parametrize("error", [RuntimeError(), KeyboardInterrupt(), InputError("unreadable")])
def test_an_error_in_the_middle_leaves_the_old_file(error: BaseException, tmp_path: Path) -> None:
    path = tmp_path / "old.png"
    path.write_bytes(b"precious")

    def fail() -> None:
        with writer(path) as output:
            output.write(PIXELS[:10])
            raise error

    with pytest.raises(type(error)):
        fail()
    assert path.read_bytes() == b"precious"
    assert list(tmp_path.iterdir()) == [path]


def test_missing_rows_leave_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "old.png"
    path.write_bytes(b"precious")
    with pytest.raises(ValueError, match="10 of 20"), writer(path) as output:
        output.write(PIXELS[:10])
    assert path.read_bytes() == b"precious"
    assert list(tmp_path.iterdir()) == [path]


def test_a_picture_that_the_format_cannot_hold(tmp_path: Path) -> None:
    path = tmp_path / "wide.webp"
    limit = "webp holds at most 16383 pixels per side, but the picture has 20000×1"
    with pytest.raises(InputError, match=limit) as caught:
        write_picture(path, Picture(np.zeros((1, 20000, 3), np.uint8)))
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("pixels", "alpha"),
    [
        (PIXELS[:, :-1], None),
        (PIXELS[..., :1], None),
        (PIXELS.astype(np.uint16), None),
        (np.repeat(PIXELS, 2, 0), None),
        (PIXELS, PIXELS[..., 0]),
    ],
)
def test_strips_that_do_not_fit(
    pixels: np.ndarray, alpha: np.ndarray | None, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="the next rows are"), writer(tmp_path / "a.png") as output:
        output.write(pixels, alpha)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="permission bits are POSIX")
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_new_files_have_the_usual_permissions(umask: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        for format in ("png", "tiff"):
            path = tmp_path / f"{umask}.{format}"
            write_picture(path, PICTURE)
            assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask
    finally:
        os.umask(before)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    real, link = tmp_path / "there" / "real.png", tmp_path / "link.png"
    real.write_bytes(b"old")
    link.symlink_to(real)
    write_picture(link, PICTURE)
    assert link.is_symlink()
    np.testing.assert_array_equal(read_picture(real).pixels, PIXELS)


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a second file system")
def test_a_link_to_another_file_system(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as there:
        if Path(there).stat().st_dev == tmp_path.stat().st_dev:
            pytest.skip("needs a second file system")
        (tmp_path / "link.png").symlink_to(Path(there, "new.png"))
        write_picture(tmp_path / "link.png", PICTURE)
        np.testing.assert_array_equal(read_picture(Path(there, "new.png")).pixels, PIXELS)


def test_a_link_into_a_missing_folder_fails_at_once(tmp_path: Path) -> None:
    (tmp_path / "link.png").symlink_to(tmp_path / "no" / "where.png")
    with pytest.raises(InputError, match=r"link\.png: the folder .*no does not exist"):
        writer(tmp_path / "link.png").__enter__()


@pytest.mark.skipif(os.name != "posix", reason="permission bits are POSIX")
def test_a_replaced_file_keeps_its_permissions(tmp_path: Path) -> None:
    path, link = tmp_path / "old.png", tmp_path / "link.png"
    link.symlink_to(path)
    for target, mode in ((path, 0o640), (link, 0o600)):
        path.touch()
        path.chmod(mode)
        write_picture(target, PICTURE)
        assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_picture_may_be_written_over_its_source(tmp_path: Path) -> None:
    path = tmp_path / "same.png"
    write_picture(path, PICTURE)
    found = read_picture(path)
    write_picture(path, Picture(255 - found.pixels))
    np.testing.assert_array_equal(read_picture(path).pixels, 255 - PIXELS)


def test_streams_get_everything_at_once() -> None:
    stream = io.BytesIO()
    with writer(stream) as output:
        output.write(PIXELS[:10])
        assert stream.getvalue() == b""
        output.write(PIXELS[10:])
        assert stream.getvalue() == b""
    np.testing.assert_array_equal(read_picture(stream.getvalue()).pixels, PIXELS)


def test_streams_get_nothing_after_an_error() -> None:
    stream = io.BytesIO()
    with pytest.raises(ValueError, match="10 of 20"), writer(stream) as output:
        output.write(PIXELS[:10])
    assert stream.getvalue() == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_device() -> None:
    with (
        Path("/dev/full").open("wb", buffering=0) as full,
        pytest.raises(InputError, match="No space left"),
    ):
        write_picture(full, PICTURE, format="png")


FULL_DISK = """
import resource, sys, numpy as np
from pathlib import Path
from n3cli.errors import InputError
from n3cli.io.picture import Picture, write_picture

noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), np.uint8)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
try:
    write_picture(Path(sys.argv[1]), Picture(noise))
except InputError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs file size limits")
@pytest.mark.parametrize("limit", [100_000, 270_000], ids=["raw pixels", "encoder"])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_no_room_on_the_disk(suffix: str, limit: int, tmp_path: Path) -> None:
    # A limit on the size of files stands in for a full disk. Noise of 300×300×3 bytes grows when
    # it is compressed: the second limit has room for the pixels, but not for the encoded file.
    path = tmp_path / f"new{suffix}"
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, path, str(limit)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith(str(path))
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_bad_targets(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        write_picture(tmp_path / "no" / "where.png", PICTURE)
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        write_picture(tmp_path / "folder.png", PICTURE)
    with pytest.raises(InputError, match="too long"):
        write_picture(tmp_path / ("n" * 300 + ".png"), PICTURE)
    with pytest.raises(InputError, match="not a regular file"):
        write_picture(Path(os.devnull), PICTURE, format="png")
    assert [path.name for path in tmp_path.iterdir()] == ["folder.png"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_to(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="Permission denied"):
        write_picture(tmp_path / "a.png", PICTURE)


@pytest.mark.parametrize("name", ["a.xyz", "a", "a.gif", "a.bmp", ".png"])
def test_suffixes_that_cannot_be_written(name: str) -> None:
    with pytest.raises(InputError, match=r"\.jpg.*\.png") as caught:
        format_of(Path(name))
    kind = Path(name).suffix[1:]
    assert (f"the format '{kind}'" if kind else "without a suffix") in str(caught.value)


def test_suffixes() -> None:
    assert format_of(Path("A.JPG")) == "jpeg"
    assert {".png", ".jpg", ".tiff", ".bmp", ".pgm"} <= READABLE
    suffixes = [suffix for format in FORMATS.values() for suffix in format.suffixes]
    assert len(suffixes) == len(set(suffixes))


@pytest.mark.parametrize("quality", [0, 101])
def test_quality_out_of_range(quality: int, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="1 to 100"):
        writer(tmp_path / "a.jpg", format="jpeg", quality=quality)


def test_unknown_format(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="png, jpeg, tiff"):
        writer(tmp_path / "a.gif", format="gif")
