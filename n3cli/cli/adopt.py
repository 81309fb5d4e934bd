"""The command `n3 models adopt`: weights that come with n3 are replaced by better ones only."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from n3cli.cli import console, options
from n3cli.errors import ConfigError, DataError

if TYPE_CHECKING:
    from n3cli.bench.measurement import Measurement
    from n3cli.training.adopt import Candidate


@click.command(epilog="\b\nExample:\n  n3 models adopt runs/denoise-n3net-gray --data datasets")
@click.argument("run", type=click.Path(path_type=Path))
@options.data
@options.debug
def adopt(run: Path, data: Path | None) -> None:
    """Bundle the model from a RUN of `n3 train`, if it is better.

    If n3 already bundles a model of the same name, the new one must score higher on the 40
    validation images (for correspondences: on held-out synthetic pairs of views). Otherwise,
    nothing changes and the exit code is 3. The model's card gets the scores on the validation set
    and on the test sets that are present; for the latter, the command prints tables like those of
    n3 bench. This works only in a source tree of n3.
    """
    import torch

    from n3cli.bench.document import write_text
    from n3cli.inference.machine import describe_machine
    from n3cli.training.adopt import judge
    from n3cli.zoo.card import Figures, replace_figures
    from n3cli.zoo.locate import BUNDLES

    bundle = BUNDLES[0]
    if not bundle.is_dir():
        raise ConfigError(f"{bundle}: no such folder; run this in a source tree of n3")
    with tempfile.TemporaryDirectory() as scratch:
        candidate = judge(run, Path(scratch), data, console.line)
        exam = candidate.exam
        rows = [Figures(exam.title, candidate.scores)] if candidate.scores else []
        measured = _measure(candidate, data)
        rows += [Figures(suite.suite.data.title, suite.rows[0].psnr) for suite in measured]
        protocol = _protocol(candidate)
        card = replace_figures(candidate.card, exam.columns, rows, protocol, exam.unit)
        candidate.save(bundle / candidate.config.name, card)
    if measured:
        machine = describe_machine(torch.device("cpu"))
        console.lines(write_text(measured, [], machine, markdown=False))
    click.echo(bundle / candidate.config.name)


def _measure(candidate: Candidate, data: Path | None) -> list[Measurement]:
    """Run the model on the test sets of its kind that are there; so far for images alone."""
    from n3cli.bench.measurement import measure
    from n3cli.bench.model import make_model
    from n3cli.bench.suite import SUITES
    from n3cli.bench.task import TASKS
    from n3cli.data.location import list_images, present_form
    from n3cli.networks.network import Network
    from n3cli.training.yardstick import choose_yardstick

    if not isinstance(candidate.network, Network):
        return []
    measured = []
    channels = candidate.network.description.channels
    task = TASKS.get(choose_yardstick(candidate.recipe, candidate.network).name)
    if task is None:
        return []  # no test set is made as its validation is
    method = make_model(str(candidate.folder), task, channels, "cpu", "fp32")
    for suite in SUITES.values():
        if suite.development or suite.task is not task or suite.channels != channels:
            continue
        if suite.at and not set(candidate.levels) <= set(suite.at):
            continue  # no images for one of its scales
        try:
            forms = {level: present_form(suite.data_at(level), data) for level in candidate.levels}
            # One list for levels of the same images, which are then loaded once for all.
            lists = {form.name: list_images(form, data) for form in forms.values()}
            paths = {level: lists[form.name] for level, form in forms.items()}
            suite = replace(suite, data=forms[candidate.levels[-1]])
        except DataError as error:
            console.warning(f"{error}. The card will lack its scores.")
            continue
        measured.append(measure(suite, paths, [method], console.line))
    return measured


def _protocol(candidate: Candidate) -> str:
    import torch

    from n3cli.bench.task import TASKS
    from n3cli.inference.machine import describe_machine, write_machine
    from n3cli.networks.network import Network
    from n3cli.training.exam import describe_pairs
    from n3cli.training.pair_validation import PAIR_PROTOCOL
    from n3cli.training.yardstick import choose_yardstick

    machine = write_machine(describe_machine(torch.device("cpu")))
    if not isinstance(candidate.network, Network):
        return f"{PAIR_PROTOCOL}. {describe_pairs()}. {machine}"
    yardstick = choose_yardstick(candidate.recipe, candidate.network)
    chosen = "Val40 chose these weights; the" if candidate.scores else "The"
    protocol = (
        TASKS[yardstick.name].protocol
        if yardstick.name in TASKS
        else f"{yardstick.protocol} (whole images)."
    )
    return (
        f"{protocol} Of the weights as they are here, in "
        f"{candidate.config.dtype}, computed in float32. {chosen} test "
        "sets were neither trained nor tuned on. "
        f"{machine}"
    )
