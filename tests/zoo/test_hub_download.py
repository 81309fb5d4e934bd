"""Downloads from a real server on this machine, each in a process and a cache of its own.

The client library reads its environment when it is imported, so only a fresh process shows that
the environment is honoured.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hub_server import COMMIT, Hub, serve

from n3cli.zoo.hub import HubId, parse_id, zoo_id

ROOT = Path(__file__).resolve().parents[2]

# Without the client's waits between two tries, which add up to 20 seconds.
SCRIPT = """
import sys, time
time.sleep = lambda seconds: None
from n3cli.errors import ModelError
from n3cli.zoo import hub
try:
    print(hub.download(hub.parse_id(sys.argv[1])))
except ModelError as error:
    print(error)
    sys.exit(error.exit_code)
"""

Download = Callable[..., tuple[int, str]]


@pytest.fixture
def hub() -> Iterator[Hub]:
    weights = os.urandom(300_000)
    with serve(Hub({"config.json": b'{"format": 1}', "model.safetensors": weights})) as running:
        yield running


@pytest.fixture
def download(tmp_path: Path, hub: Hub) -> Download:
    """Run a download in a process; give its exit code and its only line of output."""

    def run(name: str = "org/model", **environment: str) -> tuple[int, str]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING"))}
        process = subprocess.run(
            [sys.executable, "-c", SCRIPT, name],
            cwd=ROOT,
            env={
                **inherited,
                "HF_HOME": str(tmp_path / "cache"),
                "HF_ENDPOINT": hub.endpoint,
                "NO_PROXY": "127.0.0.1",
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert "Traceback" not in process.stderr
        return process.returncode, process.stdout.strip()

    return run


def folder_of(result: tuple[int, str]) -> Path:
    code, output = result
    assert code == 0, output
    return Path(output)


def error_of(result: tuple[int, str]) -> str:
    code, output = result
    assert code == 3, output
    assert output.startswith("org/")
    return output


def test_fresh_download_then_cached_then_offline(
    hub: Hub, download: Download, tmp_path: Path
) -> None:
    folder = folder_of(download())
    assert folder.is_relative_to(tmp_path / "cache")
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == hub.files

    hub.requests.clear()
    assert folder_of(download()) == folder
    assert [method for method, _, _ in hub.requests] == ["HEAD"], "a cached model was sent again"

    hub.requests.clear()
    assert folder_of(download(HF_HUB_OFFLINE="1")) == folder
    assert not hub.requests


def test_cached_model_is_used_when_the_server_is_gone(download: Download) -> None:
    folder = folder_of(download())
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}"
    assert folder_of(download(HF_ENDPOINT=endpoint)) == folder


def test_offline_and_not_cached(hub: Hub, download: Download) -> None:
    message = error_of(download(HF_HUB_OFFLINE="1"))
    assert "HF_HUB_OFFLINE" in message
    assert "config.json" in message
    assert not hub.requests


def test_connection_refused(download: Download) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}"
    assert f"{endpoint} cannot be reached" in error_of(download(HF_ENDPOINT=endpoint))


def test_hub_out_of_reach_is_one_line_and_soon(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{closed.getsockname()[1]}"
        process = subprocess.run(
            [sys.executable, "-m", "n3cli", "models", "path", "org/model"],
            cwd=ROOT,
            env={
                **os.environ,
                "HF_HOME": str(tmp_path),
                "HF_ENDPOINT": endpoint,
                "HF_HUB_OFFLINE": "0",
                "NO_PROXY": "127.0.0.1",
            },
            capture_output=True,
            text=True,
            timeout=15,  # the client's own tries would take 23 seconds
            check=False,
        )
    assert process.returncode == 3
    (line,) = process.stderr.splitlines()
    assert f"{endpoint} cannot be reached" in line


def test_unknown_repository(download: Download) -> None:
    assert "org/other does not exist" in error_of(download("org/other"))


def test_unknown_revision(download: Download) -> None:
    assert "no branch, tag or commit 'v9'" in error_of(download("org/model@v9"))


def test_revision_is_resolved_to_its_commit(download: Download) -> None:
    assert folder_of(download("org/model@v1")).name == COMMIT


@pytest.mark.parametrize("file", ["config.json", "model.safetensors"])
def test_missing_file(hub: Hub, download: Download, file: str) -> None:
    del hub.files[file]
    assert f"the repository has no {file}" in error_of(download())


def test_gated_repository(hub: Hub, download: Download) -> None:
    hub.status = (403, "GatedRepo")
    message = error_of(download())
    assert "access is restricted" in message
    assert f"{hub.endpoint}/org/model" in message
    assert "HF_TOKEN" in message


def test_server_failure(hub: Hub, download: Download) -> None:
    hub.status = (500, "")
    message = error_of(download())
    assert "cannot be reached" in message
    assert "500" in message


def test_broken_connection_is_resumed(hub: Hub, download: Download) -> None:
    # The client goes on after the last whole piece of 10 MiB.
    piece = 10 * 2**20
    weights = hub.files["model.safetensors"] = os.urandom(1000) * (3 * piece // 1000)
    hub.cut.add("model.safetensors")
    folder = folder_of(download())
    assert (folder / "model.safetensors").read_bytes() == weights
    assert hub.asked("GET", "model.safetensors") == [None, f"bytes={piece}-"]


def test_connection_that_breaks_early_is_tried_again(hub: Hub, download: Download) -> None:
    hub.cut.add("config.json")
    folder = folder_of(download())
    assert (folder / "config.json").read_bytes() == hub.files["config.json"]


@pytest.mark.parametrize("file", ["config.json", "model.safetensors"])
def test_wrong_checksum_then_a_good_copy(hub: Hub, download: Download, file: str) -> None:
    hub.corrupted.add(file)
    message = error_of(download())
    assert f"{file} does not match its checksum" in message
    hub.corrupted.clear()
    folder = folder_of(download())
    assert (folder / file).read_bytes() == hub.files[file]


def test_damage_in_the_cache_is_found(download: Download) -> None:
    weights = folder_of(download()) / "model.safetensors"
    content = weights.read_bytes()
    weights.resolve().write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert "does not match its checksum" in error_of(download(HF_HUB_OFFLINE="1"))


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("org/name", HubId("org/name")),
        ("org/na.me_x-1@v1.0", HubId("org/na.me_x-1", "v1.0")),
        ("org/name@refs/pr/1", HubId("org/name", "refs/pr/1")),
        ("name", None),
        ("./name", None),
        ("../name", None),
        ("a/b/c", None),
        ("org/name@", None),
        ("/abs", None),
        ("org/na me", None),
    ],
)
def test_parse_id(text: str, parsed: HubId | None) -> None:
    assert parse_id(text) == parsed
    assert parsed is None or str(parsed) == text


def test_namespace_can_be_overridden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("N3_HUB_NAMESPACE", raising=False)
    assert zoo_id("denoise-n3net-gray").repo == "n3cli/denoise-n3net-gray"
    monkeypatch.setenv("N3_HUB_NAMESPACE", "lab")
    assert zoo_id("denoise-n3net-gray").repo == "lab/denoise-n3net-gray"
