"""What a suite asks of methods: one record a task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from n3cli.bench import protocol, upscaling
from n3cli.bench.protocol import Score

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Task:
    """What is done to images, at which levels, and how the outcome is scored.

    Attributes:
        name: the models' that do it, as in their names.
        level: what a level is, one word.
        symbol: stands before a level in a table.
        axis: stands at an axis of levels in a plot.
        protocol: the rules in words.
        published: what published figures are, in words.
        load: path and planes → the clean image H×W×C in [0, 1].
        degrade: path, clean image, level and index → what a method gets.
        score: estimate, clean image and level → scores.
        scored: what is scored, for a table's title; the planes of the suite where it is empty.
    """

    name: str
    level: str
    symbol: str
    axis: str
    protocol: str
    published: str
    load: Callable[[Path, int], Array]
    degrade: Callable[[Path, Array, float, int], Array]
    score: Callable[[Array, Array, float], Score]
    scored: str = ""


DENOISE = Task(
    "denoise",
    "sigma",
    "σ",
    "noise level (0–255 scale)",
    protocol.PROTOCOL,
    "Published are PSNRs over the whole set, on noise of their authors' own:",
    protocol.load_clean,
    lambda path, clean, sigma, index: protocol.make_noisy(clean, sigma, index),
    lambda estimate, clean, sigma: protocol.score(estimate, clean),
)

UPSCALE = Task(
    "upscale",
    "scale",
    "×",
    "scale",
    upscaling.PROTOCOL,
    "Published are PSNRs over the whole set:",
    lambda path, channels: protocol.load_image(path),
    lambda path, clean, scale, index: upscaling.make_low(path, clean, scale),
    upscaling.score,
    "luma",
)

PHOTO = replace(
    UPSCALE,
    protocol=upscaling.PHOTO_PROTOCOL,
    scored="luma, from blurred, noisy and compressed pictures",
    degrade=upscaling.make_photo,
)

TASKS = {"denoise": DENOISE, "upscale": UPSCALE, "photo": PHOTO}
