"""Where data sets are looked for, and what is said when they are not whole."""

import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path, PureWindowsPath

import pytest

from n3cli.data.catalog import CATALOG
from n3cli.data.location import (
    in_order,
    list_images,
    list_originals,
    list_training_images,
    locate_root,
    present_form,
)
from n3cli.data.published.index import COLLECTIONS
from n3cli.errors import DataError

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "datasets"
ABSENT = ("textures", "cbsd68", "kodak24", "mcmaster", "urban100", "bsd100", "waterloo", "cc15")


@pytest.fixture
def clean_environment(monkeypatch):
    monkeypatch.delenv("N3_DATA", raising=False)
    return monkeypatch


def make_set12(root, names):
    (root / "Set12").mkdir(parents=True)
    for name in names:
        (root / "Set12" / name).touch()


def test_the_named_folder_comes_first_then_the_variable_then_the_cache(clean_environment, tmp_path):
    clean_environment.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    clean_environment.setenv("LOCALAPPDATA", str(tmp_path / "cache"))
    cache, reason = locate_root()
    assert reason == "the cache folder"
    assert cache.parts[-2:] == ("n3cli", "datasets")
    clean_environment.setenv("N3_DATA", str(tmp_path / "variable"))
    assert locate_root() == (tmp_path / "variable", "N3_DATA")
    assert locate_root(tmp_path / "named") == (tmp_path / "named", "--data")


@pytest.mark.skipif(os.name == "nt", reason="XDG is a convention of Unix")
def test_the_cache_follows_xdg(clean_environment, tmp_path):
    clean_environment.setattr("sys.platform", "linux")
    clean_environment.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert locate_root()[0] == tmp_path / "n3cli" / "datasets"
    clean_environment.setenv("XDG_CACHE_HOME", "")
    clean_environment.setenv("HOME", str(tmp_path))
    assert locate_root()[0] == tmp_path / ".cache" / "n3cli" / "datasets"


def test_images_come_sorted_and_other_files_are_passed_over(tmp_path):
    names = [f"{i:02}.png" for i in (12, 3, 1, 2, 4, 11, 10, 9, 8, 7, 6, 5)]
    make_set12(tmp_path, [*names, "README.txt"])
    assert [p.name for p in list_images(CATALOG["set12"], tmp_path)] == sorted(names)


