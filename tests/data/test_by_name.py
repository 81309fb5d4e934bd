"""`n3cli.data.open` of sets that are no pictures: the records that benchmarks measure on."""

import pickle
from typing import get_args

import h5py
import numpy as np
import pytest
import scipy.io
from reference.real_sets import BOXES, write_dnd, write_sidd

import n3cli.data
from n3cli.bench.suite import SUBMISSIONS, SUITES
from n3cli.data.by_name import find_whole, opens_as
from n3cli.data.catalog import BLOCKS, CATALOG, RAW_PHOTOS
from n3cli.data.kept import DND_TRACKS, SIDD_BENCHMARKS
from n3cli.data.name import BlockName, DndName, PairName, PictureName, RawPhotoName
from n3cli.data.pairs.pair_set import PAIR_SETS
from n3cli.data.published.index import COLLECTIONS
from n3cli.data.simulated.scene import make_scene
from n3cli.errors import ConfigError, DataError
from n3cli.inference.match.match import match
from n3cli.io.picture import read_picture


@pytest.mark.parametrize(("name", "raw"), [("sidd", False), ("sidd-raw", True)])
def test_blocks_have_both_forms(tmp_path, name, raw):
    noisy, clean = write_sidd(tmp_path / BLOCKS[name].folder, raw)
    blocks = n3cli.data.open(name, tmp_path)
    assert [(block.photo, block.number) for block in blocks] == list(np.ndindex(2, 3))
    block = blocks[4]
    scale = 1 if raw else 255
    for found, values in ((block.noisy, noisy), (block.clean, clean)):
        assert (found.shape, found.dtype) == ((48, 48, 1 if raw else 3), np.float32)
        np.testing.assert_allclose(found, values[1, 1].reshape(found.shape) / scale, atol=1e-7)
    assert SUITES[name].task.load(block, block.clean.shape[2]).tobytes() == block.clean.tobytes()


@pytest.mark.parametrize("below", ["SIDD-Benchmark-Raw", "SIDD-Benchmark-Raw/unpacked", "."])
def test_blocks_whose_clean_form_is_kept(tmp_path, below):
    noisy, _ = write_sidd(tmp_path, raw=True)
    (tmp_path / below).mkdir(parents=True, exist_ok=True)
    key = "BenchmarkNoisyBlocksRaw"
    scipy.io.savemat(tmp_path / below / f"{key}.mat", {key: noisy})
    blocks = n3cli.data.open("sidd-benchmark-raw", tmp_path)
    assert len(blocks) == 6
    assert all(block.clean is None for block in blocks)
    np.testing.assert_array_equal(blocks[-1].noisy[..., 0], noisy[1, 2])


@pytest.fixture
def raw_photos(tmp_path):
    """SIDD's small raw set, photos of 4×6 whose values tell which they are."""
    for scene in range(160):
        folder = tmp_path / "SIDD-Small-Raw" / "Data" / f"{scene + 1:04}_001_S6_00100_00060_3200_L"
        folder.mkdir(parents=True)
        for kind, value in (("NOISY", 0.5), ("GT", 0.25)):
            path = folder / f"{scene + 1:04}_{kind}_RAW_010.MAT"
            mosaic = np.full((4, 6), value + scene / 1000, np.float32)
            if scene:
                scipy.io.savemat(path, {"x": mosaic}, appendmat=False)
            else:  # MATLAB 7.3 stores axes in reverse
                with h5py.File(path, "w", userblock_size=512) as file:
                    file["x"] = mosaic.T
        scipy.io.savemat(folder / f"{scene + 1:04}_METADATA_RAW_010.MAT", {"metadata": {"a": 1}})
    return tmp_path


def test_raw_photos_have_both_forms(raw_photos):
    photos = n3cli.data.open("sidd-small-raw", raw_photos)
    assert len(photos) == 160
    for index in (0, 1, 159):
        for found, value in ((photos[index].noisy, 0.5), (photos[index].clean, 0.25)):
            assert (found.shape, found.dtype) == ((4, 6, 1), np.float32)
            assert found == pytest.approx(value + index / 1000)
    assert photos[1].name == "0002_001_S6_00100_00060_3200_L/0002_NOISY_RAW_010"


def test_raw_photos_that_are_not_whole(raw_photos):
    photos = n3cli.data.open("sidd-small-raw", raw_photos)
    scipy.io.savemat(photos[0].noisy_path, {"x": np.zeros((2, 3, 4))}, appendmat=False)
    with pytest.raises(DataError, match="expected a mosaic of floating values, got float64"):
        _ = photos[0].noisy
    clean = photos[3].clean_path
    moved = clean.rename(clean.with_name("9999_GT_RAW_010.MAT"))
    with pytest.raises(DataError, match=r"0004_GT_RAW_010\.MAT is not beside it"):
        n3cli.data.open("sidd-small-raw", raw_photos)
    moved.unlink()
    with pytest.raises(DataError, match="has 319 of its files, expected 320"):
        n3cli.data.open("sidd-small-raw", raw_photos)


