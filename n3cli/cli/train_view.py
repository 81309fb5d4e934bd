"""A run as people see it: a live table on a terminal, one line an event elsewhere."""

from __future__ import annotations

import sys
from collections import deque
from datetime import timedelta
from types import TracebackType
from typing import Any

from n3cli.cli import console

_ROWS = 12


class TrainView:
    """Shows the log's events on stderr while it is open.

    Args:
        quiet: show nothing.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._rows: deque[list[str]] = deque(maxlen=_ROWS)
        self._scores: dict[str, float] = {}
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
        if self._live is not None:
            self._live.update(f"decoding pictures: {done} of {count}")
        elif done == count and not self._quiet:
            console.line(f"decoded {count} pictures")

    def show(self, event: dict[str, Any]) -> None:
        """Show an event of the log."""
        if self._quiet:
            return
        match event["event"]:
            case "validation":
                self._scores = {
                    key: value for key, value in event.items() if key.startswith("psnr")
                }
                if self._live is None:
                    console.line(f"step {event['step']}  {_spoken(self._scores)}")
            case "step":
                cells = _cells(event)
                self._rows.append([*cells.values(), _spoken(self._scores)])
                if self._live is None:
                    console.line("  ".join(f"{key} {value}" for key, value in cells.items()))
                else:
                    self._live.update(self._table([*cells, "validation, dB"]))
            case "start":
                self._say(
                    f"{event['recipe']}: {event['parameters']:,} parameters, "
                    f"{event['pictures']} pictures, {event['validation']} for validation, "
                    f"on {event['device']}"
                )
            case "checkpoint":
                self._say(f"saved {event['file']}")

    def _say(self, text: str) -> None:
        if self._live is None:
            console.line(text)
        else:
            self._live.console.print(text, highlight=False, markup=False)

    def _table(self, head: list[str]) -> Any:
        from rich.table import Table

        table = Table(box=None, pad_edge=False)
        for name in head:
            table.add_column(name, justify="right")
        for row in self._rows:
            table.add_row(*row)
        return table


def _cells(event: dict[str, Any]) -> dict[str, str]:
    done = event["done"]
    left = event["seconds"] * (1 - done) / done if done else 0
    return {
        "step": f"{event['step']}",
        "loss": "—" if event["loss"] is None else f"{event['loss']:.4g}",
        "rate": f"× {event['factor']:.3f}",
        "crops/s": f"{event['crops_per_second']:.1f}",
        "done": f"{100 * done:.1f} %",
        "left": f"{timedelta(seconds=round(left))}",
    }


def _spoken(scores: dict[str, float]) -> str:
    return "  ".join(f"σ{key.removeprefix('psnr')} {value:.2f}" for key, value in scores.items())
