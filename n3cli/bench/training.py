"""How fast networks train: crops a second, near the convolutions' peak or far, and who waits.

Each case is a short run of the trainer itself on synthetic pictures.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from n3cli.bench.table import render_table
from n3cli.inference.device import DTYPES
from n3cli.inference.machine import Machine, write_machine
from n3cli.io.meta import Meta
from n3cli.io.picture import Picture, write_picture
from n3cli.networks import registry
from n3cli.networks.network import Network
from n3cli.ops.precision import float32_as
from n3cli.training.config import Recipe
from n3cli.training.log import Event
from n3cli.training.recipe import load_recipe
from n3cli.training.run import Place, run

_RECIPES = (
    "denoise-n3unet-gray",
    "denoise-n3unet-color",
    "denoise-n3net-gray",
    "denoise-n3net-color",
)
_PRECISIONS = ("fp32", "bf16")
_SIDE = 512
_PICTURES = 4


@dataclass(frozen=True)
class Pace:
    """How fast one case trains.

    Attributes:
        recipe: its name.
        precision: of the convolutions.
        crops: a second.
        operations: floating-point operations a second, in 10⁹, of all layers in both directions.
        peak: part of the convolutions' peak that this is.
        loading: part of the time in which crops and noise are made.
    """

    recipe: str
    precision: str
    crops: float
    operations: float
    peak: float
    loading: float


def measure_training(
    steps: int, device: torch.device, progress: Callable[[str], None]
) -> list[Pace]:
    """Run each case for some steps.

    Args:
        steps: counted steps a case, after two that are not.
        device: where to train.
        progress: told what is going on.
    """
    paces = []
    with tempfile.TemporaryDirectory() as scratch:
        pictures = Path(scratch, "pictures")
        _write_pictures(pictures)
        for precision in _PRECISIONS:
            peak = _peak(DTYPES[precision], device)
            for name in _RECIPES:
                progress(f"training: {name}, {precision}")
                recipe = _recipe(name, precision, steps)
                events = _train(recipe, pictures, Path(scratch, f"{name}-{precision}"), device)
                crops = statistics.median(event["crops_per_second"] for event in events)
                loading = statistics.median(event["loading"] for event in events)
                operations = crops * _operations(recipe)
                paces.append(
                    Pace(name, precision, crops, operations / 1e9, operations / peak, loading)
                )
    return paces


def write_training_json(paces: list[Pace], machine: Machine) -> dict[str, Any]:
    """All that the table shows."""
    return {"machine": asdict(machine), "paces": [asdict(pace) for pace in paces]}


def write_training_text(paces: list[Pace], machine: Machine, *, markdown: bool) -> str:
    """The table, then the machine."""
    rows = [
        [
            pace.recipe,
            pace.precision,
            f"{pace.crops:.1f}",
            f"{pace.operations:.0f}",
            f"{100 * pace.peak:.0f} %",
            f"{100 * pace.loading:.1f} %",
        ]
        for pace in paces
    ]
    title = "Training, crops of 80×80 in batches of 8"
    peak = (
        "The peak is what a 3×3 convolution of 64 planes reaches forward in the same precision; "
        "loading is the making of crops and noise."
    )
    head = ("recipe", "precision", "crops/s", "GFLOP/s", "of peak", "loading")
    blocks = (
        f"### {title}" if markdown else title,
        render_table(head, rows, markdown=markdown),
        peak,
        write_machine(machine),
    )
    return "\n\n".join(blocks)


def _recipe(name: str, precision: str, steps: int) -> Recipe:
    changes = [
        "data.sets=[]", "validation.images=none", "run.log_steps=1", "schedule.warmup=0",
        "schedule.minutes=0", "data.final=0", f"run.precision={precision}",
    ]  # fmt: skip
    batch = load_recipe(name).data.batch
    return load_recipe(name, [*changes, f"schedule.crops={(steps + 2) * batch}"])


def _train(recipe: Recipe, pictures: Path, folder: Path, device: torch.device) -> list[Event]:
    """The log's lines of the counted steps."""
    events: list[Event] = []
    run(recipe, Place(folder, pictures, device=str(device)), events.append)
    return [event for event in events if event["event"] == "step"][2:]


def _operations(recipe: Recipe) -> int:
    """Floating-point operations of a crop, forward and backward."""
    network = registry.build(recipe.model.network, recipe.model.options).train()
    assert isinstance(network, Network)
    side = recipe.data.crop
    image = torch.rand(2, network.description.planes, side, side)
    with FlopCounterMode(display=False) as counter:
        network(image, 0.1).sum().backward()
    return int(counter.get_total_flops()) // len(image)


def _peak(dtype: torch.dtype, device: torch.device) -> float:
    """Operations a second of a plain convolution, the best of ten."""
    convolution = nn.Conv2d(64, 64, 3, padding=1, bias=False).to(device, dtype)
    convolution.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    image = torch.rand(8, 64, 80, 80, device=device, dtype=dtype)
    image = image.contiguous(memory_format=torch.channels_last)
    operations = 2 * image.numel() * 64 * 9
    times = []
    with torch.inference_mode(), float32_as(dtype, device):
        for _ in range(12):
            begun = time.perf_counter()
            convolution(image)
            if device.type != "cpu":
                torch.accelerator.synchronize(device)
            times.append(time.perf_counter() - begun)
    return operations / min(times[2:])


def _write_pictures(folder: Path) -> None:
    folder.mkdir()
    rng = np.random.default_rng(0)
    for index in range(_PICTURES):
        pixels = rng.integers(0, 256, (_SIDE, _SIDE, 3), dtype=np.uint8)
        write_picture(folder / f"{index}.png", Picture(pixels, None, Meta()))
