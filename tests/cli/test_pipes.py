"""`n3 denoise` as a process: pipes, terminals and signals."""

from __future__ import annotations

import contextlib
import os
import shlex
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
        cwd=folder, env=ENVIRONMENT, preexec_fn=heed_signals,
    )  # fmt: skip


def heed_signals() -> None:
    """As at a terminal: tests that run in the background or under nohup have signals ignored."""
    for ignorable in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(ignorable, signal.SIG_DFL)


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
    assert (process.returncode, err) == (141, b"")


@pytest.mark.parametrize("words", ["models list", "denoise --help", "fetch-data --list"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_whatever_is_printed_for_nobody_ends_as_with_a_broken_pipe(words, unbuffered):
    process = subprocess.Popen(
        [sys.executable, "-m", "n3cli", *words.split()],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=ENVIRONMENT | {"PYTHONUNBUFFERED": unbuffered},
    )  # fmt: skip
    process.stdout.close()
    assert (process.stderr.read(), process.wait()) == (b"", 141)


def test_a_batch_goes_on_when_nobody_reads_its_lines(tmp_path):
    data = encoded(tmp_path, 40, 50)
    (tmp_path / "second.png").write_bytes(data)
    process = start("noise.png", "second.png", folder=tmp_path)
    process.stderr.close()
    assert (process.stdout.read(), process.wait()) == (b"", 0)
    assert (tmp_path / "second_n3dn.png").is_file()


def shell(words: str, folder: Path, **more: str) -> subprocess.CompletedProcess[bytes]:
    """Run `n3` with redirections that only a shell can make."""
    python = f"exec {shlex.quote(sys.executable)} -m n3cli {words}"
    return subprocess.run(
        ["/bin/sh", "-c", python], capture_output=True, cwd=folder, env=ENVIRONMENT | more
    )


def test_closed_standard_error_stays_out_of_the_picture(tmp_path):
    (tmp_path / "flat.png").write_bytes(encoded(tmp_path, 6, 6))  # too small to estimate from
    assert b"warning" in shell("denoise flat.png -q -o -", tmp_path).stderr
    done = shell("denoise flat.png -q -o - 2>&-", tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith(b"\x89PNG")


def test_closed_standard_input_is_empty(tmp_path):
    done = shell("denoise - --sigma 9 <&-", tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith(b"n3: error: standard input: ")
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize("closed", [">&-", "<&- >&-", "<&- >&- 2>&-"])
def test_closed_standard_output_is_no_bug(tmp_path, closed):
    done = shell(f"models list {closed}", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize(
    ("words", "unbuffered"),
    [
        ("models list", ""),
        ("models list", "1"),
        ("denoise --help", "1"),
        ("--version", ""),
        ("denoise noise.png -q --sigma 9 -o -", ""),
    ],
)
def test_full_standard_output_is_one_line(tmp_path, words, unbuffered):
    encoded(tmp_path, 40, 50)
    done = shell(f"{words} >/dev/full", tmp_path, PYTHONUNBUFFERED=unbuffered)
    assert done.returncode == 1
    assert done.stderr.startswith(b"n3: error: ")
    assert done.stderr.endswith(b"No space left on device\n")
    assert done.stderr.count(b"\n") == 1


def test_a_hang_up_is_ignored_under_nohup(tmp_path):
    encoded(tmp_path, 300, 200)
    process = subprocess.Popen(
        ["/bin/sh", "-c", "trap '' HUP; exec \"$@\"", "sh", *COMMAND, "noise.png", "--tile", "128"],
        stderr=subprocess.PIPE, cwd=tmp_path, env=ENVIRONMENT,
    )  # fmt: skip
    while process.poll() is None and not list(tmp_path.glob(".n3-*/raw")):
        time.sleep(0.02)
    process.send_signal(signal.SIGHUP)
    _, err = process.communicate()
    assert process.returncode == 0, err
    assert (tmp_path / "noise_n3dn.png").is_file()


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_leaves_nothing_behind(tmp_path, end):
    encoded(tmp_path, 4000, 1000)
    process = start("noise.png", "--tile", "128", folder=tmp_path)
    while process.poll() is None and not list(tmp_path.glob(".n3-*/raw")):
        time.sleep(0.02)
    assert process.poll() is None, process.stderr.read()
    process.send_signal(end)
    if end != signal.SIGINT:
        process.send_signal(end)  # as `timeout` may
    try:
        _, err = process.communicate(timeout=20 if end == signal.SIGINT else None)
    except subprocess.TimeoutExpired:  # C code may swallow a Ctrl-C; one presses again
        process.send_signal(end)
        _, err = process.communicate()
    assert process.returncode == 128 + end
    assert b"Traceback" not in err
    assert [path.name for path in tmp_path.iterdir()] == ["noise.png"]


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_cannot_be_swallowed(end):
    program = f"""
import os, time
import n3cli.__main__, n3cli.cli.main

def work(prog_name):
    for _ in range(3):  # as code does that takes every error for "there is none"
        try:
            os.kill(os.getpid(), {end.value})
            time.sleep(60)
        except:
            pass
    try:
        time.sleep(60)
    finally:
        print("closed")

n3cli.cli.main.n3 = work
n3cli.__main__.main()
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True, env=ENVIRONMENT, timeout=50, preexec_fn=heed_signals,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (128 + end, b"closed\n", b"")


STAND_IN = "import os, signal; signal.SIGBREAK = signal.SIGUSR1  # as Windows has one\n"


@pytest.mark.parametrize(
    "program",
    [
        """
import n3cli.__main__, n3cli.cli.main

def work(prog_name):
    try:
        signal.raise_signal(signal.SIGBREAK)
    finally:
        print("closed")

n3cli.cli.main.n3 = work
n3cli.__main__.main()
""",
        """
from n3cli.training.interruption import interruptible, stop

signal.signal(signal.SIGBREAK, lambda *_: None)
with interruptible() as interruption:
    signal.raise_signal(signal.SIGBREAK)
    print("closed")
stop(interruption.number)
""",
    ],
)
def test_ctrl_break_of_windows_ends_as_other_signals_do(program):
    done = subprocess.run(
        [sys.executable, "-c", STAND_IN + program],
        capture_output=True, env=ENVIRONMENT, timeout=50,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (128 + signal.SIGUSR1, b"closed\n"), done.stderr


def test_lines_above_the_bar_are_not_wrapped(tmp_path):
    name = "a-rather-long-name" * 8 + ".png"  # longer than the terminal is wide
    (tmp_path / name).write_bytes(encoded(tmp_path, 6, 6))
    termios = pytest.importorskip("termios")
    ours, screen = os.openpty()
    termios.tcsetwinsize(screen, (24, 80))
    process = subprocess.Popen(
        [sys.executable, "-m", "n3cli", "denoise", name],
        stderr=screen, cwd=tmp_path, env=ENVIRONMENT | {"TERM": "xterm"},
    )  # fmt: skip
    os.close(screen)
    shown = b""
    with contextlib.suppress(OSError), open(ours, "rb", buffering=0) as terminal:  # noqa: PTH123
        while data := terminal.read(4096):
            shown += data
    assert process.wait() == 0, shown
    assert f"{name} → {name.removesuffix('.png')}_n3dn.png  σ ".encode() in shown
    assert f"n3: warning: {name}: the estimated noise level ".encode() in shown


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
