"""Self-ensemble: the mean of what is computed of a picture in its eight flips and quarter turns.

Timofte, Rothe, Van Gool, "Seven Ways to Improve Example-Based Single Image Super Resolution", CVPR
2016, arXiv 1511.02228 ("enhanced prediction").
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from n3cli.errors import InputError, N3Warning
from n3cli.inference.memory import free_memory
from n3cli.inference.source import Progress
from n3cli.inference.tiling import strips
from n3cli.ops.array import Float32
from n3cli.ops.row_source import ArraySource, RowSource

ComputeStrips: TypeAlias = Callable[[RowSource, tuple[int, int], Progress | None], Iterator[Tensor]]
"""From a picture, the result's height and width, and who is told the fraction done, to the result's
float planes in strips C×h×W, from top to bottom."""

RunPose: TypeAlias = Callable[[int, Progress | None], Iterator[Tensor]]
"""From a pose, and who is told the fraction done, to the strips of the turned result."""

POSES = 8


def ensembled(compute: ComputeStrips) -> ComputeStrips:
    """Make of a computation the mean over all poses of the picture, each turned back.

    The picture and the sum are held whole: the picture's own bytes, and 4 for each value of the
    result.

    Raises:
        InputError: as what is made of it is run, that these do not fit into the free memory.
    """

    def compute_all(
        source: RowSource, size: tuple[int, int], progress: Progress | None
    ) -> Iterator[Tensor]:
        pixel = source.channels * source.dtype.itemsize
        picture = source.height * source.width * pixel
        check_room(picture + size[0] * size[1] * source.channels * 4)
        pixels = _read(source)

        def run(pose: int, told: Progress | None) -> Iterator[Tensor]:
            turned = posed(pixels, pose)
            height, width = size if pose % 2 == 0 else size[::-1]
            return compute(ArraySource(turned), (height, width), told)

        total = np.zeros((*size, source.channels), np.float32)
        add_poses(total, run, progress)
        for top, bottom in strips(*size):
            yield torch.from_numpy(total[top:bottom]).permute(2, 0, 1) / POSES

    return compute_all


def add_poses(total: Float32, run: RunPose, progress: Progress | None) -> None:
    """Add to H×W×C what is computed in each of the poses, turned back; warnings come once."""
    for pose in range(POSES):
        place = posed(total, pose)  # a view: what is added to it is turned back already
        top = 0
        with _told_once(pose):
            for strip in run(pose, _share(progress, pose)):
                bottom = top + strip.shape[-2]
                place[top:bottom] += strip.permute(1, 2, 0).numpy()
                top = bottom


@contextmanager
def _told_once(pose: int) -> Iterator[None]:
    """Leave warnings to the first pose: what is told of a picture is true of all of them."""
    with warnings.catch_warnings():
        if pose:
            warnings.simplefilter("ignore", N3Warning)
        yield


def posed(pixels: NDArray[Any], pose: int) -> NDArray[Any]:
    """A view of pixels H×W(×C): turned by `pose` mod 4 quarters, from 4 on mirrored before."""
    return np.rot90(pixels[:, ::-1] if pose >= 4 else pixels, pose % 4)


def _share(progress: Progress | None, pose: int) -> Progress | None:
    """What one pose tells of its progress, as a share of that of all."""
    return progress and (lambda done: progress((pose + done) / POSES))


def _read(source: RowSource) -> NDArray[Any]:
    pixels = np.empty((source.height, source.width, source.channels), source.dtype)
    for top, bottom in strips(source.height, source.width):  # a reader keeps the last strip only
        pixels[top:bottom], _ = source.rows(top, bottom)
    return pixels


def check_room(needed: int) -> None:
    """Check that as many bytes as all poses of a picture need are free.

    Raises:
        InputError: they are not.
    """
    free = free_memory(torch.device("cpu"))
    if free is not None and needed > free:
        raise InputError(
            f"test-time augmentation needs {needed / 1e9:.1f} GB for the whole picture, but only "
            f"{free / 1e9:.1f} GB are free; do without it, or process a part of the picture"
        )
