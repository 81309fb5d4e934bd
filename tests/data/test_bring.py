"""Collections that are archives: fetched, taken from what people have, and found damaged later."""

import hashlib
import shutil
import sys

import pytest
from archives import TRAIN, VALID, content, tarred, zipped
from file_server import Server, serve

from n3cli.data.fetch import install as install_module
from n3cli.data.fetch import web
from n3cli.data.fetch.bring import bring
from n3cli.data.fetch.place import alone
from n3cli.data.fetch.record import RECORD
from n3cli.data.fetch.state import inspect, look
from n3cli.data.published.collection import Archive, Collection
from n3cli.errors import DataError

FILES = {"train.zip": zipped(TRAIN), "valid.tgz": tarred(VALID)}


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(web, "_PAUSE", 0.01)
    with serve(Server(dict(FILES), tags={"train.zip": '"1"', "valid.tgz": '"1"'})) as running:
        yield running


def packed(*archives, **facts):
    return Collection("two", "Two", "", "", "", "https://two", archives=archives, **facts)


@pytest.fixture
def collection(server):
    return packed(
        Archive("train.zip", f"{server.address}/train.zip", pictures=5),
        Archive("valid.tgz", f"{server.address}/valid.tgz", pictures=3),
    )


def assert_whole(collection, root):
    assert inspect(collection, root).is_whole
    assert content(root) == {f"Two/{name}": body for name, body in {**TRAIN, **VALID}.items()}
    assert not [path for path in root.iterdir() if path.name.startswith(".")]


def assert_nothing(root):
    assert not [path for path in root.iterdir() if not path.name.startswith(".")]


def test_both_archives_come(collection, server, tmp_path):
    state = inspect(collection, tmp_path)
    assert [archive.name for archive in state.absent] == ["train.zip", "valid.tgz"]
    assert bring(state) == []
    assert_whole(collection, tmp_path)
    server.requests.clear()
    assert bring(inspect(collection, tmp_path)) == []
    assert server.requests == []


def test_later_damage_is_told_and_what_is_lost_comes_again(collection, server, tmp_path):
    bring(inspect(collection, tmp_path))
    (tmp_path / "Two" / "train" / "01.png").write_bytes(b"mine")
    (tmp_path / "Two" / "train" / "02.png").unlink()
    state = inspect(collection, tmp_path)
    assert [file.path for file in state.different] == ["train/01.png"]
    assert [file.path for file in state.missing] == ["train/02.png"]
    assert [archive.name for archive in state.needed] == ["train.zip"]
    server.requests.clear()
    (trouble,) = bring(state)
    assert "01.png: differs from the file in train.zip and is kept" in trouble
    assert {path for path, _ in server.requests} == {"train.zip"}
    assert (tmp_path / "Two" / "train" / "01.png").read_bytes() == b"mine"
    assert inspect(collection, tmp_path).missing == []


def test_to_look_reads_no_file(collection, tmp_path):
    assert look(collection, tmp_path).lacks
    bring(inspect(collection, tmp_path))
    (tmp_path / "Two" / "train" / "01.png").write_bytes(b"mine")
    assert not look(collection, tmp_path).lacks


def test_a_cut_connection_is_gone_on_from_in_the_next_run(collection, server, tmp_path):
    server.faults["train.zip"] = ["cut 20000"] + ["503"] * 5
    with pytest.raises(DataError, match="503"):
        bring(inspect(collection, tmp_path))
    assert_nothing(tmp_path)
    server.requests.clear()
    assert bring(inspect(collection, tmp_path)) == []
    assert ("train.zip", "bytes=20000-") in server.requests
    assert_whole(collection, tmp_path)


@pytest.mark.parametrize("body", [FILES["train.zip"][:20_000], b"<html>Sorry</html>", b""])
def test_a_server_that_sends_something_else(collection, server, tmp_path, body):
    server.files["train.zip"] = body
    with pytest.raises(DataError, match=r"is damaged|is not a zip"):
        bring(inspect(collection, tmp_path))
    assert list(tmp_path.iterdir()) == []
    server.files["train.zip"] = FILES["train.zip"]
    assert bring(inspect(collection, tmp_path)) == []
    assert_whole(collection, tmp_path)


