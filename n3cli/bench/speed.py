"""How long the networks take, and what their N3 blocks add to their convolutions.

Fresh weights on noise: what a network computes in does not change how long it takes.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from n3cli.bench.table import render_table
from n3cli.bench.timing import Timing, time_interleaved
from n3cli.inference.machine import Machine, write_machine
from n3cli.networks import registry
from n3cli.networks.fold import fold_batch_norm
from n3cli.networks.n3 import N3Aggregation
from n3cli.networks.network import Network
from n3cli.ops.n3.aggregation_plain import aggregate_plain
from n3cli.ops.n3.cell import Grid
from n3cli.ops.n3.selection import SelectionRule
from n3cli.ops.precision import float32_as

_RATIOS = (
    ("n3net", "n3net, convolutions alone", "what the N3 blocks cost"),
    ("n3net, plain aggregation", "n3net", "what the fast aggregation gains"),
    ("n3net", "n3unet", "how much faster N3-UNet is"),
    ("n3net bf16", "n3net bf16, convolutions alone", "what the N3 blocks cost in bf16"),
    ("n3net", "n3net bf16", "what bf16 gains in N3Net"),
    ("n3unet", "n3unet bf16", "what bf16 gains in N3-UNet"),
)


@dataclass(frozen=True)
class Speed:
    """Outcome of the speed benchmark.

    Attributes:
        size: side of the square grey image, in pixels.
        timings: by case.
    """

    size: int
    timings: dict[str, Timing]

    def ratios(self) -> list[tuple[str, str, str, float]]:
        """Each comparison: a case, what it is divided by, what that says, and the quotient."""
        return [
            (case, by, meaning, self.timings[case].ratio(self.timings[by]))
            for case, by, meaning in _RATIOS
        ]


def measure_speed(
    size: int, repeats: int, device: torch.device, progress: Callable[[str], None]
) -> Speed:
    """Time the networks' forward passes on one grey image.

    Args:
        size: its side in pixels.
        repeats: counted rounds.
        device: where to run.
        progress: told before each run.
    """
    n3net, n3unet = _network("n3net", device), _network("n3unet", device)
    bare, plain = copy.deepcopy(n3net), copy.deepcopy(n3net)
    _without_aggregation(bare)
    _with_plain_aggregation(plain)
    image = torch.rand(1, 1, size, size, generator=torch.Generator().manual_seed(0)).to(device)
    cases = {
        "n3net": forward(n3net, image),
        "n3net, convolutions alone": forward(bare, image),
        "n3unet": forward(n3unet, image),
        "n3net bf16": forward(n3net, image, torch.bfloat16),
        "n3net bf16, convolutions alone": forward(bare, image, torch.bfloat16),
        "n3unet bf16": forward(n3unet, image, torch.bfloat16),
        "n3net, plain aggregation": forward(plain, image),
    }
    return Speed(size, time_interleaved(cases, repeats, progress))


def write_speed_json(speed: Speed, machine: Machine) -> dict[str, Any]:
    """Everything that the table shows, and every round."""
    return {
        "machine": asdict(machine),
        "size": speed.size,
        "seconds": {name: timing.facts() for name, timing in speed.timings.items()},
        "ratios": [
            {"case": case, "divided_by": by, "meaning": meaning, "ratio": ratio}
            for case, by, meaning, ratio in speed.ratios()
        ],
    }


def write_speed_text(speed: Speed, machine: Machine, *, markdown: bool) -> str:
    """Tables of the times and of their ratios, then the machine."""
    repeats = len(next(iter(speed.timings.values())).seconds)
    title = f"Forward pass on a grey image of {speed.size}×{speed.size}, median of {repeats} rounds"
    times = [
        [name, f"{timing.median:.3f}", f"{min(timing.seconds):.3f}", f"{max(timing.seconds):.3f}"]
        for name, timing in speed.timings.items()
    ]
    ratios = [[f"{case} / {by}", f"{ratio:.2f}", text] for case, by, text, ratio in speed.ratios()]
    blocks = (
        f"### {title}" if markdown else title,
        render_table(("network", "seconds", "least", "most"), times, markdown=markdown),
        render_table(("times divided", "ratio", "that is"), ratios, markdown=markdown),
        write_machine(machine),
    )
    return "\n\n".join(blocks)


def _network(name: str, device: torch.device) -> Network:
    torch.manual_seed(0)
    network = fold_batch_norm(registry.build(name, {"channels": 1}).eval())
    assert isinstance(network, Network)
    return network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def _without_aggregation(network: nn.Module) -> None:
    """Leave only the convolutions; the embedding and temperature CNNs are among them."""
    _aggregate_by(network, _repeat)


def _with_plain_aggregation(network: nn.Module) -> None:
    _aggregate_by(network, aggregate_plain)


def _aggregate_by(network: nn.Module, form: Callable[..., Tensor]) -> None:
    for module in network.modules():
        if isinstance(module, N3Aggregation):
            module.form = form


def _repeat(
    features: Tensor,
    embedding: Tensor,
    inverse_temperature: Tensor,
    grid: Grid,
    k: int,
    select: SelectionRule,
) -> Tensor:
    """Stands in for the aggregation: as many planes, no work."""
    return features.unsqueeze(1).repeat(1, k, 1, 1, 1)


def forward(
    network: Network, image: Tensor, dtype: torch.dtype = torch.float32
) -> Callable[[], object]:
    """A forward pass that has ended when it returns; with noise of level 25 where that is asked."""
    sigma = 25 / 255 if network.description.sigma_input else None
    reduced = dtype != torch.float32

    def run() -> object:
        with (
            torch.inference_mode(),
            torch.autocast(image.device.type, dtype, enabled=reduced),
            float32_as(dtype, image.device),
        ):
            output: Tensor = network(image, sigma)
        if image.device.type != "cpu":
            torch.accelerator.synchronize(image.device)
        return output

    return run
