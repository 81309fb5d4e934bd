"""The process: `n3` and `python -m n3cli` start here."""

from __future__ import annotations

import io
import os
import signal
import stat
import sys
from functools import partial
from types import FrameType
from typing import NoReturn

_ENDS = [
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)
]
_ALARM = hasattr(signal, "setitimer")  # not on Windows


def main() -> None:
    """Run the command line and exit with its code.

    Ends with 143 on SIGTERM, 129 on SIGHUP, 130 on Ctrl-C and 149 on Windows' Ctrl-Break, each by
    an exception, so that every `with` on the way closes and no temporary file stays behind.
    """
    _open_closed_streams()
    _write_any_character()
    _wait_briefly()
    for end in _ENDS:
        if signal.getsignal(end) != signal.SIG_IGN:  # as `nohup` wants it
            signal.signal(end, _terminate)
    try:
        from n3cli.cli.main import n3

        n3(prog_name="n3")
    except KeyboardInterrupt:
        sys.exit(130)
    except _Terminated as end:
        end.arrived = True
        raise


class _Terminated(SystemExit):
    """A signal's exit, which comes again until it has arrived where the process ends.

    Signals are handled between any two steps of Python, also where C code (torch's dispatcher, for
    one) calls Python and takes every error for "there is none", and within an `except: pass`. The
    exit would be lost there and the work go on.
    """

    arrived = False

    def __del__(self) -> None:
        if not self.arrived and _ALARM:
            signal.setitimer(signal.ITIMER_REAL, 1e-3)  # not now: errors are lost here, too


def _wait_briefly() -> None:
    """Let threads that wait for each other leave the processor soon, where nobody says otherwise.

    GNU's OpenMP, which torch computes with on Linux, lets them turn round and round 300,000 times
    first. Beside other work the thread that they wait for has no processor then: networks of many
    small layers take a hundred times as long.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "10000")


def _open_closed_streams() -> None:
    """Make each standard stream that we were started without an empty one.

    Else the next file to be opened, a picture perhaps, would take its number, and all that is
    written to standard error would go into it.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            number = os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", errors="replace"))


def _write_any_character() -> None:
    """Write UTF-8 to files and pipes, and escapes where an encoding lacks a character.

    Else what Windows writes to files by default would end a run at its first σ or →.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            chosen = "PYTHONIOENCODING" in os.environ or stream.isatty()
            stream.reconfigure(
                encoding=None if chosen else "utf-8",
                errors="backslashreplace" if stream.errors == "strict" else stream.errors,
            )


def _terminate(number: int, frame: FrameType | None) -> None:
    # `timeout` and service managers may signal twice; the second must not cut the cleaning short.
    for end in _ENDS:
        signal.signal(end, signal.SIG_IGN)
    if signal.Signals(number).name == "SIGHUP":
        _leave_terminal()
    if _ALARM:
        signal.signal(signal.SIGALRM, partial(_exit, 128 + number))
    _exit(128 + number)


def _exit(code: int, *_: object) -> NoReturn:
    raise _Terminated(code)


def _leave_terminal() -> None:
    """Let what goes to a terminal that has gone go nowhere, as writing to it would fail.

    Else that error would take the place of our exit, and what is still to be written to files
    would be lost.
    """
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (1, 2):
        # One that has gone says of itself that it is none; but it is a device. One that is still
        # there, as after `kill -HUP`, shows what there is to say.
        if stat.S_ISCHR(os.fstat(number).st_mode) and not os.isatty(number):
            os.dup2(nowhere, number)


if __name__ == "__main__":
    main()
