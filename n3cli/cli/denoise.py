"""`n3 denoise`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from n3cli.cli import options
from n3cli.cli.batch import run_batch
from n3cli.io.name import DENOISED, ENLARGED
from n3cli.jobs.plan import plan
from n3cli.jobs.run import Work

if TYPE_CHECKING:
    from n3cli.jobs.denoise import Report


@click.command(
    epilog="\b\nExamples:\n"
    "  n3 denoise photo.jpg\n"
    "  n3 denoise scans -r -o clean/ --sigma 12\n"
    "  n3 denoise photo.jpg -m real               # the noise of a camera\n"
    "  cat a.png | n3 denoise - > b.png"
)
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@options.output(DENOISED)
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
@options.tta
@options.crop
@options.model
@options.device
@options.precision
@options.tile
@options.picture_format
@options.quality
@options.compare
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
    compare: bool,
    quiet: bool,
    verbose: bool,
    **how: Any,
) -> None:
    """Remove noise from images.

    INPUT is a picture file, a folder of them, or - for standard input. Size, depth, transparency
    and metadata stay as they are. Exits with 1 if an input failed; the others are done.
    """
    batch = plan(
        inputs,
        output,
        tag=DENOISED,
        made=re.compile(f"{DENOISED}|{ENLARGED.pattern}"),
        recursive=recursive,
        overwrite=overwrite,
        format=format,
        compare=compare,
    )

    def describe(report: Report) -> str:
        more = f"  {report.layout}  {report.model}" if verbose else ""
        return f"{report.noise}{more}"

    run_batch(ctx, batch, lambda: _get_ready(**how), describe, quiet=quiet, verbose=verbose)


def _get_ready(
    *,
    sigma: float | None,
    strength: float,
    tta: bool,
    crop: tuple[int, ...] | None,
    quality: int,
    **network: Any,
) -> Work[Report]:
    """Import what is slow to import, and make the network ready."""
    from n3cli.inference.denoise import Denoiser
    from n3cli.jobs.denoise import Settings, denoise_picture
    from n3cli.jobs.view import Crop

    denoiser = Denoiser(**network)
    settings = Settings(sigma, strength, tta, Crop(*crop) if crop else None, quality)
    return lambda job, progress: denoise_picture(job, denoiser, settings, progress)
