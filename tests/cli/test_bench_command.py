"""`n3 bench` as people run it: a process, real files, stdout, stderr and exit codes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from n3cli.cli.main import n3
from n3cli.io.picture import Picture, write_picture

SHARED = Path(__file__).parents[3] / "shared" / "datasets"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A data folder whose Set12 is twelve small images."""
    root = tmp_path_factory.mktemp("data")
    (root / "Set12").mkdir()
    y, x = np.mgrid[:24, :32]
    for i in range(12):
        pixels = (100 + 60 * np.sin((x + i) / 6) + 2 * y).astype(np.uint8)
        write_picture(root / "Set12" / f"{i + 1:02}.png", Picture(pixels[..., None]))
    return root


def n3_bench(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "n3cli", "bench", *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONUTF8": "1", **environment},
        timeout=120,
        check=False,
    )


def test_a_suite_as_json_is_the_same_twice_and_found_by_the_variable(data):
    arguments = ("set12", "--peer", "nlm-opencv", "--sigma", "25", "--images", 2, "--json")
    first, second = n3_bench(*arguments, "--data", data), n3_bench(*arguments, N3_DATA=str(data))
    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    one, two = json.loads(first.stdout), json.loads(second.stdout)
    assert one["suites"] == two["suites"]
    (suite,) = one["suites"]
    assert suite["images"] == 2
    assert [row["method"] for row in suite["measured"]] == ["nlm-opencv"]
    assert 25 < suite["measured"][0]["psnr"][0] < 45
    assert "image 2 of 2, 02.png" in first.stderr


def test_models_and_peers_stand_in_one_table(data):
    done = n3_bench(
        "set12", "--data", data, "-m", "n3unet", "--peer", "nlm-opencv", "--images", 1,
        "--sigma", "15,50", "--markdown", "--device", "cpu",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith("|")]
    assert "measured σ15 |   measured σ50" in rows[0]
    assert rows[2].startswith("| denoise-n3unet-gray")
    assert rows[3].startswith("| nlm-opencv")
    assert "only the first 1 of 12 images" in done.stdout
    assert "default_rng" in done.stdout
    assert "2,861,472 parameters, fp32" in done.stdout


def test_absent_data_says_where_it_was_looked_for(tmp_path):
    done = n3_bench("bsd68", "--peer", "nlm-opencv", "--data", tmp_path)
    assert done.returncode == 3
    assert done.stdout == ""
    assert str(tmp_path / "BSD68") in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (("set13",), "set12, bsd68, cbsd68, val40, val40-gray, textures, speed, training"),
        (("set12", "--peer", "bm3d"), "nlm-skimage, nlm-opencv"),
        (("set12", "--sigma", "0"), "above 0"),
        (("set12", "--sigma", "nan"), "above 0"),
        (("set12", "--sigma", "a,b"), "15,25,50"),
        (("set12", "--size", "64"), "speed"),
        (("speed", "--sigma", "25"), "stands alone"),
        (("speed,set12",), "stands alone"),
        (("",), "set12"),
    ],
)
def test_wrong_usage_exits_with_2_and_advice(data, arguments, advice):
    done = CliRunner().invoke(n3, ["bench", *arguments], env={"N3_DATA": str(data)})
    assert done.exit_code == 2
    assert advice in done.stderr


def test_speed_prints_ratios():
    done = n3_bench("speed", "--size", 32, "--repeats", 1, "--device", "cpu")
    assert done.returncode == 0, done.stderr
    assert "32×32" in done.stdout
    assert "n3net / n3net, convolutions alone" in done.stdout


@pytest.mark.skipif(not SHARED.is_dir(), reason="the data sets are not beside the repository")
def test_the_help_ends_in_an_example_that_runs():
    text = n3_bench("--help").stdout
    example = text.strip().splitlines()[-1].split()
    assert example[:2] == ["n3", "bench"]
    done = n3_bench(*example[2:], "--device", "cpu", N3_DATA=str(SHARED))
    assert done.returncode == 0, done.stderr
    assert "denoise-n3unet-gray" in done.stdout


def test_speed_of_given_models():
    models = "n3unet,denoise-n3unet-color"
    done = n3_bench("speed", "-m", models, "--size", 32, "--repeats", 1, "--json")
    assert done.returncode == 0, done.stderr
    seconds = json.loads(done.stdout)["seconds"]
    assert [name.split() for name in seconds] == [
        [name, precision] for name in models.split(",") for precision in ("fp32", "bf16")
    ]
    assert all(0 < times["median"] < 60 for times in seconds.values())
