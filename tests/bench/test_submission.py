"""Results for servers: on sets of the same form whose truth is known, and with faults put in."""

import base64
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from click.testing import CliRunner
from reference.real_sets import BOXES, write_dnd, write_sidd

from n3cli.cli.main import n3
from n3cli.ops.metric import psnr


def n3_bench(*arguments):
    return CliRunner().invoke(n3, ["bench", *map(str, arguments)])


@pytest.fixture(scope="module")
def dnd(tmp_path_factory):
    """A data folder with a small DND, one folder deeper as in its archive; and the truth."""
    root = tmp_path_factory.mktemp("data")
    return root, write_dnd(root / "DND" / "dnd_2017")


@pytest.fixture(scope="module")
def made(dnd, tmp_path_factory):
    """Submissions of both tracks, with our own models."""
    folders = {}
    for name in ("dnd", "dnd-srgb"):
        folders[name] = tmp_path_factory.mktemp(name) / "new"
        done = n3_bench(name, "--data", dnd[0], "-o", folders[name])
        assert done.exit_code == 0, done.stderr
        assert "There is no ground truth here" in done.stdout
        assert "6 parts of 2 photos" in done.stdout
        assert f"to upload: {folders[name] / 'bundled'}" in done.stdout
    return folders


@pytest.mark.parametrize(("name", "track", "gain"), [("dnd", "raw", 3), ("dnd-srgb", "srgb", 8)])
def test_estimates_are_nearer_to_the_truth(dnd, made, name, track, gain):
    root, truth = dnd
    key = {"raw": "Inoisy", "srgb": "InoisySRGB"}[track]
    import h5py

    for photo in (0, 1):
        with h5py.File(root / "DND/dnd_2017" / f"images_{track}" / f"000{photo + 1}.mat") as file:
            noisy = file[key][()].T
        for number, (top, left, bottom, right) in enumerate(BOXES, 1):
            part = np.s_[top - 1 : bottom, left - 1 : right]
            clean = truth[photo][track][part]
            path = made[name] / f"000{photo + 1}_{number:02d}.mat"
            estimate = scipy.io.loadmat(path)["Idenoised_crop"]
            assert estimate.dtype == np.float32
            assert estimate.shape == noisy[part].shape
            before = psnr(np.clip(noisy[part], 0, 1).reshape(clean.shape), clean, peak=1)
            assert psnr(estimate.reshape(clean.shape), clean, peak=1) > before + gain


@pytest.mark.parametrize("name", ["dnd", "dnd-srgb"])
def test_bundles_are_as_the_makers_kit_has_them(made, name):
    files = sorted((made[name] / "bundled").iterdir())
    assert [path.name for path in files] == ["0001.mat", "0002.mat"]
    found = scipy.io.loadmat(files[1])
    assert found["Idenoised"].shape == (1, 3)
    assert bool(found["israw"].item()) == (name == "dnd")
    assert found["eval_version"].item() == "1.0"
    one = scipy.io.loadmat(made[name] / "0002_03.mat")["Idenoised_crop"]
    np.testing.assert_array_equal(found["Idenoised"][0, 2], one)


@pytest.mark.parametrize("place", ["", "bundled"])
def test_what_was_made_passes_the_check(dnd, made, place):
    done = n3_bench("dnd", "--data", dnd[0], "--check", made["dnd"] / place)
    assert done.exit_code == 0, done.stderr
    assert "no server has checked it" in done.stdout


def test_the_published_set_is_expected_where_none_is_named(made):
    done = n3_bench("dnd", "--check", made["dnd"])
    assert done.exit_code == 1
    assert "48 of 50 files are missing, the first is 0003.mat" in done.stderr
    assert "0001.mat: Idenoised has 3 parts, expected 20" in done.stderr
    assert "is not ready for upload" in done.stderr.splitlines()[-1]


def fault(key, value):
    """Put something into the first file."""

    def put(folder):
        found = scipy.io.loadmat(folder / "0001.mat")
        values = {name: found[name] for name in ("Idenoised", "israw", "eval_version")}
        if key in values:
            values[key] = value
        else:
            values["Idenoised"][0, 1] = value(values["Idenoised"][0, 1])
        scipy.io.savemat(folder / "0001.mat", values)

    return put


