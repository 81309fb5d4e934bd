"""Files of matches: what is written comes back, others' are read, and hostile ones are refused."""

import csv
import dataclasses
import io
import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from n3cli.errors import InputError
from n3cli.io.match import npz as match_npz
from n3cli.io.match.matches import Matches, from_pairs
from n3cli.io.match.npz import read_npz, write_npz
from n3cli.io.match.text import read_csv, write_csv, write_json

RNG = np.random.default_rng(0)
COUNT = 12
INDEX = np.array([3, -1, 0, 7, 2, 1, -1, 5, 4, 6, 8, 9])


@pytest.fixture
def matches() -> Matches:
    has = INDEX >= 0
    return Matches(
        keypoints0=RNG.uniform(0, 900, (COUNT, 2)).astype(np.float32),
        keypoints1=RNG.uniform(0, 900, (10, 2)).astype(np.float32),
        candidates=INDEX,
        matches=np.where(np.arange(COUNT) % 2, INDEX, -1),
        match_confidence=np.where(has, RNG.random(COUNT), 0).astype(np.float32),
        logits=np.where(has, RNG.normal(size=COUNT), np.nan).astype(np.float32),
        ratio=RNG.random(COUNT).astype(np.float32),
        mutual=RNG.random(COUNT) > 0.5,
        inliers=np.arange(COUNT) % 4 == 1,
        status="ok",
        E=RNG.normal(size=(3, 3)),
        R=np.eye(3),
        t=np.array([1.0, 0, 0]),
        K0=np.eye(3),
        K1=np.diag([2.0, 2, 1]),
        size0=(900, 800),
        size1=(800, 900),
        facts={"image0": "a.jpg", "image1": "b.jpg", "model": "none"},
    )