def test_pictures_come_in_one_order_on_every_system(tmp_path):
    names = ["B.png", "a b/c.png", "a-b.png", "a.png", "a/b.png"]
    order = ["B.png", "a/b.png", "a b/c.png", "a-b.png", "a.png"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = list_originals(tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in found] == order
    assert found == sorted(found)  # as paths of Linux are
    windows = in_order(map(PureWindowsPath, names))
    assert [path.as_posix() for path in windows] == order


def test_an_absent_set_says_where_it_was_looked_for(clean_environment, tmp_path):
    clean_environment.setenv("N3_DATA", str(tmp_path))
    with pytest.raises(DataError) as error:
        list_images(CATALOG["bsd68"])
    for part in (str(tmp_path / "BSD68"), "N3_DATA", "--data DIR"):
        assert part in str(error.value)


def test_a_closed_folder_is_told(tmp_path, close):
    make_set12(tmp_path, [f"{number:02}.png" for number in range(1, 13)])
    close(tmp_path / "Set12", 0o600)
    with pytest.raises(DataError, match=r"Set12.*: cannot be read \(Permission denied\)"):
        list_images(CATALOG["set12"], tmp_path)


def test_an_empty_folder_is_as_good_as_none(tmp_path):
    (tmp_path / "Set12").mkdir()
    with pytest.raises(DataError, match=r"not found: .*has none of its images"):
        list_images(CATALOG["set12"], tmp_path)


@pytest.mark.parametrize("count", [11, 13])
def test_a_wrong_count_is_an_error(tmp_path, count):
    make_set12(tmp_path, [f"{i}.png" for i in range(count)])
    with pytest.raises(DataError, match=f"has {count} of its images, expected 12"):
        list_images(CATALOG["set12"], tmp_path)


def test_another_form_stands_in_only_where_the_set_is_absent(tmp_path):
    png, jpeg = CATALOG["cbsd68"], CATALOG["cbsd68-jpeg"]
    assert present_form(png, tmp_path) is png
    (tmp_path / "BSDS500" / "val").mkdir(parents=True)
    assert present_form(png, tmp_path) is png
    (tmp_path / "BSDS500" / "val" / "101085.jpg").touch()
    assert present_form(png, tmp_path) is jpeg
    (tmp_path / "CBSD68").mkdir()
    assert present_form(png, tmp_path) is png
    assert present_form(CATALOG["set12"], tmp_path) is CATALOG["set12"]


@pytest.mark.parametrize("dataset", CATALOG.values(), ids=CATALOG)
def test_what_can_be_fetched_is_where_the_set_looks(dataset, tmp_path):
    if dataset.collection not in COLLECTIONS:
        pytest.skip("it cannot be fetched")
    collection = COLLECTIONS[dataset.collection]
    if not collection.is_listed:
        pytest.skip("no list tells its files")
    for file in collection.published:
        path = tmp_path.joinpath(collection.folder, *file.path.split("/"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert len(list_images(dataset, tmp_path)) == dataset.count


def test_a_listed_set_ignores_what_is_not_listed(tmp_path):
    (tmp_path / "BSDS500" / "val").mkdir(parents=True)
    (tmp_path / "BSDS500" / "val" / "101085.jpg").touch()
    (tmp_path / "BSDS500" / "val" / "unlisted.jpg").touch()
    with pytest.raises(DataError, match="has 1 of its images, expected 68"):
        list_images(CATALOG["cbsd68-jpeg"], tmp_path)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the data sets are not beside the repository")
@pytest.mark.parametrize(
    "name", [name for name in CATALOG if not name.startswith((*ABSENT, "sidd", "div2k"))]
)
def test_real_sets_are_whole(name):
    images = list_images(CATALOG[name], SHARED)
    assert len(images) == CATALOG[name].count
    assert images == sorted(images)


def test_textures_are_what_their_script_writes(tmp_path):
    subprocess.run([sys.executable, ROOT / "docs" / "make_textures.py", tmp_path], check=True)
    assert len(list_images(CATALOG["textures"], tmp_path)) == CATALOG["textures"].count


@pytest.mark.skipif(not SHARED.is_dir(), reason="the data sets are not beside the repository")
def test_cbsd68_is_the_colour_of_bsd68():
    named = [line.split()[1] for line in (SHARED / "bsd68.txt").read_text().splitlines()]
    images = list_images(present_form(CATALOG["cbsd68"], SHARED), SHARED)
    assert [image.relative_to(SHARED).as_posix() for image in images] == named


@pytest.fixture
def bsds(tmp_path):
    """A data folder with files of BSDS500's names in train, test and val, all empty."""
    listed = files("n3cli.data").joinpath("val40.txt").read_text("ascii").split()
    others = [f"train/{i:06}.jpg" for i in range(200 - sum(n.startswith("train") for n in listed))]
    others += [f"test/{i:06}.jpg" for i in range(200 - sum(n.startswith("test") for n in listed))]
    for name in [*listed, *others, "val/101085.jpg"]:
        path = tmp_path / "BSDS500" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path, [tmp_path / "BSDS500" / name for name in sorted(others)], listed


def test_a_pattern_may_name_folders(bsds):
    root, others, listed = bsds
    found = list_images(CATALOG["bsds400"], root)
    assert found == sorted(others + [root / "BSDS500" / name for name in listed])


def test_training_images_come_in_the_order_of_the_sets_without_the_excluded(bsds):
    root, others, _ = bsds
    t91 = [root / "T91" / f"t{i:02}.png" for i in range(91)]
    t91[0].parent.mkdir()
    for path in t91:
        path.touch()
    sets = [CATALOG["t91"], CATALOG["bsds400"], CATALOG["t91"]]
    assert list_training_images(sets, [CATALOG["val40"]], root) == t91 + others
    assert list_training_images(sets[1:2], sets[1:2], root) == []


def test_an_excluded_set_may_be_absent_in_part_or_whole(bsds):
    root, others, listed = bsds
    (root / "BSDS500" / listed[0]).unlink()
    spare = root / "BSDS500" / "test" / "spare.jpg"
    spare.touch()
    excluded = [CATALOG["val40"], CATALOG["set12"], CATALOG["cbsd68-jpeg"]]
    found = list_training_images([CATALOG["bsds400"]], excluded, root)
    assert found == sorted([*others, spare])


def test_an_absent_training_set_is_an_error(tmp_path):
    with pytest.raises(DataError, match="T91 not found"):
        list_training_images([CATALOG["t91"]], [CATALOG["val40"]], tmp_path)


def test_the_real_training_set_holds_no_image_of_the_validation_set(shared):
    root = shared / "datasets"
    found = list_training_images([CATALOG["bsds400"]], [CATALOG["val40"]], root)
    assert len(found) == 360
    assert not set(found) & set(list_images(CATALOG["val40"], root))


def test_every_set_says_its_terms():
    assert all(dataset.terms for dataset in CATALOG.values())


def test_parts_of_published_archives_lie_where_these_unpack_to(tmp_path):
    for folder, count, suffix in (
        ("DIV2K/DIV2K_train_HR", 800, ".png"),
        ("DIV2K/DIV2K_valid_HR", 100, ".png"),
        ("Waterloo/exploration_database_and_code/pristine_images", 4744, ".bmp"),
    ):
        (tmp_path / folder).mkdir(parents=True)
        for index in range(count):
            (tmp_path / folder / f"{index + 1:04}{suffix}").touch()
    for index in range(160):
        photo = tmp_path / "SIDD-Small-sRGB" / "SIDD_Small_sRGB_Only" / "Data" / f"{index:04}_S6"
        photo.mkdir(parents=True)
        for half in ("GT", "NOISY"):
            (photo / f"{half}_SRGB_010.PNG").touch()
    for name in ("div2k-train", "div2k-valid", "waterloo"):
        assert len(list_images(CATALOG[name], tmp_path)) == CATALOG[name].count
    noisy, clean = (
        list_images(CATALOG[f"sidd-small-srgb-{half}"], tmp_path) for half in ("noisy", "clean")
    )
    assert [path.parent for path in noisy] == [path.parent for path in clean]
    assert not set(noisy) & set(clean)
