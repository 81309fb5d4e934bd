"""A measurement of correspondences for people (text, Markdown) and for programs (JSON)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from n3cli.bench.pair_measurement import THRESHOLDS, PairMeasurement, PairRow
from n3cli.bench.pair_pose import DRAWS
from n3cli.bench.suite import PAIRS_IN_PAPER
from n3cli.bench.table import render_table

PROTOCOL = (
    "A correspondence is right if its symmetric squared epipolar distance in normalised camera "
    "coordinates is below 1e-4 (Yi et al., CVPR 2018). Precision, recall, F1 and average precision "
    "(AP) of the choice are means over the pairs. A pose's error is the larger one of the angles "
    "of rotation and, without regard to sign, of translation; mAP is the mean of the accuracies at "
    "5°, 10° … up to its angle, AUC the exact area under the accuracy up to it, and the interval "
    "of mAP5 is that of 2,000 drawings of the pairs (95 %). RANSAC is OpenCV's with a threshold of "
    "0.001 and its own 1,000 rounds and confidence of 0.999. Estimators that draw at random are "
    f"asked {DRAWS} times; figures are means over the draws, and ± is the standard deviation of "
    "AUC5 from draw to draw. Figures in percent."
)

PUBLISHED = (
    "The paper's table of correspondences (Plötz and Roth, NeurIPS 2018) could not be had, so its "
    "column is empty of figures; its text gives gains of N3 over CNet of 10 to 30 % of the mAP."
)


def suite_json(measured: PairMeasurement) -> dict[str, Any]:
    """Everything, as plain dicts and lists; figures from 0 to 1, errors in degrees."""
    return {
        "suite": measured.suite,
        "data": measured.title,
        "protocol": PROTOCOL,
        "pairs": measured.pairs,
        "correspondences": measured.correspondences,
        "right": measured.right,
        "measured": [_row_json(row) for row in measured.rows],
        "published": PUBLISHED if measured.suite in PAIRS_IN_PAPER else None,
    }


def _row_json(row: PairRow) -> dict[str, Any]:
    return {
        "method": row.method.name,
        "note": row.method.note,
        **row.method.facts,
        **row.labels._asdict(),
        "seconds_per_pair": row.seconds,
        "poses": {
            name: {
                **{f"map{at}": value for at, value in _at(poses.mean_accuracies)},
                **{f"auc{at}": value for at, value in _at(poses.areas)},
                "map5_interval": list(poses.interval),
                "auc5_deviation": poses.deviation,
                "errors": [[*of_pair] for of_pair in poses.errors],
            }
            for name, poses in row.poses.items()
        },
    }


def _at(values: Sequence[float]) -> list[tuple[int, float]]:
    return list(zip(THRESHOLDS, values, strict=True))


def suite_text(measured: PairMeasurement, *, markdown: bool) -> str:
    """Two tables: choice and poses."""
    title = describe(measured)
    blocks = [
        f"### {title}\n" if markdown else title,
        *(render_table(*each, markdown=markdown) + "\n" for each in tabulate(measured)),
    ]
    if measured.suite in PAIRS_IN_PAPER:
        blocks.append(PUBLISHED)
    return "\n".join(blocks).rstrip("\n")


def describe(measured: PairMeasurement) -> str:
    """What the tables show, in one line."""
    count = f"{measured.pairs} pair{'s' * (measured.pairs != 1)}"
    return (
        f"{measured.title}: {count}, {measured.correspondences:.0f} putative correspondences each, "
        f"{100 * measured.right:.0f} % of them right"
    )


Table = tuple[list[str], list[list[str]]]


def tabulate(measured: PairMeasurement) -> tuple[Table, Table]:
    """Header and rows of what was chosen, and of the poses that come of it."""
    return _choices(measured), _poses(measured)


def _choices(measured: PairMeasurement) -> Table:
    header = ["method", "precision", "recall", "F1", "AP", "ms/pair"]
    rows = [
        [row.method.name, *map(_percent, row.labels), f"{1e3 * row.seconds:.1f}"]
        for row in measured.rows
    ]
    return header, rows


def _poses(measured: PairMeasurement) -> Table:
    header = ["method", "estimator", "mAP5", "95 %", "mAP10", "mAP20", "AUC5", "AUC10", "AUC20"]
    published = measured.suite in PAIRS_IN_PAPER
    header += ["published mAP"] * published
    rows = []
    for row in measured.rows:
        for name, poses in row.poses.items():
            first, *others = map(_percent, poses.mean_accuracies)
            interval = "–".join(f"{100 * end:.0f}" for end in poses.interval)
            area, *areas = map(_percent, poses.areas)
            if poses.deviation is not None:
                area += f" ± {100 * poses.deviation:.1f}"
            cells = [first, interval, *others, area, *areas]
            cells += ["not to be had"] * published
            rows.append([row.method.name, name, *cells])
    return header, rows


def _percent(value: float) -> str:
    return "" if value != value else f"{100 * value:.1f}"
