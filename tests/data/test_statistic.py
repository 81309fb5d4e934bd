"""Numbers of a folder of pictures, against those of the arrays that were written."""

from collections import Counter

import numpy as np
import pytest

from n3cli.data.statistic import survey
from n3cli.errors import DataError
from n3cli.io.picture import Picture, write_picture


def write(folder, name, *shape, dtype=np.uint8, seed=0):
    rng = np.random.default_rng(seed)
    if dtype == np.float32:
        pixels = rng.random(shape, dtype)
    else:
        pixels = rng.integers(0, np.iinfo(dtype).max, shape, dtype)
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    write_picture(folder / name, Picture(pixels))
    return pixels


def test_all_numbers(tmp_path):
    arrays = [
        write(tmp_path, "b/grey.png", 30, 40, 1),
        write(tmp_path, "a.png", 10, 20, 3, dtype=np.uint16),
        write(tmp_path, "c.tif", 50, 5, 3, dtype=np.float32),
    ]
    (tmp_path / "notes.txt").write_text("12345")
    (tmp_path / ".hidden").write_text("hidden")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    told = []
    found, samples = survey(tmp_path, told=told.append)
    names = ["a.png", "b/grey.png", "broken.png", "c.tif", "notes.txt"]
    assert (found.files, sum(told)) == (5, 4)
    assert found.size == sum((tmp_path / name).stat().st_size for name in names)
    assert found.shapes == [(10, 20, 3), (50, 5, 3), (30, 40, 1)]
    assert found.depths == Counter(uint8=1, uint16=1, float32=1)
    assert found.unreadable == [tmp_path / "broken.png"]
    assert [one.name for one in samples] == ["a.png", "b/grey.png", "c.tif"]
    full = [255, 65535, 1]
    values = np.concatenate([a.ravel() / f for a, f in zip(arrays, full, strict=True)])
    assert found.sampled == 3
    assert found.mean == pytest.approx(values.mean(), abs=1e-6)
    assert found.deviation == pytest.approx(values.std(), abs=1e-6)


def test_the_sample_is_spread(tmp_path):
    for i in range(10):
        write(tmp_path, f"{i}.png", 4, 4, 1, seed=i)
    found, samples = survey(tmp_path, sample=4)
    assert len(found.shapes) == 10
    assert [one.name for one in samples] == ["0.png", "2.png", "5.png", "7.png"]


def test_a_picture_that_is_cut_off(tmp_path):
    write(tmp_path, "a.png", 64, 64, 3)
    body = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(body[: len(body) // 2])
    found, samples = survey(tmp_path)
    assert (samples, found.unreadable) == ([], [tmp_path / "a.png"])
    assert np.isnan(found.mean)


def test_no_pictures(tmp_path):
    with pytest.raises(DataError, match="no picture files"):
        survey(tmp_path)
