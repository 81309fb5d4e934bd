"""`n3 match` on files, folders and lists, with made-up pictures whose pose is known."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result

from n3cli.cli.main import n3
from n3cli.inference.match.matcher import Matcher
from n3cli.io.match.npz import read_npz
from n3cli.io.picture import Picture, read_picture, write_picture
from n3cli.networks import registry
from n3cli.ops.two_view import feature
from n3cli.ops.two_view.pose import rotation_error, translation_error
from n3cli.zoo.config import ModelConfig
from n3cli.zoo.folder import save_folder
from tests.reference.two_pictures import K, texture, two_views

FIRST, SECOND, ROTATION, TRANSLATION = two_views()
FEW = ("--max-keypoints", "600", "--resize", "400", "-m", "none")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(n3, ["match", *map(os.fspath, arguments)])


def rows(result: Result) -> list[dict]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def let_appear(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Have another program write a file while a pair is worked on."""
    for work in ("match", "judge"):
        real = getattr(Matcher, work)

        def meanwhile(*arguments, real=real):
            Path(name).write_text("another's")
            return real(*arguments)

        monkeypatch.setattr(Matcher, work, meanwhile)


def full_line(first: str, second: str) -> str:
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = ROTATION, TRANSLATION
    words = [first, second, 0, 0, *K.ravel(), *K.ravel(), *pose.ravel()]
    return " ".join(map(str, words))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with pictures a, b (two views) and c (of something else), and K.txt."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    (tmp_path / "empty").mkdir()
    for name, pixels in (("a", FIRST), ("b", SECOND), ("c", texture(9)[:300, :400])):
        write_picture(tmp_path / "photos" / f"{name}.png", Picture(pixels[..., None]))
    np.savetxt("K.txt", K)
    return tmp_path


