"""How often `--sigma auto` finds the noise level that was put in, beside a peer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

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


def write_noise_levels(
    paths: Sequence[Path], machine: Machine, progress: Callable[[str], None], *, markdown: bool
) -> str:
    """Tables of the estimators on colour images and on their luma, then the machine.

    Args:
        paths: clean colour images.
        machine: where this runs.
        progress: told before each table.
        markdown: whether to write Markdown.
    """
    colour = [load_clean(path, 3) for path in paths]
    header = ["estimator", "values", *(f"σ{level}" for level in LEVELS)]
    blocks = [[TITLE]]
    for kind, images in (
        ("grey", [luma(image) for image in colour]),
        ("colour", colour),
    ):
        title = f"Noise level of {len(images)} images, {kind}"
        progress(title)
        rows = noise_level_rows(images)
        blocks.append([f"### {title}" if markdown else title])
        blocks.append(render_table(header, rows, markdown=markdown))
    blocks.append([write_machine(machine)])
    return "\n\n".join("\n".join(block) for block in blocks)


def noise_level_rows(images: Sequence[Float32], *, peers: bool = True) -> list[list[str]]:
    """Measure the estimators on images with known noise.

    Each is measured on noise as drawn, and on the same noise clipped to 0–255 and rounded to
    8 bits, as files have it. The seed is the image's index, as in the other benchmarks.

    Args:
        images: clean images, H×W×C, in [0, 1].
        peers: whether to measure the method of Chen, Zhu and Heng as well.

    Returns:
        A row for each estimator and form of the values.
    """
    estimators = {"n3": _own, **({"Chen, Zhu, Heng 2015": _chen} if peers else {})}
    return [
        [name, form, *(_cell(images, level, estimate, eight_bit) for level in LEVELS)]
        for name, estimate in estimators.items()
        for form, eight_bit in (("as drawn", False), ("8 bits", True))
    ]


def _cell(images: Sequence[Float32], level: int, estimate: Estimator, eight_bit: bool) -> str:
    found = []
    for index, clean in enumerate(images):
        noisy = make_noisy(clean, level, index)
        if eight_bit:
            noisy = (np.rint(255 * np.clip(noisy, 0, 1)) / 255).astype(np.float32)
        found.append(estimate(noisy))
    if level == 0:
        return f"{np.mean(np.less_equal(found, 2)):.0%} / {np.median(found):.2f}"
    error = np.divide(found, level) - 1
    return f"{np.mean(np.abs(error) <= 0.1):.0%} / {np.sqrt(np.mean(error**2)):.1%}"


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
