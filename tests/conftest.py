"""Where the data beside the repository lie; tests that need them are skipped without."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # So a shell starts what runs in the background, and so would processes that tests interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)

if "PYTEST_XDIST_WORKER" in os.environ:
    # Workers side by side with a thread for every core each would only get in each other's way.
    # Read when numpy and torch are loaded, here and in the processes that tests start.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
import torch
from hypothesis import settings

settings.register_profile("n3", deadline=None)  # wall clocks say nothing on a busy machine
settings.load_profile("n3")

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference outputs, weights and data sets."""
    if not SHARED.is_dir():
        pytest.skip("needs the folder `shared` beside the repository")
    return SHARED


@pytest.fixture
def close() -> Iterator[Callable[[Path, int], None]]:
    """Takes rights from files and folders; skips where that closes nothing to this user."""
    closed: list[tuple[Path, int]] = []

    def close(path: Path, mode: int = 0) -> None:
        closed.append((path, path.stat().st_mode))
        path.chmod(mode)
        if os.access(path, os.R_OK if not mode else os.X_OK):
            pytest.skip("nothing is closed to this user")

    yield close
    for path, mode in reversed(closed):  # or pytest could not remove it
        path.chmod(mode)


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)