@pytest.mark.usefixtures("folder")
class TestAPair:
    def test_one_line(self):
        result = run("photos/a.png", "photos/b.png", "--K", "K.txt", *FEW)
        assert result.exit_code == 0, result.output
        assert result.stdout.startswith("photos/a.png ↔ photos/b.png  600 matches, ")
        assert "rotation 6.0°, translation (-0.99, " in result.stdout
        assert result.stderr == ""

    def test_without_a_camera_it_says_so(self):
        result = run("photos/a.png", "photos/b.png", *FEW)
        assert "fundamental matrix only, no pose: the cameras are not known" in result.stdout

    def test_verbose_prints_the_pose(self):
        result = run("photos/a.png", "photos/b.png", "--K", "K.txt", "-v", *FEW)
        assert "  R = " in result.stdout
        assert "model none, estimator " in result.stdout

    def test_json_row(self):
        result = run("photos/a.png", "photos/b.png", "--focal", "700", "--json", *FEW)
        (row,) = rows(result)
        assert row["status"] == "ok"
        assert row["cameras"] == ["--focal", "--focal"]
        np.testing.assert_array_equal(row["K0"], K)
        assert rotation_error(np.array(row["R"]), ROTATION) < 0.5
        assert translation_error(np.array(row["t"]), TRANSLATION) < 3
        assert row["F"] is None
        assert row["putative"] == 600 >= row["kept"] >= row["agreeing"] > 50
        assert {"detect", "match", "classify", "estimate", "all"} == {*row["seconds"]}
        assert row["rotation_degrees"] == pytest.approx(6, abs=0.5)

    @pytest.mark.parametrize("name", ["out.npz", "out.csv", "out.json", "new/out.npz"])
    def test_a_file(self, name):
        result = run("photos/a.png", "photos/b.png", "-o", name, "--K", "K.txt", *FEW)
        assert result.exit_code == 0, result.output
        assert Path(name).stat().st_size > 1000
        assert f"→ {name}" in result.stdout
        again = run("photos/a.png", "photos/b.png", "-o", name, "--K", "K.txt", *FEW)
        assert again.exit_code == 1
        assert "exists and is kept; give -y to replace it" in again.stderr
        assert run("photos/a.png", "photos/b.png", "-o", name, "-y", *FEW).exit_code == 0

    @pytest.mark.parametrize("option", ["-o out.npz", "-o out.csv", "-o out.json", "--viz out.png"])
    def test_what_appears_meanwhile_is_kept(self, monkeypatch, option):
        option, name = option.split()
        let_appear(monkeypatch, name)
        result = run("photos/a.png", "photos/b.png", option, name, *FEW)
        assert result.exit_code == 1, result.output
        assert f"{name}: exists and is kept; give -y to replace it" in result.stderr
        assert Path(name).read_text() == "another's"
        assert run("photos/a.png", "photos/b.png", option, name, "-y", *FEW).exit_code == 0
        assert Path(name).read_bytes() != b"another's"

    @pytest.mark.parametrize("option", ["-o", "--viz"])
    def test_what_appears_meanwhile_in_a_folder_is_present(self, monkeypatch, option):
        name = "out/photos-a_photos-b_matches" + (".npz" if option == "-o" else ".png")
        Path("out").mkdir()
        let_appear(monkeypatch, name)
        result = run("photos/a.png", "photos/b.png", option, "out/", *FEW)
        assert result.exit_code == 0, result.output
        assert "already present" in result.output
        assert Path(name).read_text() == "another's"

    def test_what_the_file_holds(self):
        run("photos/a.png", "photos/b.png", "-o", "out.npz", "--K", "K.txt", *FEW)
        with np.load("out.npz") as stored:
            assert rotation_error(stored["R"], ROTATION) < 0.5
            assert stored["inliers"].sum() > 50
            assert str(stored["image1"]) == "photos/b.png"
            assert stored["size0"].tolist() == [640, 480]

    def test_a_picture(self):
        result = run("photos/a.png", "photos/c.png", "--viz", "viz.png", *FEW)
        assert result.exit_code == 0, result.output
        assert read_picture(Path("viz.png")).pixels.shape[1] == 640 + 10 + 400
        again = run("photos/a.png", "photos/c.png", "--viz", "viz.png", *FEW)
        assert again.exit_code == 1

    def test_the_same_picture_twice(self):
        result = run("photos/a.png", "photos/a.png", "--K", "K.txt", *FEW)
        assert result.exit_code == 0
        assert "rotation 0.0°, translation undetermined" in result.stdout

    def test_pictures_of_different_things(self):
        (row,) = rows(run("photos/a.png", "photos/c.png", "--json", "--K", "K.txt", *FEW))
        assert row["status"] in ("chance", "few")
        assert row["R"] is None

    def test_an_input_is_never_the_output(self):
        before = Path("photos/a.png").read_bytes()
        result = run("photos/a.png", "photos/b.png", "--viz", "photos/a.png", "-y", *FEW)
        assert result.exit_code == 1
        assert "is an input" in result.stderr
        assert Path("photos/a.png").read_bytes() == before


