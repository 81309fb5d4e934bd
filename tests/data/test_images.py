"""`n3cli.data.open`: arrays by name."""

import numpy as np
import pytest

import n3cli.data
from n3cli.errors import ConfigError, DataError
from n3cli.io.picture import Picture, write_picture


@pytest.fixture
def root(tmp_path):
    (tmp_path / "Set12").mkdir()
    for index in range(12):
        pixels = np.full((4, 6 + index, 1), index, np.uint8)
        write_picture(tmp_path / "Set12" / f"{index + 1:02}.png", Picture(pixels))
    return tmp_path


def test_images_come_in_order_and_in_their_own_type(root, monkeypatch):
    images = n3cli.data.open("set12", root)
    assert len(images) == 12
    assert [image.shape for image in images] == [(4, 6 + index, 1) for index in range(12)]
    assert images[-1].dtype == np.uint8
    assert (images[-1] == 11).all()
    assert images.paths[0] == root / "Set12" / "01.png"
    assert images.dataset.title == "Set12"
    monkeypatch.setenv("N3_DATA", str(root))
    assert n3cli.data.open("set12").paths == images.paths


def test_a_part_is_a_set(root):
    part = n3cli.data.open("set12", str(root))[2:5]
    assert [image[0, 0, 0] for image in part] == [2, 3, 4]
    assert repr(part) == "<Set12: 3 of 12 images>"


def test_what_is_not_there_is_told(root):
    with pytest.raises(ConfigError, match="did you mean 'set12'"):
        n3cli.data.open("set13", root)
    with pytest.raises(ConfigError, match="several sets: set5-x2, set5-x3, set5-x4"):
        n3cli.data.open("set5", root)
    with pytest.raises(ConfigError, match="did you mean 'dnd-srgb'"):
        n3cli.data.open("dnd-srg", root)
    with pytest.raises(ConfigError, match="st_peters is the set stpeters"):
        n3cli.data.open("st_peters", root)
    with pytest.raises(DataError, match=r"Raw not found: .* run n3 fetch-data sidd-small-raw"):
        n3cli.data.open("sidd-small-raw", root)
    with pytest.raises(DataError, match=r"DND must be fetched by hand"):
        n3cli.data.open("dnd", root)
    with pytest.raises(DataError, match="SIDD validation blocks, raw not found"):
        n3cli.data.open("sidd-raw", root)
    with pytest.raises(DataError, match=r"Brown is not a folder; run n3 fetch-data brown"):
        n3cli.data.open("brown", root)
    with pytest.raises(DataError, match=r"has no photos with \.camera files"):
        n3cli.data.open("strecha", root)
    with pytest.raises(DataError, match="n3 fetch-data div2k"):
        n3cli.data.open("div2k-valid", root)
    with pytest.raises(DataError, match="n3 fetch-data bsd68"):
        n3cli.data.open("bsd68", root)
    assert "bsd68" in n3cli.data.names()


def test_a_real_set(shared):
    images = n3cli.data.open("cbsd68", shared / "datasets")
    assert {image.shape for image in images[:8]} <= {(321, 481, 3), (481, 321, 3)}
