"""SIGINT, SIGTERM, SIGHUP and Windows' SIGBREAK wait until the step is done."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = [
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    if hasattr(signal, name)
]


class Interruption:
    """Which signal has asked the run to stop; 0 while none has."""

    number: int = 0


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Note the first such signal instead of dying of it; the second acts as ever.

    Does nothing in a thread, where Python cannot handle signals.
    """
    noted = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield noted
        return
    before = {
        number: handler
        for number in _SIGNALS
        # Ignored as `nohup` wants it, or in the hands of a program around Python.
        if (handler := signal.getsignal(number)) not in (signal.SIG_IGN, None)
    }

    def note(number: int, frame: FrameType | None) -> None:
        noted.number = number
        restore()

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    for number in before:
        signal.signal(number, note)
    try:
        yield noted
    finally:
        restore()


def stop(number: int) -> None:
    """End the process as the signal would have, by an exception.

    Raises:
        KeyboardInterrupt: for SIGINT.
        SystemExit: for any other, with 128 + its number.
    """
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + number)
