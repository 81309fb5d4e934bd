"""How a candidate for the bundled models is examined: for images, and for correspondences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from n3cli.training.pair_validation import LABELS, held_out_pairs, score_pairs
from n3cli.training.validation import centre
from n3cli.training.yardstick import Yardstick
from n3cli.zoo.folder import Model, SetModel, load_folder

_SMALL = 128
"""Side of the crops on which the cost of rounding is measured."""

_PAIRS, _FEW, _POINTS = 200, 20, 2000
"""Pairs of views, those on which the cost of rounding is measured, and correspondences of each."""

_CPU = torch.device("cpu")

Measure = Callable[[Path], tuple[float, ...]]
"""Folder of a model → its scores, as it is loaded for use; higher is better."""


@dataclass(frozen=True)
class Exam:
    """What scores are and mean.

    Attributes:
        title: of what is judged on, for the card.
        columns: what the scores are of.
        unit: of all scores.
        measure: gives them.
        measure_rounding: the same on less, to see what rounding of the weights costs.
        rounding: how much it may cost, in the unit.
        slack: how much one score may fall while their mean rises, in the unit.
    """

    title: str
    columns: tuple[str, ...]
    unit: str
    measure: Measure
    measure_rounding: Measure
    rounding: float
    slack: float


def is_better(candidate: Sequence[float], current: Sequence[float], slack: float) -> bool:
    """Whether the mean rises and no score falls by more than the slack."""
    gains = [new - old for new, old in zip(candidate, current, strict=True)]
    return sum(gains) > 0 and min(gains) >= -slack


def examine_images(
    yardstick: Yardstick, levels: tuple[float, ...], images: Sequence[Tensor]
) -> Exam:
    """The validation images at some noise levels or scales; 0.02 dB of slack."""

    def measure_on(images: Sequence[Tensor]) -> Measure:
        def measure(folder: Path) -> tuple[float, ...]:
            model = load_folder(folder)
            assert isinstance(model, Model)
            return tuple(yardstick.scores(model.network, images, levels, _CPU).values())

        return measure

    return Exam(
        "Val40",
        tuple(f"{yardstick.label}{level:g}" for level in levels),
        "PSNR in dB",
        measure_on(images),
        measure_on([centre(image, _SMALL) for image in images]),
        rounding=0.005,
        slack=0.02,
    )


def examine_pairs() -> Exam:
    """Held-out synthetic pairs of views; half a per cent of slack."""

    def measure_on(count: int) -> Measure:
        def measure(folder: Path) -> tuple[float, ...]:
            model = load_folder(folder)
            assert isinstance(model, SetModel)
            scores = score_pairs(model.network, held_out_pairs(count, _POINTS), _CPU)
            return tuple(100 * scores[key] for key in LABELS)

        return measure

    return Exam(
        "synthetic pairs",
        tuple(LABELS.values()),
        "per cent",
        measure_on(_PAIRS),
        measure_on(_FEW),
        rounding=0.1,
        slack=0.5,
    )


def describe_pairs() -> str:
    """What `examine_pairs` judges on."""
    return f"{_PAIRS} synthetic pairs of views of {_POINTS} correspondences, not trained on"
