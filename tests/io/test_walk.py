"""The files below a folder, and what the system does not say of them."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from n3cli.io.walk import is_file, visible_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.png", "b.PNG", "notes.txt", ".hidden.png", "in/c.png", ".git/d.png"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    (tmp_path / "nowhere.png").symlink_to(tmp_path / "gone.png")
    (tmp_path / "circle.png").symlink_to(tmp_path / "circle.png")
    return tmp_path


def found(folder: Path, **how) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in visible_files(folder, **how))


def test_the_files(folder):
    assert found(folder) == ["a.png", "b.PNG", "in/c.png", "notes.txt"]
    assert found(folder, suffixes={".png"}) == ["a.png", "b.PNG", "in/c.png"]
    assert found(folder / "gone") == []


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.EACCES])
def test_what_the_system_does_not_say_is_told(folder, monkeypatch, number):
    real = Path.stat

    def stat(path, **how):
        if path.name == "a.png":
            raise OSError(number, "no answer", str(path))
        return real(path, **how)

    monkeypatch.setattr(Path, "stat", stat)
    told: list[OSError] = []
    assert found(folder, closed=told.append, suffixes={".png"}) == ["b.PNG", "in/c.png"]
    assert [error.errno for error in told] == [number]
    with pytest.raises(OSError, match="no answer"):
        is_file(folder / "a.png")


def test_what_is_a_file(folder):
    assert is_file(folder / "a.png")
    for name in ("in", "gone.png", "a.png/x", "nowhere.png", "circle.png"):
        assert not is_file(folder / name)
