"""The process: `n3` and `python -m n3cli` start here."""

from __future__ import annotations

import signal
import sys
from types import FrameType


def main() -> None:
    """Run the command line and exit with its code.

    Ends with 143 on SIGTERM and 130 on Ctrl-C, both by an exception, so that every `with` on the
    way closes and no temporary file stays behind.
    """
    signal.signal(signal.SIGTERM, _terminate)
    try:
        from n3cli.cli.main import n3

        n3(prog_name="n3")
    except KeyboardInterrupt:
        sys.exit(130)


def _terminate(number: int, frame: FrameType | None) -> None:
    # `timeout` and service managers may signal twice; the second must not cut the cleaning short.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
