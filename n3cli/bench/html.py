"""A measurement on images as HTML: tables, plots, and crops side by side with their errors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from n3cli.bench.estimate import KeptCrop, png
from n3cli.bench.measurement import Measurement
from n3cli.bench.published import Published, load_published
from n3cli.bench.report import describe, references, tabulate
from n3cli.render import page
from n3cli.render.plot import plot_lines, plot_points


def suite_html(measured: Measurement, crops: Sequence[KeptCrop]) -> list[str]:
    """A suite of images: its table, plots and crops.

    Args:
        measured: what was measured.
        crops: what `keep_crops` kept.

    Raises:
        ConfigError: matplotlib is not installed.
    """
    published = load_published(measured.suite, measured.levels)
    parts = [page.heading(describe(measured)), page.table(*tabulate(measured, published))]
    if published:
        parts += [
            page.paragraph(measured.suite.task.published),
            page.listing(references(published)),
        ]
    parts.append(page.row(list(_plots(measured, published))))
    own = [crop for crop in crops if crop.suite == measured.suite.name]
    return parts + _crops(own, measured)


def _plots(measured: Measurement, published: Sequence[Published]) -> Iterator[str]:
    if len(measured.levels) > 1:
        curves: dict[str, Sequence[float | None]] = {
            row.method.name: row.psnr for row in measured.rows
        }
        curves |= {f"{row.method}, published": row.psnr for row in published}
        lines = {
            name: sorted(
                (s, v) for s, v in zip(measured.levels, psnr, strict=True) if v is not None
            )
            for name, psnr in curves.items()
        }
        axis = measured.suite.task.axis
        yield page.drawing(plot_lines(lines, x=axis, y="PSNR in dB"), f"PSNR over the {axis}")
    level = measured.levels.index(_middle(measured.levels))
    points = {
        row.method.name: (row.seconds, row.psnr[level])
        for row in measured.rows
        if row.seconds is not None
    }
    if len(points) > 1:
        svg = plot_points(points, x="seconds for a megapixel", y="PSNR in dB")
        yield page.drawing(svg, f"Quality against speed at {_at(measured)}")


def _crops(crops: Sequence[KeptCrop], measured: Measurement) -> list[str]:
    """Crops at the middle level: for each image a row of pictures and one of errors."""
    parts = []
    middle = _middle(measured.levels)
    chosen = [crop for crop in crops if crop.level == middle]
    for image, group in groupby(chosen, key=lambda crop: crop.image):
        own = list(group)
        parts.append(
            page.paragraph(
                f"{image}, {_at(measured)}: the part with most detail (PSNR of it in all planes)"
            )
        )
        pictures = [("clean", own[0].clean), ("given", own[0].given)]
        pictures += [(f"{crop.method}, {crop.psnr:.2f} dB", crop.output) for crop in own]
        errors = [(f"{crop.method}: five times the error", crop.error) for crop in own]
        parts += [
            page.row([page.picture(png(values), text) for text, values in row])
            for row in (pictures, errors)
        ]
    return parts


def _middle(levels: Sequence[float]) -> float:
    return sorted(levels)[len(levels) // 2]


def _at(measured: Measurement) -> str:
    return f"{measured.suite.task.symbol}{measured.suite.task.label(_middle(measured.levels))}"