class TestNpz:
    def test_names_and_kinds_are_superglues(self, tmp_path, matches):
        write_npz(tmp_path / "a.npz", matches)
        with np.load(tmp_path / "a.npz", allow_pickle=False) as stored:
            assert stored["keypoints0"].shape == (COUNT, 2)
            np.testing.assert_array_equal(stored["matches"], matches.matches)
            assert stored["match_confidence"].dtype == np.float32
            assert {"logits", "inliers", "E", "R", "t", "K0", "K1", "size0"} <= {*stored.files}
            assert "F" not in stored.files
            assert str(stored["status"]) == "ok"
            assert stored["size0"].tolist() == [900, 800]

    def test_it_comes_back_as_putative(self, tmp_path, matches):
        write_npz(tmp_path / "a.npz", matches)
        found = read_npz(tmp_path / "a.npz")
        for name in ("keypoints0", "keypoints1", "candidates", "match_confidence", "ratio",
                     "mutual", "K0", "K1"):  # fmt: skip
            np.testing.assert_array_equal(getattr(found, name), getattr(matches, name))
        np.testing.assert_array_equal(found.matches, matches.candidates)
        assert found.size1 == (800, 900)
        assert found.facts == {"image0": "a.jpg", "image1": "b.jpg"}

    def test_a_matrix_of_no_camera_is_told(self, tmp_path, matches):
        write_npz(tmp_path / "a.npz", replace(matches, K1=np.zeros((3, 3))))
        with pytest.raises(InputError, match="K1 is not a camera matrix: its last row"):
            read_npz(tmp_path / "a.npz")

    def test_the_networks_own_names_are_read(self, tmp_path):
        points = {"keypoints0": np.zeros((3, 2)), "keypoints1": np.ones((4, 2))}
        index, scores = np.array([2, -1, 3]), np.array([0.9, 0, 0.4], np.float32)
        np.savez(tmp_path / "a.npz", **points, matches0=index, matching_scores0=scores)
        pairs = np.array([[2, 1], [2, 3], [0, 2]])
        np.savez(tmp_path / "b.npz", **points, matches=pairs, scores=np.array([0.3, 0.4, 0.9]))
        both = {"matches": pairs[:0], "scores": np.ones(0)}
        np.savez(tmp_path / "c.npz", **points, **both, matches0=index, matching_scores0=scores)
        for name in ("a.npz", "b.npz", "c.npz"):
            found = read_npz(tmp_path / name)
            np.testing.assert_array_equal(found.candidates, index)
            np.testing.assert_array_equal(found.match_confidence, scores)

    @pytest.mark.parametrize(
        ("more", "said"),
        [
            ({"matches": np.array([[3, 0]])}, "missing keypoints0"),
            ({"matches": np.array([[0, 4]])}, "missing keypoints1"),
            ({"matches": np.array([[-1, 0]])}, "missing keypoints0"),
            ({"matches": np.array([[0, 1]]), "scores": np.ones(2)}, "has 1 pairs of matches"),
            ({"matches": np.array([0, 1])}, r"matches has the shape \(2,\), while there are 3"),
        ],
    )
    def test_matches_that_do_not_fit_are_told(self, tmp_path, more, said):
        np.savez(
            tmp_path / "a.npz", keypoints0=np.zeros((3, 2)), keypoints1=np.ones((4, 2)), **more
        )
        with pytest.raises(InputError, match=said):
            read_npz(tmp_path / "a.npz")

    def test_superglues_own_are_read(self, tmp_path):
        np.savez(
            tmp_path / "a.npz",
            keypoints0=np.zeros((3, 2)),
            keypoints1=np.ones((4, 2)),
            matches=np.array([2, -1, 3]),
            match_confidence=np.array([0.9, 0, 0.4]),
        )
        found = read_npz(tmp_path / "a.npz")
        assert found.putative == 2
        assert found.keypoints0.dtype == np.float32
        assert found.ratio is None

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"matches": np.array([9, 0, 0])}, "missing keypoints1"),
            ({"matches": np.array([-2, 0, 0])}, "missing keypoints1"),
            ({"matches": np.array([0.5, 0, 0])}, "must be whole numbers"),
            ({"matches": np.array([0, 0])}, "shape"),
            ({"keypoints0": np.array([[0, np.nan]] * 3)}, "not finite"),
            ({"keypoints0": np.zeros((3, 3))}, "N×2"),
            ({"keypoints0": np.array(["a", "b", "c"])}, "do not hold numbers"),
            ({"keypoints0": np.float32(3)}, "do not hold numbers"),
            ({"match_confidence": np.ones(7)}, "shape"),
            ({"keypoints1": None}, "no array keypoints1"),
            ({"matches": np.array([{}, 1, 2], dtype=object)}, "not an archive"),
        ],
    )
    def test_what_makes_no_sense_is_told(self, tmp_path, change, words):
        arrays = {"keypoints0": np.zeros((3, 2)), "keypoints1": np.zeros((3, 2)),
                  "matches": np.array([0, 1, 2])} | change  # fmt: skip
        path = tmp_path / "a.npz"
        np.savez(path, **{name: value for name, value in arrays.items() if value is not None})
        with pytest.raises(InputError, match=words) as caught:
            read_npz(path)
        assert "a.npz" in str(caught.value)

    def test_nothing_in_it_is_run(self, tmp_path):
        class Evil:
            def __reduce__(self):
                return (exec, ("open('ran', 'w')",))

        np.savez(tmp_path / "a.npz", keypoints0=np.array([Evil()], object),
                 keypoints1=np.zeros((1, 2)), matches=np.zeros(1, int))  # fmt: skip
        with pytest.raises(InputError):
            read_npz(tmp_path / "a.npz")
        assert not (tmp_path / "ran").exists()

    @pytest.mark.parametrize("keep", [0, 10, 300, -40])
    def test_a_damaged_one_is_told(self, tmp_path, matches, keep):
        path = tmp_path / "a.npz"
        write_npz(path, matches)
        path.write_bytes(path.read_bytes()[:keep])
        with pytest.raises(InputError, match=r"a\.npz"):
            read_npz(path)

    def test_a_changed_byte_is_told(self, tmp_path, matches):
        path = tmp_path / "a.npz"
        write_npz(path, matches)
        data = bytearray(path.read_bytes())
        data[100] ^= 255
        path.write_bytes(data)
        with pytest.raises(InputError, match=r"a\.npz"):
            read_npz(path)

    def test_a_bomb_is_not_unpacked(self, tmp_path, matches, monkeypatch):
        write_npz(tmp_path / "a.npz", dataclasses.replace(matches, E=np.zeros((3000, 100))))
        monkeypatch.setattr(match_npz, "_MOST", 1 << 20)
        with pytest.raises(InputError, match="MiB"):
            read_npz(tmp_path / "a.npz")

    def test_a_size_that_is_a_lie_is_told(self, tmp_path):
        head = io.BytesIO()
        shape = {"descr": "<f8", "fortran_order": False, "shape": (1 << 50, 2)}
        np.lib.format.write_array_header_1_0(head, shape)
        with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
            archive.writestr("keypoints0.npy", head.getvalue() + bytes(100))
        with pytest.raises(InputError, match=r"a\.npz"):
            read_npz(tmp_path / "a.npz")

    @pytest.mark.parametrize("name", ["missing.npz", "folder.npz", "text.npz"])
    def test_what_is_none_is_told(self, tmp_path, name):
        (tmp_path / "folder.npz").mkdir()
        (tmp_path / "text.npz").write_text("hello")
        with pytest.raises(InputError, match=name):
            read_npz(tmp_path / name)