@pytest.mark.usefixtures("folder")
class TestBatch:
    def test_every_two_of_a_folder(self):
        result = run("photos", "-o", "out/", "--viz", "viz/", "--json", *FEW)
        assert result.exit_code == 0, result.output
        names = ["a_b_matches", "a_c_matches", "b_c_matches"]
        assert sorted(path.stem for path in Path("out").iterdir()) == names
        assert sorted(path.name for path in Path("viz").iterdir()) == [f"{n}.png" for n in names]
        assert [row["image0"] for row in rows(result)] == ["a.png", "a.png", "b.png"]
        assert result.stderr == "3 done\n"

    def test_it_goes_on_where_it_was(self):
        run("photos", "-o", "out/", *FEW)
        made = Path("out/a_b_matches.npz").stat().st_mtime_ns
        Path("out/a_c_matches.npz").unlink()
        result = run("photos", "-o", "out/", *FEW)
        assert result.exit_code == 0
        assert "a.png ↔ b.png  already present" in result.stdout
        assert result.stderr == "1 done, 2 already present\n"
        assert Path("out/a_b_matches.npz").stat().st_mtime_ns == made
        assert Path("out/a_c_matches.npz").exists()
        assert run("photos", "-o", "out/", "-y", *FEW).stderr == "3 done\n"
        assert Path("out/a_b_matches.npz").stat().st_mtime_ns > made

    @pytest.mark.parametrize("name", [".", "/", "..", "photos"])
    def test_a_name_that_is_no_picture_fails_its_pair(self, name):
        pytest.importorskip("h5py")
        Path("pairs.txt").write_text(f"{name} photos/b.png\nphotos/a.png photos/b.png\n")
        for output in ("out/", "all.h5"):
            result = run("--pairs", "pairs.txt", "-o", output, "--json", *FEW)
            assert result.exit_code == 1, result.output
            assert "Traceback" not in result.output
            assert [row["status"] for row in rows(result)] == ["failed", "ok"]
        points = np.zeros((9, 2))
        np.savez("m.npz", keypoints0=points, keypoints1=points, matches=np.arange(9), image0=name,
                 image1="b.png")  # fmt: skip
        for output in ("new/", "new.h5"):
            result = run("--matches", "m.npz", "-o", output, "--json", *FEW)
            assert result.exit_code in (0, 1)
            assert isinstance(result.exception, SystemExit | None), result.exception

    def test_what_it_made_is_no_input(self):
        for _ in range(2):
            result = run("photos", "--viz", "photos", "-o", "photos", *FEW)
            assert result.exit_code == 0, result.output
        assert result.stderr == "0 done, 3 already present\n"
        Path("photos/out").mkdir()
        write_picture(Path("photos/out/old.png"), Picture(FIRST[..., None]))
        result = run("photos", "-r", "--viz", "photos/out/", "-o", "photos/npz/", *FEW)
        assert result.stderr == "3 done\n"

    def test_keypoints_are_found_once_a_picture(self, monkeypatch):
        found = []
        real = feature._read_grey
        monkeypatch.setattr(
            feature, "_read_grey", lambda cv2, source: found.append(1) or real(cv2, source)
        )
        run("photos", *FEW)
        assert len(found) == 3

    def test_a_bad_picture_fails_its_pairs_only(self):
        Path("photos/b.png").write_bytes(b"no picture")
        result = run("photos", "--json", *FEW)
        assert result.exit_code == 1
        assert [row["status"] for row in rows(result)][::2] == ["failed", "failed"]
        assert rows(result)[1]["status"] != "failed"
        assert "b.png" in rows(result)[0]["error"]
        assert "1 done, 2 failed" in result.stderr
        assert "mAP" not in result.stderr  # there is no truth to hold them against
        assert "Traceback" not in result.output

    def test_a_list_of_pairs(self):
        Path("pairs.txt").write_text("photos/a.png photos/b.png\nphotos/a.png missing.png\n")
        result = run("--pairs", "pairs.txt", "--json", *FEW)
        assert result.exit_code == 1
        assert [row["status"] for row in rows(result)] == ["ok", "failed"]

    def test_a_list_may_repeat_itself(self):
        pytest.importorskip("pycolmap")
        line = "photos/a.png photos/b.png\n"
        Path("pairs.txt").write_text(
            line * 3 + "photos/b.png photos/a.png\nphotos/c.png photos/c.png"
        )
        for output, statuses in (
            ("out/", ["ok", "ok", "homography"]),
            ("new/folder/all.db", ["ok", "skipped", "failed"]),
        ):
            result = run("--pairs", "pairs.txt", "-o", output, "--json", *FEW)
            assert "2 of its 5 lines repeat a pair; each pair is matched once" in result.stderr
            assert [row["status"] for row in rows(result)] == statuses
        assert "photos/c.png: is paired with itself" in result.stderr

    def test_scores_say_what_they_are_without(self):
        Path("pairs.txt").write_text(
            "\n".join(full_line(*names) for names in (("a.png", "b.png"), ("b.png", "a.png")))
        )
        command = ("photos", "--pairs", "pairs.txt", "-o", "out/", *FEW)
        assert "already" not in run(*command).stderr
        Path("out/a_b_matches.npz").unlink()
        assert "(without the 1 already present)" in run(*command).stderr

    def test_cameras_of_two_kinds_are_refused(self):
        Path("pairs.txt").write_text(full_line("a.png", "b.png"))
        result = run("photos", "--pairs", "pairs.txt", "--K", "K.txt", *FEW)
        assert result.exit_code == 2
        assert "the list of --pairs has the cameras" in result.stderr

    def test_a_list_of_cameras_that_lacks_some_says_so(self):
        Path("list.txt").write_text("a.png " + " ".join(map(str, K.ravel())))
        result = run("photos/a.png", "photos/b.png", "--intrinsics", "list.txt", *FEW)
        assert (
            "list.txt: lists no camera for 1 of 2 pictures, for example photos/b.png"
            in result.stderr
        )

    @pytest.mark.skipif(not Path("/dev/fd").exists(), reason="needs /dev/fd")
    def test_a_camera_may_come_through_a_pipe(self):
        end, start = os.pipe()
        with os.fdopen(start, "wb") as pipe:
            pipe.write(Path("K.txt").read_bytes())
        result = run("photos/a.png", "photos/b.png", "--K", f"/dev/fd/{end}", *FEW)
        os.close(end)
        assert "rotation 6.0°" in result.stdout

    def test_a_list_with_the_truth_is_evaluated(self):
        lines = [full_line("a.png", "b.png"), full_line("a.png", "c.png")]
        Path("pairs.txt").write_text("\n".join(lines))
        result = run("photos", "--pairs", "pairs.txt", "--json", *FEW)
        right, wrong = (row["evaluation"] for row in rows(result))
        assert right["error_R"] < 0.5
        assert right["error_t"] < 3
        assert right["precision"] > 0.9
        assert 0.1 < right["recall"] <= 1
        assert wrong["error_R"] is None
        assert "mAP5 50.0  mAP10 50.0  mAP20 50.0  AUC5" in result.stderr
        shown = run("photos", "--pairs", "pairs.txt", *FEW).stdout
        assert "errors: rotation 0." in shown
        assert "precision" in shown

    def test_a_list_of_cameras(self):
        Path("cameras.txt").write_text("".join(
            f"{name}.png {' '.join(map(str, K.ravel()))}\n" for name in "ab"
        ))  # fmt: skip
        result = run("photos", "--intrinsics", "cameras.txt", "--json", *FEW)
        assert [row["cameras"] for row in rows(result)] == [
            ["cameras.txt", "cameras.txt"], ["cameras.txt", None], ["cameras.txt", None]
        ]  # fmt: skip
        assert rows(result)[0]["E"] is not None
        assert rows(result)[1]["E"] is None

    def test_a_camera_of_another_size_is_told(self):
        Path("cameras.txt").write_text("a.png PINHOLE 64 48 70 70 32 24\n")
        result = run("photos/a.png", "photos/b.png", "--intrinsics", "cameras.txt", *FEW)
        assert result.exit_code == 1
        assert "64×48" in result.stderr

    def test_hdf5(self):
        pytest.importorskip("h5py")
        result = run("photos", "-o", "all.h5", *FEW)
        assert result.exit_code == 0, result.output
        again = run("photos", "-o", "all.h5", *FEW)
        assert again.stderr == "0 done, 3 already present\n"
        judged = run("photos", "--matches", "all.h5", "-o", "judged.h5", "--json", *FEW)
        assert len(rows(judged)) == 3
        one = run("photos/a.png", "photos/b.png", "--matches", "all.h5", "--K", "K.txt", "--json",
                  *FEW)  # fmt: skip
        assert [row["image1"] for row in rows(one)] == ["b.png"]
        assert rows(one)[0]["R"] is not None
        alone = run("photos/a.png", "photos/b.png", "--matches", "all.h5", "-o", "one.npz", *FEW)
        assert alone.exit_code == 0, alone.output
        assert Path("one.npz").exists()

    @pytest.mark.parametrize("place", [".", "photos/..", "absolute"])
    def test_hdf5_of_pictures_with_folders(self, place):
        pytest.importorskip("h5py")
        first, second = (
            f"{Path.cwd() if place == 'absolute' else place}/photos/{name}.png" for name in "ab"
        )
        result = run(first, second, "-o", "all.h5", *FEW)
        assert result.exit_code == 0, result.output
        for inputs in ([], [first, second], ["photos/a.png", "photos/b.png"][: 2 * (place == ".")]):
            (row,) = rows(run(*inputs, "--matches", "all.h5", "--K", "K.txt", "--json", *FEW))
            assert row["R"] is not None, row

    def test_two_pictures_of_one_name_do_not_share_a_file(self):
        write_picture(Path("photos/a.tif"), Picture(FIRST[..., None]))
        result = run("photos", "-o", "out/", *FEW)
        assert result.exit_code == 1
        assert "already the output of another pair" in result.stderr


