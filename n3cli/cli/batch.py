"""A batch as it is seen on stderr: a line for each file, a bar on terminals, a count at the end."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Generic, NoReturn, Self, TypeAlias, assert_never

import click

from n3cli.cli import console, options
from n3cli.errors import ConfigError
from n3cli.jobs.plan import Refused
from n3cli.jobs.run import (
    Advanced,
    Done,
    Event,
    Failed,
    Result,
    Skipped,
    Started,
    Summary,
    Work,
    run,
)

if TYPE_CHECKING:
    from pathlib import Path

    from rich.progress import Progress

    from n3cli.errors import InputError
    from n3cli.jobs.plan import Job, Plan


Facts: TypeAlias = Mapping[str, object]


def run_batch(
    ctx: click.Context,
    plan: Plan,
    prepare: Callable[[], Work[Result]],
    describe: Callable[[Result], str],
    *,
    quiet: bool,
    verbose: bool,
    facts: Callable[[Result], Facts] | None = None,
) -> NoReturn:
    """Do a batch, show it, and exit with its code.

    Args:
        ctx: of the command.
        plan: the batch.
        prepare: see `jobs.run.run`.
        describe: what a result's line says between the names and the time.
        quiet: show warnings and errors only.
        verbose: whether `describe` says more; excludes `quiet`.
        facts: what a result's row of JSON on standard output says; None prints no rows.

    Raises:
        UsageError: quiet and verbose.
        ConfigError: a stream of the plan is a terminal, or rows and a picture would share one.
    """
    if quiet and verbose:
        raise click.UsageError("--quiet and --verbose exclude each other; give one.")
    _check_streams(plan)
    if facts and any(job.target is None for job in plan.jobs):
        raise ConfigError(
            "--json and the picture cannot both go to standard output; name a file with -o"
        )
    show = partial(print_row, facts=facts) if facts else None
    with BatchView(plan, describe, quiet=quiet, debug=options.debugging(ctx), show=show) as view:
        summary = run(plan, prepare, view.tell)
    view.sum_up(summary)
    ctx.exit(summary.exit_code)


def _check_streams(batch: Plan) -> None:
    """Refuse to read pictures from a keyboard and to write them on a screen."""
    if any(job.source is None for job in batch.jobs) and sys.stdin.isatty():
        raise ConfigError("standard input is a terminal; pipe a picture into it")
    if any(job.target is None for job in batch.jobs) and sys.stdout.isatty():
        raise ConfigError(
            "standard output is a terminal; redirect or pipe it, or name a file with -o"
        )


class BatchView(Generic[Result]):
    """Shows the events of a batch; a context manager that takes its bar away at the end.

    Args:
        plan: the batch.
        describe: what a result's line says between the names and the time.
        quiet: show warnings and errors only.
        debug: show where errors come from.
        show: gets each event besides.
    """

    def __init__(
        self,
        plan: Plan,
        describe: Callable[[Result], str],
        *,
        quiet: bool,
        debug: bool,
        show: Callable[[Event[Result]], None] | None = None,
    ) -> None:
        self._plan, self._describe, self._quiet, self._debug = plan, describe, quiet, debug
        self._show = show
        self._finished = 0
        self._bar = _make_bar() if plan.jobs and not quiet and sys.stderr.isatty() else None

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
            self._bar.add_task("getting ready", total=len(self._plan.jobs))
        if not self._quiet:
            existing = [job.source_name for job in self._plan.existing]
            _tell_left("skipped {} made by an earlier run", self._plan.skipped)
            _tell_left("skipped {} whose outputs exist", existing)
            _tell_left("skipped links to folders; name them as inputs to include them",
                       self._plan.linked)  # fmt: skip
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        if self._bar:
            self._bar.stop()

    def tell(self, event: Event[Result]) -> None:
        """Show an event."""
        if self._show:
            self._show(event)
        match event:
            case Refused(_, _, error):
                self._show_trace(error)
                console.error(str(error))
            case Skipped():
                pass  # told at the start, all together
            case Started(job):
                self._move(description=console.printable(job.source_name))
            case Advanced(_, fraction):
                self._move(completed=self._finished + fraction)
            case Done(job, result, seconds):
                self._finish()
                if not self._quiet:
                    names = f"{job.source_name} → {job.target_name}"
                    console.line(f"{names}  {self._describe(result)}  {seconds:.1f} s")
            case Failed(job, error):
                self._show_trace(error)
                console.error(_name_source(job, str(error)))
                self._finish()
            case _:
                assert_never(event)

    def sum_up(self, summary: Summary) -> None:
        """Show the counts, where there is more than one thing to count."""
        if summary.done + summary.failed + summary.skipped > 1 and not self._quiet:
            console.line(str(summary))

    def _show_trace(self, error: InputError) -> None:
        if self._debug:
            traceback.print_exception(error)

    def _finish(self) -> None:
        self._finished += 1
        self._move(completed=self._finished)

    def _move(self, *, completed: float | None = None, description: str | None = None) -> None:
        if self._bar:
            task = self._bar.task_ids[0]
            self._bar.update(task, completed=completed, description=description)


def print_row(event: Event[Result], facts: Callable[[Result], Facts]) -> None:
    """Print an object of JSON for what is done, failed or left out, in a line of its own."""
    told: Facts
    named: Job | Refused
    match event:
        case Done(named, result, seconds):
            told = {"status": "done", **facts(result), "seconds": round(seconds, 3)}
        case Failed(named, error):
            told = {"status": "failed", "error": console.printable(str(error))}
        case Refused(_, _, error):
            named, told = event, {"status": "failed", "error": console.printable(str(error))}
        case Skipped(named):
            told = {"status": "skipped"}
        case _:
            return
    names = named.source_name, named.target_name
    source, target = (name and console.printable(name) for name in names)
    print(json.dumps({"source": source, "target": target, **told}, allow_nan=False), flush=True)


def _make_bar() -> Progress:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True, soft_wrap=True),  # names stay whole for who copies them
        transient=True,
        redirect_stdout=False,  # pictures may go there
    )


def _tell_left(text: str, paths: Sequence[Path | str]) -> None:
    if paths:
        shown = ", ".join(map(str, paths[:3])) + (", …" if len(paths) > 3 else "")
        console.line(f"{text.format(len(paths))}: {shown}")


def _name_source(job: Job, text: str) -> str:
    """An error's text, led by the source's name; below, some errors know no names."""
    name, text = console.printable(job.source_name), console.printable(text)
    return text if text.startswith(name) else f"{name}: {text}"
