"""The part of `n3 bench` that measures on images: what is asked for, checked, brought and run."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from n3cli.cli import console
from n3cli.cli.bench_asked import Asked, Watch
from n3cli.errors import ConfigError, DataError

if TYPE_CHECKING:
    from n3cli.bench.estimate import Keeper, KeptCrop
    from n3cli.bench.given import Items
    from n3cli.bench.measurement import Measurement
    from n3cli.bench.method import Method
    from n3cli.bench.suite import Suite
    from n3cli.bench.task import SuiteTask


def prepare_images(
    asked: Asked, crops: list[KeptCrop]
) -> Callable[[Callable[[str], None]], Iterator[Measurement]]:
    """Find everything that suites of images need.

    Args:
        asked: what.
        crops: gets some, where a page is asked for.

    Returns:
        What measures, suite by suite; it is told where progress goes.

    Raises:
        ConfigError: the options make no sense together.
        DataError, ModelError, DeviceError, InputError: something is missing.
    """
    from n3cli.bench.measurement import measure
    from n3cli.bench.stored import is_stored, load_stored

    plan = _plan(asked)
    keepers = _keepers(asked, crops)
    brought = [_with_images(suite, asked) for suite, _ in plan]
    verified = [_verify(suite, items, asked) for suite, items in brought]
    methods = [
        [*methods, *(load_stored(each, suite, items) for each in asked.peers if is_stored(each))]
        for (_, methods), (suite, items) in zip(plan, brought, strict=True)
    ]
    return lambda progress: (
        replace(measure(suite, items, own, progress, keepers), verified=checked)
        for (suite, items), own, checked in zip(brought, methods, verified, strict=True)
    )


def save_noisy(asked: Asked, folder: Path, watch: Watch) -> str:
    """Write what methods get, for programs that n3 does not run.

    Args:
        asked: of what.
        folder: where to, a new or an empty folder.
        watch: shows progress.

    Returns:
        A line that says what was written.

    Raises:
        ConfigError: the options make no sense together.
        DataError, InputError: something is missing, or cannot be written.
    """
    from n3cli.bench.given import README, write_given
    from n3cli.bench.stored import check_plain
    from n3cli.io.path import make_new_folder

    check_plain(asked.names, "--save-noisy")
    suites = _suites(asked)
    make_new_folder(folder, "with --save-noisy")
    given = []
    for suite in suites:
        present, items = _with_images(suite, asked)
        _verify(present, items, asked)
        given.append((present, items))
    words = ["n3", "bench", *asked.names]
    for option, levels in asked.levels.items():
        words += [f"--{option}", ",".join(f"{level:g}" for level in levels)] if levels else []
    words += ["--images", str(asked.images)] if asked.images else []
    with watch() as progress:
        command = shlex.join([*words, "--against", "NAME=RESULTS"])
        count = write_given(given, folder, command, progress)
    return f"{folder}: {count} inputs, and {README}, which says what to make of them"


def _plan(asked: Asked) -> list[tuple[Suite, list[Method]]]:
    from n3cli.bench.difference import check_comparable
    from n3cli.bench.model import make_models
    from n3cli.bench.peer import check_models, make_peers
    from n3cli.bench.stored import find_stored, is_stored

    suites = _suites(asked)
    check_models(asked.models)
    stored = [find_stored(name)[0] for name in asked.peers if is_stored(name)]
    tasks = [suite.task for suite in suites]
    run = [name for name in asked.peers if not is_stored(name)]
    plan = []
    for suite, peers in zip(suites, make_peers(run, tasks), strict=True):
        wanted = _models(asked, suite.task, tasks, peers)
        own = make_models(
            wanted, suite.task, suite.channels, asked.device, asked.precision, suite.levels
        )
        plan.append((suite, [*own, *peers]))
        names = [*(method.name for method in (*own, *peers)), *stored]
        if twice := [name for name in stored if names.count(name) > 1]:
            raise ConfigError(f"two methods would be called {twice[0]}; give another NAME=DIR")
    if asked.tolerance is not None:
        if asked.images:
            raise ConfigError(
                "--tolerance needs whole sets, as published figures are for those; leave --images "
                "or --tolerance out"
            )
        check_comparable([(suite, suite.levels, methods) for suite, methods in plan])
    return plan


def _suites(asked: Asked) -> list[Suite]:
    """The suites that are named, and those of folders, with the levels that are asked for.

    Raises:
        ConfigError: there is none of a name, or there are two, or none takes what levels are of.
        DataError, InputError: there is nothing to measure in a folder.
    """
    from n3cli.bench.folder import is_folder, own_suites
    from n3cli.bench.suite import find_suites

    folders = [name for name in asked.names if is_folder(name)]
    named = [name for name in asked.names if name not in folders]
    suites = find_suites(named) if named or not folders else []
    sigmas, scales = asked.levels["sigma"], asked.levels["scale"]
    for folder in folders:
        suites += own_suites(Path(folder), scales, denoise=bool(sigmas) or not scales)
    names = [suite.name for suite in suites]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ConfigError(f"two suites would be called {twice[0]}; measure one at a time")
    for option, levels in asked.levels.items():
        if levels and option not in {suite.task.level for suite in suites}:
            raise ConfigError(f"none of these suites takes --{option}; leave it out")
    return [
        replace(suite, levels=asked.levels[suite.task.level] or suite.levels) for suite in suites
    ]


def _models(
    asked: Asked, task: SuiteTask, tasks: Sequence[SuiteTask], peers: Sequence[Method]
) -> Sequence[str | None]:
    """The models to run for a task: those asked for, or the default unless peers were asked for."""
    from n3cli.bench.stored import is_stored
    from n3cli.bench.task import DENOISE, TASKS

    if asked.models:
        if len({each.name for each in tasks}) == 1:
            return asked.models
        # In a full name the task comes first; short ones are denoisers'.
        named = {name: TASKS.get(name.partition("-")[0], DENOISE) for name in asked.models}
        return [name for name, its in named.items() if its.name == task.name]
    if any(peer.name in asked.peers for peer in peers) or any(map(is_stored, asked.peers)):
        return ()
    return ("n3net",) if "paper" in asked.names and task is DENOISE else task.models


def _keepers(asked: Asked, crops: list[KeptCrop]) -> list[Keeper]:
    from n3cli.bench.estimate import keep_crops, save_to

    keepers: list[Keeper] = [keep_crops(crops)] if asked.form == "html" else []
    if asked.saved is not None:
        keepers.append(save_to(asked.saved))
    return keepers


def _with_images(suite: Suite, asked: Asked) -> tuple[Suite, Items]:
    """The suite with the form of its data that is here, and its images by level."""
    from n3cli.cli.bring import brought

    chosen = {level: suite.data_at(level) for level in suite.levels}
    # Each set once, however many levels are measured on it.
    found = {
        each.name: brought(each, asked.data, offline=asked.offline) for each in chosen.values()
    }
    listed = {name: suite.task.items(paths, suite.channels) for name, (_, paths) in found.items()}
    items = {level: listed[each.name][: asked.images] for level, each in chosen.items()}
    present, _ = found[chosen[suite.levels[0]].name]
    return replace(suite, data=present), items


def _verify(suite: Suite, items: Items, asked: Asked) -> bool | None:
    """Whether the images that are used are as published; None where no list tells.

    A warning says which are not.

    Raises:
        DataError: some are not, and they were to be held against what was published.
    """
    from n3cli.data.fetch.state import altered
    from n3cli.data.location import locate_root
    from n3cli.data.pairs_of_photos import PhotoPair
    from n3cli.data.published.index import COLLECTIONS

    collection = COLLECTIONS.get(suite.data.collection)
    if collection is None or not collection.is_listed:
        return None
    used = {item: None for own in items.values() for item in own}
    paths = [
        path
        for item in used
        for path in ((item.noisy, item.clean) if isinstance(item, PhotoPair) else (item,))
        if isinstance(path, Path)
    ]
    root, _ = locate_root(asked.data)
    different = altered(collection, root, paths)
    if not different:
        return True
    text = (
        f"{len(different)} of {len(paths)} files of {suite.data.title} are not as published; the "
        f"first: {different[0]} (for all: n3 fetch-data {collection.name} --verify --dir {root})"
    )
    if asked.tolerance is not None:
        raise DataError(f"{text}; fetch the published ones, or leave --tolerance out")
    console.warning(f"{text}. The figures cannot be compared with published ones.")
    return False
