"""How often `--sigma auto` finds the noise level that was put in, beside a peer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from n3cli.bench.protocol import load_clean, make_noisy
from n3cli.bench.table import render_table
from n3cli.inference.machine import Machine, write_machine
from n3cli.inference.noise_level import measure_noise
from n3cli.ops.array import Float32
from n3cli.ops.luma import luma

LEVELS = (0, 5, 15, 25, 50, 75)

TITLE = (
    "Share of the images whose estimated noise level is within 10 % of the truth "
    "(σ0: at most 2), and the root mean square of the relative error (σ0: the median estimate)."
)

Estimator = Callable[[Float32], float]


@dataclass(frozen=True)
class LevelRow:
    """An estimator's figures on one kind of images.

    Attributes:
        kind: of the images: ``grey`` or ``colour``.
        estimator: what it is called.
        values: ``as drawn``, or ``8 bits`` for noise that was clipped and rounded.
        within: share of the images whose estimate is near the truth, for each of `LEVELS`.
        errors: root mean square of the relative error, likewise; for level 0 the median estimate
            on the 0–255 scale.
    """

    kind: str
    estimator: str
    values: str
    within: tuple[float, ...]
    errors: tuple[float, ...]


def measure_noise_levels(paths: Sequence[Path], progress: Callable[[str], None]) -> list[LevelRow]:
    """Measure the estimators on colour images and on their luma.

    Args:
        paths: clean colour images.
        progress: told before each kind.
    """
    colour = [load_clean(path, 3) for path in paths]
    rows = []
    for kind, images in (("grey", [luma(image) for image in colour]), ("colour", colour)):
        progress(_title(len(images), kind))
        rows += level_rows(kind, images)
    return rows


def level_rows(kind: str, images: Sequence[Float32], *, peers: bool = True) -> list[LevelRow]:
    """Measure the estimators on images with known noise.

    Each is measured on noise as drawn, and on the same noise clipped to 0–255 and rounded to
    8 bits, as files have it. The seed is the image's index, as in the other benchmarks.

    Args:
        kind: what the rows say that the images are.
        images: clean images, H×W×C, in [0, 1].
        peers: whether to measure the method of Chen, Zhu and Heng as well.

    Returns:
        A row for each estimator and form of the values.
    """
    estimators = {"n3": _own, **({"Chen, Zhu, Heng 2015": _chen} if peers else {})}
    rows = []
    for name, estimate in estimators.items():
        for form, eight_bit in (("as drawn", False), ("8 bits", True)):
            cells = [_measure(images, level, estimate, eight_bit) for level in LEVELS]
            within, errors = zip(*cells, strict=True)
            rows.append(LevelRow(kind, name, form, within, errors))
    return rows


def write_noise_levels_text(
    rows: Sequence[LevelRow], images: int, machine: Machine, *, markdown: bool
) -> str:
    """A table for each kind of images, then the machine.

    Args:
        rows: what was measured.
        images: on how many images.
        machine: where.
        markdown: whether to write Markdown.
    """
    header = ["estimator", "values", *(f"σ{level}" for level in LEVELS)]
    blocks = [TITLE]
    for kind in dict.fromkeys(row.kind for row in rows):
        title = _title(images, kind)
        table = [[row.estimator, row.values, *_cells(row)] for row in rows if row.kind == kind]
        blocks.append(f"### {title}" if markdown else title)
        blocks.append(render_table(header, table, markdown=markdown))
    blocks.append(write_machine(machine))
    return "\n\n".join(blocks)


def write_noise_levels_json(
    rows: Sequence[LevelRow], images: int, machine: Machine
) -> dict[str, Any]:
    """The same, as plain dicts and lists; figures are in the order of ``sigmas``.

    ``relative_error`` is null at sigma 0, which has the median estimate instead.
    """
    measured = [
        {
            "kind": row.kind,
            "estimator": row.estimator,
            "values": row.values,
            "within": list(row.within),
            "relative_error": [None, *row.errors[1:]],
            "median_at_0": row.errors[0],
        }
        for row in rows
    ]
    return {
        "machine": asdict(machine),
        "protocol": TITLE,
        "images": images,
        "sigmas": list(LEVELS),
        "measured": measured,
    }


def _title(images: int, kind: str) -> str:
    return f"Noise level of {images} images, {kind}"


def _cells(row: LevelRow) -> list[str]:
    median, *errors = row.errors
    told = [f"{median:.2f}", *(f"{error:.1%}" for error in errors)]
    return [f"{share:.0%} / {error}" for share, error in zip(row.within, told, strict=True)]


def _measure(
    images: Sequence[Float32], level: int, estimate: Estimator, eight_bit: bool
) -> tuple[float, float]:
    """Share of the images whose estimate is near the truth, and the error; see `LevelRow`."""
    found = []
    for index, clean in enumerate(images):
        noisy = make_noisy(clean, level, index)
        if eight_bit:
            noisy = (np.rint(255 * np.clip(noisy, 0, 1)) / 255).astype(np.float32)
        found.append(estimate(noisy))
    if level == 0:
        return float(np.mean(np.less_equal(found, 2))), float(np.median(found))
    error = np.divide(found, level) - 1
    return float(np.mean(np.abs(error) <= 0.1)), float(np.sqrt(np.mean(error**2)))


def _own(noisy: Float32) -> float:
    return measure_noise(noisy).sigma


def _chen(noisy: Float32) -> float:
    """Chen, Zhu, Heng, ICCV 2015, algorithm 1, on each plane; root mean square over the planes."""
    variances = []
    for plane in np.moveaxis(noisy, 2, 0):
        patches = sliding_window_view(plane, (8, 8)).reshape(-1, 64)
        spectrum = np.linalg.eigvalsh(np.cov(patches, rowvar=False))
        kept = next(n for n in range(64, 0, -1) if spectrum[:n].mean() <= np.median(spectrum[:n]))
        variances.append(spectrum[:kept].mean())
    return 255 * float(np.sqrt(max(np.mean(variances), 0)))