@pytest.mark.usefixtures("folder")
class TestDatabase:
    @pytest.fixture(autouse=True)
    def _needs_pycolmap(self):
        pytest.importorskip("pycolmap")

    def test_from_pictures_and_judged(self):
        made = run("photos", "-o", "new.db", "--K", "K.txt", *FEW)
        assert made.exit_code == 0, made.output
        before = Path("new.db").read_bytes()
        result = run("--database", "new.db", "--json", "-m", "none")
        assert result.exit_code == 0, result.output
        assert [row["image1"] for row in rows(result)] == ["b.png", "c.png", "c.png"]
        assert rows(result)[0]["status"] == "ok"
        assert rows(result)[0]["cameras"] == ["the database", "the database"]
        assert "new.db → new_n3.db" in result.stderr
        assert Path("new.db").read_bytes() == before
        quiet = run("--database", "new.db", "-q", "-y", "-m", "none")
        assert (quiet.exit_code, quiet.stderr) == (0, "")
        again = run("--database", "new.db")
        assert again.exit_code == 1
        assert "exists and is kept" in again.stderr
        assert run("photos", "-o", "new.db", *FEW).exit_code == 1

    def test_what_appears_meanwhile_is_kept(self, monkeypatch):
        run("photos", "-o", "all.db", *FEW)
        let_appear(monkeypatch, "new.db")
        for words in (["photos", *FEW], ["--database", "all.db", "-m", "none"]):
            Path("new.db-shm").touch()  # is the new one's
            result = run(*words, "-o", "new.db")
            assert result.exit_code == 1, result.output
            assert "new.db: exists and is kept; give -y to replace it" in result.stderr
            assert Path("new.db").read_text() == "another's"
            assert Path("new.db-shm").exists()
            assert run(*words, "-o", "new.db", "-y").exit_code == 0
            assert Path("new.db").read_bytes() != b"another's"
            Path("new.db").unlink()

    @pytest.mark.parametrize(
        ("words", "code", "told"),
        [
            (["--database", "no.db"], 1, "No such file"),
            (["--database", "K.txt"], 1, "K.txt"),
            (["--database", "K.txt", "-o", "out.npz"], 2, ".db"),
            (["--database", "K.txt", "photos"], 2, "cannot be combined with INPUT"),
            (["--database", "K.txt", "--focal", "700"], 2, "keypoints; leave --focal out"),
            (
                ["--database", "K.txt", "--K", "K.txt", "--resize", "9"],
                2,
                "leave --resize, --K out",
            ),
            (["--database", "K.txt", "--no-exif", "-r"], 2, "leave -r, --exif out"),
        ],
    )
    def test_bad_usage(self, words, code, told):
        result = run(*words, "-m", "none")
        assert result.exit_code == code, result.output
        assert told in result.stderr
        assert "Traceback" not in result.output