def spoil(value):
    def change(part):
        part = part.copy()
        part[3, 4] = value
        return part

    return change


FAULTS = {
    "a missing file": (lambda folder: (folder / "0002.mat").unlink(), "0002.mat is missing"),
    "another file": (
        lambda folder: (folder / "0001_01.mat").write_bytes(b"x"),
        "0001_01.mat: is a part by itself",
    ),
    "half a file": (
        lambda folder: (folder / "0001.mat").write_bytes((folder / "0001.mat").read_bytes()[:500]),
        "0001.mat: has no variable israw, eval_version",
    ),
    "the other track": (fault("israw", False), "0001.mat: israw is not true"),
    "another version": (fault("eval_version", "2"), "0001.mat: eval_version is not '1.0'"),
    "a version that is no text": (
        fault("eval_version", np.array([1.0, 0.0])),
        "0001.mat: eval_version is not '1.0'",
    ),
    "a track that is no truth": (fault("israw", {"a": 1.0}), "0001.mat: israw is not true"),
    "no cells": (fault("Idenoised", np.zeros((4, 4))), "0001.mat: Idenoised is not a cell array"),
    "double values": (
        fault("part", lambda part: part.astype(np.float64)),
        "0001.mat, part 2: is float64, expected float32",
    ),
    "another size": (
        fault("part", lambda part: part[:-1]),
        "0001.mat, part 2: has the shape 63×64, expected 64×64",
    ),
    "no number": (fault("part", spoil(np.nan)), "0001.mat, part 2: has values that are not finite"),
    "0 to 255": (fault("part", spoil(255)), "0001.mat, part 2: has values from"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults_are_named(dnd, made, tmp_path, name):
    put, words = FAULTS[name]
    folder = tmp_path / "bundled"
    shutil.copytree(made["dnd"] / "bundled", folder)
    put(folder)
    done = n3_bench("dnd", "--data", dnd[0], "--check", folder)
    assert done.exit_code == 1
    assert words in done.stderr
    assert "(1 fault)" in done.stderr
    assert done.stdout == ""


@pytest.fixture(scope="module")
def benchmark(tmp_path_factory):
    """A data folder with small blocks of both kinds, and what was noisy."""
    root = tmp_path_factory.mktemp("sidd")
    noisy = {}
    for raw, kind, suffix in ((False, "Srgb", ""), (True, "Raw", "-Raw")):
        noisy[kind], _ = write_sidd(root / "validation", raw)
        (root / f"SIDD-Benchmark{suffix}").mkdir()
        name = f"BenchmarkNoisyBlocks{kind}"
        scipy.io.savemat(root / f"SIDD-Benchmark{suffix}" / f"{name}.mat", {name: noisy[kind]})
    return root, noisy


@pytest.mark.parametrize(
    ("name", "kind"), [("sidd-benchmark", "Srgb"), ("sidd-benchmark-raw", "Raw")]
)
def test_both_files_of_sidd(benchmark, tmp_path, name, kind):
    root, noisy = benchmark
    done = n3_bench(name, "--data", root, "-o", tmp_path, "--against", "nlm-opencv", "--json")
    assert done.exit_code == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["parts"] == 6
    assert [Path(path).name for path in report["files"]] == [
        f"Submit{kind}.mat",
        f"Submit{kind}.csv",
    ]
    found = scipy.io.loadmat(tmp_path / f"Submit{kind}.mat")
    cells = found[f"DenoisedBlocks{kind}"]
    assert cells.shape == (2, 3)
    assert found["OptionalData"]["MethodName"].item().item() == "nlm-opencv"
    assert found[f"TimeMP{kind}"].item() == pytest.approx(
        1.048576 * report["seconds_per_megapixel"]
    )
    lines = (tmp_path / f"Submit{kind}.csv").read_text().splitlines()
    assert lines[0] == "ID,BLOCK"
    for number, line in enumerate(lines[1:]):
        label, _, text = line.partition(",")
        assert label == str(number)
        cell = cells[divmod(number, 3)]
        assert cell.dtype == np.float32
        block = noisy[kind][divmod(number, 3)]
        values = np.frombuffer(base64.b64decode(text), block.dtype).reshape(block.shape)
        peak = 255 if kind == "Srgb" else 1
        np.testing.assert_allclose(values / peak, cell, atol=0.5 / peak if kind == "Srgb" else 0)
    done = n3_bench(name, "--data", root, "--check", tmp_path)
    assert done.exit_code == 0, done.stderr
    done = n3_bench(name, "--check", tmp_path)
    assert done.exit_code == 1
    assert "is not a cell array of 40×32" in done.stderr
    assert "has 6 blocks, expected 1280" in done.stderr


def test_damaged_tables_are_named(benchmark, tmp_path):
    good = base64.b64encode(bytes(48 * 48 * 3)).decode()
    rows = [f"0,{good}", f"2,{good}", "2,???", "3,AAAA", f"4,{good}"]
    table = tmp_path / "SubmitSrgb.csv"
    table.write_text("\n".join(["ID,BLOCK", *rows]))
    done = n3_bench("sidd-benchmark", "--data", benchmark[0], "--check", table)
    assert done.exit_code == 1
    for words in (
        "line 3: the ID is 2, not 1",
        "line 4: the block is not base64",
        "line 5: the block has 3 bytes, not 6912",
        "has 5 blocks, expected 6",
    ):
        assert words in done.stderr


def test_values_of_raw_tables_are_looked_at(benchmark, tmp_path):
    blocks = [np.full((48, 48), value, "<f4").tobytes() for value in (0.5, np.nan, 1.5, 0, 1, 0.1)]
    rows = [f"{number},{base64.b64encode(block).decode()}" for number, block in enumerate(blocks)]
    table = tmp_path / "SubmitRaw.csv"
    table.write_text("\n".join(["ID,BLOCK", *rows]))
    done = n3_bench("sidd-benchmark-raw", "--data", benchmark[0], "--check", table)
    assert done.exit_code == 1
    assert "line 3: has values that are not finite" in done.stderr
    assert "line 4: has values from 1.5 to 1.5" in done.stderr
    assert "(2 faults)" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("dnd", "--sigma", "25"), 2, "leave --sigma"),
        (("dnd,set12",), 2, "runs alone"),
        (("dnd", "--html"), 2, "leave --html out"),
        (("dnd", "--against", "nlm,tv"), 2, "takes one method"),
        (("set12", "-o", "x"), 2, "without ground truth"),
        (("speed", "-o", "x"), 2, "runs alone"),
        (("set12", "--check", "x"), 2, "--check is for one of dnd, dnd-srgb"),
        (("dnd", "--check", "missing"), 1, "missing: no such file"),
        (
            ("dnd", "--check", "missing", "-m", "n3net"),
            2,
            "--check runs alone, and takes only --data",
        ),
        (("dnd", "--check", "missing", "--device", "cuda:7"), 2, "takes only --data"),
        (("dnd",), 3, "must be fetched by hand"),
    ],
)
def test_wrong_usage(tmp_path, monkeypatch, arguments, code, words):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(n3, ["bench", *arguments], env={"N3_DATA": str(tmp_path / "none")})
    assert done.exit_code == code
    assert words in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_to_do_by_hand_is_told_in_lines(tmp_path):
    found = CliRunner().invoke(n3, ["bench", "dnd", "--data", str(tmp_path)])
    first, *steps = found.stderr.splitlines()
    assert found.exit_code == 3
    assert "DND must be fetched by hand" in first
    assert [step.split()[0] for step in steps[:3]] == ["1.", "2.", "3."]


def test_a_folder_that_holds_something_is_left_alone(dnd, tmp_path):
    (tmp_path / "mine.txt").touch()
    done = n3_bench("dnd", "--data", dnd[0], "-o", tmp_path)
    assert done.exit_code == 1
    assert "not empty" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
