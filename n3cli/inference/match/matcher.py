"""A model, an estimator and settings, ready for pairs of pictures."""

from __future__ import annotations

import dataclasses
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from numbers import Real
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from n3cli.errors import ConfigError, N3Warning
from n3cli.inference.match.classifier import (
    NO_MODEL,
    POINTS_ALONE,
    Classifier,
    default_classifier,
    points_classifier,
)
from n3cli.inference.match.estimator import Estimator, choose_estimator
from n3cli.inference.match.geometry import Geometry, estimate_geometry
from n3cli.io.match.matches import Matches
from n3cli.ops.array import Float32
from n3cli.ops.row_source import RowSource
from n3cli.ops.two_view.camera import Camera, normalise
from n3cli.ops.two_view.feature import MAX_KEYPOINTS, RESIZE, Features, find_features
from n3cli.ops.two_view.putative import match_nearest
from n3cli.zoo.folder import SetModel

RATIO = 0.8
"""Lowe's ratio, which is asked for where no model judges."""

THRESHOLD = 0.75
"""Least probability of a match that is kept. Training weighs right and wrong ones alike, though
most are wrong; on held-out pairs this has a better F1 than 0.5 (docs/benchmarks.md)."""

GIVEN_THRESHOLD = 0.25
"""Likewise where the default judges matches that some program has chosen, of which most are right:
nearly all mutual, or known by their points alone. Networks are too strict on such."""

_PIXELS = 1.0

_FILTERED = 0.9
"""Part of matches that are each other's nearest from which on a program has dropped the others."""

_SPARED = 0.9
"""Part of the agreeing matches that a model which nobody asked for must keep."""

_HALF, _ENOUGH = 0.5, 16
"""Part of all that must agree for that to be asked, and how many must: of random matches a matrix
goes through up to 7 whatever they are, and near some more."""

_SOUND = "ok", "rotation", "homography"
"""Statuses of geometries that it is no chance to agree with."""


