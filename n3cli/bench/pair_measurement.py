"""Methods on the pairs of a suite: how well they choose, and which poses come of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import stdev

import numpy as np

from n3cli.bench.pair_method import PairMethod, Verdict
from n3cli.data.pairs.pair import Pair
from n3cli.errors import DataError
from n3cli.ops.array import Float64
from n3cli.ops.two_view.label_score import LabelScore, score_labels
from n3cli.ops.two_view.pose_score import area_under_curve, bootstrap_interval, mean_accuracy

PoseError = Callable[[Pair, Verdict], tuple[float, ...]]
"""Degrees, one for each draw of the estimator: the larger one of the rotation's and the
translation's error; ∞ where no pose was found."""

THRESHOLDS = (5, 10, 20)
"""Of mAP and AUC, in degrees."""


@dataclass(frozen=True)
class Poses:
    """How good the poses are that one estimator made of one method's choice.

    Attributes:
        errors: degrees; of each pair one for each draw of the estimator.
    """

    errors: tuple[tuple[float, ...], ...]

    @property
    def mean_accuracies(self) -> tuple[float, ...]:
        """MAP at 5°, 10° and 20°, from 0 to 1."""
        return tuple(mean_accuracy(self.errors, each) for each in THRESHOLDS)

    @property
    def areas(self) -> tuple[float, ...]:
        """AUC at 5°, 10° and 20°, from 0 to 1."""
        return tuple(area_under_curve(self.errors, each) for each in THRESHOLDS)

    @property
    def deviation(self) -> float | None:
        """The standard deviation of AUC at 5° from draw to draw; none of a single draw."""
        draws = [area_under_curve(draw, THRESHOLDS[0]) for draw in zip(*self.errors, strict=True)]
        return stdev(draws) if len(draws) > 1 else None

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of mAP at 5°, pairs drawn again."""
        return bootstrap_interval(self.errors, THRESHOLDS[0])


@dataclass(frozen=True)
class PairRow:
    """One method's figures.

    Attributes:
        method: what was measured.
        labels: means over the pairs that have right correspondences.
        poses: by the name of the estimator.
        seconds: wall clock of its choice, median over the pairs.
    """

    method: PairMethod
    labels: LabelScore
    poses: Mapping[str, Poses]
    seconds: float


@dataclass(frozen=True)
class PairMeasurement:
    """A suite's outcome.

    Attributes:
        suite: what the command line calls it.
        title: of what was measured on.
        pairs: how many.
        correspondences: of a pair, mean.
        right: share of the right ones among them, mean.
        rows: one for each method.
    """

    suite: str
    title: str
    pairs: int
    correspondences: float
    right: float
    rows: tuple[PairRow, ...]


def measure_pairs(
    suite: str,
    title: str,
    pairs: Iterable[Pair],
    methods: Sequence[PairMethod],
    estimators: Mapping[str, PoseError],
    progress: Callable[[str], None],
) -> PairMeasurement:
    """Run methods on pairs, and estimators on what they choose.

    Args:
        suite: what the command line calls it.
        title: of those of its pairs that these are.
        pairs: read one after the other.
        methods: what to run.
        estimators: by name.
        progress: told once a pair what is going on.

    Raises:
        DataError: there are no pairs.
    """
    labels: list[list[LabelScore]] = [[] for _ in methods]
    errors: list[dict[str, list[tuple[float, ...]]]]
    errors = [{name: [] for name in estimators} for _ in methods]
    seconds: list[list[float]] = [[] for _ in methods]
    counts, shares = [], []
    for pair in pairs:
        progress(f"{title}: {pair.name}")
        counts.append(len(pair.points))
        shares.append(float(pair.right.mean()) if len(pair.points) else 0.0)
        for which, method in enumerate(methods):
            begun = time.perf_counter()
            verdict = method.judge(pair)
            seconds[which].append(time.perf_counter() - begun)
            labels[which].append(score_labels(pair.right, verdict.kept, verdict.score))
            for name, estimate in estimators.items():
                errors[which][name].append(estimate(pair, verdict))
    if not counts:
        raise DataError(f"{title} has no pairs to measure on; get the set again")
    rows = tuple(
        PairRow(
            method,
            _means(labels[which]),
            {name: Poses(tuple(values)) for name, values in errors[which].items()},
            float(np.median(seconds[which])),
        )
        for which, method in enumerate(methods)
    )
    means = float(np.mean(counts)), float(np.mean(shares))
    return PairMeasurement(suite, title, len(counts), *means, rows)


def _means(scores: Sequence[LabelScore]) -> LabelScore:
    """Over the pairs that have something to find; not a number if none has."""
    values: Float64 = np.array(scores, np.float64)
    known = values[~np.isnan(values).any(1)]
    if not len(known):
        return LabelScore(*[float("nan")] * 4)
    return LabelScore(*(float(each) for each in known.mean(0)))
