"""Files of weights, and pictures for the networks in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

State = dict[str, Tensor]


def save(path: Path, state: object) -> Path:
    torch.save(state, path)
    return path


def picture(height: int, width: int, channels: int) -> np.ndarray:
    return np.random.default_rng(7).random((height, width, channels), dtype=np.float32)


def planes_of(image: np.ndarray) -> Tensor:
    """H×W×C → 1×C×H×W."""
    return torch.from_numpy(image.transpose(2, 0, 1).copy()).unsqueeze(0)


def image_of(planes: Tensor) -> np.ndarray:
    """1×C×H×W → H×W×C."""
    return planes[0].permute(1, 2, 0).numpy()
