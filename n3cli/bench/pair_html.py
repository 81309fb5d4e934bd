"""A measurement on correspondences as HTML: tables, and how many poses are how good."""

from __future__ import annotations

from n3cli.bench.pair_measurement import THRESHOLDS, PairMeasurement
from n3cli.bench.pair_report import PUBLISHED, describe, tabulate
from n3cli.bench.suite import PAIRS_IN_PAPER
from n3cli.ops.two_view.pose_score import accuracy
from n3cli.render import page
from n3cli.render.plot import plot_lines


def suite_html(measured: PairMeasurement) -> list[str]:
    """A suite of correspondences: its tables, and a plot for each estimator.

    Raises:
        ConfigError: matplotlib is not installed.
    """
    parts = [page.heading(describe(measured))]
    parts += [page.table(*table) for table in tabulate(measured)]
    if measured.suite in PAIRS_IN_PAPER:
        parts.append(page.paragraph(PUBLISHED))
    return [*parts, page.row([_plot(measured, name) for name in measured.rows[0].poses])]


def _plot(measured: PairMeasurement, estimator: str) -> str:
    angles = range(THRESHOLDS[-1] + 1)
    lines = {
        row.method.name: [
            (float(angle), 100 * accuracy(row.poses[estimator].errors, angle)) for angle in angles
        ]
        for row in measured.rows
    }
    svg = plot_lines(lines, x="largest error of the pose in degrees", y="share of the pairs in %")
    return page.drawing(svg, f"Poses by {estimator}")
