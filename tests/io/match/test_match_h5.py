"""HDF5 files of matches, ours and hloc's."""

import subprocess
import sys

import numpy as np
import pytest

h5py = pytest.importorskip("h5py")

from n3cli.errors import InputError  # noqa: E402
from n3cli.io.match.h5 import open_store, read_h5  # noqa: E402
from n3cli.io.match.matches import Matches, from_pairs  # noqa: E402

POINTS = {name: np.random.default_rng(seed).uniform(0, 500, (6, 2)).astype(np.float32)
          for seed, name in enumerate(("a.jpg", "b.jpg", "in/c.jpg"))}  # fmt: skip
INDEX = np.array([1, -1, 0, 5, -1, 2])


def pair(first="a.jpg", second="b.jpg", **more) -> Matches:
    settings = {"size0": (500, 400), "size1": (500, 400), "status": "ok", **more}
    return Matches(
        POINTS[first],
        POINTS[second],
        INDEX,
        np.where(INDEX == 5, -1, INDEX),
        np.linspace(0.1, 0.9, 6).astype(np.float32),
        **settings,
    )


def write(path, *names, **how):
    with open_store(path, **how) as store:
        for first, second in names:
            store.add(first, second, pair(first, second))


def test_it_is_what_hloc_reads(tmp_path):
    write(tmp_path / "a.h5", ("a.jpg", "in/c.jpg"))
    with h5py.File(tmp_path / "a.h5") as file:
        found = file["a.jpg/in-c.jpg/matches0"][()]
        np.testing.assert_array_equal(found, [1, -1, 0, -1, -1, 2])
        assert file["a.jpg/in-c.jpg/matching_scores0"].dtype == np.float16
        np.testing.assert_array_equal(file["in/c.jpg"]["keypoints"], POINTS["in/c.jpg"])
        assert file["a.jpg"]["image_size"][()].tolist() == [500, 400]


def test_it_comes_back(tmp_path):
    write(tmp_path / "a.h5", ("a.jpg", "b.jpg"), ("a.jpg", "in/c.jpg"))
    found = list(read_h5([tmp_path / "a.h5"]))
    assert [(first, second) for first, second, _ in found] == [
        ("a.jpg", "b.jpg"), ("a.jpg", "in/c.jpg")
    ]  # fmt: skip
    matches = found[0][2]
    np.testing.assert_array_equal(matches.candidates, INDEX)
    np.testing.assert_array_equal(matches.keypoints1, POINTS["b.jpg"])
    assert matches.size0 == (500, 400)


def test_a_pair_may_be_there_the_other_way_round(tmp_path):
    write(tmp_path / "a.h5", ("a.jpg", "b.jpg"))
    ((_, _, matches),) = read_h5([tmp_path / "a.h5"], [("b.jpg", "a.jpg")])
    np.testing.assert_array_equal(matches.candidates, [2, 0, 5, -1, -1, 3])
    np.testing.assert_array_equal(matches.keypoints0, POINTS["b.jpg"])


def test_its_cameras_come_back(tmp_path):
    first, second = np.diag([500.0, 500, 1]), np.diag([700.0, 700, 1])
    with open_store(tmp_path / "a.h5") as store:
        store.add("a.jpg", "b.jpg", pair(K0=first, K1=second))
    for names, expected in (
        (("a.jpg", "b.jpg"), (first, second)),
        (("b.jpg", "a.jpg"), (second, first)),
    ):
        ((_, _, matches),) = read_h5([tmp_path / "a.h5"], [names])
        np.testing.assert_array_equal((matches.K0, matches.K1), expected)


def test_hlocs_two_files_are_read_together(tmp_path):
    with h5py.File(tmp_path / "matches.h5", "w") as file:
        group = file.create_group("a.jpg/in-c.jpg")
        group["matches0"] = INDEX.astype(np.int16)
        group["matching_scores0"] = np.full(6, 0.5, np.float16)
    with h5py.File(tmp_path / "features.h5", "w") as file:
        for name in ("a.jpg", "in/c.jpg"):
            file.create_group(name)["keypoints"] = POINTS[name]
            file[name]["descriptors"] = np.zeros((256, 6), np.float16)
    both = [tmp_path / "matches.h5", tmp_path / "features.h5"]
    ((_, _, matches),) = read_h5(both, [("a.jpg", "in/c.jpg")])
    np.testing.assert_array_equal(matches.keypoints1, POINTS["in/c.jpg"])
    ((first, second, matches),) = read_h5(both)
    assert (first, second) == ("a.jpg", "in/c.jpg")
    np.testing.assert_array_equal(matches.keypoints1, POINTS["in/c.jpg"])
    ((_, _, error),) = read_h5(both[:1])
    assert isinstance(error, InputError)
    assert "--matches FEATURES.h5" in str(error)


