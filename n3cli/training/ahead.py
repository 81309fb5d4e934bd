"""Batches made ahead by other processes, so that a fast device need not wait for a processor."""

from __future__ import annotations

import itertools
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import Generic, Protocol, TypeVar

import torch
from torch.utils.data import DataLoader

_MOST = 16
"""Processes that are started unasked: each holds a torch of its own in memory."""

BatchT = TypeVar("BatchT")
MadeT = TypeVar("MadeT", covariant=True)


class Maker(Protocol[MadeT]):
    """Makes the batch of a step, of nothing but the step. Must be picklable."""

    def __getitem__(self, step: int, /) -> MadeT: ...


class Ahead(Generic[BatchT]):
    """Batches of one step after the other, made before they are asked for.

    The processes end with this object, and also if this process is killed. Signals to the process
    group pass them by, and SIGTERM to each of them, where its sender can be told (not on macOS):
    the step that is under way may still need a batch.

    Args:
        make: makes a batch, of tensors on the CPU.
        workers: processes that do so, two batches ahead each; 0: made here, when asked for.
    """

    def __init__(self, make: Maker[BatchT], workers: int) -> None:
        self._make, self._workers = make, workers
        self._batches: Iterator[BatchT] = iter(())
        self._next = -1

    def __getitem__(self, step: int) -> BatchT:
        """The batch of a step; steps other than the one after the last begin anew."""
        if not self._workers:
            return self._make[step]
        if step != self._next:
            self._batches = self._start(step)
        self._next = step + 1
        return next(self._batches)

    def _start(self, step: int) -> Iterator[BatchT]:
        batches: DataLoader[BatchT] = DataLoader(
            self._make,  # type: ignore[arg-type] # anything that has items will do
            batch_size=None,
            sampler=itertools.count(step),
            num_workers=self._workers,
            worker_init_fn=_stand_apart,
            multiprocessing_context="spawn",  # CUDA does not survive a fork
        )
        with _signals_held():
            return iter(batches)


def default_workers(device: torch.device, processes: int) -> int:
    """Workers for a device: none beside a CPU, which has enough to do; one a core for a GPU.

    Args:
        device: that of the run.
        processes: of the run on this machine, which share its cores.
    """
    if device.type == "cpu":
        return 0
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(_MOST, max(1, (cores or 1) // processes))


def _stand_apart(worker: int) -> None:
    """Leave the process group, whose signals are for the run."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "setsid"):
        os.setsid()
    if hasattr(signal, "sigwaitinfo"):
        threading.Thread(target=_heed, args=(os.getppid(),), daemon=True).start()


def _heed(parent: int) -> None:
    """End by the SIGTERM that the run's own process cleans up with, and by nobody else's.

    Service managers and schedulers of clusters send one to every process of a run.
    """
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != parent:
        pass
    os._exit(0)


@contextmanager
def _signals_held() -> Iterator[None]:
    """Until processes that are started stand apart, signals must not reach them.

    They inherit what is held, and hold it for good; here it comes when the block is over.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    held = {signal.SIGINT, signal.SIGHUP}
    if hasattr(signal, "sigwaitinfo"):  # without, who cleans up would wait for them
        held.add(signal.SIGTERM)
    resource_tracker.ensure_running()  # whose start lets signals through again (Python 3.11)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, held)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