class TestCsv:
    def test_rows_are_the_putative_matches(self, tmp_path, matches):
        write_csv(tmp_path / "a.csv", matches)
        with (tmp_path / "a.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == matches.putative
        chosen = np.flatnonzero(INDEX >= 0)
        assert [int(row["kept"]) for row in rows] == (matches.matches[chosen] >= 0).tolist()
        assert [int(row["inlier"]) for row in rows] == matches.inliers[chosen].tolist()
        assert float(rows[0]["x1"]) == pytest.approx(float(matches.keypoints1[3, 0]), rel=1e-5)

    def test_it_comes_back(self, tmp_path, matches):
        write_csv(tmp_path / "a.csv", matches)
        found = read_csv(tmp_path / "a.csv")
        chosen = np.flatnonzero(INDEX >= 0)
        for ours, theirs in zip(found.points(), matches.points(), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-5)
        np.testing.assert_allclose(found.ratio, matches.ratio[chosen], rtol=1e-5)
        np.testing.assert_array_equal(found.mutual, matches.mutual[chosen])
        np.testing.assert_allclose(found.match_confidence, matches.match_confidence[chosen], 1e-5)

    @pytest.mark.parametrize(
        "text",
        [
            "1,2,3,4\n5,6,7,8\n",
            "x0,y0,x1,y1\n1,2,3,4\n5,6,7,8",
            "# pairs\n\n1 2 3 4\n5\t6  7 8\n",
            "﻿y1;x1;y0;x0;name\n4;3;2;1;a\n8;7;6;5;b\n",
            "x0;y0;x1;y1\n1,0;2;3;4\n5;6,0;7;8\n",
            "1,0\t2,0\t3,0\t4,0\n5,0\t6,0\t7,0\t8,0\n",
            'name,"x0",y0,x1,y1,note\n"a, b",1,2,3,4,\n,5, 6,7 ,8,\n',
            ",x0,y0,x1,y1\n0,1,2,3,4\n1,5,6,7,8\n",
            '"x0" "y0" "x1" "y1"\n1 2 3 4\n5 6 7 8\n',
        ],
    )
    def test_tables_of_others_are_read(self, tmp_path, text):
        (tmp_path / "a.csv").write_text(text, encoding="utf-8")
        found = read_csv(tmp_path / "a.csv")
        assert found.keypoints0.tolist() == [[1, 2], [5, 6]]
        assert found.keypoints1.tolist() == [[3, 4], [7, 8]]

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("1,2,3\n", "line 1"),
            ("1,2,3,4\n1,nan,3,4\n", "line 2"),
            ("x0,y0,x1\n1,2,3\n", "no column y1"),
            ("x0,y0,x1,y1,ratio\n1,,3,4,5\n", "line 2"),
            ("x0,y0,x1,y1,ratio\n1,2,3,4,5\n1,2,3,4\n", "line 3 has 4 values"),
            ("x0,y0,x1,y1\n1,2,3,4,5\n", "line 2 has 5 values"),
            ("x0,y0,x1,y1\n1;2;3;4\n", "line 2 has 1 values"),
            ("1,5 2,5 3,5 4,5\n", "line 1"),
            ("1,2,,4,5\n", "line 1"),
            ("x0,y0,x1,y1\n1,2,3," + "4" * 200_000 + "\n", "not a table"),
            ("x0,y0,x1,y1\na,b,c,d\n", "line 2"),
            (b"\xff\xfe\x00", "not a text file"),
        ],
    )
    def test_what_makes_no_sense_is_told(self, tmp_path, text, words):
        (tmp_path / "a.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(InputError, match=words):
            read_csv(tmp_path / "a.csv")

    def test_an_empty_table_has_no_matches(self, tmp_path):
        (tmp_path / "a.csv").write_text("x0,y0,x1,y1\n")
        assert read_csv(tmp_path / "a.csv").putative == 0


def test_json_has_everything(tmp_path, matches):
    write_json(tmp_path / "a.json", {"image0": "a.jpg", "E": matches.E.tolist()}, matches)
    told = json.loads((tmp_path / "a.json").read_text())
    assert told["image0"] == "a.jpg"
    assert told["matches"] == matches.matches.tolist()
    assert told["logits"][1] is None
    np.testing.assert_allclose(told["keypoints0"], matches.keypoints0)


@pytest.mark.parametrize("write", [write_npz, write_csv])
def test_an_existing_file_is_replaced_whole_or_not_at_all(tmp_path, matches, write):
    path = tmp_path / "a.out"
    path.write_text("old")
    broken = dataclasses.replace(matches, candidates=np.array([99] * COUNT))
    if write is write_csv:
        with pytest.raises(IndexError):
            write(path, broken)
        assert path.read_text() == "old"
    write(path, matches)
    assert path.stat().st_size > 100
    assert [file.name for file in tmp_path.iterdir()] == ["a.out"]


def test_a_folder_that_is_not_there_is_told(tmp_path, matches):
    with pytest.raises(InputError, match="does not exist"):
        write_npz(tmp_path / "no" / "a.npz", matches)


def test_pairs_of_points_are_matches():
    found = from_pairs(np.zeros((3, 2)), np.ones((3, 2)))
    assert found.putative == found.kept == 3
    assert found.agreeing == 0
