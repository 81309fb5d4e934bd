"""What methods made of images, kept: as files, or as crops to look at."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from n3cli.bench.method import Method
from n3cli.bench.suite import Suite
from n3cli.bench.task import Item
from n3cli.io.path import make_folder, make_new_folder
from n3cli.io.picture import Picture, write_picture
from n3cli.ops.array import Float32
from n3cli.ops.detail import most_detailed
from n3cli.ops.metric import psnr


@dataclass(frozen=True)
class Estimate:
    """One method's output for one image; arrays are H×W×C in [0, 1], unclipped.

    Attributes:
        suite: what is measured on.
        item: what the clean image was loaded from.
        index: the image's number in the suite.
        level: noise level on the 0–255 scale, or scale.
        method: what made it.
        clean: the image.
        given: what the method got; smaller where it had to enlarge.
        output: what it gave.
    """

    suite: Suite
    item: Item
    index: int
    level: float
    method: Method
    clean: Float32
    given: Float32
    output: Float32


Keeper = Callable[[Estimate], None]


BESIDE = ("clean", "given")
"""What is saved beside the results of methods."""


def save_to(folder: Path) -> Keeper:
    """Write estimates as PNG files of 8 bits.

    They lie at ``folder/SUITE/sigma-N/METHOD/IMAGE.png``, beside methods ``clean`` and ``given``.

    Args:
        folder: a new or an empty one, so that nothing is replaced.

    Raises:
        InputError: it holds something, or cannot be written to.
    """
    make_new_folder(folder, "with --save-images")

    def keep(estimate: Estimate) -> None:
        level = folder / estimate.suite.folder(estimate.level)
        names = (*BESIDE, _file_name(estimate.method.name))
        for name, values in zip(
            names, (estimate.clean, estimate.given, estimate.output), strict=True
        ):
            path = level / name / f"{estimate.item.stem}.png"
            make_folder(path)
            write_picture(path, Picture(_eight_bits(values)))

    return keep


def keep_crops(into: list[KeptCrop], images: int = 3, side: int = 128) -> Keeper:
    """Keep the part with most detail of the first images of each suite.

    Args:
        into: gets them in the order in which they come.
        images: how many images of a suite.
        side: of a part in pixels, at most.
    """

    def keep(estimate: Estimate) -> None:
        if estimate.index >= images:
            return
        height, width = (min(side, length) for length in estimate.clean.shape[:2])
        top, left = most_detailed(estimate.clean, height, width)
        part = slice(top, top + height), slice(left, left + width)
        times = estimate.clean.shape[0] // estimate.given.shape[0]
        given = estimate.given.repeat(times, 0).repeat(times, 1)  # pixels that can be seen
        whole = (estimate.clean, given, estimate.output)
        clean, given, output = (np.clip(each[part], 0, 1) for each in whole)
        into.append(
            KeptCrop(
                estimate.suite.name, estimate.item.stem, estimate.level, estimate.method.name,
                clean, given, output,
            )
        )  # fmt: skip

    return keep


@dataclass(frozen=True)
class KeptCrop:
    """A part of an estimate; arrays are h×w×C in [0, 1], clipped."""

    suite: str
    image: str
    level: float
    method: str
    clean: Float32
    given: Float32
    output: Float32

    @property
    def psnr(self) -> float:
        """Of this part, of all its planes, in dB."""
        return psnr(self.output, self.clean, peak=1)

    @property
    def error(self) -> Float32:
        """Absolute error, mean over the planes, five times as strong: h×w×1."""
        error: Float32 = np.abs(self.output - self.clean).mean(2, keepdims=True)
        return np.minimum(5 * error, np.float32(1))


def png(values: Float32) -> bytes:
    """A picture H×W×C in [0, 1] as a PNG file of 8 bits."""
    file = io.BytesIO()
    write_picture(file, Picture(_eight_bits(values)), format="png")
    return file.getvalue()


def _eight_bits(values: Float32) -> NDArray[np.uint8]:
    return np.rint(255 * np.clip(values, 0, 1)).astype(np.uint8)


def _file_name(method: str) -> str:
    return "".join(char if char.isalnum() or char in "-._" else "_" for char in method)