@pytest.mark.parametrize(("name", "channels"), [("dnd", 1), ("dnd-srgb", 3)])
def test_photos_of_dnd_have_their_parts(tmp_path, name, channels):
    write_dnd(tmp_path / "DND" / "dnd_2017")
    photos = n3cli.data.open(name, tmp_path)
    assert [photo.number for photo in photos] == [1, 2]
    shapes = [part.shape for part in photos[0].crops()]
    assert shapes == [
        (low - top + 1, right - left + 1, channels) for top, left, low, right in BOXES
    ]


def dumped(folder, seeds):
    folder.mkdir(parents=True)
    scenes = [make_scene(np.random.default_rng(seed), 60) for seed in seeds]
    columns = {
        "xs": [scene.points[None] for scene in scenes],
        "Rs": [scene.rotation for scene in scenes],
        "ts": [scene.translation for scene in scenes],
    }
    for name, values in columns.items():
        (folder / f"{name}_te.pkl").write_bytes(pickle.dumps(values, 2))
    return scenes


def test_correspondences_of_several_scenes_are_one_sequence(tmp_path):
    scenes = dumped(tmp_path / "Brown" / "a", range(3)) + dumped(tmp_path / "Brown" / "b", [5, 6])
    pairs = n3cli.data.open("brown", tmp_path)
    assert repr(pairs) == "<Brown: correspondences of 2 scenes>"
    assert len(pairs) == 5
    assert [scene.title for scene in pairs.scenes] == ["Brown a", "Brown b"]
    for found in (list(pairs), pairs[:], [pairs[index - 5] for index in range(5)]):
        for pair, scene in zip(found, scenes, strict=True):
            np.testing.assert_array_equal(pair.points, scene.points)
            np.testing.assert_array_equal(pair.right, scene.right)
            assert pair.ratio is pair.mutual is None
    assert [pair.name for pair in pairs[2:4]] == ["a 2", "b 0"]
    with pytest.raises(IndexError):
        pairs[5]


def test_photos_are_matched_when_a_pair_is_asked_for(shared):
    pairs = n3cli.data.open("strecha", shared / "match")
    (scene,) = pairs.scenes
    assert len(pairs) == 8 * 7 // 2
    pair = pairs[1]
    assert pair.points.shape == (len(pair.ratio), 4) == (len(pair.mutual), 4)
    assert len(pair.right) > 1000
    assert pair.right[pair.mutual & (pair.ratio < 0.7)].mean() > 0.7
    left, right = (view.path for view in pair.views)
    assert pair.name == f"{left.stem} {right.stem}"
    found = match(*(read_picture(path).pixels for path in (left, right)), model="none")
    assert len(found.keypoints0) == len(pair.points)
    assert scene.pairs()[1].points.tobytes() == pair.points.tobytes()


def test_every_name_opens_one_set():
    names = n3cli.data.names()
    assert len(names) == len(set(names))
    assert {*CATALOG, *BLOCKS, *RAW_PHOTOS, *SUBMISSIONS, *PAIR_SETS} == set(names)
    assert set(get_args(PictureName)) == {*CATALOG}
    assert set(get_args(BlockName)) == {*BLOCKS, *SIDD_BENCHMARKS}
    assert set(get_args(RawPhotoName)) == {*RAW_PHOTOS}
    assert set(get_args(DndName)) == {*DND_TRACKS}
    assert set(get_args(PairName)) == {*PAIR_SETS}


def test_collections_say_what_they_open_as():
    assert opens_as("dnd") == ["dnd", "dnd-srgb"]
    assert opens_as("sidd-validation") == ["sidd"]
    assert opens_as("st_peters") == ["stpeters"]
    assert opens_as("sidd-medium-raw") == ["sidd-medium-raw"]
    assert all(map(opens_as, COLLECTIONS))


def test_a_part_is_fetched_as_its_collection():
    found = {
        name: find_whole(name).name for name in ("SIDD", "dnd-srgb", "stpeters", "yfcc", "Set12")
    }
    assert found == {
        "SIDD": "sidd-validation",
        "dnd-srgb": "dnd",
        "stpeters": "st_peters",
        "yfcc": "yfcc100m",
        "Set12": "set12",
    }
    for name in ("cc15", "strecha"):
        with pytest.raises(ConfigError, match=f"{name} cannot be fetched"):
            find_whole(name)
    with pytest.raises(ConfigError, match="did you mean 'set14'"):
        find_whole("set13")
