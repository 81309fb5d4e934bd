"""Batches that other processes make: the same ones, in order, and nobody left behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from select import select

import pytest
import torch
from torch import Tensor

from n3cli.training.ahead import Ahead, default_workers
from n3cli.training.log import LOG_FILE, read_log
from n3cli.training.recipe import load_recipe
from n3cli.training.run import Place, run

TINY = [
    "model.options={ inputs = 4, width = 8, blocks = 1 }", "data.batch=4",
    "correspondences.points=32", "correspondences.pairs=0", "schedule.minutes=0",
    "schedule.crops=40", "schedule.warmup=2", "run.log_steps=1",
]  # fmt: skip


@dataclass(frozen=True)
class Numbers:
    """The batch of a step is its number and who made it."""

    def __getitem__(self, step: int) -> tuple[Tensor, Tensor]:
        return torch.full((3,), step), torch.tensor(os.getpid())


def test_batches_come_in_order_from_other_processes_and_begin_anew_elsewhere():
    batches = Ahead(Numbers(), 2)
    makers = set()
    for step in (5, 6, 7, 8, 3, 4, 9):
        found, maker = batches[step]
        assert torch.equal(found, torch.full((3,), step))
        makers.add(int(maker))
    assert os.getpid() not in makers
    assert len(makers) >= 2
    del batches
    assert not multiprocessing.active_children()


def test_without_workers_a_batch_is_made_here():
    batches = Ahead(Numbers(), 0)
    assert [int(batches[step][0][0]) for step in (4, 2)] == [4, 2]
    assert int(batches[0][1]) == os.getpid()


def test_a_cpu_gets_no_workers_and_a_gpu_one_a_core(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(12)), raising=False)
    assert default_workers(torch.device("cpu"), 1) == 0
    assert default_workers(torch.device("cuda"), 1) == 12


@pytest.mark.parametrize(("processes", "each"), [(2, 6), (5, 2), (8, 1), (64, 1)])
def test_processes_of_a_machine_share_its_cores(monkeypatch: pytest.MonkeyPatch, processes, each):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(12)), raising=False)
    assert default_workers(torch.device("cuda"), processes) == each


def test_a_run_learns_the_same_whoever_makes_its_pairs(tmp_path: Path):
    weights = []
    for workers in (0, 2):
        recipe = load_recipe("match-cnet", [*TINY, f"correspondences.workers={workers}"])
        model = run(recipe, Place(tmp_path / str(workers)), lambda event: None)
        assert model is not None
        weights.append((model / "model.safetensors").read_bytes())
    assert weights[0] == weights[1]
    assert not multiprocessing.active_children()


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="no process groups")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_to_all_ends_the_run_with_a_checkpoint(tmp_path: Path, number, code):
    folder = tmp_path / "run"
    changes = [*TINY, "schedule.crops=4000000", "correspondences.workers=1"]
    command = [sys.executable, "-m", "n3cli", "train", "match-cnet", "-o", str(folder)]
    command += [part for change in changes for part in ("--set", change)]
    with subprocess.Popen(command, start_new_session=True, stderr=subprocess.PIPE) as process:
        try:
            end = time.monotonic() + 60
            while not _stepped(folder / LOG_FILE):
                assert time.monotonic() < end
                time.sleep(0.1)
            os.killpg(process.pid, number)
            _, told = process.communicate(timeout=60)
        finally:
            with suppress(ProcessLookupError):  # else leaving the block would wait for ever
                os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == code, told.decode()
    assert b"Traceback" not in told
    assert list(folder.glob("checkpoint-*.pt"))


STUBBORN = """
import signal
from n3cli.training.ahead import Ahead
from tests.training.test_ahead import Numbers

signal.signal(signal.SIGTERM, lambda *_: None)
print("ready", flush=True)
batches = Ahead(Numbers(), 1)
print(*(int(batches[step][0][0]) for step in range(20)))
"""
"""Does not heed SIGTERM, and ends with its batches still there."""


@pytest.mark.skipif(not hasattr(signal, "sigwaitinfo"), reason="does not know who sent a signal")
def test_termination_of_all_does_not_reach_the_workers_from_their_first_moment_on():
    with subprocess.Popen(
        [sys.executable, "-c", STUBBORN],
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        end = time.monotonic() + 60
        while not select([process.stdout], [], [], 0.02)[0] and time.monotonic() < end:
            os.killpg(process.pid, signal.SIGTERM)
        printed, told = process.communicate(timeout=60)
    assert process.returncode == 0, told
    assert printed.split() == [str(step) for step in range(20)]


@pytest.mark.skipif(not hasattr(signal, "sigwaitinfo"), reason="does not know who sent a signal")
def test_termination_of_each_process_does_not_reach_the_workers():
    batches = Ahead(Numbers(), 2)
    makers = {int(batches[step][1]) for step in range(4)}
    assert len(makers) == 2
    subprocess.run(["kill", "-TERM", *map(str, makers)], check=True)
    assert {int(batches[step][1]) for step in range(4, 12)} == makers
    del batches
    assert not multiprocessing.active_children()


def _stepped(log: Path) -> bool:
    return log.is_file() and any(event["event"] == "step" for event in read_log(log))