@pytest.mark.usefixtures("folder")
class TestGivenMatches:
    def test_an_archive_is_judged_anew(self):
        run("photos/a.png", "photos/b.png", "-o", "a.npz", *FEW)
        result = run("--matches", "a.npz", "--K", "K.txt", "--json", "-m", "none")
        assert result.exit_code == 0, result.output
        (row,) = rows(result)
        assert row["image0"] == "photos/a.png"
        assert row["R"] is not None
        assert row["sizes"] == [[640, 480], [640, 480]]

    @pytest.mark.parametrize("name", ["a.npz", "a.h5"])
    def test_the_cameras_of_a_file_are_taken(self, name):
        if name == "a.h5":
            pytest.importorskip("h5py")
        run("photos/a.png", "photos/b.png", "-o", name, "--K", "K.txt", *FEW)
        (row,) = rows(run("--matches", name, "--json", "-m", "none"))
        assert row["cameras"] == ["the file of matches"] * 2
        assert row["R"] is not None
        np.savetxt("other.txt", K * [[1.1], [1.1], [1]])
        (row,) = rows(run("--matches", name, "--json", "-m", "none", "--K", "other.txt"))
        assert row["cameras"] == ["other.txt"] * 2

    def test_a_bad_file_is_a_row_too(self):
        Path("m.csv").write_text("1,2,nan,4\n" * 9)
        Path("empty.csv").touch()
        for name in ("m.csv", "missing.npz", "empty.csv"):
            result = run("--matches", name, "photos/a.png", "photos/b.png", "--json")
            assert result.exit_code == 1
            (row,) = rows(result)
            assert row["status"] == "failed"
            assert row["image0"] == "photos/a.png"
            assert name in row["error"]

    def test_pictures_that_are_to_be_drawn_are_looked_for_first(self):
        run("photos/a.png", "photos/b.png", "-o", "a.npz", *FEW)
        result = run(
            "no.png", "photos/b.png", "--matches", "a.npz", "-o", "z.npz", "--viz", "z.png"
        )
        assert result.exit_code == 1
        assert "no.png" in result.stderr
        assert not Path("z.npz").exists()
        assert not Path("z.png").exists()

    def test_a_table_without_pictures(self):
        matches = read_npz_of_a_run()
        first, second = matches.points(matches.mutual & (matches.ratio < 0.8))
        np.savetxt("m.csv", np.column_stack([first, second]), delimiter=",")
        result = run("--matches", "m.csv", "--json", "--K", "K.txt")
        (row,) = rows(result)
        assert row["status"] == "ok"
        assert row["putative"] == len(first)
        assert row["image0"] == "m:0"
        plain = run("--matches", "m.csv", "--json")
        assert rows(plain)[0]["F"] is not None

    @pytest.mark.parametrize("option", ["-o", "--viz"])
    def test_the_file_is_never_the_output(self, option):
        Path("m.npz").write_bytes(b"something")
        result = run("--matches", "m.npz", option, "m.npz", "-y")
        assert result.exit_code != 0
        assert Path("m.npz").read_bytes() == b"something"
        Path("m.csv").write_text("1,2,3,4\n" * 9)
        result = run("--matches", "m.csv", option, "m.csv", "-y", "-m", "none")
        assert result.exit_code == 2
        assert "is an input" in result.stderr
        assert Path("m.csv").read_text() == "1,2,3,4\n" * 9

    def test_the_file_in_the_output_folder_is_never_replaced(self):
        run("photos/a.png", "photos/b.png", "-o", "out/", *FEW)
        made = Path("out/photos-a_photos-b_matches.npz")
        before = made.read_bytes()
        result = run(
            "photos/a.png", "photos/b.png", "--matches", made, "-o", "out/", "-y", "-m", "none"
        )
        assert result.exit_code == 1, result.output
        assert f"{made}: is an input and cannot be the output" in result.stderr
        assert made.read_bytes() == before

    @pytest.mark.parametrize("option", ["--K", "--intrinsics"])
    @pytest.mark.parametrize("output", ["-o", "--viz"])
    def test_a_file_of_cameras_is_never_the_output(self, option, output):
        name = "cameras.csv" if output == "-o" else "cameras.png"
        text = ("a.png " if option == "--intrinsics" else "") + " ".join(map(str, K.ravel()))
        Path(name).write_text(text)
        result = run("photos/a.png", "photos/b.png", option, name, output, f"./{name}", "-y", *FEW)
        assert result.exit_code == 2, result.output
        assert "is an input" in result.stderr
        assert Path(name).read_text() == text

    def test_values_that_are_no_numbers(self):
        Path("m.csv").write_text("1,2,3,4\nnan,2,3,4\n")
        result = run("--matches", "m.csv")
        assert result.exit_code == 1
        assert "line 2" in result.stderr

    def test_a_hostile_archive(self):
        np.savez("m.npz", keypoints0=np.array([print], object), matches=np.zeros(1))
        result = run("--matches", "m.npz")
        assert result.exit_code == 1
        assert "m.npz: is not an archive of arrays" in result.stderr

    def test_fewer_than_eight(self):
        Path("m.csv").write_text("1,2,3,4\n" * 7)
        result = run("--matches", "m.csv", "--json", "-m", "none")
        assert result.exit_code == 0
        assert rows(result)[0]["status"] == "few"


