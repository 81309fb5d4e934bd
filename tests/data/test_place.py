"""Finished files of data sets in their places."""

import os

import pytest

from n3cli.data.fetch.place import settle


def test_what_is_settled_is_open_for_writing_as_windows_wants_it(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")
    modes = []
    monkeypatch.setattr("os.fsync", lambda number: modes.append(fcntl.fcntl(number, fcntl.F_GETFL)))
    (tmp_path / "part").write_text("new")
    settle(tmp_path / "part", tmp_path / "a.txt")
    assert [mode & os.O_ACCMODE for mode in modes] == [os.O_RDWR]
    assert (tmp_path / "a.txt").read_text() == "new"
