"""The command `n3` itself: help, version, errors and warnings."""

from __future__ import annotations

import errno
import importlib
import importlib.metadata
import os
import resource
import subprocess
import sys
import warnings
from pathlib import Path

import click
import numpy as np
import pytest
import torch
from click.testing import CliRunner

import n3cli
from n3cli.cli import console
from n3cli.cli.main import COMMANDS, n3
from n3cli.errors import ConfigError, DeviceError, InputError, ModelError, N3Warning

ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(n3cli.__file__).parents[1])}
HEAVY = {"torch", "numpy", "pyvips", "imageio", "cv2", "tifffile", "huggingface_hub", "rich"}


def run(*arguments: str):
    return CliRunner().invoke(n3, arguments)


@pytest.fixture
def command(monkeypatch):
    """Put a command of one's own into the table."""

    def put(body) -> None:
        module = type(sys)("n3cli.cli.own")
        module.own = options_of(click.command()(body))
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setitem(COMMANDS, "own", (f"{module.__name__}:own", "A test's own."))

    from n3cli.cli.options import debug as options_of

    return put


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--help"], "Usage: n3"),
        (["denoise", "--help"], "Usage: n3"),
        (["upscale", "--help"], "Usage: n3"),
        (["--version"], "n3 "),
    ],
)
def test_help_is_light(arguments, said):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    report = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "n3cli", *arguments],
        capture_output=True, text=True, env=ENVIRONMENT, check=True,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    imported = {line.rpartition("|")[2].strip() for line in report.stderr.splitlines()}
    assert "click" in imported
    assert not imported & HEAVY
    assert said in report.stdout
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.4


def test_help_lists_the_table():
    result = run("--help")
    assert result.exit_code == 0
    for name, (_, text) in COMMANDS.items():
        assert name in result.stdout
        assert text in result.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_table_is_there(name):
    module, _, attribute = COMMANDS[name][0].partition(":")
    assert isinstance(getattr(importlib.import_module(module), attribute), click.Command)
    assert run(name, "-h").exit_code == 0


def test_errors_and_data_are_there_at_once():
    code = "import n3cli; n3cli.errors.N3Error, n3cli.data.names()"
    subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, check=True)


def test_what_denoises_does_not_load_the_compiler():
    code = "import sys, n3cli.jobs.denoise as _; sys.exit('torch._dynamo' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, check=True)


def test_version():
    try:
        version = importlib.metadata.version("n3cli")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("n3cli is not installed, so it has no version")
    assert run("--version").stdout == f"n3 {version}\n"
    assert n3cli.__version__ == version


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["denose"], "did you mean 'denoise'?"),
        (["xyz"], "known are denoise, upscale, fit-noise, match, train, models, fetch-data, bench"),
        (["--nonsense"], "No such option"),
        (["denoise"], "Missing argument"),
        (["denoise", "--sigm", "3"], "--sigma"),
    ],
)
def test_wrong_usage_is_one_line(arguments, words):
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("n3: error: ")
    assert result.stderr.count("\n") == 1
    assert words in result.stderr


@pytest.mark.parametrize("error", [InputError, ConfigError, ModelError, DeviceError])
def test_errors_for_people(command, error):
    @command
    def body():
        raise error("what is wrong\nand \x1b[31mwhere")

    result = run("own")
    assert result.stderr == "n3: error: what is wrong\\nand \\x1b[31mwhere\n"
    assert result.exit_code == error.exit_code
    for debugging in (["--debug", "own"], ["own", "--debug"]):
        assert "Traceback" in run(*debugging).stderr


def test_a_bug_keeps_its_traceback(command):
    @command
    def body():
        raise ZeroDivisionError("a bug")

    assert isinstance(run("own").exception, ZeroDivisionError)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MemoryError(), "not enough memory; close"),
        (
            torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has …"),
            "not enough memory (CUDA out of memory); close",
        ),
    ],
)
def test_too_little_memory_is_told(command, error, told):
    @command
    def body():
        raise error

    result = run("own")
    assert result.exit_code == DeviceError.exit_code
    assert result.stderr.startswith(f"n3: error: {told}")


def test_another_error_of_torch_is_a_bug(command):
    @command
    def body():
        raise RuntimeError("expected scalar type Float but found Double")

    assert isinstance(run("own").exception, RuntimeError)


def test_an_error_that_is_not_of_the_output_is_not_blamed_on_it(command):
    @command
    def body():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    assert isinstance(run("own").exception, OSError)


def test_interrupted(command):
    @command
    def body():
        raise KeyboardInterrupt

    result = run("own")
    assert result.exit_code == 130
    assert result.stderr.strip() == "n3: error: interrupted"


