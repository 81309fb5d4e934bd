"""All that one run measured as one HTML page that needs no file beside it."""

from __future__ import annotations

from collections.abc import Sequence

from n3cli.bench import html, pair_html
from n3cli.bench.document import notes, protocols
from n3cli.bench.estimate import KeptCrop
from n3cli.bench.measurement import Measurement
from n3cli.bench.pair_measurement import PairMeasurement
from n3cli.inference.machine import Machine, write_machine
from n3cli.render import page


def write_html(
    images: Sequence[Measurement],
    pairs: Sequence[PairMeasurement],
    crops: Sequence[KeptCrop],
    machine: Machine,
) -> str:
    """The whole page.

    Args:
        images: what was measured on images.
        pairs: what was measured on correspondences.
        crops: what `keep_crops` kept.
        machine: on what.

    Raises:
        ConfigError: matplotlib is not installed.
    """
    parts = [part for each in images for part in html.suite_html(each, crops)]
    parts += [part for each in pairs for part in pair_html.suite_html(each)]
    parts += [page.heading("Methods"), page.listing(notes(images, pairs))]
    parts += [page.heading("Protocol"), *map(page.paragraph, protocols(images, pairs))]
    return page.page("n3 bench", [*parts, page.paragraph(write_machine(machine))])
