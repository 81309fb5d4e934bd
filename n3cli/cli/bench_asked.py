"""What `n3 bench` is asked for, and how it shows that it is at work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

Watch: TypeAlias = Callable[[], AbstractContextManager[Callable[[str], None]]]
"""A display, which is there as long as the block; it is told what is going on."""


@dataclass(frozen=True)
class Asked:
    """What the command line asks for; see the options of `n3 bench`."""

    names: tuple[str, ...]
    levels: Mapping[str, tuple[float, ...]]
    """By what a level is: ``sigma`` or ``scale``."""
    models: tuple[str, ...]
    peers: tuple[str, ...]
    data: Path | None
    images: int | None
    device: str
    precision: str
    offline: bool
    tolerance: float | None
    saved: Path | None
    form: str | None
