"""A measurement of correspondences for people (text, Markdown) and for programs (JSON)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from n3cli.bench.pair_measurement import THRESHOLDS, PairMeasurement, PairRow
from n3cli.bench.table import render_table
from n3cli.inference.machine import Machine, write_machine

PROTOCOL = (
    "A correspondence is right if its symmetric squared epipolar distance in normalised camera "
    "coordinates is below 1e-4 (Yi et al., CVPR 2018). Precision, recall, F1 and average precision "
    "(AP) of the choice are means over the pairs. A pose's error is the larger one of the angles "
    "of rotation and, without regard to sign, of translation; mAP is the mean of the accuracies at "
    "5°, 10° … up to its angle, AUC the exact area under the accuracy up to it, and the interval "
    "of mAP5 is that of 2,000 drawings of the pairs (95 %). Figures in percent."
)

PUBLISHED = (
    "The paper's table of correspondences (Plötz and Roth, NeurIPS 2018) could not be had; its "
    "text gives gains of N3 over CNet of 10 to 30 % of the mAP."
)


def write_pair_json(measurements: Sequence[PairMeasurement], machine: Machine) -> dict[str, Any]:
    """Everything, as plain dicts and lists; figures from 0 to 1, errors in degrees."""
    return {
        "protocol": PROTOCOL,
        "published": PUBLISHED,
        "machine": asdict(machine),
        "suites": [
            {
                "data": measured.title,
                "pairs": measured.pairs,
                "correspondences": measured.correspondences,
                "right": measured.right,
                "measured": [_row_json(row) for row in measured.rows],
            }
            for measured in measurements
        ],
    }


def _row_json(row: PairRow) -> dict[str, Any]:
    return {
        "method": row.method.name,
        "note": row.method.note,
        **row.labels._asdict(),
        "seconds_per_pair": row.seconds,
        "poses": {
            name: {
                **{f"map{at}": value for at, value in _at(poses.mean_accuracies)},
                **{f"auc{at}": value for at, value in _at(poses.areas)},
                "map5_interval": list(poses.interval),
                # JSON has no infinity.
                "errors": [error if error < float("inf") else None for error in poses.errors],
            }
            for name, poses in row.poses.items()
        },
    }


def _at(values: Sequence[float]) -> list[tuple[int, float]]:
    return list(zip(THRESHOLDS, values, strict=True))


def write_pair_text(
    measurements: Sequence[PairMeasurement], machine: Machine, *, markdown: bool
) -> str:
    """Two tables for each suite, choice and poses; then the methods, the rules and the machine."""
    blocks = []
    for measured in measurements:
        title = (
            f"{measured.title}: {measured.pairs} pairs, {measured.correspondences:.0f} putative "
            f"correspondences each, {100 * measured.right:.0f} % of them right"
        )
        blocks.append("\n".join([f"### {title}", ""] if markdown else [title]))
        blocks.append("\n".join(render_table(*_choices(measured), markdown=markdown)))
        blocks.append("\n".join(render_table(*_poses(measured), markdown=markdown)))
    notes = {f"{row.method.name}: {row.method.note}" for m in measurements for row in m.rows}
    blocks.append("\n".join(["Methods:", "", *(f"- {note}" for note in sorted(notes))]))
    return "\n\n".join([*blocks, f"Protocol: {PROTOCOL} {PUBLISHED}", write_machine(machine)])


def _choices(measured: PairMeasurement) -> tuple[list[str], list[list[str]]]:
    header = ["method", "precision", "recall", "F1", "AP", "ms/pair"]
    rows = [
        [row.method.name, *map(_percent, row.labels), f"{1e3 * row.seconds:.1f}"]
        for row in measured.rows
    ]
    return header, rows


def _poses(measured: PairMeasurement) -> tuple[list[str], list[list[str]]]:
    header = ["method", "estimator", "mAP5", "95 %", "mAP10", "mAP20", "AUC5", "AUC10", "AUC20"]
    rows = []
    for row in measured.rows:
        for name, poses in row.poses.items():
            first, *others = map(_percent, poses.mean_accuracies)
            interval = "–".join(f"{100 * end:.0f}" for end in poses.interval)
            cells = [first, interval, *others, *map(_percent, poses.areas)]
            rows.append([row.method.name, name, *cells])
    return header, rows


def _percent(value: float) -> str:
    return "" if value != value else f"{100 * value:.1f}"
