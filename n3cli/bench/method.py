"""What is measured: a name, a word on how it is run, and a function from noisy to clean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Denoiser = Callable[[NDArray[np.float32], float], NDArray[np.float32]]
"""Noisy H×W×C image in [0, 1] (unclipped), and sigma on the 0–255 scale → estimate H×W×C."""


@dataclass(frozen=True)
class Method:
    """A denoiser that a suite can run.

    Attributes:
        name: what a table calls it.
        note: how it is run, one line for beneath the table.
        run: the denoiser.
        published: its name among published figures, where its authors' own may be compared.
    """

    name: str
    note: str
    run: Denoiser
    published: str | None = None
