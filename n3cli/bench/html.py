"""A measurement as one HTML page: tables, plots, and crops side by side with their errors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from n3cli.bench.estimate import Crop, png
from n3cli.bench.measurement import Measurement
from n3cli.bench.protocol import PROTOCOL
from n3cli.bench.published import Published, load_published
from n3cli.bench.report import PUBLISHED, describe, notes, references, tabulate
from n3cli.inference.machine import Machine, write_machine
from n3cli.render import page
from n3cli.render.plot import plot_lines, plot_points


def write_html(measurements: Sequence[Measurement], crops: Sequence[Crop], machine: Machine) -> str:
    """The whole page.

    Args:
        measurements: what was measured.
        crops: of a `Gallery` that was one of the keepers.
        machine: on what.

    Raises:
        ConfigError: matplotlib is not installed.
    """
    parts: list[str] = []
    for measured in measurements:
        published = load_published(measured.suite, measured.sigmas)
        parts += [page.heading(describe(measured)), page.table(*tabulate(measured, published))]
        if published:
            parts += [page.paragraph(PUBLISHED), page.listing(references(published))]
        parts.append(page.row(list(_plots(measured, published))))
        own = [crop for crop in crops if crop.suite == measured.suite.name]
        parts += _crops(own, _middle(measured.sigmas))
    parts += [page.heading("Methods"), page.listing(notes(measurements))]
    parts += [page.heading("Protocol"), page.paragraph(PROTOCOL)]
    parts.append(page.paragraph(write_machine(machine)))
    return page.page("n3 bench", parts)


def _plots(measured: Measurement, published: Sequence[Published]) -> Iterator[str]:
    if len(measured.sigmas) > 1:
        curves: dict[str, Sequence[float | None]] = {
            row.method.name: row.psnr for row in measured.rows
        }
        curves |= {f"{row.method}, published": row.psnr for row in published}
        lines = {
            name: [(s, v) for s, v in zip(measured.sigmas, psnr, strict=True) if v is not None]
            for name, psnr in curves.items()
        }
        svg = plot_lines(lines, x="noise level (0–255 scale)", y="PSNR in dB")
        yield page.drawing(svg, "PSNR over the noise level")
    if len(measured.rows) > 1:
        level = measured.sigmas.index(_middle(measured.sigmas))
        points = {row.method.name: (row.seconds, row.psnr[level]) for row in measured.rows}
        svg = plot_points(points, x="seconds for a megapixel", y="PSNR in dB")
        yield page.drawing(svg, f"Quality against speed at σ = {measured.sigmas[level]:g}")


def _crops(crops: Sequence[Crop], sigma: float) -> list[str]:
    """Crops of one noise level: for each image a row of pictures and one of errors."""
    parts = []
    chosen = [crop for crop in crops if crop.sigma == sigma]
    for image, group in groupby(chosen, key=lambda crop: crop.image):
        own = list(group)
        parts.append(page.paragraph(f"{image}, σ = {sigma:g}: the part with most detail"))
        pictures = [("clean", own[0].clean), ("noisy", own[0].noisy)]
        pictures += [(f"{crop.method}, {crop.psnr:.2f} dB", crop.output) for crop in own]
        errors = [(f"{crop.method}: five times the error", crop.error) for crop in own]
        parts += [
            page.row([page.picture(png(values), text) for text, values in row])
            for row in (pictures, errors)
        ]
    return parts


def _middle(sigmas: Sequence[float]) -> float:
    return sorted(sigmas)[len(sigmas) // 2]
