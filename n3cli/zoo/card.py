"""The model card: README.md of a model's folder, as the Hub and people read it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from n3cli.ops.mosaic.planes import MosaicForm
from n3cli.zoo.config import ModelConfig


@dataclass(frozen=True)
class Figures:
    """One line of the table of figures: a data set, and a value for each column.

    Attributes:
        data: name of the data set.
        values: one for each of `Card.columns`, in `Card.unit`.
    """

    data: str
    values: tuple[float, ...]


@dataclass(frozen=True)
class Card:
    """What a model card says beyond the model's config.

    Attributes:
        summary: what the model is, one paragraph.
        license: identifier as the Hub knows it, for example ``"apache-2.0"``; ``"other"`` needs
            `license_name`.
        training: how it was trained.
        terms: terms of the training data or of the weights, and what they mean for use.
        license_name: name of a licence that the Hub does not know.
        tags: search words, beside the task and the network.
        datasets: what it was trained on.
        columns: heads of the figures' columns, for example ``("sigma 15", "sigma 25")``.
        unit: what the figures are, for example ``"PSNR in dB"``.
        measurements: the figures, none where nothing was measured.
        protocol: how the figures were measured.
        place: what ``-m`` is given for it; its name unless it has none for others.
        mosaic: how it takes mosaics, if it is for them (`Description.mosaic`).
    """

    summary: str
    license: str
    training: str
    terms: str
    license_name: str | None = None
    tags: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    unit: str = "PSNR in dB"
    measurements: tuple[Figures, ...] = field(default=())
    protocol: str = ""
    place: str | None = None
    mosaic: MosaicForm | None = None


def write_card(card: Card, config: ModelConfig) -> str:
    """Return the card's text: metadata for the Hub, then sections for people."""
    sections = [
        _front_matter(card, config),
        f"# {config.name}\n\n{card.summary}",
        f"## Use\n\n{_usage(config, card.place or config.name, card.mosaic)}",
        f"## Figures\n\n{write_figures(card.columns, card.measurements, card.protocol, card.unit)}",
        f"## Training\n\n{card.training}",
        f"## Terms\n\n{card.terms}",
    ]
    return "\n\n".join(sections) + "\n"


def read_section(card: str, title: str) -> str:
    """The text of one section of a card, empty where it has none of that title."""
    _, section, _ = _split(card, title)
    return section.strip()


def read_title(card: str) -> str:
    """The name of a card's model, empty where it has none."""
    heads = (line.removeprefix("# ") for line in card.splitlines() if line.startswith("# "))
    return next(heads, "").strip()


def replace_figures(
    card: str, columns: Sequence[str], rows: Sequence[Figures], protocol: str, unit: str
) -> str:
    """The same card with other figures; they come last where it had none."""
    before, _, after = _split(card, "Figures")
    if not before:
        before, after = f"{card.rstrip()}\n\n## Figures\n", ""
    figures = write_figures(columns, rows, protocol, unit)
    return f"{before}\n{figures}\n{after}"


def _split(card: str, title: str) -> tuple[str, str, str]:
    """What comes before a section's text, with its title, the text, and what comes after it."""
    before, heading, rest = f"\n{card}".partition(f"\n## {title}\n")
    if not heading:
        return "", "", card
    section, following, others = rest.partition("\n## ")
    return (before + heading)[1:], section, following + others


def _front_matter(card: Card, config: ModelConfig) -> str:
    """Return the YAML block that the Hub reads. JSON strings and lists are YAML, safely quoted."""
    entries = {
        "license": card.license,
        "license_name": card.license_name,
        "library_name": "n3",
        # The Hub has no such tag for correspondences.
        "pipeline_tag": None if config.task == "match" else "image-to-image",
        "tags": [config.task, config.network, *card.tags],
        "datasets": list(card.datasets),
    }
    lines = [
        f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in entries.items() if value
    ]
    return "\n".join(["---", *lines, "---"])


_MOSAIC: Final = {
    "whole": (
        "B×5×H×W in, B×1×H×W out",
        "The planes are the noisy mosaic (linear, black 0, white 1, before white balance), the "
        "sites of red, of green and of blue (1 there, else 0), and the standard deviation of the "
        "noise at each site, √(a·max(x, 0) + b) of the noisy values x; "
        "n3cli.ops.mosaic.layout.mosaic_planes puts them together.",
    ),
    "planes": (
        "B×3×h×w in, B×1×h×w out",
        "The planes are the noisy values of one colour's plane (linear, black 0, white 1, before "
        "white balance), a everywhere and b everywhere, where a·x + b is the variance of the "
        "noise at value x; n3cli.ops.mosaic.planes.noise_planes puts them together.",
    ),
    "packed": (
        "B×6×h×w in, B×4×h×w out",
        "The planes are the noisy values of red, of both greens and of blue of Bayer's 2×2, RGGB "
        "(linear, black 0, white 1, before white balance), a everywhere and b everywhere, where "
        "a·x + b is the variance of the noise at value x; n3cli.ops.mosaic.planes.noise_planes "
        "puts them together.",
    ),
}
"""Shapes, and what is in them, by the form in which networks take mosaics."""


def _usage(config: ModelConfig, place: str, mosaic: MosaicForm | None) -> str:
    command = f"n3 {config.task} photo.png -m {place}"
    if config.task == "match":
        command = f"n3 match one.jpg other.jpg -m {place}"
        columns = "x0, y0, x1, y1 in normalised camera coordinates"
        if config.options.get("inputs") == 6:
            columns += ", ratio of descriptor distances (0–1), mutual nearest or not (1 or 0)"
        call = (
            f'network = n3cli.load_model("{place}", task="match").network\n'
            "logits = network(correspondences)  # B×N×"
            f"{config.options.get('inputs')} in, B×N out, above 0 for right ones"
        )
        note = (
            f"The columns are {columns}. All putative correspondences of a pair of views go in "
            "together, wrong ones included: each is judged beside the others."
        )
    elif mosaic:
        command = f"n3 denoise photo.dng -m {place}"
        shapes, note = _MOSAIC[mosaic]
        call = (
            f'network = n3cli.load_model("{place}").network\nmosaic = network(planes)  # {shapes}'
        )
    elif config.task == "upscale":
        call = f'large = n3cli.upscale(small, 2, model="{place}")'
        note = (
            "Arrays are H×W or H×W×C. "
            "Any size is reached by the network's next scale and a bicubic resize from there. The "
            "model is for clean sources, unless it says otherwise: take noise away before."
        )
    else:
        call = f'clean = n3cli.{config.task}(noisy, model="{place}")'
        level = (
            "The noise level is a standard deviation on the 0–255 scale, up to "
            f"{config.sigma_max:g}, whatever the image's depth; left out, it is estimated."
            if config.sigma_max is not None
            else "The model takes no noise level: it is made for the one it was trained for."
        )
        note = f"Arrays are H×W or H×W×C; the same kind comes out. {level}"
    return f"""\
```
{command}
```

```python
import n3cli

{call}
```

{note}"""


def write_figures(columns: Sequence[str], rows: Sequence[Figures], protocol: str, unit: str) -> str:
    """The section of figures: a table, and how they were measured."""
    if not rows:
        return "None measured."
    lines = [
        (unit, *columns),
        ("---", *("---:" for _ in columns)),
        *((row.data, *(f"{value:.2f}" for value in row.values)) for row in rows),
    ]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"{table}\n\n{protocol}".rstrip()