@pytest.mark.parametrize("lacking", ["rarfile", "programs"])
def test_a_rar_archive_is_not_fetched_in_vain(server, tmp_path, monkeypatch, lacking):
    rarfile = pytest.importorskip("rarfile")
    if lacking == "rarfile":
        monkeypatch.setitem(sys.modules, "rarfile", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(rarfile, "CURRENT_SETUP", None)
    collection = packed(Archive("a.rar", f"{server.address}/a.rar"))
    with pytest.raises(DataError, match=r"a.rar: (is a rar archive|rar archives need)"):
        bring(inspect(collection, tmp_path))
    assert (server.asked, server.requests) == ([], [])


def test_too_few_pictures(collection, server, tmp_path):
    server.files["train.zip"] = zipped(VALID)
    with pytest.raises(DataError, match=r"pictures found: 3, expected: 5 as in train.zip"):
        bring(inspect(collection, tmp_path))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("right", [True, False])
def test_a_known_checksum_of_an_archive(server, tmp_path, right):
    sha256 = hashlib.sha256(FILES["train.zip"]).hexdigest() if right else 64 * "0"
    archive = Archive("train.zip", f"{server.address}/train.zip", len(FILES["train.zip"]), sha256)
    if right:
        assert bring(inspect(packed(archive), tmp_path)) == []
        return
    with pytest.raises(DataError, match="has the SHA-256"):
        bring(inspect(packed(archive), tmp_path))
    (tmp_path / "train.zip").write_bytes(FILES["train.zip"])
    with pytest.raises(DataError, match=r"is not the published train.zip.*SHA-256"):
        bring(inspect(packed(archive), tmp_path), str(tmp_path / "train.zip"))
    assert not (tmp_path / "Two").exists()


def test_only_one_process_writes_into_a_set(collection, tmp_path):
    with (
        alone(tmp_path / "Two"),
        pytest.raises(DataError, match="another n3 fetch-data is working"),
    ):
        bring(inspect(collection, tmp_path))
    assert list(tmp_path.iterdir()) == []
    assert bring(inspect(collection, tmp_path)) == []
    assert_whole(collection, tmp_path)


def test_a_folder_that_may_not_be_written(collection, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"Not a directory.*--dir|exists.*--dir"):
        bring(inspect(collection, tmp_path / "file"))


def test_what_is_closed_is_told(collection, tmp_path, close):
    archive = tmp_path / "in" / "train.zip"
    archive.parent.mkdir()
    archive.write_bytes(FILES["train.zip"])
    close(archive)
    with pytest.raises(DataError, match=r"train\.zip: cannot be read.*denied"):
        bring(inspect(collection, tmp_path), str(archive))
    close(archive.parent, 0o600)
    with pytest.raises(DataError, match=r"in.*: cannot be read.*denied"):
        bring(inspect(collection, tmp_path), str(archive))
    with pytest.raises(DataError, match=r"in.*: cannot be read.*denied"):
        bring(inspect(collection, tmp_path), str(archive.parent))


def test_a_folder_with_closed_parts_is_not_copied(server, tmp_path, close):
    (tmp_path / "in" / "more").mkdir(parents=True)
    (tmp_path / "in" / "more" / "a.png").touch()
    close(tmp_path / "in" / "more")
    with pytest.raises(DataError, match=r"more: cannot be read.*denied"):
        bring(inspect(packed(Archive("train.zip", None)), tmp_path), str(tmp_path / "in"))
    assert not (tmp_path / "Two").exists()


def test_a_hostile_archive_leaves_nothing(collection, server, tmp_path):
    root = tmp_path / "data"
    root.mkdir()
    server.files["train.zip"] = zipped({**TRAIN, "../../evil": b"evil"})
    with pytest.raises(DataError, match="leads out of the folder"):
        bring(inspect(collection, root))
    assert [path.name for path in tmp_path.rglob("*")] == ["data"]


@pytest.mark.parametrize("moment", ["_fill", "_move", "write_record", "_merge"])
def test_interrupted_while_unpacking(collection, server, tmp_path, monkeypatch, moment):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    if moment == "_merge":  # the second archive comes into a folder that is there
        bring(inspect(packed(collection.archives[0]), tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr(install_module, moment, interrupt)
        with pytest.raises(KeyboardInterrupt):
            bring(inspect(collection, tmp_path))
    for name, body in content(tmp_path).items():
        assert name.startswith(".") or {f"Two/{k}": v for k, v in TRAIN.items()}[name] == body
    assert not (tmp_path / ".Two.fetch" / "files").exists()
    server.requests.clear()
    assert bring(inspect(collection, tmp_path)) == []
    assert_whole(collection, tmp_path)
    assert [path for path, _ in server.requests] == ["valid.tgz"] * (moment != "_merge")


def test_killed_between_files_and_record(collection, tmp_path, monkeypatch):
    bring(inspect(packed(collection.archives[0]), tmp_path))
    (tmp_path / "Two" / RECORD).unlink()
    (tmp_path / "Two" / "train" / "05.png").unlink()
    stale = tmp_path / ".Two.fetch" / "files" / "train"
    stale.mkdir(parents=True)
    (stale / "01.png").write_bytes(b"half")
    assert bring(inspect(collection, tmp_path)) == []
    assert_whole(collection, tmp_path)


def test_a_damaged_record(collection, tmp_path):
    bring(inspect(collection, tmp_path))
    for text in ("{", "[]", '{"archives": {"train.zip": {"files": [[1, 2, 3]]}}}'):
        (tmp_path / "Two" / RECORD).write_text(text)
        with pytest.raises(DataError, match=r"is damaged .*move .*Two away"):
            inspect(collection, tmp_path)


def test_the_disk_must_have_room_for_archive_and_content(server, tmp_path):
    free = shutil.disk_usage(tmp_path).free
    archive = Archive("train.zip", f"{server.address}/train.zip", free * 3 // 5)
    with pytest.raises(DataError, match=r"MB are free.*--dir"):
        bring(inspect(packed(archive), tmp_path))
    assert server.requests == []


def test_a_full_disk_keeps_what_was_downloaded(collection, server, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(install_module, "unpack", full)
        with pytest.raises(DataError, match=r"No space left.*free some space"):
            bring(inspect(collection, tmp_path))
    assert_nothing(tmp_path)
    server.requests.clear()
    assert bring(inspect(collection, tmp_path)) == []
    assert_whole(collection, tmp_path)
    assert [path for path, _ in server.requests] == ["valid.tgz"]


@pytest.mark.parametrize("source", ["", "/"])
def test_from_another_address(server, tmp_path, source):
    collection = packed(Archive("train.zip", "http://127.0.0.1:1/train.zip"), Archive("valid.tgz"))
    assert bring(inspect(collection, tmp_path), server.address + source) == []
    assert_whole(collection, tmp_path)


def test_from_the_address_of_one_archive(server, tmp_path):
    collection = packed(Archive("train.zip"), Archive("valid.tgz"))
    (trouble,) = bring(inspect(collection, tmp_path), f"{server.address}/valid.tgz")
    assert trouble == "Two: still lacks train.zip; give that with --from, too"
    state = inspect(collection, tmp_path)
    assert [archive.name for archive in state.absent] == ["train.zip"]
    with pytest.raises(DataError, match="404"):
        bring(state, f"{server.address}/other.zip")


def test_by_hand(tmp_path):
    collection = packed(Archive("train.zip"), Archive("valid.tgz"), steps="ask them.")
    with pytest.raises(DataError) as error:
        bring(inspect(collection, tmp_path))
    for part in (
        "Two must be fetched by hand: ask them.",
        "https://two (address not checked)",
        "train.zip, valid.tgz",
        f"n3 fetch-data two --from FILE --dir {tmp_path}",
    ):
        assert part in "\n".join([str(error.value), *error.value.steps])


@pytest.fixture
def on_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    for name, body in FILES.items():
        (folder / name).write_bytes(body)
    return folder


def test_from_archives_one_by_one(on_disk, tmp_path):
    collection = packed(Archive("train.zip"), Archive("valid.tgz"))
    (trouble,) = bring(inspect(collection, tmp_path / "a"), str(on_disk / "train.zip"))
    assert trouble == "Two: still lacks valid.tgz; give that with --from, too"
    assert [one.name for one in inspect(collection, tmp_path / "a").absent] == ["valid.tgz"]
    assert bring(inspect(collection, tmp_path / "a"), str(on_disk / "valid.tgz")) == []
    assert_whole(collection, tmp_path / "a")
    assert content(on_disk) == FILES


def test_from_a_folder_of_archives(on_disk, tmp_path):
    collection = packed(Archive("train.zip"), Archive("valid.tgz"))
    assert bring(inspect(collection, tmp_path / "a"), str(on_disk)) == []
    assert_whole(collection, tmp_path / "a")


def test_from_a_folder_that_has_one_of_two(on_disk, tmp_path):
    (on_disk / "valid.tgz").unlink()
    collection = packed(Archive("train.zip"), Archive("valid.tgz"))
    (trouble,) = bring(inspect(collection, tmp_path / "a"), str(on_disk))
    assert trouble == "Two: still lacks valid.tgz; give that with --from, too"


def test_from_what_is_unpacked_already(on_disk, tmp_path):
    shutil.unpack_archive(on_disk / "train.zip", tmp_path / "mine")
    collection = packed(Archive("any.zip", pictures=5))
    assert bring(inspect(collection, tmp_path / "a"), str(tmp_path / "mine")) == []
    assert content(tmp_path / "a") == {f"Two/{name}": body for name, body in TRAIN.items()}
    assert inspect(collection, tmp_path / "a").is_whole


def test_what_is_unpacked_lies_as_if_it_came_out_of_the_archive(on_disk, tmp_path):
    for name in FILES:
        shutil.unpack_archive(on_disk / name, tmp_path / "mine")
    collection = packed(Archive("train.zip", pictures=5), Archive("valid.tgz", pictures=3))
    assert bring(inspect(collection, tmp_path / "a"), str(tmp_path / "mine")) == []
    assert_whole(collection, tmp_path / "a")
    one = packed(Archive("train.zip", pictures=5))
    assert bring(inspect(one, tmp_path / "b"), str(tmp_path / "mine" / "train")) == []
    assert content(tmp_path / "b") == {f"Two/{name}": body for name, body in TRAIN.items()}


def test_from_a_file_that_is_no_archive(tmp_path):
    (tmp_path / "blocks.mat").write_bytes(b"blocks")
    collection = packed(Archive("blocks.mat"))
    assert bring(inspect(collection, tmp_path / "a"), str(tmp_path / "blocks.mat")) == []
    assert content(tmp_path / "a") == {"Two/blocks.mat": b"blocks"}
    with pytest.raises(DataError, match="is not a zip, tar or rar archive"):
        bring(inspect(packed(Archive("b.zip")), tmp_path / "b"), str(tmp_path / "blocks.mat"))


def test_which_archive_it_is_must_be_known(on_disk, tmp_path):
    (on_disk / "train.zip").rename(on_disk / "download (1)")
    (on_disk / "valid.tgz").unlink()
    collection = packed(Archive("train.zip"), Archive("valid.tgz"))
    state = inspect(collection, tmp_path / "a")
    with pytest.raises(DataError, match=r"cannot tell whether it is train.zip or valid.tgz"):
        bring(state, str(on_disk / "download (1)"))
    with pytest.raises(DataError, match=r"has none of train.zip or train/"):
        bring(state, str(on_disk))
