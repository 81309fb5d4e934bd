"""What tells right correspondences from wrong ones, as methods of a benchmark."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from n3cli.bench.method import network_facts
from n3cli.data.pairs.pair import Pair
from n3cli.errors import ConfigError, DataError
from n3cli.inference.match.classifier import NO_MODEL, Classifier, default_classifier
from n3cli.inference.match.matcher import RATIO
from n3cli.io.match.matches import from_pairs
from n3cli.ops.array import Float64
from n3cli.ops.two_view.camera import Camera
from n3cli.zoo.load import load_model


@dataclass(frozen=True)
class Verdict:
    """What a method says of a pair's correspondences.

    Attributes:
        kept: N: those that it takes for right.
        score: N: what they are ranked by, higher is better.
        weight: N, from 0 up: of each in the eight-point algorithm.
    """

    kept: NDArray[np.bool_]
    score: Float64
    weight: Float64


@dataclass(frozen=True)
class PairMethod:
    """A method that a suite of correspondences can run.

    Attributes:
        name: what a table calls it.
        note: how it is run, one line for beneath the table.
        judge: what does it.
        wants: what it must be told of correspondences beside their points: ``ratio``, ``mutual``.
        facts: what JSON says of it besides.
    """

    name: str
    note: str
    judge: Callable[[Pair], Verdict]
    wants: tuple[str, ...] = ()
    facts: Mapping[str, object] = field(default_factory=dict)

    def can_judge(self, pair: Pair) -> bool:
        """Whether the pair's data says what it wants."""
        return all(getattr(pair, name) is not None for name in self.wants)


def make_filters(names: Sequence[str]) -> list[PairMethod]:
    """Rules that need no network, by their names.

    Raises:
        ConfigError: there is none of that name.
    """
    for name in names:
        if name not in FILTERS:
            raise ConfigError(
                f"--against {name}: for correspondences, known are {', '.join(FILTERS)}"
            )
    return [PairMethod(name, *FILTERS[name]) for name in names]


def _filter(kept: NDArray[np.bool_], score: Float64) -> Verdict:
    return Verdict(kept, score, kept.astype(np.float64))


def _none(pair: Pair) -> Verdict:
    count = len(pair.points)
    return _filter(np.ones(count, bool), np.zeros(count))


def _ratio(pair: Pair) -> Verdict:
    ratio = _side(pair, "ratio")
    return _filter(ratio < RATIO, -ratio)


def _mutual(pair: Pair) -> Verdict:
    mutual = _side(pair, "mutual")
    return _filter(mutual > 0, mutual)


def _both(pair: Pair) -> Verdict:
    ratio, mutual = _side(pair, "ratio"), _side(pair, "mutual")
    # All mutual ones before all others.
    return _filter((ratio < RATIO) & (mutual > 0), 2 * mutual - ratio)


def _side(pair: Pair, name: str) -> Float64:
    values = getattr(pair, name)
    if values is None:
        raise DataError(
            f"{pair.name}: its data has no {name}s; leave out the method that needs them"
        )
    return np.asarray(values, np.float64)


def make_classifiers(names: Sequence[str | None], device: str) -> list[PairMethod]:
    """Pretrained models.

    Args:
        names: as in ``-m``; None for the bundled default.
        device: as in ``--device``.

    Raises:
        ModelError: it cannot be had, or is for another task.
        DeviceError: there is no such device.
    """
    return [_classifier(name or default_classifier(), device) for name in names]


def _classifier(name: str, device: str) -> PairMethod:
    if name == NO_MODEL:
        raise ConfigError(
            "-m needs a model; to measure all putative correspondences, give --against none"
        )
    model = load_model(name, task="match")
    classifier = Classifier(model, device=device)
    camera = Camera(np.eye(3))

    def judge(pair: Pair) -> Verdict:
        first, second = np.split(pair.points, 2, axis=1)
        putative = from_pairs(first, second, ratio=pair.ratio, mutual=pair.mutual)
        everything = np.ones(len(pair.points), bool)
        logits = classifier.logits(putative, everything, (camera, camera)).astype(np.float64)
        # As the papers weigh them (Yi and others, CVPR 2018).
        return Verdict(logits > 0, logits, np.tanh(logits).clip(0))

    facts = network_facts(model)
    note = f"{model.config.network}, {facts['parameters']:,} parameters, those with a logit above 0"
    wants = ("ratio", "mutual") if classifier.wants_sides else ()
    return PairMethod(model.config.name, note, judge, wants, facts)


FILTERS: dict[str, tuple[str, Callable[[Pair], Verdict], tuple[str, ...]]] = {
    "none": ("all putative correspondences", _none, ()),
    "ratio": (f"those with a ratio below {RATIO:g}", _ratio, ("ratio",)),
    "mutual": ("those that are each other's nearest", _mutual, ("mutual",)),
    "ratio+mutual": ("those that pass both", _both, ("ratio", "mutual")),
}
