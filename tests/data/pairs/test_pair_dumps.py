"""Dumps of correspondences, written as the field writes them, and what must not be in them."""

import os
import pickle

import numpy as np
import pytest

from n3cli.data.pairs.dump import find_dumps, read_dump, read_pickled
from n3cli.data.pairs.unpickle import read_pickle
from n3cli.data.simulated.scene import make_scene
from n3cli.errors import DataError

# `[numpy.arange(3.0)]` as Python 2 and numpy 1 pickled it, protocol 2.
OF_PYTHON_2 = (
    b"\x80\x02]q\x00cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nq\x02K\x00\x85"
    b"U\x01b\x87Rq\x03(K\x01K\x03\x85cnumpy\ndtype\nq\x04U\x02f8K\x00K\x01\x87Rq\x05(K\x03U\x01<"
    b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x18" + np.arange(3.0).tobytes() + b"tba."
)


@pytest.fixture(scope="module")
def scenes():
    return [make_scene(np.random.default_rng(seed), 50) for seed in range(12)]


def columns(scenes):
    return {
        "xs": [scene.points.astype(float)[None] for scene in scenes],
        "Rs": [scene.rotation for scene in scenes],
        "ts": [3 * scene.translation[:, None] for scene in scenes],
        "ratios": [scene.ratio for scene in scenes],
        "mutuals": [scene.mutual.astype(float) for scene in scenes],
    }


def write_pickles(folder, scenes, protocol=2, leave_out=()):
    folder.mkdir(parents=True)
    for name, values in columns(scenes).items():
        if name not in leave_out:
            (folder / f"{name}_te.pkl").write_bytes(pickle.dumps(values, protocol))


def check(pairs, scenes, side=True):
    pairs = list(pairs)
    assert len(pairs) == len(scenes)
    for pair, scene in zip(pairs, scenes, strict=True):
        np.testing.assert_array_equal(pair.points, scene.points)
        np.testing.assert_allclose(pair.translation, scene.translation, atol=1e-15)
        np.testing.assert_array_equal(pair.rotation, scene.rotation)
        np.testing.assert_array_equal(pair.right, scene.right)
        if side:
            np.testing.assert_array_equal(pair.ratio, scene.ratio)
            np.testing.assert_array_equal(pair.mutual, scene.mutual)
        else:
            assert pair.ratio is pair.mutual is None


@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_pickles(tmp_path, scenes, protocol):
    folder = tmp_path / "reichstag" / "numkp-2000" / "nn-1" / "nocrop" / "te-1000"
    write_pickles(folder, scenes, protocol)
    assert find_dumps(tmp_path, "te") == [folder]
    assert find_dumps(tmp_path, "tr") == []
    check(read_pickled(folder, "te"), scenes)


def test_pickles_without_side_information(tmp_path, scenes):
    write_pickles(tmp_path / "x", scenes, leave_out=("ratios", "mutuals"))
    check(read_pickled(tmp_path / "x", "te"), scenes, side=False)


def test_hdf5(tmp_path, scenes):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "test.hdf5", "w") as file:
        for name, values in columns(scenes).items():
            for index, value in enumerate(values):
                file[f"{name}/{index}"] = value
    check(read_dump(tmp_path / "test.hdf5"), scenes)  # 10 comes behind 9
    with h5py.File(tmp_path / "test.hdf5", "a") as file:
        del file["Rs/3"]
    with pytest.raises(DataError, match="has no array 'Rs/3'"):
        list(read_dump(tmp_path / "test.hdf5"))
    (tmp_path / "none.h5").write_bytes(b"no")
    with pytest.raises(DataError, match="is not an HDF5 file"):
        list(read_dump(tmp_path / "none.h5"))


def test_a_pickle_of_python_2(tmp_path):
    (tmp_path / "x.pkl").write_bytes(OF_PYTHON_2)
    (array,) = read_pickle(tmp_path / "x.pkl")
    np.testing.assert_array_equal(array, [0, 1, 2])


class Call:
    def __init__(self, *parts):
        self.parts = parts

    def __reduce__(self):
        return self.parts


