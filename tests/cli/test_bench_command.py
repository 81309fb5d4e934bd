"""`n3 bench` as people run it: a process, real files, stdout, stderr and exit codes."""

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from n3cli.cli.main import n3
from n3cli.data.published.collection import PublishedFile
from n3cli.data.published.index import COLLECTIONS
from n3cli.io.picture import Picture, write_picture

sys.path.append(str(Path(__file__).parents[1] / "data"))
from file_server import Server, serve

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
    arguments = ("set12", "--against", "nlm-opencv", "--sigma", "25", "--images", 2, "--json")
    first, second = n3_bench(*arguments, "--data", data), n3_bench(*arguments, N3_DATA=str(data))
    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    one, two = json.loads(first.stdout), json.loads(second.stdout)
    for report in (one, two):
        (row,) = report["suites"][0]["measured"]
        assert row.pop("seconds_per_megapixel") > 0
        assert all(each.pop("seconds")[0] > 0 for each in row["per_image"])
    assert one["suites"] == two["suites"]
    quiet = n3_bench(*arguments[:-1], "-q", "--data", data)
    assert quiet.returncode == 0
    assert [line for line in quiet.stderr.splitlines() if "n3: warning: " not in line] == []
    (suite,) = one["suites"]
    assert suite["images"] == 2
    assert [row["method"] for row in suite["measured"]] == ["nlm-opencv"]
    assert 25 < suite["measured"][0]["psnr"][0] < 45
    assert "image 2 of 2, 02.png" in first.stderr


