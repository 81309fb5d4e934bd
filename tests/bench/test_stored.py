"""What methods get as files, and the files that other programs made of it as methods."""

import hashlib
import json
import re
import shutil
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from reference.slow_metric import slow_psnr

from n3cli.cli.main import n3
from n3cli.io.picture import Picture, read_picture, write_picture

KEEPER = """
import numpy as np
from pathlib import Path

def keep(image, level):
    np.save(f"kept-{len(list(Path().glob('kept-*')))}.npy", image)
    return image.repeat(2, 0).repeat(2, 1) if level < 5 else image
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The current folder, with pictures: two in colour and a grey one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.delitem(sys.modules, "keeper", raising=False)
    (tmp_path / "keeper.py").write_text(KEEPER)
    y, x = np.mgrid[:24, :32]
    for number, (name, planes) in enumerate((("a", 3), ("b/c.v2", 3), ("grey", 1))):
        waves = 120 + 60 * np.sin((x + 3 * number) / 5) + 2 * y
        pixels = np.stack([waves - 9 * plane for plane in range(planes)], -1).astype(np.uint8)
        path = tmp_path / "mine" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_picture(path, Picture(pixels))
    return tmp_path


def bench(*arguments, exit_code=0):
    done = CliRunner().invoke(n3, ["bench", *map(str, arguments)])
    assert done.exit_code == exit_code, done.stderr or done.stdout
    return done.stderr if exit_code else done.stdout


def measured(*arguments):
    return json.loads(bench(*arguments, "--json"))["suites"]


def files_in(folder):
    return {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}


def answer(folder, change, suffix=".tif"):
    """Make results of the inputs below a folder, in a folder beside it."""
    results = folder.with_name("results")
    for name, path in files_in(folder).items():
        if path.suffix == ".tif":
            target = (results / name).with_suffix(suffix)
            target.parent.mkdir(parents=True, exist_ok=True)
            write_picture(target, Picture(change(read_picture(path).pixels)))
    return results


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        (
            ["--sigma", "10,25"],
            ["mine/sigma-10/a", "mine/sigma-25/a", "mine/sigma-10/b/c.v2", "mine/sigma-25/b/c.v2",
             "mine-gray/sigma-10/grey", "mine-gray/sigma-25/grey"],
        ),
        (["--scale", "2"], [f"mine-sr/scale-2/{name}" for name in ("a", "b/c.v2", "grey")]),
    ],
)  # fmt: skip
def test_files_hold_to_the_bit_what_methods_get(folder, asked, names):
    bench("mine", *asked, "--against", "keeper:keep")
    told = bench("mine", *asked, "--save-noisy", "out", "-q")
    assert told == f"out: {len(names)} inputs, and README.txt, which says what to make of them\n"
    found = files_in(folder / "out")
    assert found.keys() == {*(f"{name}.tif" for name in names), "README.txt"}
    for number, name in enumerate(names):
        kept = np.load(folder / f"kept-{number}.npy")
        values = read_picture(found[f"{name}.tif"]).pixels
        assert (values.dtype, values.shape) == (np.float32, kept.shape)
        assert values.tobytes() == kept.tobytes()
    if "--sigma" in asked:
        assert values.max() > 1  # unclipped


def test_a_text_beside_them_says_what_is_expected_back(folder):
    bench("./mine", "--sigma", "25", "--images", "1", "--save-noisy", "out")
    text = (folder / "out" / "README.txt").read_text("utf-8")
    assert "n3 bench ./mine --sigma 25 --images 1 --against NAME=RESULTS" in text
    for name in ("mine", "mine-gray"):
        assert f"\n{name}: 1 image, noise level (0–255 scale) 25\n" in text
    assert "RESULTS/mine/sigma-25/a.png" in text
    assert "seed is the first 8 bytes of the SHA-256" in " ".join(text.split())
    bench("mine", "--scale", "2,3", "--save-noisy", "small")
    text = (folder / "small" / "README.txt").read_text("utf-8")
    assert "\nmine-sr: 3 images, scale 2, 3\n" in text
    assert max(map(len, text.splitlines())) <= 100


def test_a_folder_of_inputs_must_be_new_and_nothing_is_measured(folder):
    (folder / "out").mkdir()
    (folder / "out" / "x").touch()
    text = bench("mine", "--save-noisy", "out", exit_code=1)
    assert "out is not empty; give a new folder with --save-noisy" in text
    for more in (["-m", "n3unet"], ["--against", "noisy"], ["--html"], ["--json"], ["--device",
                 "cpu"], ["--tolerance", "1"], ["--save-images", "x"], ["-o", "x"]):  # fmt: skip
        text = bench("mine", "--save-noisy", "new", *more, exit_code=2)
        assert "--save-noisy runs alone, and takes only --sigma, --scale, --data, --off" in text
    assert not (folder / "new").exists()


def test_results_are_scored_as_if_they_had_been_made_here(folder):
    bench("mine", "--sigma", "10,25", "--save-noisy", "out")
    answer(folder / "out", lambda values: values)
    asked = ("mine", "--sigma", "10,25", "--against", "theirs=results,noisy")
    with pytest.raises(AssertionError, match="results,noisy is not a folder"):
        bench(*asked)
    for suite in measured(*asked[:-1], "theirs=results", "--against", "noisy"):
        noisy, theirs = suite["measured"]
        assert (theirs["method"], noisy["method"]) == ("theirs", "noisy")
        assert (theirs["psnr"], theirs["ssim"]) == (noisy["psnr"], noisy["ssim"])
        assert theirs["note"] == "files in results, 32-bit float"
        assert (theirs["seconds_per_megapixel"], theirs["published"]) == (None, None)
        assert [each["seconds"] for each in theirs["per_image"]] == [None] * suite["images"]
        assert theirs["source"] == str(folder / "results")
        names = [
            f"{suite['suite']}/sigma-{level}/{each['image'][:-4]}.tif"
            for level in (10, 25)
            for each in theirs["per_image"]
        ]
        found = [hashlib.sha256((folder / "results" / name).read_bytes()) for name in names]
        lines = "".join(f"{f.hexdigest()}  {n}\n" for f, n in zip(found, names, strict=True))
        assert theirs["files_sha256"] == hashlib.sha256(lines.encode()).hexdigest()


@pytest.mark.parametrize(
    ("dtype", "peak", "suffix", "bits"),
    [("uint8", 255, ".png", "8 bits"), ("uint16", 65535, ".TIFF", "16 bits")],
)
def test_integers_are_divided_by_their_peak(folder, dtype, peak, suffix, bits):
    bench("mine", "--sigma", "25", "--images", 1, "--save-noisy", "out")

    def change(values):
        return np.rint(values.clip(0, 1) * peak).astype(dtype)

    answer(folder / "out", change, suffix)
    (colour, _) = measured("mine", "--sigma", "25", "--images", 1, "--against", "their own=results")
    (row,) = colour["measured"]
    clean = read_picture(folder / "mine" / "a.png").pixels / 255
    estimate = change(read_picture(folder / "out/mine/sigma-25/a.tif").pixels) / peak
    assert row["psnr"][0] == pytest.approx(slow_psnr(estimate, clean, 1), abs=1e-4)
    assert row["note"] == f"files in results, {bits}"


def test_depths_of_all_files_are_told(folder):
    bench("mine", "--sigma", "25", "--save-noisy", "out")
    results = answer(folder / "out", lambda values: values)
    place = results / "mine/sigma-25/b/c.v2.tif"
    values = read_picture(place).pixels
    place.unlink()
    write_picture(place.with_suffix(".png"), Picture((255 * values.clip(0, 1)).astype(np.uint8)))
    suites = measured("mine", "--sigma", "25", "--against", f"theirs={results}")
    notes = [suite["measured"][0]["note"] for suite in suites]
    assert notes == [f"files in {results}, {bits}" for bits in ("8 bits and 32-bit float",
                                                               "32-bit float")]  # fmt: skip
    text = bench("mine", "--sigma", "25", "--against", f"theirs={results}")
    assert all(f"\n- theirs: {note}\n" in text for note in notes)


def test_enlarged_images_have_the_size_of_the_originals(folder):
    bench("mine", "--scale", "2", "--save-noisy", "out")
    answer(folder / "out", lambda values: values.repeat(2, 0).repeat(2, 1))
    (suite,) = measured("mine", "--scale", "2", "--against", "keeper:keep,theirs=results")
    rows = {row["method"]: row["psnr"] for row in suite["measured"]}
    assert list(rows) == ["keeper:keep", "bicubic", "theirs"]
    assert rows["theirs"] == rows["keeper:keep"] != rows["bicubic"]


def test_unknown_times_are_dashes_and_no_points(folder):
    bench("mine", "--sigma", "25", "--save-noisy", "out")
    shutil.copytree(folder / "out", folder / "more, or less")
    asked = ("mine", "--sigma", "25", "--against", "one=more, or less", "--against", "two=out")
    text = bench(*asked)
    assert "time" not in text.splitlines()[1]
    text = bench(*asked, "--against", "nlm-opencv,noisy")
    times = {line.split()[0]: line.split()[-1] for line in text.splitlines()[:7]}
    assert times["method"] == "time"
    assert (times["one"], times["two"], times["nlm-opencv"]) == ("–", "–", "1.00")
    assert float(times["noisy"]) < 1
    page = bench(*asked, "--html")
    assert "Quality against speed" not in page
    page = bench(*asked, "--against", "nlm-opencv,noisy", "--html")
    (plot,) = re.findall(r"<figure>(?:(?!<figure>).)*Quality against speed", page, re.DOTALL)[:1]
    assert "nlm-opencv" in plot
    assert ">one<" not in plot


def test_commas_and_signs_before_the_folder_make_a_list(folder):
    bench("mine", "--sigma", "25", "--save-noisy", "a,b=c:d")
    suites = measured("mine", "--sigma", "25", "--against", "noisy,theirs=a,b=c:d")
    assert [row["method"] for row in suites[0]["measured"]] == ["noisy", "theirs"]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: path.unlink(), "a.*: is missing, expected a picture of 32×24 pixels"),
        (lambda path: write_picture(path, Picture(np.zeros((24, 31, 3), np.uint8))),
         "a.tif: has 31×24 pixels and 3 planes, expected 32×24 pixels and 3 planes"),
        (lambda path: write_picture(path, Picture(np.zeros((24, 32, 1), np.uint8))),
         "a.tif: has 32×24 pixels and 1 plane, expected 32×24 pixels and 3 planes"),
        (lambda path: shutil.copy(path, path.with_suffix(".png")),
         "a.*: are several files, a.png and a.tif; keep one"),
        (lambda path: path.write_bytes(b"no"), "a.tif: is not a picture in a known format"),
    ],
)  # fmt: skip
def test_what_is_missing_or_wrong_is_told_before_anything_is_run(folder, spoil, words):
    bench("mine", "--sigma", "10,25", "--save-noisy", "out")
    asked = ("mine", "--sigma", "10,25", "--against", "noisy", "--against", "theirs=out")
    spoil(folder / "out/mine/sigma-10/a.tif")
    text = bench(*asked, exit_code=1)
    assert f"--against theirs=out: out/mine/sigma-10/{words}" in text
    assert text.endswith("(1 of 4 files of mine is missing or wrong)\n")
    assert "image 1" not in text
    (folder / "out/mine/sigma-25/a.tif").unlink()
    text = bench(*asked, exit_code=1)
    assert text.endswith("(2 of 4 files of mine are missing or wrong)\n")


def test_what_is_not_finite_is_told(folder):
    bench("mine", "--sigma", "25", "--save-noisy", "out")
    values = np.full((24, 32, 3), np.nan, np.float32)
    write_picture(folder / "out/mine/sigma-25/a.tif", Picture(values))
    text = bench("mine", "--sigma", "25", "--against", "theirs=out", exit_code=1)
    assert "out/mine/sigma-25/a.tif: has values that are not finite" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["mine", "--against", "=out"], "--against =out: give NAME=DIR"),
        (["mine", "--against", "theirs="], "--against theirs=: give NAME=DIR"),
        (["mine", "--against", "clean=out"], "--save-images has a folder clean"),
        (["mine", "--against", "a=out", "--against", "a=mine"], "two methods would be called a"),
        (["mine", "--against", "noisy", "--against", "noisy=out"], "would be called noisy"),
        (["mine", "--against", "theirs"], "MODULE:FUNCTION, and results as NAME=DIR"),
        *(
            ([name, *option], f"{name}: {option[0]}")
            for name in ("dnd", "brown", "bsds-raw", "val40-xtrans", "sidd", "sidd-raw", "polyu",
                         "cc15", "sidd-benchmark", "set12,brown")
            for option in (["--against", "theirs=out"], ["--save-noisy", "new"])
        ),
        *(([name, "--save-noisy", "new"], f"{name}: --save-noisy") for name in ("speed",
                                                                                "noise-level")),
        (["speed", "--against", "theirs=out"], "speed runs alone"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(folder, arguments, words):
    (folder / "out").mkdir()
    text = bench(*arguments, "--offline", exit_code=2)
    assert words.replace("set12,", "") in text
    assert not (folder / "new").exists()
