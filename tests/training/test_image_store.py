"""A store holds what the files hold, in 8 bits and as many channels as asked for."""

import os
import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch
from PIL import Image

from n3cli.errors import DataError, N3Warning
from n3cli.io.picture import Picture, read_picture, write_picture
from n3cli.ops.luma import luma
from n3cli.training import store as module
from n3cli.training.store import load_store, placed


def draw(height, width, channels, dtype=np.uint8, seed=0):
    random = np.random.default_rng(seed)
    if dtype == np.float32:
        return random.random((height, width, channels), np.float32)
    return random.integers(0, np.iinfo(dtype).max + 1, (height, width, channels)).astype(dtype)


@pytest.fixture
def save(tmp_path):
    """Write pixels to a file of that name and give its path."""

    def write(name, pixels, alpha=None):
        write_picture(tmp_path / name, Picture(pixels, alpha))
        return tmp_path / name

    return write


def stored(store, index=0):
    """A picture of a store as H×W×C bytes."""
    image = store.image(index)
    assert image.dtype == torch.float32
    return np.rint(255 * image.permute(1, 2, 0).numpy()).astype(np.uint8)


def test_what_is_told_of_many_pictures_is_told_once(tmp_path, save):
    paths = [save("grey.png", draw(8, 8, 3))]
    for index in range(3):
        paths.append(tmp_path / f"{index}.jpg")
        Image.new("CMYK", (8, 8), (0, 0, 0, 0)).save(paths[-1])
    with pytest.warns(N3Warning, match=r"0.jpg: .*CMYK.* \(and 2 pictures more\)") as told:
        store = load_store(paths, 3, smallest=5)
    assert len(told) == 1
    assert len(store) == 4


def test_pictures_lie_one_after_the_other(save):
    pixels = [draw(9, 7, 3), draw(5, 11, 3, seed=1), draw(6, 6, 3, seed=2)]
    paths = [save(f"{i}.png", each) for i, each in enumerate(pixels)]
    told = []
    store = load_store(paths, 3, smallest=5, progress=lambda *counts: told.append(counts))
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert len(store) == 3
    assert store.pixels.dtype == torch.uint8
    np.testing.assert_array_equal(store.pixels, np.concatenate([each.ravel() for each in pixels]))
    assert store.heights.tolist() == [9, 5, 6]
    assert store.widths.tolist() == [7, 11, 6]
    assert store.offsets.tolist() == [0, 189, 354]
    assert {t.dtype for t in (store.offsets, store.heights, store.widths)} == {torch.int64}
    for index, each in enumerate(pixels):
        np.testing.assert_array_equal(stored(store, index), each)


def test_a_store_moves_whole(save):
    store = load_store([save("a.png", draw(9, 7, 3))], 3, smallest=1).to("meta")
    for tensor in (store.pixels, store.offsets, store.heights, store.widths):
        assert tensor.is_meta
    assert store.channels == 3


def test_colour_becomes_luma_and_grey_three_planes(save):
    colour, grey = draw(8, 9, 3), draw(7, 6, 1)
    paths = [save("colour.png", colour), save("grey.png", grey)]
    ones = load_store(paths, 1, smallest=1)
    np.testing.assert_array_equal(stored(ones, 0), luma(colour))
    np.testing.assert_array_equal(stored(ones, 1), grey)
    threes = load_store(paths, 3, smallest=1)
    np.testing.assert_array_equal(stored(threes, 0), colour)
    np.testing.assert_array_equal(stored(threes, 1), np.repeat(grey, 3, 2))


@pytest.mark.parametrize("channels", [1, 3])
def test_transparency_is_dropped(save, channels):
    pixels, alpha = draw(8, 9, channels), draw(8, 9, 1, seed=1)[..., 0]
    store = load_store([save("a.png", pixels, alpha)], channels, smallest=1)
    np.testing.assert_array_equal(stored(store), pixels)


@pytest.mark.parametrize(
    ("name", "dtype", "full"), [("a.png", np.uint16, 65535), ("a.tif", np.float32, 1)]
)
def test_deep_pictures_are_rounded(save, name, dtype, full):
    pixels = draw(20, 30, 3, dtype)
    exact = pixels.astype(np.float64) / full * 255
    store = load_store([save(name, pixels)], 3, smallest=1)
    assert np.abs(stored(store) - exact).max() <= 0.5 + 1e-4


