"""What happens in a run, as JSON lines in its folder, for TensorBoard, and to whoever listens."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from n3cli.errors import ConfigError, N3Warning
from n3cli.io.path import explained, write_text

LOG_FILE = "log.jsonl"

Event = dict[str, Any]
"""`event` says what happened: `start`, `step`, `validation`, `checkpoint` or `end`."""


class Log:
    """The log of a run.

    A run that goes on from a checkpoint drops what was logged after it.

    Args:
        folder: the run's.
        step: steps already done.
        listen: called with every event.
        tensorboard: whether to write TensorBoard's files, too.

    Raises:
        ConfigError: TensorBoard is not installed.
        InputError: the log cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        step: int,
        listen: Callable[[Event], None],
        *,
        tensorboard: bool = False,
    ) -> None:
        self._listen = listen
        self._board = _board(folder, step) if tensorboard else None
        path = folder / LOG_FILE
        with explained(path):
            kept = [event for event in read_log(path) if step and event["step"] <= step]
            write_text("".join(json.dumps(event) + "\n" for event in kept), path)
            self._file = path.open("a", encoding="utf-8", buffering=1)
        self._refused = False

    def __enter__(self) -> Log:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for file in filter(None, (self._file, self._board)):
            with suppress(OSError):  # of a full disk; what was lost are the last lines
                file.close()

    def write(self, event: str, step: int, **values: Any) -> None:
        """Log an event after `step` steps; where the disk refuses it, a warning says so once."""
        finite = {
            key: None if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in values.items()  # JSON has no infinity
        }
        entry: Event = {"event": event, "step": step, **finite}
        try:
            self._file.write(json.dumps(entry) + "\n")
            if self._board is not None:
                for key, value in values.items():
                    if isinstance(value, float):
                        self._board.add_scalar(f"{event}/{key}", value, step)
        except OSError as error:
            if not self._refused:
                text = f"{self._file.name}: {error.strerror or error}; lines of the log are lost"
                warnings.warn(text, N3Warning, stacklevel=2)
            self._refused = True
        self._listen(entry)


def read_log(path: Path) -> list[Event]:
    """The events of a log file; none where it is absent.

    What is no event is dropped, such as a line cut short by a crash.
    """
    if not path.is_file():
        return []
    events = []
    for line in path.read_text("utf-8", "replace").splitlines():
        with suppress(ValueError):
            event = json.loads(line)
            if isinstance(event, dict) and isinstance(event.get("step"), int):
                events.append(event)
    return events


def _board(folder: Path, step: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise ConfigError(
            "TensorBoard is not installed; install it with pip install 'n3cli[tensorboard]', or "
            "leave --tensorboard out"
        ) from error
    return SummaryWriter(folder, purge_step=step + 1)
