"""MATLAB's files: both kinds give the same, and bad ones give one clear line."""

import sys

import numpy as np
import pytest
import scipy.io
from reference.real_sets import put, write_hdf5

from n3cli.errors import ConfigError, InputError
from n3cli.io.mat import is_mat, list_mat, read_mat, write_mat

IMAGE = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


def hdf5(path):
    def fill(file):
        put(file, "image", IMAGE)
        file["other"] = np.zeros(3)

    write_hdf5(path, fill)
    return path


def older(path):
    scipy.io.savemat(path, {"image": IMAGE, "other": np.zeros(3)}, do_compression=True)
    return path


@pytest.fixture(params=[hdf5, older])
def file(request, tmp_path):
    return request.param(tmp_path / "a.mat")


def test_axes_are_matlabs(file):
    (image,) = read_mat(file, ["image"]).values()
    assert image.dtype == np.float32
    np.testing.assert_array_equal(image, IMAGE)


def test_structs_cells_and_texts_of_older_files(tmp_path):
    cells = np.empty(2, object)
    cells[:] = [IMAGE, "text"]
    rows = np.array([(1.5, "x"), (2.5, "y")], [("a", object), ("name", object)])
    values = {"cells": cells, "one": {"a": 3.0}, "rows": rows, "word": "1.0", "flag": True}
    write_mat(tmp_path / "a.mat", values)
    found = read_mat(tmp_path / "a.mat", list(values))
    np.testing.assert_array_equal(found["cells"][0, 0], IMAGE)
    assert found["cells"].shape == (1, 2)
    assert found["cells"][0, 1] == "text"
    assert found["one"]["a"].item() == 3
    assert [a.item() for a in found["rows"]["a"].ravel()] == [1.5, 2.5]
    assert list(found["rows"]["name"].ravel()) == ["x", "y"]
    assert found["word"] == "1.0"
    assert found["flag"].item() == 1


def test_variables_are_listed_without_being_read(file):
    assert list_mat(file)["image"] == ((2, 3, 4), "float32")


def test_texts_and_structs_are_no_arrays_of_numbers(tmp_path):
    write_mat(tmp_path / "a.mat", {"text": "x", "one": {"a": 3.0}, "number": 2.0})
    kinds = {name: kind for name, (_, kind) in list_mat(tmp_path / "a.mat").items()}
    assert kinds == {"text": "", "one": "", "number": "float64"}


def test_a_missing_variable_names_those_that_are_there(file):
    with pytest.raises(InputError, match=r"a\.mat: has no variable noisy; it has image, other"):
        read_mat(file, ["image", "noisy"])


@pytest.mark.parametrize("kept", [0.2, 0.6, 0.95])
def test_what_is_cut_off(file, kept):
    rng = np.random.default_rng(0)
    write_hdf5(file, lambda group: put(group, "image", rng.random((40, 40)))) if is_hdf5(
        file
    ) else scipy.io.savemat(file, {"image": rng.random((40, 40))})
    whole = file.read_bytes()
    file.write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(InputError, match=r"a\.mat: "):
        read_mat(file, ["image"])


def is_hdf5(path):
    return path.read_bytes()[512:].startswith(b"\x89HDF")


def test_any_damage_is_one_error_or_none(file):
    whole = bytearray(file.read_bytes())
    rng = np.random.default_rng(1)
    told = 0
    for _ in range(60):
        damaged = whole.copy()
        for place in rng.integers(0, len(whole), 8):
            damaged[place] = rng.integers(256)
        file.write_bytes(damaged)
        try:
            read_mat(file, ["image"])
        except InputError:
            told += 1
    assert told > 20  # what else was hit does not matter to this variable


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\xff\xd8\xff\xe0 a JPEG", "is not a MATLAB file"),
        (b"MATLAB 7.3 MAT-file".ljust(600), "is not a MATLAB file"),
        (b"MATLAB 5.0 MAT-file".ljust(600), "is damaged or cut off|has no variable"),
    ],
)
def test_other_files(tmp_path, content, words):
    (tmp_path / "a.mat").write_bytes(content)
    with pytest.raises(InputError, match=words):
        read_mat(tmp_path / "a.mat", ["image"])


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        read_mat(tmp_path / "a.mat", ["image"])


def test_a_claim_beyond_all_memory_is_refused(tmp_path):
    def fill(file):
        file.create_dataset("image", shape=(10**7, 10**6), dtype="f4", chunks=(1000, 1000))

    write_hdf5(tmp_path / "a.mat", fill)
    with pytest.raises(InputError, match="claims"):
        read_mat(tmp_path / "a.mat", ["image"])


def test_the_head_tells(file):
    head = file.read_bytes()[:520]
    assert is_mat(head)
    assert not is_mat(b"\x89PNG" + head)


@pytest.mark.parametrize(("make", "library"), [(hdf5, "h5py"), (older, "scipy.io")])
def test_without_its_library_the_extra_is_named(tmp_path, monkeypatch, make, library):
    path = make(tmp_path / "a.mat")
    monkeypatch.setitem(sys.modules, library, None)
    name = library.split(".")[0]
    with pytest.raises(ConfigError, match=rf"need {name}, .*pip install 'n3cli\[mat\]'"):
        read_mat(path, ["image"])


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    with pytest.raises(Exception, match="Could not convert"):
        write_mat(tmp_path / "a.mat", {"a": object()})
    assert list(tmp_path.iterdir()) == []
