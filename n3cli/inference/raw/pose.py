"""A mosaic in all its poses: test-time augmentation, which turns the filter, too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from n3cli.inference.ensemble import POSES, add_poses, check_room, posed
from n3cli.inference.source import Progress
from n3cli.ops.array import Float32
from n3cli.ops.mosaic.layout import Pattern

EstimateMosaic: TypeAlias = Callable[[Float32, Pattern, Progress | None], Float32]
"""From a mosaic and its filter to its estimate; who is told the fraction done."""


def in_poses(
    compute: EstimateMosaic, mosaic: Float32, pattern: Pattern, progress: Progress | None
) -> Float32:
    """The mean over the flips and quarter turns of a mosaic with its filter, each turned back.

    Raises:
        InputError: the free memory does not do for the sum and one pose beside the mosaic.
    """
    check_room(3 * mosaic.nbytes)

    def run(pose: int, told: Progress | None) -> Iterator[Tensor]:
        turned = posed_pattern(pattern, mosaic.shape, pose)
        yield torch.from_numpy(compute(posed(mosaic, pose), turned, told))[None]

    total = np.zeros((*mosaic.shape, 1), np.float32)
    add_poses(total, run, progress)
    total /= POSES
    return total[..., 0]


def posed_pattern(pattern: Pattern, size: tuple[int, ...], pose: int) -> Pattern:
    """The filter of a mosaic of that size in a pose (`posed`)."""
    period = len(pattern)
    height, width = (period + length % period for length in size)
    colours: Pattern = np.tile(pattern, (2, 2))[:height, :width]
    return np.ascontiguousarray(posed(colours, pose)[:period, :period])
