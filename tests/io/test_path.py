"""Finished files in their places."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from n3cli.errors import InputError
from n3cli.io.path import deliver, refuse_existing, staging, write_text


def finish(folder: Path, text: str = "new") -> Path:
    finished = folder / ".finished"
    finished.write_text(text)
    return finished


def no_second_names(self: Path, other: Path) -> None:
    raise OSError(errno.EPERM, "Operation not permitted")


@pytest.mark.parametrize("links", [True, False])
def test_what_is_there_is_kept_unless_it_may_be_replaced(tmp_path, monkeypatch, links):
    if not links:  # as on the disks of cameras
        monkeypatch.setattr(Path, "hardlink_to", no_second_names)
    target = tmp_path / "a.txt"
    deliver(finish(tmp_path), target, replace=False)
    assert target.read_text() == "new"
    assert target.stat().st_nlink == 1
    with pytest.raises(InputError, match=r"a\.txt: exists and is kept"):
        deliver(finish(tmp_path, "newer"), target, replace=False)
    assert target.read_text() == "new"
    deliver(finish(tmp_path, "newest"), target)
    assert target.read_text() == "newest"


def test_a_link_to_nothing_is_filled_once(tmp_path):
    link, place = tmp_path / "link.txt", tmp_path / "place.txt"
    link.symlink_to(place)
    refuse_existing(link)
    write_text("one", link, replace=False)
    assert (place.read_text(), link.is_symlink()) == ("one", True)
    with pytest.raises(InputError, match="exists and is kept"):
        refuse_existing(link)
    with pytest.raises(InputError, match="exists and is kept"):
        write_text("two", link, replace=False)
    assert place.read_text() == "one"


@pytest.mark.parametrize("replace", [True, False])
def test_a_file_is_on_the_disk_before_it_gets_its_name(tmp_path, monkeypatch, replace):
    target, seen = tmp_path / "a.txt", []

    def flush(descriptor: int) -> None:
        seen.append((os.fstat(descriptor).st_ino, target.exists()))

    monkeypatch.setattr(os, "fsync", flush)
    deliver(finish(tmp_path), target, replace=replace)
    assert seen == [(target.stat().st_ino, False)]


def test_without_links_nothing_empty_stays_where_it_cannot_be_put(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "hardlink_to", no_second_names)

    def full(self: Path, other: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    finished = finish(tmp_path)
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(InputError, match="No space left"):
        deliver(finished, tmp_path / "a.txt", replace=False)
    assert not (tmp_path / "a.txt").exists()


def test_what_is_secured_is_open_for_writing_as_windows_wants_it(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")
    modes = []
    monkeypatch.setattr("os.fsync", lambda number: modes.append(fcntl.fcntl(number, fcntl.F_GETFL)))
    deliver(finish(tmp_path), tmp_path / "a.txt")
    assert [mode & os.O_ACCMODE for mode in modes] == [os.O_RDWR]


def test_what_cannot_be_removed_does_not_hide_what_went_wrong(tmp_path, monkeypatch):
    def held(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "is open in another program")

    monkeypatch.setattr("os.unlink", held)

    def fail() -> None:
        with staging(tmp_path / "a.txt") as folder:
            finish(folder)
            raise InputError("told")

    with pytest.raises(InputError, match="told"):
        fail()
