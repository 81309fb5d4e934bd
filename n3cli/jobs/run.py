"""Do a plan's jobs one after the other; one bad file does not stop the others."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TextIO, TypeAlias, TypeVar

from n3cli.errors import InputError, N3Warning
from n3cli.io.format import printable
from n3cli.io.path import explained, refuse_existing
from n3cli.jobs.plan import Job, Plan, Refused

Result = TypeVar("Result")


@dataclass(frozen=True)
class Started:
    """A job begins."""

    job: Job


@dataclass(frozen=True)
class Advanced:
    """A job has come to a `fraction` (0–1) of its work."""

    job: Job
    fraction: float


@dataclass(frozen=True)
class Done(Generic[Result]):
    """A job's output is complete; `result` is what the work says of it."""

    job: Job
    result: Result
    seconds: float


@dataclass(frozen=True)
class Failed:
    """A job came to nothing."""

    job: Job
    error: InputError


@dataclass(frozen=True)
class Skipped:
    """A job is left out, since its target exists."""

    job: Job


Event: TypeAlias = Refused | Skipped | Started | Advanced | Done[Result] | Failed
Work: TypeAlias = Callable[[Job, Callable[[float], None]], Result]


@dataclass(frozen=True)
class Summary:
    """How many inputs are done, how many failed, how many were done before."""

    done: int
    failed: int
    skipped: int = 0

    @property
    def exit_code(self) -> int:
        """0 where all is done, else 1."""
        return 1 if self.failed else 0

    def __str__(self) -> str:
        more = {"failed": self.failed, "skipped": self.skipped}
        told = [f"{count} {what}" for what, count in more.items() if count]
        return ", ".join([f"{self.done} done", *told])


def run(
    plan: Plan,
    prepare: Callable[[], Work[Result]],
    tell: Callable[[Event[Result]], None],
    *,
    keep_times: bool = False,
) -> Summary:
    """Run a plan.

    Args:
        plan: what is to be done; what it refuses and leaves out is told first.
        prepare: gets ready and returns the work; is called once, if there is a job. The work
            makes one picture, given its job and a function to call with the fraction done. An
            InputError fails that job only, anything else ends the run.
        tell: is called with each event as it happens.
        keep_times: give targets the times of their sources, where both are files.

    Returns:
        The counts over all inputs of the plan.
    """
    for refused in plan.refused:
        tell(refused)
    for job in plan.existing:
        tell(Skipped(job))
    done = 0
    if plan.jobs:
        work = prepare()
        done = sum(_succeeds(job, work, tell, keep_times=keep_times) for job in plan.jobs)
    return Summary(done, len(plan.refused) + len(plan.jobs) - done, len(plan.existing))


def _succeeds(
    job: Job, work: Work[Result], tell: Callable[[Event[Result]], None], *, keep_times: bool
) -> bool:
    tell(Started(job))
    start = time.perf_counter()
    try:
        with _named_warnings(job):
            for target in (job.target, job.page):
                if target and not job.replace:  # it may have appeared since the plan was made
                    refuse_existing(target)
            times = _times(job.source) if keep_times and job.source else None
            result = work(job, lambda fraction: tell(Advanced(job, fraction)))
            if times and job.target:
                with explained(job.target):
                    os.utime(job.target, ns=times)
    except InputError as error:
        tell(Failed(job, error))
        return False
    tell(Done(job, result, time.perf_counter() - start))
    return True


def _times(source: Path) -> tuple[int, int]:
    """When a file was last read and changed, in nanoseconds; asked before it is read."""
    with explained(source):
        state = source.stat()
    return state.st_atime_ns, state.st_mtime_ns


@contextmanager
def _named_warnings(job: Job) -> Iterator[None]:
    """Lead each warning of a job by its source's name, if it names neither that nor the target.

    The same text is shown once a job, not once a run.
    """
    names = tuple(f"{printable(name)}: " for name in (job.source_name, job.target_name))

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if issubclass(category, N3Warning) and not str(message).startswith(names):
            message = category(f"{names[0]}{message}")
        shown(message, category, filename, lineno, file, line)

    with warnings.catch_warnings():  # forgets what has been shown, too
        shown, warnings.showwarning = warnings.showwarning, show
        yield
