"""Files of a list taken out of archives and folders that have them under any names."""

import hashlib

import pytest
from archives import TRAIN, VALID, content, tarred, zipped
from file_server import Server, serve

from n3cli.data.fetch.bring import bring
from n3cli.data.fetch.state import inspect
from n3cli.data.published.collection import Archive, Collection, PublishedFile
from n3cli.data.published.index import COLLECTIONS


def assert_whole(root):
    assert inspect(LISTED, root).is_whole
    assert content(root) == {f"Two/{name}": body for name, body in {**TRAIN, **VALID}.items()}
    assert not [path for path in root.iterdir() if path.name.startswith(".")]


class Listed(Collection):
    """A collection whose list is ours."""

    published = tuple(
        PublishedFile(path, len(body), hashlib.sha256(body).hexdigest())
        for path, body in sorted({**TRAIN, **VALID}.items())
    )


LISTED = Listed("two", "Two", "", "", "", "", "http://127.0.0.1:1")


RENAMES = [str, lambda path: f"deep/er/{path}", lambda path: f"x{path[-6:]}"]


@pytest.mark.parametrize("rename", RENAMES)
@pytest.mark.parametrize("pack", [zipped, tarred])
def test_listed_files_out_of_an_archive(tmp_path, rename, pack):
    extra = {"readme.txt": b"hello", "same size.png": bytes(3000)}
    body = pack({rename(path): body for path, body in {**TRAIN, **VALID, **extra}.items()})
    (tmp_path / "archive").write_bytes(body)
    state = inspect(LISTED, tmp_path / "a")
    told = []
    assert bring(state, str(tmp_path / "archive"), lambda *_: Told(told)) == []
    assert_whole(tmp_path / "a")
    assert sum(told) == sum(file.size for file in LISTED.published)


class Told:
    def __init__(self, told):
        self.told = told

    def __enter__(self):
        return self.told.append

    def __exit__(self, *_):
        pass


@pytest.mark.parametrize("rename", RENAMES)
def test_listed_files_out_of_a_folder_with_another_order(tmp_path, rename):
    for path, body in {**TRAIN, **VALID}.items():
        file = tmp_path / "mine" / rename(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
    (tmp_path / "mine" / "broken").symlink_to("nowhere")
    assert bring(inspect(LISTED, tmp_path / "a"), str(tmp_path / "mine")) == []
    assert_whole(tmp_path / "a")


def test_listed_files_out_of_a_folder_with_their_archive(tmp_path):
    with_archive = Listed("two", "Two", "", "", "", "", "http://x", (Archive("all.zip"),))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "all.zip").write_bytes(zipped({**TRAIN, **VALID}))
    assert bring(inspect(with_archive, tmp_path / "a"), str(tmp_path / "mine")) == []
    assert_whole(tmp_path / "a")


def test_listed_files_that_an_archive_has_not(tmp_path):
    contents = {**TRAIN, **VALID, "train/02.png": b"other"}
    del contents["valid/07.png"]
    (tmp_path / "a.zip").write_bytes(zipped({f"Two/{k}": v for k, v in contents.items()}))
    troubles = bring(inspect(LISTED, tmp_path / "a"), str(tmp_path / "a.zip"))
    assert "Two/train/02.png is not the published train/02.png" in troubles[0]
    assert "has no valid/07.png" in troubles[1]
    assert len(inspect(LISTED, tmp_path / "a").whole) == 6
    assert not (tmp_path / "a" / ".Two.fetch").exists()


def test_listed_files_out_of_an_archive_from_an_address(tmp_path):
    with serve(Server({"all.zip": zipped({**TRAIN, **VALID})})) as server:
        assert bring(inspect(LISTED, tmp_path), f"{server.address}/all.zip") == []
    assert_whole(tmp_path)


def test_two_files_with_one_content(tmp_path):
    class Twins(Collection):
        published = tuple(
            PublishedFile(path, 3, hashlib.sha256(b"one").hexdigest()) for path in ("a", "b")
        )

    twins = Twins("two", "Two", "", "", "", "", "http://127.0.0.1:1")
    (tmp_path / "a.zip").write_bytes(zipped({"x": b"one"}))
    assert bring(inspect(twins, tmp_path / "a"), str(tmp_path / "a.zip")) == []
    assert content(tmp_path / "a") == {"Two/a": b"one", "Two/b": b"one"}


def test_the_real_set12_out_of_an_archive(shared, tmp_path):
    folder = shared / "datasets" / "Set12"
    contents = {f"Set12/{path.name}": path.read_bytes() for path in folder.glob("*.png")}
    (tmp_path / "Set12.zip").write_bytes(zipped(contents))
    assert bring(inspect(COLLECTIONS["set12"], tmp_path), str(tmp_path / "Set12.zip")) == []
    assert inspect(COLLECTIONS["set12"], tmp_path).is_whole
