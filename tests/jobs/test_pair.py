"""How pairs are called, and what is called after them."""

from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest

from n3cli.jobs.pair import PicturePair, find_pairs, name_part


@pytest.mark.parametrize(
    ("path", "part"),
    [
        (PurePosixPath("a.jpg"), "a"),
        (PurePosixPath("in/deep/a.b.jpg"), "in-deep-a.b"),
        (PurePosixPath("/photos/a.jpg"), "photos-a"),
        (PureWindowsPath(r"C:\photos\a.jpg"), "photos-a"),
        (PureWindowsPath(r"C:a.jpg"), "a"),
        (PureWindowsPath(r"\\server\share\in\a.jpg"), "in-a"),
        (PureWindowsPath("in/a.jpg"), "in-a"),
    ],
)
def test_outputs_are_called_after_folders_but_not_after_drives(path, part):
    assert name_part(path) == part


def test_a_pair_is_called_after_both():
    pair = PicturePair("in/a.jpg", "/b.jpg", Path("in/a.jpg"), Path("/b.jpg"))
    assert pair.stem == "in-a_b"


def test_names_have_slashes_on_every_system(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("in/a.png", "in/b.png", "c.png"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()
    ((pair,), _) = find_pairs(["in//a.png", "./c.png"], None, recursive=False)
    assert (pair.name0, pair.name1) == ("in/a.png", "c.png")
    pairs, _ = find_pairs(["in", "c.png"], None, recursive=False)
    assert {name for pair in pairs for name in (pair.name0, pair.name1)} == {
        "in/a.png",
        "in/b.png",
        "c.png",
    }
