"""Everything a run needs to go on, written at once and whole; the last two are kept."""

from __future__ import annotations

import os
import warnings
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from n3cli.errors import ConfigError, InputError, N3Warning

_UNFINISHED = "checkpoint.tmp"  # one name, so that what a killed run leaves does not pile up


@dataclass(frozen=True)
class Checkpoint:
    """The state between two steps.

    There is no state of random numbers and no place in the data: both follow from the recipe's
    seed and the step.

    Attributes:
        recipe: the whole recipe, as TOML.
        step: steps done.
        crops: crops seen.
        seconds: wall clock spent, over all parts of the run.
        network: its state.
        average: the moving average's.
        optimiser: a state for each of its parts.
        scaler: the gradient scaler's, empty unless fp16.
        before: scores at the start of the run.
        material: digest of its pictures.
        earlier: card of the weights that it started from, if it started from some; checkpoints of
            earlier versions do not have it.
    """

    recipe: str
    step: int
    crops: int
    seconds: float
    network: dict[str, Tensor]
    average: dict[str, Tensor]
    optimiser: list[dict[str, Any]]
    scaler: dict[str, Any]
    before: dict[str, float]
    material: str
    earlier: str | None = None


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write a checkpoint into a run's folder; of the others, only the one before is kept.

    Those of later steps, which the run was taken back from, are dropped.

    Raises:
        InputError: the folder cannot be written to; what was there stays.
    """
    target = folder / f"checkpoint-{checkpoint.step:09d}.pt"
    fresh = folder / _UNFINISHED
    try:
        with fresh.open("wb") as file:
            torch.save(vars(checkpoint), file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(target)
        others = [path for path in _checkpoints(folder) if path != target]
        before = [path for path in others if path < target][-1:]
        for path in others:
            if path not in before:
                path.unlink()
    except (OSError, RuntimeError) as error:  # torch wraps a full disk in a RuntimeError
        with suppress(OSError):
            fresh.unlink()
        cause = error.__context__ if isinstance(error.__context__, OSError) else error
        reason = getattr(cause, "strerror", None) or cause
        raise InputError(f"{target}: cannot be written ({reason}); make room there") from error
    return target


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint; every byte is checked.

    Raises:
        InputError: missing, damaged or no checkpoint.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
            # By a bit here, torch takes a tensor for a folder and leaves its memory as it finds it.
            if damaged or any(entry.external_attr for entry in archive.infolist()):
                raise InputError(f"{path}: is damaged (in {damaged or 'its table of contents'})")
        return Checkpoint(**torch.load(path, map_location="cpu", weights_only=True))
    except InputError:
        raise
    except Exception as error:  # a damaged file shows in many ways, as another program's does
        raise InputError(f"{path}: is not a complete checkpoint ({error})") from error


def find_checkpoint(folder: Path) -> Checkpoint | None:
    """The newest checkpoint of a run's folder that is whole, or None where there is none.

    A damaged one is warned about and passed over.
    """
    for path in reversed(_checkpoints(folder)):
        try:
            return load_checkpoint(path)
        except InputError as error:
            warnings.warn(f"{error}; trying the one before it", N3Warning, stacklevel=2)
    return None


def has_checkpoint(folder: Path) -> bool:
    """Whether a run has left something to go on from."""
    return bool(_checkpoints(folder))


def resumed(path: Path) -> Checkpoint:
    """The checkpoint to go on from.

    Args:
        path: a run's folder or a checkpoint's file.

    Raises:
        ConfigError: there is none.
        InputError: the named one is damaged.
    """
    if path.is_file():
        return load_checkpoint(path)
    found = find_checkpoint(path)
    if found is None:
        if has_checkpoint(path):
            raise ConfigError(
                f"no checkpoint in {path} is complete; start a new run with another --out"
            )
        raise ConfigError(f"{path} has no checkpoint to resume from; leave --resume out")
    return found


def _checkpoints(folder: Path) -> list[Path]:
    return sorted(folder.glob("checkpoint-*.pt"))
