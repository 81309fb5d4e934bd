"""The command `n3 models adopt`: weights that come with n3 are replaced by better ones only."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from n3cli.cli import console, options
from n3cli.errors import ConfigError, DataError, ModelError

if TYPE_CHECKING:
    from n3cli.training.adopt import Candidate
    from n3cli.zoo.card import Measurement


@click.command(epilog="\b\nExample:\n  n3 models adopt runs/denoise-n3net-gray --data datasets")
@click.argument("run", type=click.Path(path_type=Path))
@options.data
@options.debug
def adopt(run: Path, data: Path | None) -> None:
    """Bundle the model of a finished RUN of `n3 train`, if it is better.

    It must score higher on the 40 validation images than the bundled model of its name, where
    there is one; else nothing changes and the exit code is 3. Its card gets the figures of the
    validation and of the test sets that are there. For a source tree of n3.
    """
    from n3cli.training.adopt import is_better, prepare, scores, validation_images
    from n3cli.training.run import MODEL_FOLDER
    from n3cli.zoo.card import Measurement, replace_figures
    from n3cli.zoo.folder import load_trained, save_folder
    from n3cli.zoo.locate import BUNDLES

    bundle = BUNDLES[0]
    if not bundle.is_dir():
        raise ConfigError(f"{bundle} does not exist; adopt models in a source tree of n3")
    config, network = load_trained(run / MODEL_FOLDER)
    images = validation_images(network.description.channels, data)
    with tempfile.TemporaryDirectory() as scratch:
        candidate = prepare(run, Path(scratch), images)
        rows = []
        target = bundle / config.name
        if candidate.unseen:
            console.line(f"validating {config.name}")
            new = scores(candidate.folder, images, candidate.sigmas)
            rows.append(Measurement("Val40", new))
            if target.is_dir():
                console.line("validating the bundled one")
                old = scores(target, images, candidate.sigmas)
                _print(candidate.sigmas, old, new)
                if not is_better(new, old):
                    raise ModelError(f"{run} is not better than the bundled {config.name}: kept.")
        elif target.is_dir():
            raise ModelError(
                f"{run} was trained on the validation images, so they cannot say whether it is "
                f"better than the bundled {config.name}: kept."
            )
        rows += _test_rows(candidate, network.description.channels, data)
        columns = [f"σ = {sigma:g}" for sigma in candidate.sigmas]
        card = replace_figures(candidate.card, columns, rows, _protocol(candidate))
        save_folder(
            target, candidate.config, network, card, recipe=candidate.recipe, overwrite=True
        )
    click.echo(target)


def _print(sigmas: Sequence[float], old: Sequence[float], new: Sequence[float]) -> None:
    for sigma, before, after in zip(sigmas, old, new, strict=True):
        click.echo(f"σ = {sigma:g}: {before:.3f} → {after:.3f} dB", err=True)


def _test_rows(candidate: Candidate, channels: int, data: Path | None) -> list[Measurement]:
    """PSNR on the test sets of its kind that are there."""
    from n3cli.bench.measurement import measure
    from n3cli.bench.model import make_model
    from n3cli.bench.suite import SUITES
    from n3cli.data.location import list_images
    from n3cli.zoo.card import Measurement

    rows = []
    method = make_model(str(candidate.folder), channels, "cpu", "fp32")
    for suite in SUITES.values():
        if suite.development or suite.channels != channels:
            continue
        try:
            paths = list_images(suite.data, data)
        except DataError as error:
            console.warning(f"{error}. The card goes without it.")
            continue
        measured = measure(suite, paths, [method], candidate.sigmas, console.line)
        rows.append(Measurement(suite.data.title, measured.rows[0].psnr))
    return rows


def _protocol(candidate: Candidate) -> str:
    import torch

    from n3cli.bench.protocol import PROTOCOL
    from n3cli.inference.machine import describe_machine, write_machine

    machine = write_machine(describe_machine(torch.device("cpu")))
    return (
        f"{PROTOCOL} Of the weights as they are here, in {candidate.config.dtype}, computed in "
        f"float32. Val40 chose these weights; the other sets were neither trained nor tuned on. "
        f"{machine}"
    )
