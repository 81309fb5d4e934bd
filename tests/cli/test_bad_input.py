"""Bad files and settings: one clear line, the right exit code, nothing half-written."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from n3cli.cli.main import n3
from n3cli.errors import ModelError
from n3cli.io.picture import Picture, read_picture, write_picture


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with one good picture."""
    monkeypatch.chdir(tmp_path)
    pixels = np.random.default_rng(2).integers(0, 256, (40, 48, 3), dtype=np.uint8)
    write_picture(tmp_path / "good.png", Picture(pixels))
    return tmp_path


def run(*arguments: str, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(n3, ["denoise", *arguments], input=stdin)


def files() -> set[str]:
    return {str(path) for path in Path().rglob("*")}


def assert_refused(result: Result, exit_code: int, *words: str) -> None:
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert result.exit_code == exit_code, result.stderr
    (line,) = result.stderr.splitlines()
    assert line.startswith("n3: error: ")
    for word in words:
        assert word in line
    assert result.stdout_bytes == b""


def good(format: str) -> bytes:
    write_picture(Path(f"whole.{format}"), read_picture(Path("good.png")))
    return Path(f"whole.{format}").read_bytes()


BAD_FILES = {
    "text.png": lambda: b"This is no picture.",
    "empty.png": lambda: b"",
    "torn.png": lambda: good("png")[:2000],
    "torn.jpg": lambda: good("jpg")[:1500],
    "torn.tif": lambda: good("tif")[:2000],
    "head.png": lambda: good("png")[:20],
    "damaged.png": lambda: good("png")[:1000] + bytes(1000) + good("png")[2000:],
    "a\nb.png": lambda: b"no picture either",
}


@pytest.mark.parametrize("name", BAD_FILES)
@pytest.mark.parametrize("sigma", ["20", "auto"])
def test_bad_file(name, sigma):
    data = BAD_FILES[name]()
    Path(name).write_bytes(data)
    before = files()
    shown = name.replace("\n", "\\n")
    assert_refused(run(name, "--sigma", sigma), 1, f"error: {shown}: ")
    assert_refused(run("-", "--sigma", sigma, stdin=data), 1, "standard input: ")
    assert files() == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing.png"], ["missing.png: no such file"]),
        (["good.png/x.png"], ["good.png/x.png"]),
        (["folder.png"], ["folder.png: no picture files"]),
        (["good.png", "-o", "good.png/x.png", "--sigma", "9"], ["good.png"]),
        (["good.png", "-o", "good.png/new/x.png", "--sigma", "9"], ["good.png"]),
        (["good.png", "-o", "x.xyz"], ["x.xyz", ".png"]),
        (["good.png", "-o", "good"], ["good", ".png"]),
        (["good.png", "-o", "good.png", "-y"], ["is an input"]),
        (["good.png", "-o", "x.png", "--sigma", "9", "--crop", "40,0,9,9"], ["48 wide"]),
    ],
)
def test_bad_path(arguments, words):
    Path("folder.png").mkdir()
    before = files()
    assert_refused(run(*arguments), 1, *words)
    assert files() == before


@pytest.mark.skipif(os.name != "posix", reason="POSIX devices")
@pytest.mark.parametrize("more", [[], ["-y"], ["--format", "png"]])
def test_a_device_is_written_to_as_a_stream(more):
    assert_refused(run("good.png", "-o", "/dev/null", *more), 1, "/dev/null", "-o - >/dev/null")


def test_values_that_are_no_numbers():
    pixels = np.full((40, 48, 1), np.nan, np.float32)
    write_picture(Path("nan.tif"), Picture(pixels))
    for sigma in ("auto", "9"):
        assert_refused(run("nan.tif", "--sigma", sigma), 1, "error: nan.tif: ", "finite")


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 0)() == 0, reason="root may read everything")
def test_no_permission():
    Path("good.png").chmod(0)
    assert_refused(run("good.png"), 1, "good.png: Permission denied")
    Path("closed").mkdir(mode=0)
    assert_refused(run("closed"), 1, "closed")
    assert_refused(run("closed/x.png"), 1, "closed")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--sigma", "-1"], ["--sigma", "-1"]),
        (["--sigma", "NaN"], ["--sigma", "NaN"]),
        (["--sigma", "1e9"], ["--sigma", "255"]),
        (["--sigma", "inf"], ["--sigma"]),
        (["--sigma", "much"], ["--sigma", "auto"]),
        (["--strength", "1.1"], ["--strength", "0 to 1"]),
        (["--strength", "nan"], ["--strength"]),
        (["--crop", "1,2,3"], ["--crop", "X,Y,W,H"]),
        (["--crop", "0,0,0,5"], ["--crop"]),
        (["--crop", "-1,0,5,5"], ["--crop"]),
        (["--tile", "0"], ["--tile"]),
        (["--device", "gpu"], ["--device", "cuda"]),
        (["--precision", "int8"], ["--precision", "bf16"]),
        (["--quality", "0"], ["--quality"]),
        (["--format", "gif"], ["--format", "png"]),
        (["other.png", "-o", "-"], ["-o"]),
        (["other.png", "-o", "x.png"], ["folder"]),
        (["-"], ["must be the only input"]),
        ([""], ["input", "empty"]),
        (["-o", ""], ["-o", "empty"]),
        (["--sigma", "1_0"], ["--sigma", "1_0"]),
        (["-q", "-v"], ["--quiet", "--verbose"]),
    ],
)
def test_bad_setting(arguments, words):
    before = files()
    assert_refused(run("good.png", *arguments), 2, *words)
    assert files() == before


def test_unknown_model_stops_the_batch():
    Path("other.png").write_bytes(Path("good.png").read_bytes())
    before = files()
    assert_refused(run("good.png", "other.png", "-m", "nonsense", "--sigma", "9"), 3, "nonsense")
    assert files() == before


def test_absent_device_stops_the_batch():
    assert_refused(run("good.png", "--sigma", "9", "--device", "cuda:123"), 4, "cuda")


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 3), (2, 3, 3), (1, 5000, 3), (30000, 1, 1)])
def test_odd_sizes_are_pictures_too(shape):
    pixels = np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8)
    write_picture(Path("odd.png"), Picture(pixels))
    result = run("odd.png")
    assert result.exit_code == 0, result.stderr
    assert read_picture(Path("odd_n3dn.png")).pixels.shape == shape


@pytest.mark.parametrize(
    ("command", "model", "recipe"),
    [
        (["denoise", "good.png", "--sigma", "9"], "dncnn", "denoise-dncnn-color-blind"),
        (["denoise", "good.png", "--sigma", "9"], "ffdnet-gray", "denoise-ffdnet-gray"),
        (["denoise", "good.png", "--sigma", "9"], "unlnet", "denoise-unlnet-color"),
        (["upscale", "good.png"], "memnet", "upscale-memnet-gray"),
        (["upscale", "good.png"], "vdsr", "upscale-vdsr-gray` or `n3 train upscale-vdsr-gray-n3"),
    ],
)
def test_a_network_without_weights_names_the_recipe_that_trains_it(
    command: list[str], model: str, recipe: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(hub_id: object) -> None:
        raise ModelError("The Hub is far away.")

    monkeypatch.setattr("n3cli.zoo.hub.download", refuse)
    result = CliRunner().invoke(n3, [*command, "-o", "out.png", "-m", model])
    assert_refused(result, 3, "no weights of", "far away", f"`n3 train {recipe}`", "-m runs/RECIPE")
    assert "out.png" not in files()
