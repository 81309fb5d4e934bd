"""What `n3 bench` does with suites: images and correspondences measured, in one report."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from n3cli.cli import console
from n3cli.cli.bench_asked import Asked, Watch
from n3cli.cli.bench_pairs import at_hand, prepare_pairs
from n3cli.cli.bench_quality import prepare_images
from n3cli.errors import ConfigError, N3Error

if TYPE_CHECKING:
    from n3cli.bench.estimate import KeptCrop
    from n3cli.bench.measurement import Measurement
    from n3cli.bench.pair_measurement import PairMeasurement
    from n3cli.inference.machine import Machine


def report(asked: Asked, watch: Watch, show: Callable[[str], object]) -> None:
    """Measure, and show the report; where that is ended early, that of the suites done by then.

    Args:
        asked: what.
        watch: shows progress.
        show: prints the report.

    Raises:
        ConfigError: the options make no sense together.
        DataError, ModelError, DeviceError, InputError: something is missing.
        ToleranceError: a method is too far from what was published of it; raised after the report.
    """
    from n3cli.bench.difference import check_tolerance
    from n3cli.inference.device import choose_device
    from n3cli.inference.machine import describe_machine
    from n3cli.render.plot import check_matplotlib

    # Everything that can be missing or wrong is found before anything is run.
    device = choose_device(asked.device)
    if asked.form == "html":
        check_matplotlib()
    crops: list[KeptCrop] = []
    of_images, of_pairs = divide(asked)
    only_pairs = of_pairs.names and not of_images.names
    measure_images = None if only_pairs else prepare_images(of_images, crops)
    measure_pairs = prepare_pairs(of_pairs) if of_pairs.names else None
    images: list[Measurement] = []
    pairs: list[PairMeasurement] = []
    try:
        with watch() as progress:
            # One by one: what is there when one fails stays.
            images.extend(measure_images(progress) if measure_images else ())
            pairs.extend(measure_pairs(progress) if measure_pairs else ())
    except (KeyboardInterrupt, SystemExit, N3Error):  # SystemExit: a signal, see `__main__`
        if images or pairs:
            console.line("stopped early; the report has only what was measured before")
            show(_write(images, pairs, crops, describe_machine(device), asked.form))
        raise
    show(_write(images, pairs, crops, describe_machine(device), asked.form))
    if asked.tolerance is not None:
        check_tolerance(images, asked.tolerance)


def divide(asked: Asked) -> tuple[Asked, Asked]:
    """What is asked for of images, and of correspondences.

    Where both are, the full names of models and the names of rules say which they are for.

    Raises:
        ConfigError: what is for images alone is asked for of correspondences, or the paper's are
            not here for what judges correspondences.
    """
    from n3cli.bench.pair_method import FILTERS
    from n3cli.data.pairs.pair_set import PAIR_SETS
    from n3cli.inference.match.classifier import default_classifier

    pairs = tuple(name for name in asked.names if name in PAIR_SETS)
    images = tuple(name for name in asked.names if name not in PAIR_SETS)
    if pairs and not images:
        _check_options(asked)
        return replace(asked, names=()), asked
    matchers = tuple(name for name in asked.models if name.startswith("match-"))
    rules = tuple(name for name in asked.peers if name in FILTERS)
    if asked.names == ("paper",):
        pairs = at_hand(asked)
        if not pairs and (matchers or rules):
            raise ConfigError(
                f"{', '.join((*matchers, *rules))}: only for the paper's correspondences, and none "
                "of them are here; fetch some (see above) or leave this out"
            )
        matchers = matchers or (() if rules else ("match-cnet", default_classifier()))
    if not pairs:
        return asked, replace(asked, names=())
    others = tuple(name for name in asked.models if name not in matchers)
    peers = tuple(name for name in asked.peers if name not in rules)
    return (
        replace(asked, names=images, models=others, peers=peers),
        replace(asked, names=pairs, models=matchers, peers=rules),
    )


def _check_options(asked: Asked) -> None:
    """Refuse for correspondences what only images have."""
    asks = any(asked.levels.values()) or asked.tolerance is not None or asked.saved is not None
    if asks or asked.precision != "auto":
        raise ConfigError(
            "suites of correspondences take only -m, --against, --data, --offline, --images (for "
            "the number of pairs), --device, --json, --markdown and --html"
        )


def _write(
    images: list[Measurement],
    pairs: list[PairMeasurement],
    crops: list[KeptCrop],
    machine: Machine,
    form: str | None,
) -> str:
    from n3cli.bench.document import write_json, write_text

    if form == "json":
        return json.dumps(write_json(images, pairs, machine), indent=2, allow_nan=False)
    if form == "html":
        from n3cli.bench.document_html import write_html

        return write_html(images, pairs, crops, machine)
    return write_text(images, pairs, machine, markdown=form == "markdown")
