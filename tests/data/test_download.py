"""One file from a server that misbehaves."""

import hashlib
import random
import socket
import threading
import time
from email.utils import formatdate
from pathlib import Path

import pytest
from file_server import Server, serve

from n3cli.data.fetch import web
from n3cli.data.fetch.download import UnreachableError, Wanted, download
from n3cli.data.fetch.web import open_client
from n3cli.errors import DataError

BODY = random.Random(0).randbytes(300_000)


@pytest.fixture
def server():
    with serve(Server({"file.bin": BODY})) as running:
        yield running


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    monkeypatch.setattr(web, "_PAUSE", 0.01)


def wanted(server, folder, **changes):
    facts = {"size": len(BODY), "sha256": hashlib.sha256(BODY).hexdigest(), **changes}
    return Wanted(f"{server.address}/file.bin", folder / "deep" / "file.bin", **facts)


def run(one, **options):
    """Download, and return the sum of what was told to be gained."""
    gains = []
    with open_client() as client:
        download(client, one, gained=gains.append, **options)
    return sum(gains)


def assert_whole(one):
    assert one.target.read_bytes() == BODY
    assert [path.name for path in one.target.parent.iterdir()] == [one.target.name]


def test_a_file_comes_whole(server, tmp_path):
    one = wanted(server, tmp_path)
    assert run(one) == len(BODY)
    assert_whole(one)


WITH_OR_WITHOUT_RANGES = [
    ["cut 0"],
    ["cut 1000"],
    ["cut 100000", "cut 100000", "cut 99999"],
    ["503", "500", "429"],
    ["503 0", "502 1"],
    ["slow"],
]
WITH_RANGES = [
    ["cut 10"] * 12,  # each brings a little: that is no reason to give up
    ["cut 5000", "shift"],
    ["cut 5000", "503", "shift", "cut 70000", "slow"],
]


@pytest.mark.parametrize(
    ("faults", "ranges"),
    [(faults, True) for faults in WITH_OR_WITHOUT_RANGES + WITH_RANGES]
    + [(faults, False) for faults in WITH_OR_WITHOUT_RANGES],
    ids=str,
)
def test_faults_that_pass(server, tmp_path, faults, ranges):
    server.faults["file.bin"], server.ranges = list(faults), ranges
    one = wanted(server, tmp_path)
    assert run(one) == len(BODY)
    assert_whole(one)
    assert not server.faults["file.bin"]
    if ranges and faults[0] == "cut 1000":
        assert server.requests[1] == ("file.bin", "bytes=1000-")


def test_retry_after_is_waited_for(server, tmp_path):
    server.faults["file.bin"] = ["503 1"]
    begun = time.monotonic()
    run(wanted(server, tmp_path))
    assert time.monotonic() - begun >= 1


def test_retry_after_may_be_a_date(server, tmp_path):
    server.faults["file.bin"] = [f"503 {formatdate(time.time() + 2, usegmt=True)}"]
    begun = time.monotonic()
    run(wanted(server, tmp_path))
    assert time.monotonic() - begun >= 0.5


def test_too_long_a_wait_is_refused(server, tmp_path):
    server.faults["file.bin"] = ["429 86400"]
    with pytest.raises(DataError, match=r"asks to wait 86400 seconds; .*--from"):
        run(wanted(server, tmp_path))


@pytest.mark.parametrize("status", [401, 403, 404, 410, 451])
def test_what_is_not_to_be_had_is_asked_for_once(server, tmp_path, status):
    server.faults["file.bin"] = [str(status)]
    one = wanted(server, tmp_path)
    with pytest.raises(DataError, match=rf"file.bin: {status} .*--from"):
        run(one)
    assert len(server.requests) == 1
    assert not one.target.exists()


def test_a_server_that_always_fails_is_given_up(server, tmp_path):
    server.faults["file.bin"] = ["503"] * 9
    with pytest.raises(DataError, match="503 Service Unavailable, 5 times"):
        run(wanted(server, tmp_path))
    assert len(server.requests) == 5


def test_wrong_content(server, tmp_path):
    server.faults["file.bin"] = ["spoil"]
    one = wanted(server, tmp_path)
    with pytest.raises(DataError, match=r"has the SHA-256 .* expected .*--from"):
        run(one)
    assert not any(one.target.parent.iterdir())