def test_warnings_are_lines_each_once(command):
    @command
    def body():
        for text in ("mind this", "mind this", "and that"):
            warnings.warn(text, N3Warning, stacklevel=1)

    lines = "n3: warning: mind this\nn3: warning: and that\n"
    assert run("own").stderr == lines
    assert run("own").stderr == lines  # the next run starts afresh


def test_other_warnings_are_pythons(command):
    @command
    def body():
        warnings.warn("of a library", UserWarning, stacklevel=1)

    with pytest.warns(UserWarning, match="of a library"):
        run("own")


def test_printable():
    assert console.printable("Übung 日本.png") == "Übung 日本.png"
    assert console.printable("a\nb\x1b\udcff") == "a\\nb\\x1b\\xff"


def test_package_offers_its_functions():
    functions = {"denoise", "load_model", "match", "measure_noise", "upscale"}
    kinds = {"Denoiser", "Matcher", "N3Error", "N3Warning", "Upscaler"}
    assert set(dir(n3cli)) == {*functions, *kinds, "__version__", "data", "errors"}
    assert all(callable(getattr(n3cli, name)) for name in functions | kinds)
    assert issubclass(n3cli.errors.InputError, n3cli.N3Error)
    assert "set12" in n3cli.data.names()
    assert n3cli.load_model("n3unet", channels=1).config.name == "denoise-n3unet-gray"
    assert n3cli.measure_noise(np.zeros((40, 50), np.uint8)).sigma == 0
    with pytest.raises(AttributeError, match="nonsense"):
        n3cli.nonsense  # noqa: B018


@pytest.mark.parametrize(
    ("given", "count"),
    [({}, "10000"), ({"GOMP_SPINCOUNT": "5"}, "5"), ({"OMP_WAIT_POLICY": "active"}, "None")],
)
def test_threads_wait_briefly_unless_told(given: dict[str, str], count: str):
    said = (
        "import os, sys; sys.argv = ['n3', '--version']\n"
        "from n3cli.__main__ import main\n"
        "assert 'torch' not in sys.modules\n"  # which reads it when it is loaded
        "try:\n    main()\nfinally:\n    print(os.environ.get('GOMP_SPINCOUNT'))"
    )
    free = {k: v for k, v in os.environ.items() if k not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")}
    done = subprocess.run(
        [sys.executable, "-c", said], env=free | given, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == count


def spoken(encoding: str | None, stdout: int = subprocess.PIPE) -> subprocess.CompletedProcess:
    """A process of n3, started where the system's encoding is `encoding`, that says σ and more."""
    said = (
        "import click, io, os, sys\n"
        "if name := os.environ.pop('SYSTEM', ''):\n"
        "    sys.stdout = io.TextIOWrapper(sys.stdout.buffer, name)\n"
        "import n3cli.cli.main\n"
        "n3cli.cli.main.n3 = lambda **_: (click.echo('σ ↔ ä'), print('\\udcff'))\n"
        "from n3cli.__main__ import main\n"
        "main()\n"
    )
    given = {"SYSTEM": encoding} if encoding else {}
    free = {key: value for key, value in ENVIRONMENT.items() if key != "PYTHONIOENCODING"}
    return subprocess.run(
        [sys.executable, "-c", said], env=free | given, stdout=stdout, stderr=subprocess.PIPE
    )


def test_what_is_redirected_is_utf8_whatever_the_system_writes():
    for encoding in ("cp1252", "cp932", "utf-8"):
        done = spoken(encoding)
        assert (done.returncode, done.stderr) == (0, b"")
        assert done.stdout == "σ ↔ ä\n\\udcff\n".encode()


def test_what_cannot_be_written_is_escaped_where_an_encoding_is_asked_for(tmp_path):
    (tmp_path / "ä.png").touch()
    done = subprocess.run(
        [sys.executable, "-m", "n3cli", "denoise", "--dry-run", "ä.png"],
        capture_output=True, cwd=tmp_path, env=ENVIRONMENT | {"PYTHONIOENCODING": "cp1252"},
    )  # fmt: skip
    assert done.stdout.rstrip() == b"\xe4.png \\u2192 \xe4_n3dn.png"


@pytest.mark.skipif(os.name != "posix", reason="needs a terminal")
def test_a_terminal_keeps_its_encoding():
    reader, writer = os.openpty()
    done = spoken("cp1252", writer)
    assert (done.returncode, done.stderr) == (0, b"")
    assert os.read(reader, 100) == b"\\u03c3 \\u2194 \xe4\r\n\\udcff\r\n"
