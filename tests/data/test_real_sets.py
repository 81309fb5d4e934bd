"""DND and SIDD as their makers lay them out, read from small sets of the same form."""

import h5py
import numpy as np
import pytest
import scipy.io
from reference.real_sets import BOXES, A, B, write_dnd, write_sidd

from n3cli.data.dnd import read_dnd
from n3cli.data.sidd import read_blocks
from n3cli.errors import DataError, InputError
from n3cli.io.area import Area


@pytest.fixture
def dnd(tmp_path):
    write_dnd(tmp_path)
    return tmp_path


def change(folder, path, values):
    with h5py.File(folder / "info.mat", "r+") as file:
        file[path][...] = values


def test_what_dnd_says_of_its_photos(dnd):
    found = read_dnd(dnd, "raw")
    assert [photo.number for photo in found] == [1, 2]
    for photo in found:
        assert photo.camera == "Sony A7R"
        assert (photo.a, photo.b) == (A, B)
        assert photo.boxes[0] == Area(0, 0, 48, 48)
        assert photo.boxes[1] == Area(16, 32, 80, 96)
        # Box, row and column of the plane, in MATLAB's order of axes.
        assert photo.sigma_raw[1, 0, 1] == pytest.approx(0.01 * (1 + 4 + 1))
        np.testing.assert_allclose(photo.sigma_srgb, 0.06)


@pytest.mark.parametrize("track", ["raw", "srgb"])
def test_crops_are_the_boxes_of_the_upright_image(dnd, track):
    found = read_dnd(dnd, track)
    folder, key = {"raw": ("images_raw", "Inoisy"), "srgb": ("images_srgb", "InoisySRGB")}[track]
    with h5py.File(dnd / folder / "0002.mat") as file:
        whole = file[key][()].T
    expected = whole.reshape(*whole.shape[:2], -1)
    np.testing.assert_array_equal(found[1].image(), expected)
    crops = list(found[1].crops())
    for crop, (top, left, bottom, right) in zip(crops, BOXES, strict=True):
        expected = whole[top - 1 : bottom, left - 1 : right]
        np.testing.assert_array_equal(crop, expected.reshape(*expected.shape[:2], -1))
        assert crop.dtype == np.float32


def test_one_photo_alone_is_a_set_too(tmp_path):
    write_dnd(tmp_path, photos=1)
    assert len(read_dnd(tmp_path, "raw")) == 1


def test_an_info_of_version_5_is_the_same(dnd):
    before = read_dnd(dnd, "raw")
    with h5py.File(dnd / "info.mat") as file:
        info = file["info"]
        names = list(info)
        rows = np.zeros((1, 2), [(name, object) for name in names])
        for number in range(2):
            for name in ("boundingboxes", "sigma_raw", "sigma_srgb"):
                rows[name][0, number] = file[info[name][number, 0]][()].T
            rows["nlf"][0, number] = {"a": A, "b": B}
            rows["camera"][0, number] = "Sony A7R"
    scipy.io.savemat(dnd / "info.mat", {"info": rows})
    for one, other in zip(before, read_dnd(dnd, "raw"), strict=True):
        assert (one.boxes, one.a, one.b, one.camera) == (
            other.boxes, other.a, other.b, other.camera
        )  # fmt: skip
        np.testing.assert_array_equal(one.sigma_raw, other.sigma_raw)


def test_a_box_outside_the_image(dnd):
    change(dnd, "#refs#/p1boxes", np.array([[1, 1, 48, 48]] * 2 + [[49, 81, 97, 128]]).T)
    found = read_dnd(dnd, "raw")
    words = r"0002\.mat: box 3 reaches to row 97 and column 128, and the image is 128×96"
    with pytest.raises(DataError, match=words):
        list(found[1].crops())


@pytest.mark.parametrize(
    ("path", "values", "words"),
    [
        ("#refs#/p1boxes", 0, "photo 2 is not as expected .* is no box"),
        ("#refs#/p0nlf/a", -1, "photo 1 .* negative"),
        ("#refs#/p0srgb", np.nan, "photo 1 .* not finite"),
    ],
)
def test_what_makes_no_sense_in_info(dnd, path, values, words):
    change(dnd, path, values)
    with pytest.raises(DataError, match=words):
        read_dnd(dnd, "raw")


def test_missing_fields_and_variables_are_named(dnd):
    with h5py.File(dnd / "info.mat", "r+") as file:
        del file["info/sigma_raw"]
    with pytest.raises(DataError, match="info has no sigma_raw"):
        read_dnd(dnd, "raw")
    write_dnd(dnd / "other")
    (dnd / "other/images_raw/0001.mat").write_bytes(
        (dnd / "other/images_srgb/0001.mat").read_bytes()
    )
    found = read_dnd(dnd / "other", "raw")
    with pytest.raises(InputError, match="has no variable Inoisy; it has InoisySRGB"):
        list(found[0].crops())


@pytest.mark.parametrize("raw", [False, True])
def test_blocks_of_sidd(tmp_path, raw):
    noisy, _ = write_sidd(tmp_path, raw)
    kind = "Raw" if raw else "Srgb"
    found = read_blocks(tmp_path / f"ValidationNoisyBlocks{kind}.mat", 1 if raw else 3)
    assert (found.photos, found.each) == (2, 3)
    expected = noisy[1, 2][..., None] if raw else noisy[1, 2] / 255
    np.testing.assert_allclose(found.block(1, 2), expected, atol=1e-7)


def test_blocks_in_cells_are_the_same(tmp_path):
    noisy, _ = write_sidd(tmp_path, raw=True)
    cells = np.empty((2, 3), object)
    for place in np.ndindex(2, 3):
        cells[place] = noisy[place]
    path = tmp_path / "BenchmarkNoisyBlocksRaw.mat"
    scipy.io.savemat(path, {"BenchmarkNoisyBlocksRaw": cells})
    np.testing.assert_array_equal(read_blocks(path, 1).values[..., 0], noisy)


def test_an_array_of_another_shape(tmp_path):
    path = tmp_path / "ValidationGtBlocksSrgb.mat"
    scipy.io.savemat(path, {"ValidationGtBlocksSrgb": np.zeros((4, 3, 8, 8), np.uint8)})
    with pytest.raises(DataError, match=r"×3, got uint8 of shape \(4, 3, 8, 8\)"):
        read_blocks(path, 3)
