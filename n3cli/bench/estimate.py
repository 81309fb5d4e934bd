"""What methods made of noisy images, kept: as files, or as crops to look at."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from n3cli.bench.method import Method
from n3cli.bench.protocol import score
from n3cli.bench.suite import Suite
from n3cli.io.picture import Picture, write_picture

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Estimate:
    """One method's output for one noisy image; arrays are H×W×C in [0, 1], unclipped.

    Attributes:
        suite: what is measured on.
        path: of the clean image.
        index: the image's number in the suite.
        sigma: noise level on the 0–255 scale.
        method: what made it.
        clean: the image.
        noisy: what the method got.
        output: what it gave.
    """

    suite: Suite
    path: Path
    index: int
    sigma: float
    method: Method
    clean: Array
    noisy: Array
    output: Array


Keeper = Callable[[Estimate], None]


def save_to(folder: Path) -> Keeper:
    """Write estimates as PNG files of 8 bits.

    They lie at ``folder/SUITE/sigma-N/METHOD/IMAGE.png``, beside methods ``clean`` and ``noisy``.

    Args:
        folder: made where it does not exist; files of the same name are replaced.
    """

    def keep(estimate: Estimate) -> None:
        level = folder / estimate.suite.name / f"sigma-{estimate.sigma:g}"
        pictures = (
            ("clean", estimate.clean), ("noisy", estimate.noisy),
            (_file_name(estimate.method.name), estimate.output),
        )  # fmt: skip
        for name, values in pictures:
            path = level / name / f"{estimate.path.stem}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_picture(path, Picture(_eight_bits(values)))

    return keep


@dataclass
class Gallery:
    """Crops of the first images of each suite.

    Attributes:
        images: how many images of a suite.
        side: of a crop in pixels.
        crops: what was kept, in the order in which it came.
    """

    images: int = 3
    side: int = 128
    crops: list[Crop] = field(default_factory=list)

    def keep(self, estimate: Estimate) -> None:
        """Keep the part with most detail, if the image is among the first."""
        if estimate.index >= self.images:
            return
        part = _most_detailed(estimate.clean, self.side)
        clean, noisy, output = (
            np.clip(each[part], 0, 1) for each in (estimate.clean, estimate.noisy, estimate.output)
        )
        self.crops.append(
            Crop(
                estimate.suite.name, estimate.path.stem, estimate.sigma, estimate.method.name,
                clean, noisy, output,
            )
        )  # fmt: skip


@dataclass(frozen=True)
class Crop:
    """A part of an estimate; arrays are h×w×C in [0, 1], clipped."""

    suite: str
    image: str
    sigma: float
    method: str
    clean: Array
    noisy: Array
    output: Array

    @property
    def psnr(self) -> float:
        """Of this part, in dB."""
        return score(self.output, self.clean).psnr

    @property
    def error(self) -> Array:
        """Absolute error, mean over the planes, five times as strong: h×w×1."""
        error: Array = np.abs(self.output - self.clean).mean(2, keepdims=True)
        return np.minimum(5 * error, np.float32(1))


def png(values: Array) -> bytes:
    """A picture H×W×C in [0, 1] as a PNG file of 8 bits."""
    file = io.BytesIO()
    write_picture(file, Picture(_eight_bits(values)), format="png")
    return file.getvalue()


def _eight_bits(values: Array) -> NDArray[np.uint8]:
    return np.rint(255 * np.clip(values, 0, 1)).astype(np.uint8)


def _file_name(method: str) -> str:
    return "".join(char if char.isalnum() or char in "-._" else "_" for char in method)


def _most_detailed(clean: Array, side: int) -> tuple[slice, slice]:
    """The square with the largest gradients, told by the clean image alone."""
    height, width = (min(side, length) for length in clean.shape[:2])
    grey = clean.mean(2)
    detail = np.zeros_like(grey)
    detail[1:] += np.abs(np.diff(grey, axis=0))
    detail[:, 1:] += np.abs(np.diff(grey, axis=1))
    total = np.pad(detail.cumsum(0, dtype=np.float64).cumsum(1), ((1, 0), (1, 0)))
    sums = total[height:, width:] - total[:-height, width:] - total[height:, :-width]
    sums += total[:-height, :-width]
    top, left = np.unravel_index(sums.argmax(), sums.shape)
    return slice(int(top), int(top) + height), slice(int(left), int(left) + width)
