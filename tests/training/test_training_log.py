"""The log: one JSON line an event, no line twice after a crash."""

import json
import sys
import warnings
from pathlib import Path

import pytest

from n3cli.errors import ConfigError, N3Warning
from n3cli.training.log import LOG_FILE, Log, read_log


def fill(folder, steps, done=0):
    heard = []
    with Log(folder, done, heard.append) as log:
        log.write("start", done, recipe="é\u2028")
        for step in steps:
            log.write("step", step, loss=0.1 * step)
    return heard


def steps(folder):
    return [event["step"] for event in read_log(folder / LOG_FILE) if event["event"] == "step"]


def test_events_are_lines_and_are_heard(tmp_path):
    heard = fill(tmp_path, [5, 10])
    assert [event["event"] for event in heard] == ["start", "step", "step"]
    assert heard[2] == {"event": "step", "step": 10, "loss": 1.0}
    assert read_log(tmp_path / LOG_FILE) == heard
    lines = (tmp_path / LOG_FILE).read_text().splitlines()
    assert [json.loads(line) for line in lines] == heard


def test_an_event_can_be_read_at_once(tmp_path):
    with Log(tmp_path, 0, lambda event: None) as log:
        log.write("step", 1, loss=0.5)
        assert steps(tmp_path) == [1]


def test_a_resumed_run_drops_what_came_after_its_checkpoint(tmp_path):
    fill(tmp_path, [5, 10, 15, 20])
    heard = fill(tmp_path, [15], done=10)
    assert [event["step"] for event in heard] == [10, 15]
    assert steps(tmp_path) == [5, 10, 15]


def test_a_new_run_starts_a_new_log(tmp_path):
    fill(tmp_path, [5, 10])
    fill(tmp_path, [3])
    assert steps(tmp_path) == [3]


def test_every_cut_line_is_dropped(tmp_path):
    fill(tmp_path, [5, 10])
    path = tmp_path / LOG_FILE
    *whole, last = path.read_bytes().splitlines(keepends=True)
    for length in range(len(last) - 1):
        path.write_bytes(b"".join(whole) + last[:length])
        assert steps(tmp_path) == [5]
    path.write_bytes(b"".join(whole) + b"\0\xff" * 50)
    fill(tmp_path, [10, 15], done=5)
    assert steps(tmp_path) == [5, 10, 15]


def test_what_is_no_event_is_dropped(tmp_path):
    fill(tmp_path, [5])
    with (tmp_path / LOG_FILE).open("a") as file:
        file.write('[5]\n7\n{"event": "step"}\n{"event": "step", "step": "5"}\n')
    fill(tmp_path, [10], done=5)
    assert steps(tmp_path) == [5, 10]


def test_a_full_disk_is_told_once_and_ends_nothing(tmp_path):
    if not Path("/dev/full").exists():
        pytest.skip("no full device")
    heard = []
    with Path("/dev/full").open("a", buffering=1) as full, Log(tmp_path, 0, heard.append) as log:
        log._file = full
        with pytest.warns(N3Warning, match="No space left"):
            log.write("step", 1, loss=0.5)
        with warnings.catch_warnings(action="error"):
            log.write("step", 2, loss=0.4)
            log.write("step", 3, loss=0.3)
    assert len(heard) == 3


def test_no_log_has_no_events(tmp_path):
    assert read_log(tmp_path / LOG_FILE) == []


def test_a_missing_tensorboard_is_named_and_the_log_is_kept(tmp_path, monkeypatch):
    fill(tmp_path, [5])
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ConfigError, match=r"n3cli\[tensorboard\]"):
        Log(tmp_path, 0, lambda event: None, tensorboard=True)
    assert steps(tmp_path) == [5]


def test_tensorboard_gets_the_numbers(tmp_path):
    pytest.importorskip("tensorboard")
    with Log(tmp_path, 0, lambda event: None, tensorboard=True) as log:
        log.write("step", 1, loss=0.5)
    assert list(tmp_path.glob("events.out.tfevents.*"))
