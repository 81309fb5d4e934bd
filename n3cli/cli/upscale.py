"""`n3 upscale`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from n3cli.cli import options
from n3cli.cli.batch import run_batch
from n3cli.inference.size import DEFAULT_SCALE, LARGEST_FACTOR, MOST_MEGAPIXELS, Goal
from n3cli.io.name import ENLARGED, enlarged_tag
from n3cli.jobs.plan import plan
from n3cli.jobs.run import Work

if TYPE_CHECKING:
    from n3cli.jobs.upscale import UpscaleReport

_GOALS = ("scale", "width", "height", "size", "megapixels")
_LONGEST_SIDE = 1_000_000


def _size(text: str) -> tuple[int, int]:
    numbers = re.fullmatch(r"([1-9][0-9]{0,6})[x×X]([1-9][0-9]{0,6})", text)
    sides = tuple(map(int, numbers.groups())) if numbers else (_LONGEST_SIDE + 1,)
    if max(sides) > _LONGEST_SIDE:
        raise click.BadParameter(
            f"{text!r} is not WxH in whole pixels up to {_LONGEST_SIDE:,}, such as 1920x1080."
        )
    width, height = sides
    return width, height


@click.command(
    epilog="\b\nExamples:\n"
    "  n3 upscale photo.jpg\n"
    "  n3 upscale scans -r -o large/ --scale 2.5\n"
    "  n3 upscale old.jpg -m photo\n"
    "  n3 upscale icon.png --size 1024x1024 -o icon-large.png"
)
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@options.output(enlarged_tag(DEFAULT_SCALE))
@options.recursive
@options.overwrite
@options.skip_existing
@click.option(
    "--scale",
    type=options.number(0, LARGEST_FACTOR, above=True),
    metavar="X",
    help=f"Factor for width and height: any number up to {LARGEST_FACTOR}, such as 2, 3, 4 or 8.  "
    f"[default: {DEFAULT_SCALE:g}]",
)
@click.option(
    "--width",
    type=click.IntRange(1, _LONGEST_SIDE),
    help="Width of the result in pixels; keeps the proportions.",
)
@click.option(
    "--height",
    type=click.IntRange(1, _LONGEST_SIDE),
    help="Height of the result in pixels; keeps the proportions.",
)
@click.option(
    "--size", type=_size, metavar="WxH", help="Exact size in pixels, whatever the proportions."
)
@click.option(
    "--megapixels",
    type=options.number(0, MOST_MEGAPIXELS, above=True),
    metavar="X",
    help="Area of the result in millions of pixels; keeps the proportions.",
)
@options.tta
@options.crop
@options.model
@options.device
@options.precision
@options.tile
@click.option(
    "--keep-hidden",
    is_flag=True,
    help="Keep the colours of fully transparent pixels, for textures that store other data there. "
    "By default, the colours of visible pixels spread into them, so that edges get no fringe.",
)
@options.picture_format
@options.quality
@options.compare(enlarged_tag(DEFAULT_SCALE))
@options.json_rows
@options.quiet
@options.verbose
@options.debug
@click.pass_context
def upscale(
    ctx: click.Context,
    /,
    *,
    inputs: tuple[str, ...],
    output: str | None,
    recursive: bool,
    overwrite: bool,
    skip_existing: bool,
    format: str | None,
    compare: bool,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    **how: Any,
) -> None:
    """Enlarge images.

    INPUT is a picture file, a folder of them, or - for standard input. The network enlarges by the
    next scale that it can do, and a bicubic resize then reaches the exact size; shrinking needs no
    network. The output keeps the input's bit depth, transparency and metadata. If an input fails,
    n3 still processes the others and exits with 1.

    The default model expects clean pictures: it enlarges noise and JPEG artefacts like everything
    else. For everyday photos, -m photo removes both; for strong noise, use `n3 denoise`. -m
    bicubic is plain interpolation.
    """
    given = {name: how.pop(name) for name in _GOALS}
    chosen = [name for name in _GOALS if given[name] is not None]
    if len(chosen) > 1:
        names = " and ".join(f"--{name}" for name in chosen)
        raise click.UsageError(
            f"{names} exclude each other; to set width and height, use --size WxH."
        )
    if not chosen:
        given["scale"] = DEFAULT_SCALE
    batch = plan(
        inputs,
        output,
        tag=enlarged_tag(given["scale"]),
        made=ENLARGED,
        recursive=recursive,
        overwrite=overwrite,
        skip_existing=skip_existing,
        format=format,
        compare=compare,
    )

    def describe(report: UpscaleReport) -> str:
        more = f"  {report.kind}  {report.model}" if verbose else ""
        return f"{report.sizes}{more}"

    run_batch(
        ctx,
        batch,
        lambda: _get_ready(given, **how),
        describe,
        quiet=quiet,
        verbose=verbose,
        facts=(lambda report: report.facts()) if as_json else None,
    )


def _get_ready(
    goal: dict[str, Any],
    *,
    tta: bool,
    crop: tuple[int, ...] | None,
    keep_hidden: bool,
    quality: int,
    model: str | None,
    **compute: Any,
) -> Work[UpscaleReport]:
    """Import what is slow to import, and make the network ready."""
    from n3cli.inference.compute import Compute
    from n3cli.inference.upscaler import Upscaler
    from n3cli.jobs.upscale import UpscaleSettings, upscale_picture
    from n3cli.jobs.view import Crop

    if size := goal.pop("size"):
        goal["width"], goal["height"] = size
    upscaler = Upscaler(model, Compute(**compute))
    settings = UpscaleSettings(
        Goal(**goal), tta, Crop(*crop) if crop else None, keep_hidden, quality
    )
    return lambda job, progress: upscale_picture(job, upscaler, settings, progress)
