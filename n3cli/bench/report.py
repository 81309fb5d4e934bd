"""A measurement on images for people (text, Markdown) and for programs (JSON)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from n3cli.bench.difference import counterpart, differences
from n3cli.bench.measurement import Measurement, Row
from n3cli.bench.method import digest_of_files
from n3cli.bench.published import Published, load_published
from n3cli.bench.table import render_table


def suite_json(measured: Measurement) -> dict[str, Any]:
    """Everything that its table shows, as plain dicts and lists.

    Lists of figures are in the order of ``sigmas`` or ``scales``; what was not published is null.
    Beside it the figures of each image, and ``verified``, whether the images are as published,
    where a list tells, or of somebody's own pictures, where and which they are.
    """
    checked = {} if measured.verified is None else {"verified": measured.verified}
    return {
        "suite": measured.suite.name,
        "data": measured.suite.data.title,
        "protocol": measured.suite.task.protocol,
        "channels": measured.suite.channels,
        "images": measured.images,
        "images_in_set": measured.suite.data.count,
        **checked,
        **({} if measured.suite.is_published else _own_files(measured)),
        f"{measured.suite.task.level}s": [
            "auto" if measured.suite.task.label(level) == "auto" else level
            for level in measured.levels
        ],
        "measured": [
            {
                "method": row.method.name,
                "note": row.method.note,
                **row.method.facts,
                "psnr": list(row.psnr),
                "ssim": list(row.ssim),
                "seconds_per_megapixel": row.seconds,
                "published": row.method.published,
                "difference": _compared(measured, row),
                "per_image": [
                    {
                        "image": each.image,
                        "psnr": list(each.psnr),
                        "ssim": list(each.ssim),
                        "seconds": None if each.seconds is None else list(each.seconds),
                    }
                    for each in row.per_image
                ],
            }
            for row in measured.rows
        ],
        "published": [
            {**asdict(row), "psnr": list(row.psnr)}
            for row in load_published(measured.suite, measured.levels)
        ],
    }


def _own_files(measured: Measurement) -> dict[str, Any]:
    """The folder of one's own pictures, and a digest of what `sha256sum` prints of those used."""
    suite = measured.suite
    items = suite.task.items(suite.data.paths, suite.channels)
    named = [(item.name, path) for path, item in zip(suite.data.paths, items, strict=True)]
    return {
        "path": suite.data.folder,
        "files_sha256": digest_of_files(named[: measured.images]),
    }


def suite_text(measured: Measurement, *, markdown: bool) -> str:
    """Its table, and the sources of what was published."""
    published = load_published(measured.suite, measured.levels)
    header, rows = tabulate(measured, published)
    title = describe(measured)
    lines = [f"### {title}", ""] if markdown else [title]
    lines.append(render_table(header, rows, markdown=markdown))
    if published:
        lines += [
            "",
            measured.suite.task.published,
            "",
            *(f"- {each}" for each in references(published)),
        ]
    return "\n".join(lines)


def tabulate(
    measured: Measurement, published: Sequence[Published]
) -> tuple[list[str], list[list[str]]]:
    """Header and rows: first what was measured, then what was only published."""
    task, none = measured.suite.task, [""] * len(measured.levels)
    levels = [f"{task.symbol}{task.label(level)}" for level in measured.levels]
    pairs = [(row, counterpart(row, published)) for row in measured.rows]
    compared = any(theirs for _, theirs in pairs) and measured.whole
    unit = next((row.seconds for row in measured.rows if row.seconds), None)  # of time
    timed = bool(unit) and len(pairs) > 1

    def line(row: Row | None, theirs: Published | None) -> list[str]:
        cells = [row.method.name if row else theirs.method if theirs else ""]
        cells += _figures(row) if row else none
        if published:
            cells += [_decibels(psnr, ".2f") for psnr in theirs.psnr] if theirs else none
        if compared:
            by = differences(row, theirs) if row and theirs else [None] * len(none)
            cells += [_decibels(each, "+.2f") for each in by]
        if published:
            cells += [theirs.source if theirs else ""]
        if timed:
            cells += [_ratio(row.seconds, unit) if row else ""]
        return cells

    groups = ["measured"] + ["published"] * bool(published) + ["difference"] * compared
    header = ["method", *(f"{group} {level}" for group in groups for level in levels)]
    header += ["source"] * bool(published) + ["time"] * timed
    matched = [theirs for _, theirs in pairs]
    rows = [line(*pair) for pair in pairs]
    rows += [line(None, each) for each in published if each not in matched]
    return header, rows


def _compared(measured: Measurement, row: Row) -> list[float | None] | None:
    """Measured minus published PSNR at each level; None where there is nothing to compare."""
    theirs = counterpart(row, load_published(measured.suite, measured.levels))
    return list(differences(row, theirs)) if theirs and measured.whole else None


def _figures(row: Row) -> list[str]:
    return [f"{psnr:.2f} / {ssim:.4f}" for psnr, ssim in zip(row.psnr, row.ssim, strict=True)]


def _ratio(seconds: float | None, unit: float | None) -> str:
    if seconds is None or unit is None:
        return "–"
    ratio = seconds / unit
    return format(ratio, ".2f" if ratio >= 0.1 else ".1g")


def _decibels(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


def describe(measured: Measurement) -> str:
    """What a table shows, in one line."""
    data = measured.suite.data
    planes = "grey" if measured.suite.channels == 1 else "colour"
    kind = measured.suite.task.scored or planes
    used = f"{data.count} images"
    if not measured.whole:
        used = f"only the first {measured.images} of {data.count} images"
    return f"{data.title}, {kind}, {used}: PSNR in dB / SSIM"


def references(published: Sequence[Published]) -> list[str]:
    """The publications, each once with its short name."""
    return [f"{key}: {text}" for key, text in {r.source: r.reference for r in published}.items()]
