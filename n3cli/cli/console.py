"""What people see on stderr: errors, warnings, progress and results in lines."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from typing import TextIO

from n3cli.errors import N3Warning
from n3cli.io.format import printable as show_bytes


def printable(text: str) -> str:
    """Make any text one harmless line: what cannot be printed is shown as an escape.

    File names may hold line breaks, terminal commands and bytes that are no UTF-8.
    """
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode()
        for char in show_bytes(text)
    )


def line(text: str) -> None:
    """Print one line on stderr; where nobody reads that any more, do nothing."""
    try:
        # Looked up at each call: while a progress bar is up, sys.stderr prints above it.
        print(printable(text), file=sys.stderr, flush=True)
    except BrokenPipeError:
        drop(sys.stderr)


def drop(stream: TextIO) -> None:
    """Send nowhere what a stream still holds: it would fail again when Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def lines(text: str) -> None:
    """Print a text of several lines on stderr."""
    for each in text.splitlines():
        line(each)


def error(text: str, steps: Sequence[str] = ()) -> None:
    """Print `n3: error: text`, and below it what to do."""
    for each in (f"n3: error: {text}", *(f"  {step}" for step in steps)):
        line(each)


def warning(text: str) -> None:
    """Print `n3: warning: text`."""
    line(f"n3: warning: {text}")


def show_warnings() -> None:
    """Show each N3Warning as a line, the same text once; other warnings as Python does.

    Lasts until the `warnings.catch_warnings` around it ends.
    """
    python_shows = warnings.showwarning

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if issubclass(category, N3Warning):
            warning(str(message))
        else:
            python_shows(message, category, filename, lineno, file, line)

    warnings.showwarning = show
    warnings.simplefilter("default", N3Warning)