def read_npz_of_a_run():
    run("photos/a.png", "photos/b.png", "-o", "run.npz", *FEW)
    return read_npz(Path("run.npz"))


@pytest.mark.usefixtures("folder")
class TestModel:
    @pytest.fixture
    def model(self) -> str:
        torch.manual_seed(0)
        options = registry.complete("cnet", {"width": 16, "blocks": 1})
        config = ModelConfig("match-cnet-random", "match", "cnet", options, None, "float32")
        save_folder(Path("models/random"), config, registry.build("cnet", options), "")
        return "models/random"

    def test_a_folder(self, model):
        result = run("photos/a.png", "photos/b.png", "-m", model, "--threshold", "0", "--json")
        assert result.exit_code == 0, result.output
        assert rows(result)[0]["model"] == "match-cnet-random"
        assert rows(result)[0]["kept"] == rows(result)[0]["putative"]

    def test_a_name_that_leads_nowhere(self):
        result = run("photos/a.png", "photos/b.png", "-m", "nonesuch/")
        assert result.exit_code == 3

    def test_the_default_works(self):
        result = run("photos/a.png", "photos/b.png", "--K", "K.txt", "--json")
        assert result.exit_code == 0, result.output
        assert rows(result)[0]["status"] == "ok"


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ([], 2, "Give two pictures"),
        (["photos/a.png"], 2, "is only one picture"),
        (["-", "photos/a.png"], 2, "takes files and folders, not -"),
        (["photos", "--K", "K.txt", "--focal", "5"], 2, "exclude each other"),
        (["photos", "--K0", "K.txt"], 2, "must both be given"),
        (["photos", "--K", "missing.txt"], 1, "missing.txt"),
        (["photos", "-o", "out.npz"], 2, "need a folder"),
        (["photos", "-o", "out.txt"], 2, "name a .npz"),
        (["photos", "--viz", "viz.png"], 2, "folder"),
        (["photos/a.png", "photos/b.png", "--viz", "viz.jpg"], 2, "name a .png file"),
        (["photos", "--format", "csv"], 2, "--format"),
        (["photos", "--ratio", "2"], 2, "2"),
        (["photos", "--threshold", "nan"], 2, "nan"),
        (["photos", "-q", "-v"], 2, "exclude"),
        (["empty"], 1, "no picture files"),
        (["missing.png"], 1, "no such file"),
        (["photos/a.png", "missing"], 1, "missing"),
        (["--pairs", "missing.txt"], 1, "missing.txt"),
        (["--matches", "missing.npz"], 1, "missing.npz"),
        (["--matches", "K.txt", "--pairs", "K.txt"], 2, "one pair"),
        (["--matches", "photos/a.png"], 2, "n3 reads no others"),
    ],
)
def test_bad_usage(words, code, told):
    result = run(*words, "-m", "none") if "-m" not in words else run(*words)
    assert result.exit_code == code, result.output
    assert told in result.stderr
    assert "Traceback" not in result.output
