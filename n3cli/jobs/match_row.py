"""What is told of a pair: one row, for people and for programs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from n3cli.errors import InputError
from n3cli.io.match.matches import Matches
from n3cli.ops.array import Float64
from n3cli.ops.two_view.camera import Camera, normalise
from n3cli.ops.two_view.pose import rotation_error, translation_error
from n3cli.ops.two_view.pose_score import area_under_curve, mean_accuracy


@dataclass(frozen=True)
class Evaluation:
    """A pair against the truth.

    Attributes:
        error_R: angle between the rotations, degrees; infinite where there is no pose.
        error_t: angle between the translations without regard to sign, likewise.
        precision: share of the kept matches that are right; None where none was kept.
        recall: share of the right putative matches that were kept; None where none is right.
    """

    error_R: float  # noqa: N815 - the field's name
    error_t: float
    precision: float | None
    recall: float | None


@dataclass(frozen=True)
class PairRow:
    """A pair and what came of it.

    Attributes:
        name0: the first picture.
        name1: the second.
        matches: what was found; None where the pair failed or was skipped.
        cameras: who says what the cameras are; None where that is not known.
        seconds: what the steps took, by name.
        evaluation: against the truth, if it is known.
        outputs: files that were written.
        error: why it failed.
    """

    name0: str
    name1: str
    matches: Matches | None = None
    cameras: tuple[str | None, str | None] = (None, None)
    seconds: dict[str, float] = field(default_factory=dict)
    evaluation: Evaluation | None = None
    outputs: tuple[str, ...] = ()
    error: InputError | None = None

    @property
    def status(self) -> str:
        """One word: `n3cli.inference.match.geometry.Status`, `failed` or `skipped`."""
        if self.error:
            return "failed"
        return self.matches.status if self.matches else "skipped"

    def facts(self) -> dict[str, Any]:
        """Everything but the matches, ready for JSON."""
        row: dict[str, Any] = {
            "image0": self.name0,
            "image1": self.name1,
            "status": self.status,
        }
        if self.error:
            row["error"] = str(self.error)
        if found := self.matches:
            row |= {
                "model": found.facts.get("model"),
                "estimator": found.facts.get("estimator"),
                "keypoints": [len(found.keypoints0), len(found.keypoints1)],
                "putative": found.putative,
                "kept": found.kept,
                "agreeing": found.agreeing,
                "cameras": list(self.cameras),
                "sizes": [found.size0, found.size1],
            }
            for name in ("E", "F", "H", "R", "t", "K0", "K1"):
                values = getattr(found, name)
                row[name] = None if values is None else np.asarray(values).tolist()
            row["rotation_degrees"] = None if found.R is None else turn(found.R)
        if self.evaluation:
            # JSON has no infinity: no pose is null.
            row["evaluation"] = {
                name: value if value is not None and math.isfinite(value) else None
                for name, value in vars(self.evaluation).items()
            }
        row["seconds"] = {name: round(value, 4) for name, value in self.seconds.items()}
        row["outputs"] = list(self.outputs)
        return row


def turn(rotation: Float64) -> float:
    """The angle of a rotation 3×3 in degrees."""
    return rotation_error(np.eye(3), rotation)


def evaluate(matches: Matches, cameras: tuple[Camera, Camera], pose: Float64) -> Evaluation:
    """Hold a pair against its true pose.

    Args:
        matches: the pair's.
        cameras: the true ones.
        pose: 4×4, from the first camera's frame to the second's.
    """
    from n3cli.ops.two_view.label import label_right

    rotation, translation = pose[:3, :3], pose[:3, 3]
    error_rotation = error_translation = math.inf
    if matches.R is not None:
        error_rotation = rotation_error(matches.R, rotation)
    if matches.t is not None:
        error_translation = translation_error(matches.t, translation)
    chosen = matches.candidates >= 0
    points = [
        normalise(camera, np.asarray(each, np.float64))
        for camera, each in zip(cameras, matches.points(chosen), strict=True)
    ]
    right = label_right(np.hstack(points), rotation, translation)
    kept = matches.matches[chosen] >= 0
    return Evaluation(
        error_rotation,
        error_translation,
        float(right[kept].mean()) if kept.any() else None,
        float(kept[right].mean()) if right.any() else None,
    )


def scores(rows: Sequence[PairRow]) -> dict[str, float]:
    """What a batch with truth scored: mAP and AUC of the larger error, from 0 to 1, by name.

    Pairs that failed count as infinitely wrong. Nothing, where no pair was held against a truth.
    """
    if not any(row.evaluation for row in rows):
        return {}
    errors = [
        max(row.evaluation.error_R, row.evaluation.error_t) if row.evaluation else math.inf
        for row in rows
        if row.evaluation or row.error
    ]
    return {f"mAP{degrees}": mean_accuracy(errors, degrees) for degrees in (5, 10, 20)} | {
        f"AUC{degrees}": area_under_curve(errors, degrees) for degrees in (5, 10, 20)
    }