def test_models_and_peers_stand_in_one_table(data):
    done = n3_bench(
        "set12", "--data", data, "-m", "n3unet", "--against", "nlm-opencv", "--images", 1,
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


def test_a_baseline_of_one_task_leaves_the_model_of_the_other(data, shared, tmp_path):
    (tmp_path / "Set12").symlink_to(data / "Set12")
    (tmp_path / "Set5").symlink_to(shared / "datasets" / "Set5")
    done = n3_bench(
        "set12", "set5", "--data", tmp_path, "--against", "bicubic", "--images", 1, "--sigma", "25",
        "--scale", "2", "--json", "--device", "cpu",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    methods = [[row["method"] for row in s["measured"]] for s in json.loads(done.stdout)["suites"]]
    assert methods == [["denoise-n3unet-gray"], ["bicubic"]]


def test_models_of_one_name_are_told_apart(data, tmp_path):
    bundled = Path(__file__).parents[2] / "models" / "denoise-n3unet-gray"
    copy = tmp_path / "mine"
    shutil.copytree(bundled, copy)
    done = n3_bench(
        "set12", "--data", data, "-m", f"n3unet,{copy}", "--images", 1, "--sigma", "25", "--json",
        "--device", "cpu", "--save-images", tmp_path / "images",
    )  # fmt: skip
    rows = json.loads(done.stdout)["suites"][0]["measured"]
    assert [row["method"] for row in rows] == ["n3unet", str(copy)]
    assert rows[0]["psnr"] == rows[1]["psnr"]
    assert len(list((tmp_path / "images").glob("set12/sigma-25/*/01.png"))) == 4


def test_absent_data_says_where_it_was_looked_for(tmp_path):
    done = n3_bench("bsd68", "--against", "nlm-opencv", "--data", tmp_path, "--offline")
    assert done.returncode == 3
    assert done.stdout == ""
    assert str(tmp_path / "BSD68") in done.stderr
    assert len(done.stderr.splitlines()) == 1


def publish(data, monkeypatch, address="https://example.org"):
    """Let the pictures of `data` be what is published as Set12."""
    files = {path.name: path.read_bytes() for path in (data / "Set12").iterdir()}
    published = tuple(
        PublishedFile(name, len(content), hashlib.sha256(content).hexdigest())
        for name, content in files.items()
    )
    small = replace(COLLECTIONS["set12"], address=address)
    object.__setattr__(small, "published", published)
    monkeypatch.setitem(COLLECTIONS, "set12", small)
    return files


def test_images_that_are_not_as_published_are_told(data, tmp_path, monkeypatch):
    publish(data, monkeypatch)
    shutil.copytree(data / "Set12", tmp_path / "Set12")
    arguments = ["bench", "set12", "--against", "nlm-opencv", "--sigma", "50", "--json", "--data"]

    def bench(*more):
        return CliRunner().invoke(n3, [*arguments, str(tmp_path), *more])

    done = bench("--images", "2")
    (suite,) = json.loads(done.stdout)["suites"]
    assert suite["verified"] is True
    assert [each["image"] for each in suite["measured"][0]["per_image"]] == ["01.png", "02.png"]
    shutil.copy(tmp_path / "Set12" / "02.png", tmp_path / "Set12" / "01.png")
    done = bench("--images", "2")
    assert json.loads(done.stdout)["suites"][0]["verified"] is False
    assert f"1 of 2 files of Set12 are not as published; the first: {tmp_path}" in done.stderr
    done = bench("-m", "n3net", "--tolerance", "50")
    assert done.exit_code == 3
    assert "leave --tolerance out" in done.stderr


def test_absent_data_is_fetched_first(data, tmp_path, monkeypatch):
    files = {path.name: path.read_bytes() for path in (data / "Set12").iterdir()}
    with serve(Server(files)) as server:
        publish(data, monkeypatch, server.address)
        arguments = ["bench", "set12", "--against", "nlm-opencv", "--sigma", "25", "--json"]
        for asked in (12, 12):
            done = CliRunner().invoke(n3, [*arguments, "--data", str(tmp_path)])
            assert done.exit_code == 0, done.stderr
            assert len(server.requests) == asked
            if "terms: passed around" in done.stderr:
                assert f"12 files, 0.0 MB → {tmp_path / 'Set12'}" in done.stderr
        assert json.loads(done.stdout)["suites"][0]["images"] == 12


def test_a_page_and_the_images(data, tmp_path):
    done = n3_bench(
        "set12", "--data", data, "-m", "n3net", "--against", "nlm-opencv,tv", "--images", 2,
        "--sigma", "15,25", "--html", "--save-images", tmp_path, "--device", "cpu",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("<!doctype html>")
    for part in (
        "denoise-n3net-gray",
        "N3Net, published",
        "PSNR over the noise level (0–255 scale)",
        "Quality against speed at σ25",
        "five times the error",
        "default_rng",
    ):
        assert part in done.stdout, part
    assert done.stdout.count("data:image/png") == 2 * (2 + 3 + 3)
    assert len(list(tmp_path.glob("set12/sigma-*/*/*.png"))) == 2 * 5 * 2


@pytest.fixture
def long_run(data, tmp_path):
    """Starts two suites, Set12 and one of large images, and waits until the second has begun."""
    (tmp_path / "Textures").mkdir()
    shutil.copytree(data / "Set12", tmp_path / "Set12")
    noise = np.random.default_rng(0).integers(0, 256, (512, 512, 1), np.uint8)
    for i in range(8):
        write_picture(tmp_path / "Textures" / f"{i}.png", Picture(noise))
    begun = []

    def start(suites, out, err, watched):
        process = subprocess.Popen(
            [sys.executable, "-m", "n3cli", "bench", suites, "--against", "nlm-opencv",
             "--sigma", "25", "--data", str(tmp_path), "--json"],
            stdout=out, stderr=err, env={**os.environ, "PYTHONUTF8": "1", "TERM": "xterm"},
            preexec_fn=heed_signals,
        )  # fmt: skip
        begun.append(process)
        seen = b""
        while b"textures: image 1" not in seen:
            more = os.read(watched(process), 4096)
            assert more, seen
            seen += more
        return process

    yield start
    for process in begun:
        process.kill()
        process.wait()


PIPES = (subprocess.PIPE, subprocess.PIPE, lambda process: process.stderr.fileno())
"""Where `long_run` writes, and what it watches."""


def heed_signals():
    """As at a terminal: tests that run in the background or under nohup have signals ignored."""
    for end in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(end, signal.SIG_DFL)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_what_was_measured_before_a_signal_is_shown(long_run, end):
    process = long_run("set12,textures", *PIPES)
    process.send_signal(end)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 128 + end
    assert [suite["suite"] for suite in json.loads(out)["suites"]] == ["set12"]
    assert b"stopped early; the report has only what was measured before" in err
    assert b"Traceback" not in err


def test_no_report_where_nothing_was_measured_before_a_signal(long_run):
    process = long_run("textures", *PIPES)
    process.send_signal(signal.SIGTERM)
    assert (process.communicate(timeout=60)[0], process.returncode) == (b"", 143)


def test_a_report_goes_to_its_file_when_the_terminal_has_gone(long_run, tmp_path):
    ours, terminal = os.openpty()
    with (tmp_path / "report.json").open("wb") as file:
        process = long_run("set12,textures", file, terminal, lambda _: ours)
    os.close(terminal)
    os.close(ours)  # from here on, writing to the terminal fails
    process.send_signal(signal.SIGHUP)
    assert process.wait(timeout=60) == 128 + signal.SIGHUP
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert [suite["suite"] for suite in report["suites"]] == ["set12"]


def test_a_report_goes_to_a_terminal_that_is_still_there(long_run):
    ours, terminal = os.openpty()
    process = long_run("set12,textures", terminal, *PIPES[1:])
    os.close(terminal)
    process.send_signal(signal.SIGHUP)  # as `kill -HUP` does
    shown = b""
    with contextlib.suppress(OSError), open(ours, "rb", buffering=0) as screen:  # noqa: PTH123
        while more := screen.read(4096):
            shown += more
    assert process.wait(timeout=60) == 128 + signal.SIGHUP
    assert [suite["suite"] for suite in json.loads(shown)["suites"]] == ["set12"]


def test_a_difference_beyond_the_tolerance_exits_with_5(data, monkeypatch):
    publish(data, monkeypatch)
    arguments = ["bench", "set12", "-m", "n3net", "--sigma", "50", "--data", str(data)]
    arguments += ["--device", "cpu", "--tolerance"]
    done = CliRunner().invoke(n3, [*arguments, "0.1"])  # these pictures are far easier
    assert done.exit_code == 5
    assert "difference σ50" in done.stdout
    assert "denoise-n3net-gray on set12 at sigma 50 +" in done.stderr
    assert CliRunner().invoke(n3, [*arguments, "50"]).exit_code == 0
    done = n3_bench(
        "set12", "--against", "nlm-opencv", "--sigma", "50", "--data", data, "--tolerance", "1"
    )
    assert done.returncode == 2
    assert "nothing to compare with" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (("set13",), "did you mean 'set14'? known are set12, bsd68, urban100"),
        (("brwn",), "did you mean 'brown'?"),
        (("set12", "--against", "bm4d"), "did you mean 'bm3d'? known are bm3d, nlm, nlm-opencv"),
        ((), "Missing argument"),
        (("set12", "--tolerance", "0.1", "--images", "2"), "whole sets"),
        (("speed", "--tolerance", "0.1"), "runs alone"),
        (
            ("speed", "--offline"),
            "speed runs alone, and takes only -m, --size, --repeats, --device, --json and "
            "--markdown",
        ),
        (("speed", "--html"), "runs alone"),
        (("set12", "--tolerance", "nan"), "a number from 0"),
        (("paper,set12",), "runs alone"),
        (("noise-level", "--device", "cpu"), "only --data, --offline, --images, --json and "),
        (("set14", "--tolerance", "1"), "nothing to compare with"),
        (("noise-level", "--save-images", "x"), "runs alone"),
        (("set12", "--sigma", "0"), "above 0"),
        (("set12", "--sigma", "nan"), "above 0"),
        (("set12", "--sigma", "a,b"), "15,25,50"),
        (("set12", "--size", "64"), "speed"),
        (("speed", "--sigma", "25"), "runs alone"),
        (("speed,set12",), "runs alone"),
        (("set12", "--json", "--html"), "--json and --html exclude each other"),
        (("speed", "--markdown", "--json"), "--json and --markdown exclude each other"),
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
