"""What a suite asks of methods: one record a task."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from n3cli.bench import mosaic, protocol, real, upscaling
from n3cli.bench.method import Method
from n3cli.bench.protocol import Score
from n3cli.data.pairs_of_photos import pair_photos
from n3cli.data.sidd import list_blocks
from n3cli.data.simulated.mosaic import RGGB, expose, noise_at
from n3cli.ops.array import Float32
from n3cli.ops.mosaic.layout import XTRANS, Pattern
from n3cli.zoo.names import CAMERA


class Item(Protocol):
    """What a suite measures on: the path of an image, or a part of a file."""

    @property
    def name(self) -> str:
        """For people."""

    @property
    def stem(self) -> str:
        """For names of files."""


@dataclass(frozen=True)
class SuiteTask:
    """What is done to images, at which levels, and how the outcome is scored.

    Attributes:
        name: the models' that do it, as in their names.
        level: what a level is, one word.
        symbol: stands before a level in a table.
        axis: stands at an axis of levels in a plot.
        protocol: the rules in words.
        published: what published figures are, in words.
        load: item and planes → the clean image H×W×C in [0, 1].
        degrade: item, clean image, level and index → what a method gets.
        score: estimate, clean image and level → scores.
        scored: what is scored, for a table's title; the planes of the suite where it is empty.
        items: the data set's files and planes → what is measured on.
        apply: how a method is run on what it gets at a level.
        baseline: the peer that stands in every table, if any.
        models: those that are measured unless others are asked for; None is the default.
    """

    name: str
    level: str
    symbol: str
    axis: str
    protocol: str
    published: str
    load: Callable[[Any, int], Float32]
    degrade: Callable[[Any, Float32, float, int], Float32]
    score: Callable[[Float32, Float32, float], Score]
    scored: str = ""
    items: Callable[[Sequence[Path], int], Sequence[Item]] = lambda paths, channels: paths
    apply: Callable[[Method, Float32, float], Float32] = lambda method, given, level: method.run(
        given, level
    )
    baseline: str = ""
    models: tuple[str | None, ...] = (None,)

    @property
    def is_plain(self) -> bool:
        """Whether a method gets nothing but an image and its level: other programs can, too."""
        return self.apply is SuiteTask.apply

    def label(self, level: float) -> str:
        """A level for people."""
        return "auto" if self.level == "sigma" and level == real.AUTO else f"{level:g}"


DENOISE = SuiteTask(
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

UPSCALE = SuiteTask(
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
    baseline="bicubic",
)

PHOTO = replace(
    UPSCALE,
    protocol=upscaling.PHOTO_PROTOCOL,
    scored="luma, from blurred, noisy and compressed pictures",
    degrade=upscaling.make_photo,
)

REAL = replace(
    DENOISE,
    protocol=real.PROTOCOL,
    load=lambda block, channels: block.clean,
    degrade=lambda block, clean, level, index: block.noisy,
    items=list_blocks,
    apply=real.run_on_image,
    baseline="noisy",
)

PHOTOS = replace(
    REAL,
    protocol=real.PHOTO_PROTOCOL,
    load=lambda pair, channels: protocol.load_image(pair.clean),
    degrade=lambda pair, clean, level, index: protocol.load_image(pair.noisy),
    items=lambda paths, channels: pair_photos(paths),
    models=(None, CAMERA),
)

RAW = replace(
    REAL,
    protocol=real.RAW_PROTOCOL,
    scored="mosaics",
    apply=real.run_on_mosaic,
)


def _mosaics(name: str, pattern: Pattern) -> SuiteTask:
    return replace(
        DENOISE,
        protocol=mosaic.protocol(name),
        load=lambda path, channels: mosaic.load_mosaic(path, pattern),
        degrade=lambda path, clean, level, index: expose(clean, level, index),
        scored=f"mosaics, {name}",
        apply=lambda method, noisy, level: mosaic.run_on_mosaic(
            method, noisy, noise_at(level), pattern
        ),
        models=("raw",),
        baseline="noisy",
    )


MOSAIC = _mosaics("RGGB", RGGB)
X_TRANS = _mosaics("X-Trans", XTRANS[0])

TASKS = {"denoise": DENOISE, "upscale": UPSCALE, "photo": PHOTO}
