"""The part of `n3 bench` that measures on correspondences."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from n3cli.bench.pair_method import PairMethod
    from n3cli.bench.pair_suite import PairSuite, Scene


@dataclass(frozen=True)
class PairsAsked:
    """What the command line asks for; see the options of `n3 bench`."""

    names: tuple[str, ...]
    models: tuple[str, ...]
    peers: tuple[str, ...]
    data: Path | None
    pairs: int | None
    device: str
    offline: bool
    form: str | None


def is_of_pairs(names: tuple[str, ...]) -> bool:
    """Whether a suite of correspondences is among them."""
    from n3cli.bench.pair_suite import PAIR_SUITES

    return any(name in PAIR_SUITES for name in names)


def report_pairs(
    asked: PairsAsked,
    watch: Callable[[], AbstractContextManager[Callable[[str], None]]],
    show: Callable[[str], object],
) -> None:
    """Measure, and show the report.

    Args:
        asked: what.
        watch: shows progress.
        show: prints the report.

    Raises:
        ConfigError: the options make no sense together.
        DataError, ModelError, DeviceError, InputError: something is missing or damaged.
    """
    from n3cli.bench.pair_measurement import measure_pairs
    from n3cli.bench.pair_pose import make_pose_errors
    from n3cli.bench.pair_report import write_pair_json, write_pair_text
    from n3cli.bench.pair_suite import find_pair_suites
    from n3cli.inference.device import choose_device
    from n3cli.inference.machine import describe_machine

    # Everything that can be missing or wrong is found before anything is run.
    device = choose_device(asked.device)
    suites = find_pair_suites(asked.names)
    methods = _methods(asked)
    scenes = [scene for suite in suites for scene in _brought(suite, asked)]
    estimators = make_pose_errors()
    with watch() as progress:
        measured = [
            measure_pairs(
                scene.title, islice(scene.pairs(), asked.pairs), methods, estimators, progress
            )
            for scene in scenes
        ]
    machine = describe_machine(device)
    if asked.form == "json":
        show(json.dumps(write_pair_json(measured, machine), indent=2))
    else:
        show(write_pair_text(measured, machine, markdown=asked.form == "markdown"))


def _methods(asked: PairsAsked) -> list[PairMethod]:
    """The filters and models that are asked for; the default model unless something is."""
    from n3cli.bench.pair_method import make_classifiers, make_filters

    models: Sequence[str | None] = asked.models or (() if asked.peers else (None,))
    return [*make_filters(asked.peers), *make_classifiers(models, asked.device)]


def _brought(suite: PairSuite, asked: PairsAsked) -> list[Scene]:
    """The scenes of a suite; what can be downloaded is, where it is absent."""
    from n3cli.cli.bring import bring_collection
    from n3cli.data.location import locate_root

    root, _ = locate_root(asked.data)
    absent = bool(suite.collection) and not (root / suite.folder).is_dir()
    if absent and not asked.offline:
        bring_collection(suite.collection, root)
    return suite.find(root)