@pytest.mark.parametrize(
    ("size", "largest", "factor"),
    [
        ((30, 40), 40, 1),
        ((30, 40), None, 1),
        ((30, 41), 40, 2),
        ((41, 81), 40, 2),  # 81 // 2 = 40: the column that is left over is cut off
        ((82, 30), 40, 3),
        ((700, 90), 100, 7),
    ],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_large_pictures_are_reduced_by_averaging_boxes(save, size, largest, factor, dtype):
    pixels = draw(*size, 3, dtype)
    height, width = size[0] // factor, size[1] // factor
    boxes = pixels[: height * factor, : width * factor].astype(np.float64)
    exact = boxes.reshape(height, factor, width, factor, 3).mean((1, 3))
    exact *= 255 / np.iinfo(dtype).max
    path = save("a.png", pixels)
    store = load_store([path], 3, smallest=1, largest=largest)
    assert stored(store).shape == (height, width, 3)
    assert np.abs(stored(store) - exact).max() <= 0.5 + 1e-4
    grey = load_store([path], 1, smallest=1, largest=largest)
    assert np.abs(stored(grey)[..., 0] - exact @ [0.299, 0.587, 0.114]).max() <= 0.5 + 2e-3


def test_strips_make_the_whole_picture(save, monkeypatch):
    monkeypatch.setattr(module, "_STRIP", 7)
    pixels = draw(50, 20, 3)
    path = save("a.png", pixels)
    np.testing.assert_array_equal(stored(load_store([path], 3, smallest=1)), pixels)
    small = stored(load_store([path], 3, smallest=1, largest=17))
    exact = pixels[:48, :18].reshape(16, 3, 6, 3, 3).mean((1, 3))
    assert np.abs(small - exact).max() <= 0.5 + 1e-4


def test_small_pictures_are_left_out_with_one_warning(save):
    sizes = [(20, 30), (30, 19), (19, 30), (60, 200)]
    paths = [save(f"{i}.png", draw(*size, 1)) for i, size in enumerate(sizes)]
    with pytest.warns(N3Warning) as record:
        store = load_store(paths, 1, smallest=20)
    assert len(record) == 1
    text = str(record[0].message)
    for part in ("2 below 20 pixels a side", "of 4 in all", str(paths[1]), "19×30"):
        assert part in text
    assert store.heights.tolist() == [20, 60]
    with pytest.warns(N3Warning, match="1 below 20 pixels"):  # 60×200 becomes 15×50
        assert load_store(paths[::3], 1, smallest=20, largest=50).heights.tolist() == [20]


def test_unreadable_files_are_left_out_with_one_warning(save, tmp_path):
    paths = [save(f"{i}.png", draw(300, 40, 3, seed=i)) for i in range(4)]
    whole = paths[1].read_bytes()
    paths[1].write_bytes(whole[: len(whole) // 2])  # its header is whole
    paths[2].write_bytes(b"no picture")
    paths.append(tmp_path / "absent.png")
    with pytest.warns(N3Warning) as record:
        store = load_store(paths, 3, smallest=20)
    assert len(record) == 1
    text = str(record[0].message)
    for part in ("3 cannot be read", str(paths[2]), "of 5 in all"):
        assert part in text
    assert len(store) == 2
    for index, path in enumerate((paths[0], paths[3])):
        np.testing.assert_array_equal(stored(store, index), read_picture(path).pixels)


def test_if_none_is_left_it_is_an_error_that_says_why(save, tmp_path):
    small = save("small.png", draw(5, 5, 1))
    cut = save("cut.png", draw(300, 40, 3))
    cut.write_bytes(cut.read_bytes()[:9000])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(
            DataError, match=r"of 2 files can be used; 1 cannot be read; .*; 1 below 8 "
        ):
            load_store([small, cut], 1, smallest=8)
        with pytest.raises(DataError, match="of 0 files"):
            load_store([], 1, smallest=8)


def test_many_pixels_are_kept_in_a_file_without_a_name(save, tmp_path, monkeypatch):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(module.tempfile, "tempdir", str(folder))
    monkeypatch.setattr(module, "IN_MEMORY", 1000)
    pixels = [draw(40, 30, 3), draw(20, 50, 3, seed=1)]
    store = load_store([save(f"{i}.png", each) for i, each in enumerate(pixels)], 3, smallest=1)
    for index, each in enumerate(pixels):
        np.testing.assert_array_equal(stored(store, index), each)
    if sys.platform == "linux":
        with open("/proc/self/maps") as maps:  # noqa: PTH123 - a file of the kernel
            assert str(folder) in maps.read()
    if os.name != "nt":
        assert list(folder.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux reserves the room at once")
def test_a_full_disk_is_told_at_once(save, tmp_path):
    paths = [str(save(f"{i}.png", draw(100, 100, 3, seed=i))) for i in range(3)]
    script = f"""
import resource, signal
from pathlib import Path
from n3cli.training import store
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
store.IN_MEMORY = 0
try:
    store.load_store([Path(p) for p in {paths}], 3, smallest=1)
except store.DataError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert "no room for 0.0 GB of pixels" in done.stdout, done.stderr
    assert "TMPDIR" in done.stdout


def test_where_room_is_not_reserved_a_full_disk_is_told_too(save, monkeypatch):
    monkeypatch.delattr(os, "posix_fallocate", raising=False)  # as on macOS and Windows
    monkeypatch.setattr(module, "IN_MEMORY", 0)
    path = save("a.png", draw(10, 10, 3))
    assert len(load_store([path], 3, smallest=1)) == 1
    usage = module.shutil.disk_usage(path)._replace(free=299)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(DataError, match=r"no room for 0.0 GB of pixels .*TMPDIR"):
        load_store([path], 3, smallest=1)


@pytest.mark.parametrize(("free", "crowded"), [(1199, True), (1200, False), (None, False)])
def test_pictures_go_to_the_device_unless_they_would_crowd_it(save, monkeypatch, free, crowded):
    store = load_store([save("a.png", draw(10, 10, 3))], 3, smallest=1)
    monkeypatch.setattr(module, "free_memory", lambda device: free)
    found = placed(store, torch.device("meta"))
    assert found.pixels.device.type == ("cpu" if crowded else "meta")
    assert placed(store, torch.device("cpu")).pixels.device.type == "cpu"
