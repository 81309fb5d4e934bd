"""The command `n3 bench`: quality on test sets, and speed."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click

from n3cli.cli import complete, console, options
from n3cli.cli.bench_asked import Asked, Watch
from n3cli.cli.bench_quality import save_noisy
from n3cli.cli.bench_report import report
from n3cli.cli.bench_submit import check, is_submission, submit
from n3cli.errors import ConfigError

_FORMS = ("as_json", "markdown")
_ALONE = {
    "--check": ("data",),
    "--save-noisy": ("sigmas", "scales", "data", "offline", "images"),
    "speed": ("models", "size", "repeats", "device", *_FORMS),
    "training": ("repeats", "device", *_FORMS),
    "noise-level": ("data", "offline", "images", *_FORMS),
}
"""What measures, checks or writes by itself, and the options that say something of it."""


def _words(
    ctx: click.Context, param: click.Parameter, value: str | tuple[str, ...] | None
) -> tuple[str, ...]:
    """Split values that are repeatable, comma separated, or both; the same word counts once.

    What is there as a path is one word, whatever is in it.
    """
    values = (value,) if isinstance(value, str) else value or ()
    there = os.path.exists  # Path's raises where a list is longer than a name can be
    texts = ((text,) if there(text) else text.split(",") for text in values)
    words = (word.strip() for parts in texts for word in parts)
    return tuple(dict.fromkeys(word for word in words if word))


def _peers(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """Split like `_words`, but what stands behind "=" is a folder's path, whatever is in it."""
    words: list[str] = []
    for value in values:
        before, sign, folder = value.partition("=")
        if sign:
            before, _, name = before.rpartition(",")
            words += [*_words(ctx, param, before), f"{name.strip()}={folder}"]
        else:
            words += _words(ctx, param, value)
    return tuple(dict.fromkeys(words))


