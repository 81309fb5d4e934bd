"""The part of `n3 bench` that measures quality: what is asked for, checked, brought and run."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from n3cli.errors import ConfigError

if TYPE_CHECKING:
    from n3cli.bench.estimate import Gallery, Keeper
    from n3cli.bench.measurement import Measurement
    from n3cli.bench.method import Method
    from n3cli.bench.suite import Suite
    from n3cli.inference.machine import Machine

Watch = Callable[[], AbstractContextManager[Callable[[str], None]]]


@dataclass(frozen=True)
class Asked:
    """What the command line asks for; see the options of `n3 bench`."""

    names: tuple[str, ...]
    levels: Mapping[str, tuple[float, ...]]
    """By what a level is: ``sigma`` or ``scale``."""
    models: tuple[str, ...]
    peers: tuple[str, ...]
    data: Path | None
    images: int | None
    device: str
    precision: str
    offline: bool
    tolerance: float | None
    saved: Path | None
    form: str | None


@dataclass(frozen=True)
class _Planned:
    suite: Suite
    levels: tuple[float, ...]
    methods: Sequence[Method]


def report_quality(asked: Asked, watch: Watch, show: Callable[[str], object]) -> None:
    """Measure, and show the report.

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
    from n3cli.bench.estimate import Gallery
    from n3cli.bench.measurement import measure
    from n3cli.inference.device import choose_device
    from n3cli.inference.machine import describe_machine

    # Everything that can be missing or wrong is found before anything is run.
    device = choose_device(asked.device)
    plan = _plan(asked)
    gallery = Gallery()
    keepers = _keepers(asked, gallery)
    brought = [_with_images(each, asked) for each in plan]
    with watch() as progress:
        measured = [measure(*each, progress, keepers) for each in brought]
    show(_report(measured, gallery, describe_machine(device), asked.form))
    if asked.tolerance is not None:
        check_tolerance(measured, asked.tolerance)


def _plan(asked: Asked) -> list[_Planned]:
    from n3cli.bench.difference import check_comparable
    from n3cli.bench.model import make_models
    from n3cli.bench.peer import make_peers
    from n3cli.bench.suite import find_suites
    from n3cli.bench.task import DENOISE

    suites = find_suites(asked.names)
    tasks = [suite.task for suite in suites]
    for option, levels in asked.levels.items():
        if levels and option not in {task.level for task in tasks}:
            raise ConfigError(f"none of these suites takes --{option}; leave it out")
    if DENOISE not in tasks and (asked.models or asked.precision != "auto"):
        raise ConfigError("no model enlarges yet; leave -m and --precision out")
    others = make_peers(asked.peers, tasks)
    default = "n3net" if "paper" in asked.names else None
    wanted = asked.models or (() if others.get(DENOISE.name) else (default,))
    plan = []
    for suite in suites:
        methods = others[suite.task.name]
        levels = asked.levels[suite.task.level] or suite.levels
        if suite.task is DENOISE:
            own = make_models(wanted, suite.channels, asked.device, asked.precision, len(levels))
            methods = [*own, *methods]
        plan.append(_Planned(suite, levels, methods))
    if asked.tolerance is not None:
        if asked.images:
            raise ConfigError("figures were published of whole sets; leave --images or --tolerance")
        check_comparable([(each.suite, each.levels, each.methods) for each in plan])
    return plan


def _keepers(asked: Asked, gallery: Gallery) -> list[Keeper]:
    from n3cli.bench.estimate import save_to
    from n3cli.render.plot import check_matplotlib

    keepers: list[Keeper] = []
    if asked.form == "html":
        check_matplotlib()
        keepers.append(gallery.keep)
    if asked.saved is not None:
        keepers.append(save_to(asked.saved))
    return keepers


def _with_images(
    planned: _Planned, asked: Asked
) -> tuple[Suite, dict[float, list[Path]], Sequence[Method]]:
    """The suite with the form of its data that is here, its images by level, and its methods."""
    from n3cli.cli.bring import brought

    chosen = {level: planned.suite.data_at(level) for level in planned.levels}
    # Each set once, however many levels are measured on it.
    found = {
        each.name: brought(each, asked.data, offline=asked.offline) for each in chosen.values()
    }
    paths = {level: found[each.name][1][: asked.images] for level, each in chosen.items()}
    present, _ = found[chosen[planned.levels[0]].name]
    return replace(planned.suite, data=present), paths, planned.methods


def _report(
    measured: list[Measurement], gallery: Gallery, machine: Machine, form: str | None
) -> str:
    from n3cli.bench.report import write_json, write_text

    if form == "json":
        return json.dumps(write_json(measured, machine), indent=2)
    if form == "html":
        from n3cli.bench.html import write_html

        return write_html(measured, gallery.crops, machine)
    return write_text(measured, machine, markdown=form == "markdown")