class Matcher:
    """Matches pairs of pictures; made once, used for many.

    Args:
        model: name, path or loaded model; ``"none"`` keeps what passes `ratio` and `mutual`; None
            is the bundled default, and the bundled one for points alone where ratio and mutual
            flag of given matches are not known. The latter is not heeded where matches that it
            drops agree with each other, unless a threshold is asked for.
        max_keypoints: of a picture.
        resize: longest side in pixels of the copies that keypoints are looked for in; 0: no limit.
        ratio: keep matches whose descriptors are nearer than so many times the second nearest; 1
            keeps all; None is 1 for a model and 0.8 without one.
        mutual: keep matches that are each other's nearest only; None is no for a model and yes
            without one.
        threshold: keep matches that the model finds right with at least this probability; None
            is 0.75, and 0.25 where a default judges given matches that a program has chosen:
            nearly all mutual, or known by their points alone.
        estimator: ``auto``, ``poselib``, ``magsac``, ``ransac``, ``8pt`` or ``none``. With the last
            it is still ``auto`` that says whether dropped matches agree with each other.
        pixel_threshold: distance to epipolar lines up to which a match agrees, in pixels; None is
            1, in the copies that keypoints were looked for in where these are smaller.
        seed: of the estimator's draws; the same seed gives the same result.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N``, ``mps`` or ``xpu``.

    Raises:
        ConfigError: a setting has no meaning, or a library is absent.
        ModelError: the model cannot be had, or is for another task.
        DeviceError: there is no such device.

    Attributes:
        model: name of the model, or ``none``.
        estimator: name of the estimator.
        seconds: what the steps took in all, by name; may be emptied.
    """

    def __init__(
        self,
        model: str | Path | SetModel | None = None,
        *,
        max_keypoints: int = MAX_KEYPOINTS,
        resize: int = RESIZE,
        ratio: float | None = None,
        mutual: bool | None = None,
        threshold: float | None = None,
        estimator: str = "auto",
        pixel_threshold: float | None = None,
        seed: int = 0,
        device: str | torch.device = "auto",
    ) -> None:
        for name, value, most in (
            ("ratio", 1.0 if ratio is None else ratio, 1.0),
            ("threshold", THRESHOLD if threshold is None else threshold, 1.0),
            ("pixel_threshold", _PIXELS if pixel_threshold is None else pixel_threshold, 1000.0),
        ):
            if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= value <= most:
                raise ConfigError(f"{name} must be from 0 to {most:g}, got {value!r}")
        if pixel_threshold == 0:
            raise ConfigError("pixel_threshold must be above 0")
        if not 0 <= seed < 2**31:
            raise ConfigError(f"seed must be from 0 to {2**31 - 1}, got {seed}")
        self.estimator, self._estimate = choose_estimator(estimator)
        self._check = self._estimate or choose_estimator()[1]
        chosen = default_classifier() if model is None else model
        self._classifier = None if chosen == NO_MODEL else Classifier(chosen, device=device)
        self._given, self._device = model, device
        self.model = self._classifier.name if self._classifier else NO_MODEL
        plain = self._classifier is None
        self._ratio = (RATIO if plain else 1.0) if ratio is None else float(ratio)
        self._mutual = plain if mutual is None else mutual
        self._threshold, self._pixels, self._seed = threshold, pixel_threshold, seed
        self._max_keypoints, self._resize = max_keypoints, resize
        self.seconds: dict[str, float] = {}

    def features(self, source: RowSource) -> Features:
        """Find a picture's keypoints; see `find_features`."""
        with self._timed("detect"):
            return find_features(source, max_keypoints=self._max_keypoints, resize=self._resize)

    def match(
        self, first: Features, second: Features, cameras: tuple[Camera, Camera] | None = None
    ) -> Matches:
        """Match two pictures' keypoints, keep what is right, estimate the geometry.

        Args:
            first: what `features` found in the first picture.
            second: in the second.
            cameras: of both, or None.

        Raises:
            ModelError: the model does not compute finite values.
        """
        with self._timed("match"):
            found = match_nearest(first.descriptors, second.descriptors)
        confidence = np.where(found.index >= 0, 1 - found.ratio, 0).astype(np.float32)
        putative = Matches(
            first.keypoints,
            second.keypoints,
            found.index,
            found.index,
            confidence,
            ratio=found.ratio,
            mutual=found.mutual,
            size0=first.size,
            size1=second.size,
        )
        # What a keypoint's place is uncertain by is a share of a pixel where it was found.
        longest = max(*first.size, *second.size)
        usual = _PIXELS * (max(1.0, longest / self._resize) if self._resize else 1.0)
        return self._judge(putative, cameras, self._classifier, THRESHOLD, usual)

    def judge(self, putative: Matches, cameras: tuple[Camera, Camera] | None = None) -> Matches:
        """Keep what is right of given matches, and estimate the geometry.

        Args:
            putative: its `candidates` are looked at, whatever `matches` says. Ratio and mutual
                flag are heeded where they are known.
            cameras: of both pictures, or None.

        Raises:
            ConfigError: the model that was asked for needs ratio and mutual flag, and they are not
                known.
            ModelError: the model does not compute finite values.
        """
        with self._timed("classify"):
            classifier, usual = self._classifier_for(putative)
        return self._judge(putative, cameras, classifier, usual, _PIXELS)

    def _judge(
        self,
        putative: Matches,
        cameras: tuple[Camera, Camera] | None,
        classifier: Classifier | None,
        usual: float,
        usual_pixels: float,
    ) -> Matches:
        """The same by a classifier, with its thresholds unless others are asked for."""
        pixels = usual_pixels if self._pixels is None else self._pixels
        with self._timed("classify"):
            kept = (putative.candidates >= 0) & _seen(putative, cameras)
            if putative.ratio is not None and self._ratio < 1:
                kept &= putative.ratio < self._ratio
            if putative.mutual is not None and self._mutual:
                kept &= putative.mutual
            filtered = chosen = _Choice(kept, putative.match_confidence)
            if classifier:
                threshold = usual if self._threshold is None else self._threshold
                chosen = _classify(putative, filtered, cameras, classifier, threshold)
        with self._timed("estimate"):
            geometry = None
            unasked = classifier is not self._classifier and self._threshold is None
            if unasked and _may_lose(chosen, filtered):
                # Nobody asked for this model, and it was trained on usual motions: where matches
                # that it drops agree with each other, it is wrong.
                of_all = self._estimate_for(putative, filtered, cameras, self._check, pixels)
                if _loses(chosen, filtered, of_all):
                    chosen, geometry = filtered, of_all
            if geometry is None or self._check is not self._estimate:
                geometry = self._estimate_for(putative, chosen, cameras, self._estimate, pixels)
        inliers = np.zeros(len(kept), np.bool_)
        inliers[chosen.kept] = geometry.inliers
        return dataclasses.replace(
            putative,
            matches=np.where(chosen.kept, putative.candidates, -1),
            match_confidence=chosen.confidence,
            logits=chosen.logits,
            inliers=inliers,
            status=geometry.status,
            E=geometry.E,
            F=geometry.F,
            H=geometry.H,
            R=geometry.R,
            t=geometry.t,
            K0=cameras[0].matrix if cameras else None,
            K1=cameras[1].matrix if cameras else None,
            facts={
                **putative.facts,
                "model": chosen.model,
                "estimator": self.estimator,
            },
        )

    @property
    def wants_sides(self) -> bool:
        """Whether ratio and mutual flag are of use: to the model, or to a filter."""
        filters = self._ratio < 1 or self._mutual
        return filters or (self._classifier is not None and self._classifier.wants_sides)

    def _classifier_for(self, putative: Matches) -> tuple[Classifier | None, float]:
        """The classifier for what is known of the matches, and the usual threshold for both."""
        able = self._classifier
        known = putative.ratio is not None and putative.mutual is not None
        if able is None or not able.wants_sides or known or self._given is not None:
            unasked = self._given is None and putative.mutual is not None
            return able, GIVEN_THRESHOLD if unasked and _is_filtered(putative) else THRESHOLD
        if self._for_points is None:
            warnings.warn(
                f"{able.name} needs the ratio and mutual flag of each match, which are not known "
                f"here, and this n3 lacks {POINTS_ALONE}; all matches are kept for the estimator",
                N3Warning,
                stacklevel=3,
            )
        return self._for_points, GIVEN_THRESHOLD

    @cached_property
    def _for_points(self) -> Classifier | None:
        name = points_classifier()
        return None if name == NO_MODEL else Classifier(name, device=self._device)

    def _estimate_for(
        self,
        putative: Matches,
        chosen: _Choice,
        cameras: tuple[Camera, Camera] | None,
        estimator: Estimator | None,
        pixels: float,
    ) -> Geometry:
        if chosen.logits is None:
            weight = chosen.confidence[chosen.kept]
        else:
            weight = np.tanh(chosen.logits[chosen.kept]).clip(0)
        return estimate_geometry(
            *putative.points(chosen.kept),
            cameras,
            estimator,
            weight=weight,
            threshold=pixels,
            seed=self._seed,
        )

    @contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        taken = time.perf_counter() - start
        self.seconds[step] = self.seconds.get(step, 0.0) + taken


