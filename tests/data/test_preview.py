"""What folders of raw photos and of MATLAB's arrays hold, counted and shown."""

import numpy as np
import pytest
from reference.dng import X_TRANS, make_dng
from reference.real_sets import write_dnd, write_sidd

from n3cli.data.preview import preview
from n3cli.errors import DataError


def test_a_set_like_dnd(tmp_path):
    write_dnd(tmp_path)
    (tmp_path / ".hidden").write_bytes(b"x")
    found = preview(tmp_path)
    assert found.files == 5
    assert found.kinds == {"Inoisy 96×128 float32": 2, "InoisySRGB 96×128×3 float32": 2}
    shapes = {one.name: one.pixels.shape for one in found.samples}
    assert shapes == {
        "images_raw/0001.mat": (48, 64, 1),
        "images_raw/0002.mat": (48, 64, 1),
        "images_srgb/0001.mat": (96, 128, 3),
        "images_srgb/0002.mat": (96, 128, 3),
    }
    assert not found.unreadable


@pytest.mark.parametrize("raw", [False, True])
def test_blocks_are_spread_over_files_and_photos(tmp_path, raw):
    noisy, clean = write_sidd(tmp_path, raw)
    found = preview(tmp_path, sample=4)
    kind = "RawGt" if raw else "SrgbGt"
    assert sum(found.kinds.values()) == 2 * 6
    assert len(found.samples) == 4
    names = [one.name for one in found.samples]
    stem = f"ValidationGtBlocks{kind[:-2]}.mat"
    assert names[:2] == [f"{stem} 1", f"{stem} 4"]
    if not raw:
        np.testing.assert_array_equal(found.samples[1].pixels, clean[1, 0])
        np.testing.assert_array_equal(found.samples[2].pixels, noisy[0, 0])


def test_raw_files_are_turned_upright_and_bad_ones_told(tmp_path):
    values = np.full((60, 72), 5000, np.uint16)
    (tmp_path / "a.dng").write_bytes(make_dng(values, orientation=6))
    (tmp_path / "b.DNG").write_bytes(make_dng(values, X_TRANS))
    (tmp_path / "c.NEF").write_bytes(b"no raw file" * 99)
    (tmp_path / "d.mat").write_bytes(b"no MATLAB file" * 99)
    found = preview(tmp_path)
    assert found.kinds == {"Maker Model 1 60×72 RGGB": 1, "Maker Model 1 60×72 X-Trans": 1}
    assert [one.pixels.shape for one in found.samples] == [(36, 30, 3), (20, 24, 3)]
    assert [path.name for path in found.unreadable] == ["c.NEF", "d.mat"]


def test_a_folder_without_such_files(tmp_path):
    (tmp_path / "a.txt").touch()
    with pytest.raises(DataError, match=r"no camera raw and no \.mat files"):
        preview(tmp_path)
