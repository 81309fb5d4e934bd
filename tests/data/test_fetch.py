"""A collection from a local server, whole or with faults."""

import hashlib
import random
import threading
from pathlib import Path

import pytest
from file_server import Server, serve

from n3cli.data.catalog import sets_of
from n3cli.data.fetch import place as place_module
from n3cli.data.fetch import web
from n3cli.data.fetch.bring import bring
from n3cli.data.fetch.fetch import fetch
from n3cli.data.fetch.state import inspect, look
from n3cli.data.fetch.take import take
from n3cli.data.published.collection import Collection, PublishedFile
from n3cli.data.published.index import COLLECTIONS, find_collection
from n3cli.data.published.listed import LISTED
from n3cli.errors import ConfigError, DataError

CONTENTS = {f"part{i % 3}/{i:02} é.png": random.Random(i).randbytes(1000 * i) for i in range(1, 15)}


class Small(Collection):
    """A collection whose list is ours."""

    published = tuple(
        PublishedFile(path, len(body), hashlib.sha256(body).hexdigest())
        for path, body in sorted(CONTENTS.items())
    )


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(web, "_PAUSE", 0.01)
    files = {f"set/{path.replace(' é', '%20%C3%A9')}": body for path, body in CONTENTS.items()}
    with serve(Server(files)) as running:
        yield running


@pytest.fixture
def collection(server):
    return Small("small", "Small", "", "", "", "", f"{server.address}/set")


def run(state, **options):
    gains = []
    lock = threading.Lock()

    def gained(count):
        with lock:
            gains.append(count)

    troubles = fetch(state, state.missing, gained=gained, **options)
    return troubles, sum(gains)


def content(folder: Path):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_everything_comes(collection, tmp_path):
    state = inspect(collection, tmp_path)
    assert (len(state.missing), state.whole, state.different) == (14, [], [])
    assert run(state) == ([], collection.size)
    assert content(tmp_path / "Small") == CONTENTS
    assert inspect(collection, tmp_path).is_whole


def test_only_what_is_missing_is_asked_for(collection, server, tmp_path):
    run(inspect(collection, tmp_path))
    gone = tmp_path / "Small" / "part1" / "01 é.png"
    gone.unlink()
    server.requests.clear()
    state = inspect(collection, tmp_path)
    assert [file.path for file in state.missing] == ["part1/01 é.png"]
    run(state)
    assert server.requests == [("set/part1/01%20%C3%A9.png", None)]


def test_a_file_with_another_content_is_told_and_kept(collection, tmp_path):
    run(inspect(collection, tmp_path))
    changed = tmp_path / "Small" / "part1" / "04 é.png"
    changed.write_bytes(b"mine")
    state = inspect(collection, tmp_path)
    assert [file.path for file in state.different] == ["part1/04 é.png"]
    run(state)
    assert changed.read_bytes() == b"mine"
    assert not state.is_whole


def test_one_bad_file_does_not_stop_the_others(collection, server, tmp_path):
    server.faults["set/part1/04%20%C3%A9.png"] = ["404"]
    server.faults["set/part2/05%20%C3%A9.png"] = ["spoil"]
    server.faults["set/part0/12%20%C3%A9.png"] = ["cut 100", "503 0"]
    troubles, _ = run(inspect(collection, tmp_path))
    assert ["404" in troubles[0], "SHA-256" in troubles[1], len(troubles)] == [True, True, 2]
    bad = {"part1/04 é.png", "part2/05 é.png"}
    assert content(tmp_path / "Small") == {k: v for k, v in CONTENTS.items() if k not in bad}


@pytest.mark.parametrize("see", [look, inspect])
def test_a_closed_folder_is_told(collection, tmp_path, close, see):
    assert run(inspect(collection, tmp_path))[0] == []
    close(inspect(collection, tmp_path).folder, 0o600)
    with pytest.raises(DataError, match=r"cannot be read \(Permission denied\)"):
        see(collection, tmp_path)


def test_when_nobody_answers_it_ends_soon(tmp_path, monkeypatch):
    monkeypatch.setattr(web, "_PAUSE", 0.01)
    state = inspect(Small("small", "Small", "", "", "", "", "http://127.0.0.1:1/"), tmp_path)
    with pytest.raises(DataError, match="--from"):
        fetch(state, state.missing, workers=2)
    assert content(tmp_path) == {}


def test_from_another_address(collection, server, tmp_path):
    server.files = {f"copy/{path.removeprefix('set/')}": b for path, b in server.files.items()}
    troubles, _ = run(inspect(collection, tmp_path), address=f"{server.address}/copy/")
    assert troubles == []
    assert content(tmp_path / "Small") == CONTENTS


@pytest.mark.parametrize("inner", ["", "Small"])
def test_from_a_folder(collection, tmp_path, inner):
    source = tmp_path / "disk" / inner
    for path, body in CONTENTS.items():
        file = source / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
    (source / "part1" / "04 é.png").write_bytes(b"damaged")
    (source / "part2" / "05 é.png").unlink()
    state = inspect(collection, tmp_path / "here")
    troubles = take(state, state.missing, tmp_path / "disk")
    assert ["not the published" in troubles[0], "No such file" in troubles[1]] == [True, True]
    bad = {"part1/04 é.png", "part2/05 é.png"}
    assert content(tmp_path / "here") == {
        f"Small/{k}": v for k, v in CONTENTS.items() if k not in bad
    }


def test_from_a_folder_that_is_none(collection, tmp_path):
    state = inspect(collection, tmp_path)
    with pytest.raises(DataError, match="takes a folder, an archive or an address"):
        bring(state, str(tmp_path / "nowhere"))


def test_the_disk_must_have_room(collection, tmp_path, monkeypatch):
    monkeypatch.setattr(place_module, "_SPARE", 1 << 62)
    state = inspect(collection, tmp_path / "not" / "yet")
    with pytest.raises(DataError, match=r"MB are free.*--dir"):
        fetch(state, state.missing)


def test_records_of_the_index():
    for name, collection in COLLECTIONS.items():
        assert name == collection.name == collection.title.lower()
        assert all([collection.about, collection.terms, collection.citation])
        assert collection.homepage.startswith("https://")
        assert collection.is_listed or collection.archives
        assert bool(collection.steps) == collection.by_hand
        assert set(collection.tasks) <= {"denoise", "upscale", "match"}
        assert (collection.tasks == ("match",)) == (collection.kind == "correspondences")
        assert sets_of(name) or collection.kind != "pictures"
        for archive in collection.archives:
            assert archive.address is None or archive.address.endswith(f"/{archive.name}")
            assert archive.sha256 is None or len(archive.sha256) == 64


@pytest.mark.parametrize("collection", LISTED, ids=lambda one: one.name)
def test_lists_of_the_index(collection):
    paths = [file.path for file in collection.published]
    assert paths == sorted(set(paths))
    assert all(len(file.sha256) == 64 and file.size > 0 for file in collection.published)
    assert not any(part in ("", ".", "..") for path in paths for part in path.split("/"))
    assert collection.url(collection.published[0]).startswith("https://")


def test_names():
    assert find_collection("Set12").title == "Set12"
    with pytest.raises(ConfigError, match="did you mean 'kodak24'"):
        find_collection("kodak")
    with pytest.raises(ConfigError, match="there are: set12"):
        find_collection("zzz")


def test_what_is_beside_the_repository_is_as_published(shared):
    for name in ("set12", "bsd68", "bsds500", "set5", "set14"):
        assert inspect(COLLECTIONS[name], shared / "datasets").is_whole, name