@dataclass(frozen=True)
class _Choice:
    """Which matches are kept (N0 bool), with N0 confidences, and by which model with which logits.

    What is not kept has no meaning in the latter.
    """

    kept: NDArray[np.bool_]
    confidence: Float32
    logits: Float32 | None = None
    model: str = NO_MODEL


def _classify(
    putative: Matches,
    filtered: _Choice,
    cameras: tuple[Camera, Camera] | None,
    classifier: Classifier,
    threshold: float,
) -> _Choice:
    """What a network keeps of that which filters left: it is told of nothing else."""
    logits = np.full(len(filtered.kept), np.nan, np.float32)
    logits[filtered.kept] = classifier.logits(putative, filtered.kept, cameras)
    confidence = np.where(filtered.kept, _probability(logits), 0).astype(np.float32)
    kept = filtered.kept & (confidence >= threshold)
    return _Choice(kept, confidence, logits, classifier.name)


def _may_lose(chosen: _Choice, filtered: _Choice) -> bool:
    """Whether so much was dropped that it is worth looking at."""
    count = filtered.kept.sum()
    return bool(count >= _ENOUGH and chosen.kept.sum() < _SPARED * count)


def _loses(chosen: _Choice, filtered: _Choice, geometry: Geometry) -> bool:
    """Whether a choice drops matches that agree with each other; `geometry` is that of all."""
    agreeing = np.count_nonzero(geometry.inliers)
    if geometry.status not in _SOUND or agreeing < max(_ENOUGH, _HALF * len(geometry.inliers)):
        return False
    found = np.count_nonzero(geometry.inliers & chosen.kept[filtered.kept])
    return bool(found < _SPARED * agreeing)


def _is_filtered(putative: Matches) -> bool:
    """Whether nearly all are each other's nearest: a program before has dropped the others."""
    assert putative.mutual is not None
    mutual = putative.mutual[putative.candidates >= 0]
    return bool(np.count_nonzero(mutual) >= _FILTERED * max(len(mutual), 1))


def _seen(putative: Matches, cameras: tuple[Camera, Camera] | None) -> NDArray[np.bool_]:
    """Which candidates' points the lens models of both cameras know."""
    known = np.ones(len(putative.candidates), np.bool_)
    if cameras is None:
        return known
    index = np.flatnonzero(putative.candidates >= 0)
    for camera, points in zip(cameras, putative.points(), strict=True):
        known[index] &= np.isfinite(normalise(camera, points)).all(1)
    return known


def _probability(logits: Float32) -> Float32:
    """The logistic function, without overflow; not a number stays so."""
    right: Float32 = 0.5 * (1 + np.tanh(0.5 * logits))
    return right