@pytest.mark.parametrize("change", [-1, 1, 1000])
def test_wrong_length(server, tmp_path, change):
    one = wanted(server, tmp_path, size=len(BODY) + change)
    with pytest.raises(DataError, match=r"has 300000 bytes|ended too early"):
        run(one)
    assert not one.target.exists()


def test_another_file_is_told_by_its_length_at_once(server, tmp_path):
    server.files["file.bin"] = b"<html>sorry</html>\n"
    one = wanted(server, tmp_path, size=40_728)
    with pytest.raises(DataError, match=r"has 19 bytes, expected 40728; .*--from"):
        run(one)
    assert len(server.requests) == 1
    assert not any(one.target.parent.iterdir())


def test_an_earlier_part_is_gone_on_from(server, tmp_path):
    one = wanted(server, tmp_path)
    one.part.parent.mkdir()
    one.part.write_bytes(BODY[:200_000])
    assert run(one) == len(BODY)
    assert server.requests == [("file.bin", "bytes=200000-")]
    assert_whole(one)


@pytest.mark.parametrize(
    "part", [b"x" * 1000, BODY[:5000] + b"x" * 10, BODY, BODY + b"more", b"x" * len(BODY)]
)
def test_a_part_of_something_else_does_no_harm(server, tmp_path, part):
    one = wanted(server, tmp_path)
    one.part.parent.mkdir()
    one.part.write_bytes(part)
    assert run(one) == len(BODY)
    assert_whole(one)


def test_without_a_checksum_the_servers_tag_tells(server, tmp_path):
    one = wanted(server, tmp_path, size=None, sha256=None)
    server.tags["file.bin"] = '"one"'
    server.faults["file.bin"] = ["cut 1000"] + ["503"] * 5
    with pytest.raises(DataError):
        run(one)
    assert one.part.stat().st_size == 1000
    server.requests.clear()
    assert run(one) == len(BODY)
    assert server.requests == [("file.bin", "bytes=1000-")]
    assert_whole(one)


def test_without_a_checksum_another_state_of_the_file_is_fetched_anew(server, tmp_path):
    one = wanted(server, tmp_path, size=None, sha256=None)
    one.part.parent.mkdir()
    one.part.write_bytes(b"x" * 1000)
    one.tag.write_text('"old"')
    server.tags["file.bin"] = '"new"'
    assert run(one) == len(BODY)
    assert_whole(one)
    one.part.write_bytes(b"x" * 1000)  # nothing tells what it is a part of
    assert run(one) == len(BODY)
    assert_whole(one)


def test_a_part_that_is_all_is_not_asked_for_again(server, tmp_path):
    one = wanted(server, tmp_path, size=None, sha256=None)
    one.part.parent.mkdir()
    one.part.write_bytes(BODY)
    one.tag.write_text('"one"')
    server.tags["file.bin"] = '"one"'
    assert run(one) == len(BODY)
    assert server.requests == [("file.bin", "bytes=300000-")]
    assert_whole(one)


def test_nobody_answers(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        one = Wanted(f"http://127.0.0.1:{port}/x", tmp_path / "x")
        with pytest.raises(UnreachableError, match=r"5 times.*--from"):
            run(one)


@pytest.mark.parametrize("url", ["nowhere", "ftp://127.0.0.1/x", "http://", "http://[/"])
def test_no_address(tmp_path, url):
    with pytest.raises(DataError):
        run(Wanted(url, tmp_path / "x"))


def test_a_full_disk(server, tmp_path):
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    one = wanted(server, tmp_path)
    one.part.parent.mkdir()
    one.part.symlink_to("/dev/full")
    with pytest.raises(DataError, match=r"No space left.*Free some space"):
        run(one)
    assert not one.target.exists()


def test_a_folder_that_may_not_be_written(server, tmp_path):
    (tmp_path / "deep").write_text("a file")
    with pytest.raises(DataError, match="cannot be written"):
        run(wanted(server, tmp_path))


def test_interrupted(server, tmp_path):
    server.faults["file.bin"] = ["slow"]
    one, cancelled = wanted(server, tmp_path), threading.Event()
    threading.Timer(0.3, cancelled.set).start()
    with pytest.raises(InterruptedError):
        run(one, cancelled=cancelled)
    assert not one.target.exists()
    assert 0 < one.part.stat().st_size < len(BODY)
    run(one)
    assert_whole(one)
