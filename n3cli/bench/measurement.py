"""One suite, measured: every method on every image at every level."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from n3cli.bench.estimate import Estimate, Keeper
from n3cli.bench.given import Items, give
from n3cli.bench.method import Method
from n3cli.bench.suite import Suite


@dataclass(frozen=True)
class ImageScore:
    """One method's figures on one image.

    Attributes:
        image: its name.
        psnr: in dB, one for each level.
        ssim: one for each level.
        seconds: wall clock, one for each level; the first image's may hold what is done once. None
            where another program made the results.
    """

    image: str
    psnr: tuple[float, ...]
    ssim: tuple[float, ...]
    seconds: tuple[float, ...] | None


@dataclass(frozen=True)
class Row:
    """One method's means over the images.

    Attributes:
        method: what was measured.
        psnr: in dB, one for each level.
        ssim: one for each level.
        seconds: wall clock for a megapixel of output, median over images and levels; None where
            another program made the results.
        per_image: what the means are of.
    """

    method: Method
    psnr: tuple[float, ...]
    ssim: tuple[float, ...]
    seconds: float | None
    per_image: tuple[ImageScore, ...] = ()


@dataclass(frozen=True)
class Measurement:
    """A suite's outcome.

    Attributes:
        suite: what was measured on.
        levels: noise levels on the 0–255 scale, or scales.
        images: how many of the suite's images were used at each level, from the first.
        rows: one for each method.
        verified: whether the images are as published; None where no list tells.
    """

    suite: Suite
    levels: tuple[float, ...]
    images: int
    rows: tuple[Row, ...]
    verified: bool | None = None

    @property
    def whole(self) -> bool:
        """Whether all images of the suite were used."""
        return self.images == self.suite.data.count


def measure(
    suite: Suite,
    items: Items,
    methods: Sequence[Method],
    progress: Callable[[str], None],
    keepers: Sequence[Keeper] = (),
) -> Measurement:
    """Run methods on a suite.

    Args:
        suite: the suite.
        items: its images.
        methods: what to run.
        progress: told once an image what is going on.
        keepers: get every estimate.

    Returns:
        The means over the images, and what they are of.
    """
    task, images, levels = suite.task, len(next(iter(items.values()))), tuple(items)
    scores = np.empty((images, len(levels), len(methods), 2))
    seconds, megapixels = np.empty(scores.shape[:3]), np.empty((images, len(levels), 1))
    for given in give(suite, items, progress):
        item, image, level, clean = given.item, given.index, given.level, given.clean
        number = levels.index(level)
        megapixels[image, number] = clean.shape[0] * clean.shape[1] / 1e6
        for which, method in enumerate(methods):
            copy = given.values.copy()
            begun = time.perf_counter()
            if method.stored:
                output = method.stored(item.stem, level)
            else:
                output = task.apply(method, copy, level)
            seconds[image, number, which] = time.perf_counter() - begun
            scores[image, number, which] = task.score(output, clean, level)
            for keep in keepers:
                keep(Estimate(suite, item, image, level, method, clean, given.values, output))
    names = [item.name for item in next(iter(items.values()))]
    psnr, ssim = scores.mean(0).T  # each methods × levels
    pace = np.median(seconds / megapixels, (0, 1))
    rows = tuple(
        Row(
            method,
            tuple(psnr[n].tolist()),
            tuple(ssim[n].tolist()),
            None if method.stored else float(pace[n]),
            tuple(
                ImageScore(
                    name,
                    tuple(own[:, n, 0].tolist()),
                    tuple(own[:, n, 1].tolist()),
                    None if method.stored else tuple(took[:, n].tolist()),
                )
                for name, own, took in zip(names, scores, seconds, strict=True)
            ),
        )
        for n, method in enumerate(methods)
    )
    return Measurement(suite, levels, images, rows)
