"""`n3 denoise`."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import click

from n3cli.cli import options
from n3cli.cli.batch import BatchView
from n3cli.errors import ConfigError
from n3cli.jobs.plan import Plan, plan
from n3cli.jobs.run import Work, run

if TYPE_CHECKING:
    from n3cli.jobs.denoise import Report

TAG = "n3dn"
"""Ends the names of default outputs: `photo_n3dn.png`."""


def _crop(text: str) -> tuple[int, ...]:
    numbers = re.fullmatch(r"([0-9]{1,9}),([0-9]{1,9}),([1-9][0-9]{0,8}),([1-9][0-9]{0,8})", text)
    if numbers is None:
        raise click.BadParameter(f"{text!r} is not X,Y,W,H in whole pixels, such as 0,0,640,480.")
    return tuple(map(int, numbers.groups()))


@click.command(
    epilog="\b\nExamples:\n"
    "  n3 denoise photo.jpg\n"
    "  n3 denoise scans -r -o clean/ --sigma 12\n"
    "  cat a.png | n3 denoise - > b.png"
)
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    help="A file, a folder (existing, or ending with a slash), or - for standard output.  "
    f"[default: photo_{TAG}.png beside photo.png]",
)
@options.recursive
@options.overwrite
@click.option(
    "--sigma",
    type=options.number(0, 255, auto=True),
    metavar="auto|X",
    default="auto",
    show_default=True,
    help="Standard deviation of the noise on the 8-bit scale (0-255), whatever the depth.",
)
@click.option(
    "--strength",
    type=options.number(0, 1),
    metavar="X",
    default="1",
    show_default=True,
    help="Share of the noise to take away (0-1).",
)
@click.option(
    "--crop", type=_crop, metavar="X,Y,W,H", help="Keep this part only, in pixels of the file."
)
@options.model
@options.device
@options.precision
@options.tile
@options.picture_format
@options.quality
@options.quiet
@options.verbose
@options.debug
@click.pass_context
def denoise(
    ctx: click.Context,
    /,
    *,
    inputs: tuple[str, ...],
    output: str | None,
    recursive: bool,
    overwrite: bool,
    format: str | None,
    quiet: bool,
    verbose: bool,
    **how: Any,
) -> None:
    """Remove noise from images.

    INPUT is a picture file, a folder of them, or - for standard input. Size, depth, transparency
    and metadata stay as they are. Exits with 1 if an input failed; the others are done.
    """
    if quiet and verbose:
        raise click.UsageError("--quiet and --verbose exclude each other.")
    batch = plan(inputs, output, tag=TAG, recursive=recursive, overwrite=overwrite, format=format)
    _check_streams(batch)

    def describe(report: Report) -> str:
        origin = "estimated" if report.estimated else "given"
        more = f"  {report.layout}  {report.model}" if verbose else ""
        return f"σ {report.sigma:.1f} ({origin}){more}"

    with BatchView(batch, describe, quiet=quiet, debug=options.debugging(ctx)) as view:
        summary = run(batch, lambda: _get_ready(**how), view.tell)
    view.sum_up(summary)
    ctx.exit(summary.exit_code)


def _check_streams(batch: Plan) -> None:
    """Refuse to read pictures from a keyboard and to write them on a screen."""
    if any(job.source is None for job in batch.jobs) and sys.stdin.isatty():
        raise ConfigError("standard input is a terminal; pipe a picture into it")
    if any(job.target is None for job in batch.jobs) and sys.stdout.isatty():
        raise ConfigError("standard output is a terminal; pipe it on, or give a file with -o")


def _get_ready(
    *,
    sigma: float | None,
    strength: float,
    crop: tuple[int, ...] | None,
    quality: int,
    **network: Any,
) -> Work[Report]:
    """Import what is slow to import, and make the network ready."""
    from n3cli.inference.denoise import Denoiser
    from n3cli.jobs.denoise import Settings, denoise_picture
    from n3cli.jobs.view import Crop

    denoiser = Denoiser(**network)
    settings = Settings(sigma, strength, Crop(*crop) if crop else None, quality)
    return lambda job, progress: denoise_picture(job, denoiser, settings, progress)
