"""How long given models take, beside each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import torch

from n3cli.bench.speed import forward
from n3cli.bench.table import render_table
from n3cli.bench.timing import Timing, time_interleaved
from n3cli.inference.device import DTYPES
from n3cli.inference.machine import Machine, write_machine
from n3cli.zoo.load import load_model

_PRECISIONS = ("fp32", "bf16")


def measure_models(
    names: Sequence[str],
    size: int,
    repeats: int,
    device: torch.device,
    progress: Callable[[str], None],
) -> dict[str, Timing]:
    """Time the forward pass of models on an image of noise, each in float32 and bfloat16.

    Args:
        names: as in ``-m``; short names are completed for grey.
        size: side of the image in pixels.
        repeats: counted rounds.
        device: where to run.
        progress: told before each run.

    Raises:
        ModelError: one of them cannot be had.
    """
    cases = {}
    for name in names:
        network = load_model(name, channels=1).network
        network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        image = torch.rand(1, network.description.planes, size, size).to(device)
        for precision in _PRECISIONS:
            cases[f"{name} {precision}"] = forward(network, image, DTYPES[precision])
    return time_interleaved(cases, repeats, progress)


def write_models_json(timings: dict[str, Timing], size: int, machine: Machine) -> dict[str, Any]:
    """Everything that the table shows, and every round."""
    return {
        "machine": asdict(machine),
        "size": size,
        "seconds": {name: timing.facts() for name, timing in timings.items()},
    }


def write_models_text(
    timings: dict[str, Timing], size: int, machine: Machine, *, markdown: bool
) -> str:
    """The table, with each time divided by that of the first model in the same precision."""
    firsts = list(timings.values())[: len(_PRECISIONS)]
    rows = [
        [name, f"{timing.median:.3f}", f"{timing.ratio(firsts[index % len(_PRECISIONS)]):.2f}"]
        for index, (name, timing) in enumerate(timings.items())
    ]
    repeats = len(firsts[0].seconds)
    title = f"Forward pass on an image of {size}×{size}, median of {repeats} rounds"
    head = ("model", "seconds", "times the first")
    blocks = (
        f"### {title}" if markdown else title,
        render_table(head, rows, markdown=markdown),
        write_machine(machine),
    )
    return "\n\n".join(blocks)