@pytest.mark.parametrize(
    "name", ["/photos/a.jpg", "./a.jpg", "db/in/a.jpg", "../a.jpg", "db//a.jpg"]
)
def test_any_name_comes_back(tmp_path, name):
    path = tmp_path / "a.h5"
    with open_store(path) as store:
        store.add(name, "q/b.jpg", pair())
        assert store.has(name, "q/b.jpg")
    for wanted in (None, [(name, "q/b.jpg")], [("q/b.jpg", name)]):
        ((*names, matches),) = read_h5([path], wanted)
        assert names == list(wanted[0] if wanted else (name, "q/b.jpg"))
        assert isinstance(matches, Matches), matches
    with open_store(path) as store:
        assert store.has(name, "./q/b.jpg")


def test_paths_may_begin_with_more_folders(tmp_path):
    path = tmp_path / "a.h5"
    write(path, ("a.jpg", "in/c.jpg"), ("a.jpg", "b.jpg"))
    asked = [("/photos/a.jpg", "/photos/in/c.jpg")]
    ((first, second, matches),) = read_h5([path], asked, tails=True)
    assert (first, second) == ("a.jpg", "in/c.jpg")
    np.testing.assert_array_equal(matches.keypoints1, POINTS["in/c.jpg"])
    ((first, _, error),) = read_h5([path], asked)
    assert first == "/photos/a.jpg"
    assert "no such pair" in str(error)
    ((_, _, error),) = read_h5([path], [("x/a.jpg", "x/z.jpg")], tails=True)
    assert "x/a.jpg, x/z.jpg: no such pair" in str(error)


def test_what_was_there_stays_and_is_known(tmp_path):
    path = tmp_path / "a.h5"
    write(path, ("a.jpg", "b.jpg"))
    with open_store(path) as store:
        assert store.has("a.jpg", "b.jpg")
        assert not store.has("a.jpg", "in/c.jpg")
        store.add("a.jpg", "in/c.jpg", pair("a.jpg", "in/c.jpg"))
    assert len(list(read_h5([path]))) == 2
    write(path, ("b.jpg", "in/c.jpg"), anew=True)
    assert len(list(read_h5([path]))) == 1


def test_a_pair_is_replaced(tmp_path):
    path = tmp_path / "a.h5"
    write(path, ("a.jpg", "b.jpg"))
    with open_store(path) as store:
        store.add("a.jpg", "b.jpg", pair(status="few", F=np.eye(3)))
    with h5py.File(path) as file:
        assert file["a.jpg/b.jpg"].attrs["status"] == "few"
        assert "F" in file["a.jpg/b.jpg"]


def test_what_is_done_stays_done_when_it_is_interrupted(tmp_path):
    path = tmp_path / "a.h5"

    def work():
        with open_store(path) as store:
            store.add("a.jpg", "b.jpg", pair())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert len(list(read_h5([path]))) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["a.h5"]


@pytest.mark.parametrize("anew", [False, True])
def test_two_runs_do_not_write_one_file_at_once(tmp_path, anew):
    path, link = tmp_path / "a.h5", tmp_path / "link.h5"
    link.symlink_to(path)
    with open_store(path) as store:
        for name in (path, link):
            with (
                pytest.raises(InputError, match=r"h5: another n3 match is writing it; wait"),
                open_store(name, anew=anew),
            ):
                pass
        store.add("a.jpg", "b.jpg", pair())
    with open_store(link) as store:
        store.add("a.jpg", "c.jpg", pair())
    assert len(list(read_h5([path]))) == 2
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.h5", "link.h5"]


def test_what_another_program_writes_meanwhile_stays(tmp_path):
    path = tmp_path / "a.h5"

    def work():
        with open_store(path) as store:
            store.add("a.jpg", "b.jpg", pair())
            path.write_text("another's")

    with pytest.raises(InputError, match="exists and is kept"):
        work()
    assert path.read_text() == "another's"


