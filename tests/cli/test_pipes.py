"""`n3 denoise` as a process: pipes, terminals and signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import n3cli
from n3cli.io.picture import Picture, read_picture, write_picture

COMMAND = [sys.executable, "-m", "n3cli", "denoise", "--sigma", "20"]
ENVIRONMENT = os.environ | {
    "PYTHONPATH": os.pathsep.join(
        [str(Path(n3cli.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    )
}

pytestmark = pytest.mark.skipif(os.name != "posix", reason="POSIX signals and terminals")


def encoded(folder: Path, height: int, width: int) -> bytes:
    pixels = np.random.default_rng(4).integers(0, 256, (height, width, 1), dtype=np.uint8)
    write_picture(folder / "noise.png", Picture(pixels))
    return (folder / "noise.png").read_bytes()


def start(*arguments: str, folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        cwd=folder, env=ENVIRONMENT,
    )  # fmt: skip


def test_pipe_through(tmp_path):
    data = encoded(tmp_path, 40, 50)
    process = start("-", folder=tmp_path)
    out, err = process.communicate(data)
    assert process.returncode == 0, err
    assert read_picture(out).pixels.shape == (40, 50, 1)
    assert b"standard input" in err


def test_reader_gone_is_no_news(tmp_path):
    data = encoded(tmp_path, 300, 400)  # more than a pipe holds
    process = start("-", folder=tmp_path)
    process.stdout.close()
    process.stdout = None
    _, err = process.communicate(data)
    assert (process.returncode, err) == (1, b"")


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_leaves_nothing_behind(tmp_path, end):
    encoded(tmp_path, 4000, 1000)
    process = start("noise.png", "--tile", "128", folder=tmp_path)
    while process.poll() is None and not list(tmp_path.glob(".n3-*/raw")):
        time.sleep(0.02)
    assert process.poll() is None, process.stderr.read()
    process.send_signal(end)
    if end == signal.SIGTERM:
        process.send_signal(end)  # as `timeout` may
    _, err = process.communicate()
    assert process.returncode == 128 + end
    assert b"Traceback" not in err
    assert [path.name for path in tmp_path.iterdir()] == ["noise.png"]


def test_terminals_are_no_pictures(tmp_path):
    data = encoded(tmp_path, 40, 50)
    keyboard, screen = os.openpty()
    try:
        reading = subprocess.run(
            [*COMMAND, "-", "-o", "x.png"],
            stdin=screen, capture_output=True, cwd=tmp_path, env=ENVIRONMENT,
        )  # fmt: skip
        writing = subprocess.run(
            [*COMMAND, "-"],
            input=data, stdout=screen, stderr=subprocess.PIPE, cwd=tmp_path, env=ENVIRONMENT,
        )  # fmt: skip
    finally:
        os.close(keyboard)
        os.close(screen)
    assert (reading.returncode, writing.returncode) == (2, 2)
    assert b"standard input is a terminal" in reading.stderr
    assert b"standard output is a terminal" in writing.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["noise.png"]
