"""One suite, measured: every method on every image at every noise level."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from n3cli.bench.estimate import Estimate, Keeper
from n3cli.bench.method import Method
from n3cli.bench.protocol import load_clean, make_noisy, score
from n3cli.bench.suite import Suite


@dataclass(frozen=True)
class Row:
    """One method's means over the images.

    Attributes:
        method: what was measured.
        psnr: in dB, one for each noise level.
        ssim: one for each noise level.
        seconds: wall clock for a megapixel, median over images and noise levels.
    """

    method: Method
    psnr: tuple[float, ...]
    ssim: tuple[float, ...]
    seconds: float


@dataclass(frozen=True)
class Measurement:
    """A suite's outcome.

    Attributes:
        suite: what was measured on.
        sigmas: the noise levels, on the 0–255 scale.
        images: how many of the suite's images were used, from the first.
        rows: one for each method.
    """

    suite: Suite
    sigmas: tuple[float, ...]
    images: int
    rows: tuple[Row, ...]

    @property
    def whole(self) -> bool:
        """Whether all images of the suite were used."""
        return self.images == self.suite.data.count


def measure(
    suite: Suite,
    paths: Sequence[Path],
    methods: Sequence[Method],
    sigmas: Sequence[float],
    progress: Callable[[str], None],
    keepers: Sequence[Keeper] = (),
) -> Measurement:
    """Run methods on a suite.

    Args:
        suite: the suite.
        paths: its images in sorted order, or the first of them.
        methods: what to run.
        sigmas: noise levels on the 0–255 scale.
        progress: told once an image what is going on.
        keepers: get every estimate.

    Returns:
        The means over the images.
    """
    scores = np.empty((len(paths), len(sigmas), len(methods), 2))
    seconds = np.empty(scores.shape[:3])
    for image, path in enumerate(paths):
        progress(f"{suite.name}: image {image + 1} of {len(paths)}, {path.name}")
        clean = load_clean(path, suite.channels)
        for level, sigma in enumerate(sigmas):
            noisy = make_noisy(clean, sigma, index=image)
            for number, method in enumerate(methods):
                given = noisy.copy()
                begun = time.perf_counter()
                estimate = method.run(given, sigma)
                spent = time.perf_counter() - begun
                seconds[image, level, number] = spent * 1e6 / (clean.shape[0] * clean.shape[1])
                scores[image, level, number] = score(estimate, clean)
                for keep in keepers:
                    keep(Estimate(suite, path, image, sigma, method, clean, noisy, estimate))
    psnr, ssim = scores.mean(0).T  # each methods × sigmas
    pace = np.median(seconds, (0, 1))
    rows = tuple(
        Row(method, tuple(psnr[n].tolist()), tuple(ssim[n].tolist()), float(pace[n]))
        for n, method in enumerate(methods)
    )
    return Measurement(suite, tuple(sigmas), len(paths), rows)
