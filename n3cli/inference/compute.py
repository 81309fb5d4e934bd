"""Where and how networks are computed, as people may set it."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Final

import torch

from n3cli.errors import ConfigError
from n3cli.inference.device import PRECISIONS


@dataclass(frozen=True)
class Compute:
    """Device, precision and tiles.

    Attributes:
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N``, ``mps`` or ``xpu``, or torch's own.
        precision: ``auto``, ``fp32``, ``bf16`` or ``fp16``.
        tile: longest side of a tile in pixels of the network's input, ``auto`` (from free memory)
            or ``off``.

    Raises:
        ConfigError: a precision or a tile that there is not.
    """

    device: str | torch.device = "auto"
    precision: str = "auto"
    tile: str | int = "auto"

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            known = ", ".join(PRECISIONS)
            raise ConfigError(f"unknown precision {self.precision!r}; known are {known}")
        if isinstance(self.tile, Integral) and not isinstance(self.tile, bool) and self.tile > 0:
            object.__setattr__(self, "tile", int(self.tile))  # NumPy's are numbers, too
        elif not (isinstance(self.tile, str) and self.tile in ("auto", "off")):
            raise ConfigError(
                f"tile must be auto, off or a size in whole pixels, got {self.tile!r}"
            )


AUTOMATIC: Final = Compute()
"""All of it chosen for the machine and the picture."""