def _levels(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[float, ...]:
    """Noise levels, above 0 on the 0–255 scale."""
    try:
        levels = tuple(map(float, _words(ctx, param, value)))
    except ValueError as error:
        raise click.BadParameter(
            f"{value!r} is not a list of numbers, such as 15,25,50."
        ) from error
    for level in levels:
        if not 0 < level <= 255:
            raise click.BadParameter(f"{level:g} is not a noise level above 0 and at most 255.")
    return levels


def _scales(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[float, ...]:
    """Whole numbers above 1."""
    words = _words(ctx, param, value)
    if not all(word.isdecimal() and int(word) > 1 for word in words):
        raise click.BadParameter(
            f"{value!r} is not a list of whole numbers above 1, such as 2,3,4."
        )
    return tuple(map(float, words))


@click.command(epilog="\b\nExample:\n  n3 bench set12 --sigma 25 --images 2")
@click.argument(
    "suites",
    nargs=-1,
    required=True,
    callback=_words,
    metavar="SUITE...",
    shell_complete=complete.suite,
)
@click.option(
    "--sigma",
    "sigmas",
    callback=_levels,
    metavar="LIST",
    help="Noise levels on the 0-255 scale.  [default: 15,25,50]",
)
@click.option(
    "--scale",
    "scales",
    callback=_scales,
    metavar="LIST",
    help="Scales of super-resolution.  [default: 2,3,4]",
)
@click.option(
    "-m",
    "--model",
    "models",
    multiple=True,
    callback=_words,
    metavar="MODEL",
    shell_complete=complete.model,
    help="Model to measure; may be repeated, or a comma-separated list.  [default: the best "
    "bundled model]",
)
@click.option(
    "--against",
    "peers",
    multiple=True,
    callback=_peers,
    metavar="NAME",
    help="Other method to measure on the same data. For noise: bm3d, nlm, nlm-opencv, tv, wavelet, "
    "noisy; for super-resolution: bicubic; for correspondences: none, ratio, mutual, "
    "ratio+mutual. MODULE:FUNCTION is a function of your own; NAME=DIR is what another "
    "program made of the files of --save-noisy. Without -m, no model is measured.",
)
@options.data
@click.option("--offline", is_flag=True, help="Do not download missing data sets.")
@click.option(
    "--tolerance",
    type=options.number(0, 100),
    metavar="DB",
    help="Exit with 5 if a method differs from its published figures by more than this.",
)
@click.option(
    "--save-images",
    "saved",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write every clean, noisy and denoised image below this folder, as PNG.",
)
@click.option(
    "--save-noisy",
    "noisy",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write what methods get below this folder, as float TIFF, for programs that n3 does not "
    "run; measure nothing.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="For sets without ground truth: folder to write the results to.  [default: "
    "SUITE-submission]",
)
@click.option(
    "--check",
    "checked",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="For sets without ground truth: check results written earlier, without running a method.",
)
@click.option(
    "--images", type=click.IntRange(min=1), help="Use only the first N images, or pairs of views."
)
@click.option(
    "--size",
    type=click.IntRange(16, 4096),
    help="For speed: side of the image in pixels.  [default: 512]",
)
@click.option(
    "--repeats",
    type=click.IntRange(min=1),
    help="For speed: number of rounds; for training: number of steps.  [default: 5; 20]",
)
@options.device
@options.precision
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--markdown", is_flag=True, help="Print Markdown.")
@click.option("--html", is_flag=True, help="Print an HTML page with tables, plots and crops.")
@options.quiet
@click.pass_context
def bench(
    ctx: click.Context,
    /,
    suites: tuple[str, ...],
    sigmas: tuple[float, ...],
    scales: tuple[float, ...],
    models: tuple[str, ...],
    peers: tuple[str, ...],
    data: Path | None,
    offline: bool,
    tolerance: float | None,
    saved: Path | None,
    noisy: Path | None,
    output: Path | None,
    checked: Path | None,
    images: int | None,
    size: int | None,
    repeats: int | None,
    device: str,
    precision: str,
    as_json: bool,
    markdown: bool,
    html: bool,
    quiet: bool,
) -> None:
    """Measure quality or speed.

    Several suites go into one report; those marked "alone" must be run by themselves. Missing data
    is downloaded first.

    \b
    set12 bsd68 urban100            grey images with Gaussian noise, beside
                                    published figures
    cbsd68 kodak24 mcmaster         the same in colour
    set5 set14 bsd100 urban100-sr   super-resolution, beside bicubic and
                                    published figures
    set14-photo                     the same from blurred, noisy JPEG pictures
    sidd sidd-raw                   real noise of phones
    polyu cc15                      real noise of cameras, in photos; polyu is
                                    polyu-dev (not a test set) and polyu-test
    stpeters reichstag brown yfcc   correspondences between views with known
    sun3d strecha colmap            cameras: which are right, and the poses
    paper                           suites of the N3Net paper: set12, bsd68 and
                                    urban100 at its noise levels (with n3net
                                    unless -m is given), set5, and those of
                                    stpeters, reichstag and brown that are here
    bsds-raw bsds-xtrans            mosaics made from photos, with sensor noise
    FOLDER                          your own clean pictures: noise is added, or
                                    with --scale they are reduced
    val40 val40-gray val40-raw      images that settings are chosen on, not test
    val40-xtrans textures           sets; raw and xtrans are mosaics
    dnd dnd-srgb sidd-benchmark     alone: no ground truth; writes what their
    sidd-benchmark-raw              servers score, or checks it
    speed                           alone: how long networks, or -m models, take
    training                        alone: how fast the recipes train
    noise-level                     alone: how well --sigma auto works
    """  # noqa: D301 (the backslash is a sign of click's: a table)
    watch = partial(_progress, quiet=quiet)
    form = _form(json=as_json, markdown=markdown, html=html)
    words = ("--check",) * (checked is not None) + ("--save-noisy",) * (noisy is not None) + suites
    alone = next((word for word in words if word in _ALONE), None)
    if alone:
        _check_alone(ctx, alone, suites)
    wanted = Asked(
        suites, {"sigma": sigmas, "scale": scales}, models, peers, data, images, device, precision,
        offline, tolerance, saved, form,
    )  # fmt: skip
    if checked is not None:
        click.echo(check(suites, checked, data))
    elif noisy is not None:
        click.echo(save_noisy(wanted, noisy, watch))
    elif alone == "speed":
        click.echo(_speed(models, size or 512, repeats or 5, device, form, watch))
    elif alone == "training":
        click.echo(_training(repeats or 20, device, form, watch))
    elif alone == "noise-level":
        click.echo(_noise_level(data, images, form, watch, offline=offline))
    else:
        if size or repeats:
            raise ConfigError(
                "--size is for speed, and --repeats for speed and training; leave them out"
            )
        from n3cli.bench.stored import check_plain, is_stored

        if any(map(is_stored, peers)):
            check_plain(suites, "--against NAME=DIR")
        if is_submission(suites):
            click.echo(submit(wanted, output, watch))
        elif output is not None:
            raise ConfigError(
                "-o is for sets without ground truth; leave it out, and redirect standard output "
                "to keep the report"
            )
        else:
            report(wanted, watch, click.echo)


def _check_alone(ctx: click.Context, name: str, suites: tuple[str, ...]) -> None:
    """Refuse what says nothing of a thing that runs alone.

    Raises:
        ConfigError: there is some, or other suites.
    """
    itself = {each.name for each in ctx.command.params if name in each.opts}
    allowed = {*_ALONE[name], *itself, "quiet"}
    if options.given(ctx).keys() - allowed or (name in suites and len(suites) > 1):
        *most, last = (each.opts[0] for each in ctx.command.params if each.name in _ALONE[name])
        taken = f"{', '.join(most)} and {last}" if most else last
        raise ConfigError(f"{name} runs alone, and takes only {taken}")


def _form(**asked: bool) -> str | None:
    """The form that a report is printed in, if one was asked for.

    Raises:
        ConfigError: several were.
    """
    forms = [form for form, is_asked in asked.items() if is_asked]
    if len(forms) > 1:
        several = " and ".join(f"--{form}" for form in forms)
        raise ConfigError(f"{several} exclude each other; give one")
    return forms[0] if forms else None


def _speed(
    models: tuple[str, ...], size: int, repeats: int, device: str, form: str | None, watch: Watch
) -> str:
    from n3cli.bench.speed import measure_speed, write_speed_json, write_speed_text
    from n3cli.bench.speed_models import measure_models, write_models_json, write_models_text
    from n3cli.inference.device import choose_device
    from n3cli.inference.machine import describe_machine

    chosen = choose_device(device)
    machine = describe_machine(chosen)
    with watch() as progress:
        if models:
            timings = measure_models(models, size, repeats, chosen, progress)
            if form == "json":
                return json.dumps(write_models_json(timings, size, machine), indent=2)
            return write_models_text(timings, size, machine, markdown=form == "markdown")
        speed = measure_speed(size, repeats, chosen, progress)
    if form == "json":
        return json.dumps(write_speed_json(speed, machine), indent=2)
    return write_speed_text(speed, machine, markdown=form == "markdown")


def _training(steps: int, device: str, form: str | None, watch: Watch) -> str:
    from n3cli.bench.training import measure_training, write_training_json, write_training_text
    from n3cli.inference.device import choose_device
    from n3cli.inference.machine import describe_machine

    chosen = choose_device(device)
    with watch() as progress:
        paces = measure_training(steps, chosen, progress)
    machine = describe_machine(chosen)
    if form == "json":
        return json.dumps(write_training_json(paces, machine), indent=2)
    return write_training_text(paces, machine, markdown=form == "markdown")


def _noise_level(
    data: Path | None, images: int | None, form: str | None, watch: Watch, *, offline: bool
) -> str:
    import torch

    from n3cli.bench.noise_level import (
        measure_noise_levels,
        write_noise_levels_json,
        write_noise_levels_text,
    )
    from n3cli.cli.bring import brought
    from n3cli.data.catalog import CATALOG
    from n3cli.inference.machine import describe_machine

    paths = brought(CATALOG["val40"], data, offline=offline)[1][:images]
    machine = describe_machine(torch.device("cpu"))
    with watch() as progress:
        rows = measure_noise_levels(paths, progress)
    if form == "json":
        return json.dumps(write_noise_levels_json(rows, len(paths), machine), indent=2)
    return write_noise_levels_text(rows, len(paths), machine, markdown=form == "markdown")


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Give a function that shows what is going on: one changing line, or lines in a log."""
    if quiet:
        yield lambda text: None
        return
    if not sys.stderr.isatty():
        yield console.line
        return
    from rich.console import Console
    from rich.text import Text

    with Console(stderr=True).status("") as status:
        yield lambda text: status.update(Text(console.printable(text)))
