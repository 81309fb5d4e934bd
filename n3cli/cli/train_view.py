"""A run as people see it: a live table on a terminal, one line an event elsewhere."""

from __future__ import annotations

import sys
from collections import deque
from datetime import timedelta
from types import TracebackType
from typing import Any

from n3cli.cli import console

_ROWS = 12
_NARROW = 60
"""Columns of a terminal below which only the most important of the table's are shown."""

_ALWAYS = ("step", "loss", "done", "left")


_SHARES = {"f1": "F1", "ap": "AP", "map5": "mAP5"}
"""Scores from 0 to 1, and what they are called."""


class TrainView:
    """Shows the log's events on stderr while it is open.

    Args:
        quiet: show nothing.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._rows: deque[dict[str, str]] = deque(maxlen=_ROWS)
        self._live: Any = None

    def __enter__(self) -> TrainView:
        if not self._quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.live import Live

            self._live = Live(console=Console(stderr=True), refresh_per_second=4)
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def decoding(self, done: int, count: int) -> None:
        """Show how many pictures are decoded, of how many."""
        if self._quiet:
            return
        if self._live is not None:
            self._live.update(f"decoding pictures: {done} of {count}")
        elif done == count:
            self._say(f"decoded {count} pictures")

    def show(self, event: dict[str, Any]) -> None:
        """Show an event of the log."""
        if self._quiet:
            return
        match event["event"]:
            case "start":
                known = "pictures" in event
                pictures = f"{event['pictures']} pictures" if known else "synthetic pairs of views"
                self._say(
                    f"{event['recipe']}: {event['parameters']:,} parameters, {pictures}, "
                    f"{event['validation']} for validation, on {event['device']}"
                )
                if self._live is not None:
                    self._live.update("starting")
            case "validation":
                self._say(f"step {event['step']}  {_spoken(event)}")
            case "checkpoint":
                self._say(f"saved {event['file']}")
            case "step":
                self._step(_cells(event))

    def _step(self, cells: dict[str, str]) -> None:
        if self._live is None:
            self._say("  ".join(f"{key} {value}" for key, value in cells.items()))
            return
        from rich.table import Table

        self._rows.append(cells)
        narrow = self._live.console.width < _NARROW
        names = [name for name in cells if not narrow or name in _ALWAYS]
        table = Table(box=None, pad_edge=False)
        for name in names:
            table.add_column(name, justify="right", no_wrap=True)
        for row in self._rows:
            table.add_row(*(row[name] for name in names))
        self._live.update(table)

    def _say(self, text: str) -> None:
        """Print a line, above the table where there is one."""
        try:
            if self._live is None:
                console.line(text)
            else:
                self._live.console.print(text, highlight=False, markup=False)
        except OSError:  # who read us has gone: no reason to end a run
            self._quiet = True


def _cells(event: dict[str, Any]) -> dict[str, str]:
    done = event["done"]
    left = event["seconds"] * (1 - done) / done if done else 0
    return {
        "step": f"{event['step']}",
        "loss": _number(event["loss"], ".4g"),
        "gradient": _number(event["gradient_norm"], ".3g"),
        "rate": f"{event.get('muon_rate', event['rate']):.1e}",
        "crops/s": f"{event['crops_per_second']:.1f}",
        "done": f"{100 * done:.1f} %",
        "left": f"{timedelta(seconds=round(left))}",
    }


def _spoken(event: dict[str, Any]) -> str:
    levels = [
        f"{_level(key)} {_number(value, '.2f')} dB"
        for key, value in event.items()
        if key.startswith("psnr")
    ]
    shares = [
        f"{label} {_number(event[key] and 100 * event[key], '.1f')} %"
        for key, label in _SHARES.items()
        if key in event
    ]
    return "  ".join(levels + shares)


def _level(key: str) -> str:
    """σ25 or ×4 of psnr25 and psnrx4."""
    level = key.removeprefix("psnr")
    return f"×{level[1:]}" if level.startswith("x") else f"σ{level}"


def _number(value: float | None, form: str) -> str:
    return "—" if value is None else format(value, form)  # JSON has no infinity
