"""A measurement for people (text, Markdown) and for programs (JSON)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from n3cli.bench.measurement import Measurement
from n3cli.bench.protocol import PROTOCOL
from n3cli.bench.published import Published, load_published
from n3cli.bench.table import render_table
from n3cli.inference.machine import Machine, write_machine


def write_json(measurements: Sequence[Measurement], machine: Machine) -> dict[str, Any]:
    """Everything a table shows, as plain dicts and lists.

    Lists of figures are in the order of ``sigmas``; a figure that was not published is null.
    """
    return {
        "protocol": PROTOCOL,
        "machine": asdict(machine),
        "suites": [
            {
                "suite": measured.suite.name,
                "data": measured.suite.data.title,
                "channels": measured.suite.channels,
                "images": measured.images,
                "images_in_set": measured.suite.data.count,
                "sigmas": list(measured.sigmas),
                "measured": [
                    {
                        "method": row.method.name,
                        "note": row.method.note,
                        "psnr": list(row.psnr),
                        "ssim": list(row.ssim),
                    }
                    for row in measured.rows
                ],
                "published": [
                    {**asdict(row), "psnr": list(row.psnr)}
                    for row in load_published(measured.suite, measured.sigmas)
                ],
            }
            for measured in measurements
        ],
    }


def write_text(measurements: Sequence[Measurement], machine: Machine, *, markdown: bool) -> str:
    """A table for each suite, then the methods, the protocol and the machine.

    Args:
        measurements: what was measured.
        machine: on what.
        markdown: tables and headings as Markdown, else aligned text.
    """
    blocks = [_suite(measured, markdown) for measured in measurements]
    notes = {row.method.name: row.method.note for each in measurements for row in each.rows}
    blocks.append(
        "\n".join(["Methods:", "", *(f"- {name}: {note}" for name, note in notes.items())])
    )
    blocks += [f"Protocol: {PROTOCOL}", write_machine(machine)]
    return "\n\n".join(blocks)


def _suite(measured: Measurement, markdown: bool) -> str:
    published = load_published(measured.suite, measured.sigmas)
    levels = [f"σ{sigma:g}" for sigma in measured.sigmas]
    header = ["method", *(f"measured {level}" for level in levels)]
    rows = [
        [row.method.name, *(f"{p:.2f} / {s:.4f}" for p, s in zip(row.psnr, row.ssim, strict=True))]
        for row in measured.rows
    ]
    if published:
        header += [*(f"published {level}" for level in levels), "source"]
        rows = [[*row, *[""] * len(levels), ""] for row in rows]
        rows += [_published_row(row) for row in published]
    lines = [*_title(measured, markdown), *render_table(header, rows, markdown=markdown)]
    if published:
        lines += ["", "Published are PSNRs over the whole set, on noise of their authors' own:", ""]
        references = {row.source: row.reference for row in published}
        lines += [f"- {source}: {reference}" for source, reference in references.items()]
    return "\n".join(lines)


def _published_row(row: Published) -> list[str]:
    figures = ["" if psnr is None else f"{psnr:.2f}" for psnr in row.psnr]
    return [row.method, *[""] * len(figures), *figures, row.source]


def _title(measured: Measurement, markdown: bool) -> list[str]:
    data = measured.suite.data
    kind = "grey" if measured.suite.channels == 1 else "colour"
    used = f"{data.count} images"
    if measured.images < data.count:
        used = f"only the first {measured.images} of {data.count} images"
    title = f"{data.title}, {kind}, {used}: PSNR in dB / SSIM"
    return [f"### {title}", ""] if markdown else [title]
