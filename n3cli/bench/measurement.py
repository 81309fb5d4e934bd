"""One suite, measured: every method on every image at every level."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from n3cli.bench.estimate import Estimate, Keeper
from n3cli.bench.method import Method
from n3cli.bench.suite import Suite
from n3cli.bench.task import Item
from n3cli.bench.timing import time_left


@dataclass(frozen=True)
class ImageScore:
    """One method's figures on one image.

    Attributes:
        image: its name.
        psnr: in dB, one for each level.
        ssim: one for each level.
        seconds: wall clock, one for each level; the first image's may hold what is done once.
    """

    image: str
    psnr: tuple[float, ...]
    ssim: tuple[float, ...]
    seconds: tuple[float, ...]


@dataclass(frozen=True)
class Row:
    """One method's means over the images.

    Attributes:
        method: what was measured.
        psnr: in dB, one for each level.
        ssim: one for each level.
        seconds: wall clock for a megapixel of output, median over images and levels.
        per_image: what the means are of.
    """

    method: Method
    psnr: tuple[float, ...]
    ssim: tuple[float, ...]
    seconds: float
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
    items: Mapping[float, Sequence[Item]],
    methods: Sequence[Method],
    progress: Callable[[str], None],
    keepers: Sequence[Keeper] = (),
) -> Measurement:
    """Run methods on a suite.

    Args:
        suite: the suite.
        items: for each level its images in sorted order, or equally many of the first of them.
        methods: what to run.
        progress: told once an image what is going on.
        keepers: get every estimate.

    Returns:
        The means over the images, and what they are of.
    """
    task, images = suite.task, len(next(iter(items.values())))
    scores = np.empty((images, len(items), len(methods), 2))
    seconds, megapixels = np.empty(scores.shape[:3]), np.empty((images, len(items), 1))
    start = time.perf_counter()
    for image in range(images):
        loaded = None
        left = time_left(time.perf_counter() - start, image, images)
        for number, (level, own) in enumerate(items.items()):
            item = own[image]
            if item is not loaded:  # the same image serves all levels, where each has not its own
                progress(f"{suite.name}: image {image + 1} of {images}, {item.name}{left}")
                clean, loaded = task.load(item, suite.channels), item
            given = task.degrade(item, clean, level, image)
            megapixels[image, number] = clean.shape[0] * clean.shape[1] / 1e6
            for which, method in enumerate(methods):
                copy = given.copy()
                begun = time.perf_counter()
                output = task.apply(method, copy, level)
                seconds[image, number, which] = time.perf_counter() - begun
                scores[image, number, which] = task.score(output, clean, level)
                for keep in keepers:
                    keep(Estimate(suite, item, image, level, method, clean, given, output))
    names = [item.name for item in next(iter(items.values()))]
    psnr, ssim = scores.mean(0).T  # each methods × levels
    pace = np.median(seconds / megapixels, (0, 1))
    rows = tuple(
        Row(
            method,
            tuple(psnr[n].tolist()),
            tuple(ssim[n].tolist()),
            float(pace[n]),
            tuple(
                ImageScore(name, *map(tuple, (*own[:, n].T.tolist(), took[:, n].tolist())))
                for name, own, took in zip(names, scores, seconds, strict=True)
            ),
        )
        for n, method in enumerate(methods)
    )
    return Measurement(suite, tuple(items), images, rows)