@pytest.mark.parametrize(
    "call",
    [
        lambda path: Call(os.system, (f"touch {path}",)),
        lambda path: Call(open, (str(path), "w")),
        lambda path: Call(eval, (f"open({str(path)!r}, 'w')",)),
        lambda path: Call(np.savetxt, (str(path), [1])),
        lambda path: Call(getattr, ("", "join")),
    ],
)
def test_a_hostile_pickle_calls_nothing(tmp_path, scenes, call):
    target = tmp_path / "touched"
    write_pickles(tmp_path / "x", scenes)
    (tmp_path / "x" / "xs_te.pkl").write_bytes(pickle.dumps([call(target)]))
    with pytest.raises(DataError, match="it wants to call"):
        list(read_pickled(tmp_path / "x", "te"))
    assert not target.exists()


def attack(reduced, state=None):
    """A pickle that calls something with something."""

    class Attack:
        def __reduce__(self):
            return (*reduced, state) if state is not None else reduced

    return pickle.dumps([Attack()])


@pytest.mark.parametrize(
    "data",
    [
        # An array of pointers to nowhere.
        attack((np.ndarray, ((3,), np.dtype("O"), b"A" * 24))),
        # A type that forgets that its values are pointers.
        attack(
            (np.empty(0).__reduce_ex__(5)[0], (b"A" * 24, np.dtype("O"), (3,), "C")),
        ),
        pickle.dumps(np.zeros(3, [("a", "f8")]), 2),
        pickle.dumps(np.zeros(3, "M8[s]"), 2),
    ],
)
def test_pointers_are_not_made_of_bytes(tmp_path, data):
    (tmp_path / "x.pkl").write_bytes(data)
    with pytest.raises(DataError, match="is not a pickle of arrays, or damaged"):
        read_pickle(tmp_path / "x.pkl")


@pytest.mark.parametrize("protocol", range(6))
def test_arrays_of_all_kinds_survive(tmp_path, protocol):
    rng = np.random.default_rng(0)
    ragged = np.empty(2, object)
    ragged[:] = [np.arange(3), np.arange(4.0)]
    values = [
        rng.random((3, 4)).astype(">f8"),
        np.asfortranarray(rng.random((3, 4))),
        rng.random((2, 2)) > 0.5,
        np.arange(6, dtype=np.int16)[::2],
        np.float32(1.5),
        {"a": [1, "b", np.array(["c", "de"])]},
        np.empty((0, 4)),
        ragged,
    ]
    (tmp_path / "x.pkl").write_bytes(pickle.dumps(values, protocol))
    found = read_pickle(tmp_path / "x.pkl")
    for one, other in zip(found[:5], values[:5], strict=True):
        np.testing.assert_array_equal(one, other)
    assert found[5]["a"][:2] == [1, "b"]
    assert list(found[5]["a"][2]) == ["c", "de"]
    assert found[6].shape == (0, 4)
    np.testing.assert_array_equal(found[7][1], np.arange(4.0))


def test_damaged_pickles(tmp_path, scenes):
    folder = tmp_path / "x"
    write_pickles(folder, scenes)
    path = folder / "Rs_te.pkl"
    whole = path.read_bytes()
    for data in (b"", b"no", whole[:-30], whole[: len(whole) // 2]):
        path.write_bytes(data)
        with pytest.raises(DataError, match="is not a pickle of arrays, or damaged"):
            list(read_pickled(folder, "te"))
    for value, message in (
        (3, "expected a list of arrays, got int"),
        ([np.eye(3)], "different numbers of pairs"),
        ([np.eye(2)] * len(scenes), "do not have the shapes of a pair"),
        (["a"] * len(scenes), "do not have the shapes of a pair"),
        ([np.full((3, 3), np.nan)] * len(scenes), "not finite"),
    ):
        path.write_bytes(pickle.dumps(value))
        with pytest.raises(DataError, match=message):
            list(read_pickled(folder, "te"))
    path.unlink()
    with pytest.raises(DataError, match=r"Rs_te\.pkl: cannot be read"):
        list(read_pickled(folder, "te"))