def test_a_pair_that_was_cut_short_is_not_done(tmp_path):
    path = tmp_path / "a.h5"
    write(path, ("a.jpg", "b.jpg"))
    with h5py.File(path, "a") as file:
        del file["a.jpg/b.jpg/matches0"]
    with open_store(path) as store:
        assert not store.has("a.jpg", "b.jpg")
        store.add("a.jpg", "b.jpg", pair())
        assert store.has("a.jpg", "b.jpg")


def test_matches_are_written_last(tmp_path):
    path = tmp_path / "a.h5"

    class Cut(dict):
        def keys(self):  # of the facts, between a pair's first and last values
            raise KeyboardInterrupt

        __iter__ = keys

    with pytest.raises(KeyboardInterrupt), open_store(path) as store:
        store.add("a.jpg", "b.jpg", pair(facts=Cut()))
    with open_store(path) as store:
        assert not store.has("a.jpg", "b.jpg")


_FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from n3cli.errors import OutputError
from n3cli.io.match.h5 import open_store
from tests.io.match.test_match_h5 import many

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
try:
    with open_store(Path(sys.argv[1])) as store:
        for number in range(100):
            store.add("a.jpg", f"{number}.jpg", many())
except OutputError as error:
    print(number, error)
"""


def many() -> Matches:
    points = np.random.default_rng(0).uniform(0, 500, (1000, 2))
    return from_pairs(points, points, np.ones(1000), ratio=np.ones(1000, np.float32))


def test_what_was_done_before_the_disk_was_full_stays(tmp_path):
    pytest.importorskip("resource")
    path = tmp_path / "a.h5"
    done = subprocess.run(
        [sys.executable, "-c", _FULL_DISK, path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    number, told = done.stdout.split(" ", 1)
    assert told == f"{path}: File too large; it has the pairs before\n"
    found = list(read_h5([path]))
    assert len(found) == int(number) > 10
    assert all(isinstance(matches, Matches) for *_, matches in found)
    assert [file.name for file in tmp_path.iterdir()] == ["a.h5"]


def test_other_keypoints_of_the_same_picture_are_refused(tmp_path):
    path = tmp_path / "a.h5"
    write(path, ("a.jpg", "b.jpg"))
    changed = pair("a.jpg", "in/c.jpg", size0=(1, 1))
    object.__setattr__(changed, "keypoints0", POINTS["a.jpg"] + 1)
    with open_store(path) as store, pytest.raises(InputError, match="other keypoints"):
        store.add("a.jpg", "in/c.jpg", changed)


@pytest.mark.parametrize("contents", [b"", b"no such thing", b"\x89HDF\r\n\x1a\n" + bytes(50)])
def test_what_is_none_is_told(tmp_path, contents):
    path = tmp_path / "a.h5"
    path.write_bytes(contents)
    with pytest.raises(InputError, match=r"a\.h5"):
        list(read_h5([path]))
    with pytest.raises(InputError, match=r"missing\.h5"):
        list(read_h5([tmp_path / "missing.h5"]))


@pytest.mark.parametrize(
    "break_it",
    [
        lambda file: file["a.jpg/b.jpg"].__setitem__("candidates0", np.full(6, 99)),
        lambda file: file["a.jpg/b.jpg"].__setitem__("candidates0", np.zeros(2, int)),
        lambda file: file["a.jpg/b.jpg"].__setitem__("candidates0", "text"),
        lambda file: file["a.jpg"].__setitem__("keypoints", np.full((6, 2), np.nan)),
        lambda file: file["a.jpg"].__setitem__("keypoints", np.zeros(6)),
    ],
)
def test_what_makes_no_sense_fails_its_pair_only(tmp_path, break_it):
    path = tmp_path / "a.h5"
    write(path, ("a.jpg", "b.jpg"), ("b.jpg", "in/c.jpg"))
    with h5py.File(path, "a") as file:
        del file["a.jpg/b.jpg/candidates0"]
        if "keypoints" in str(break_it.__code__.co_consts):
            del file["a.jpg/keypoints"]
            file["a.jpg/b.jpg/candidates0"] = INDEX
        break_it(file)
    first, second = (matches for *_, matches in read_h5([path]))
    assert isinstance(first, InputError)
    assert isinstance(second, Matches)
