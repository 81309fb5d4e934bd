"""`n3 denoise`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from n3cli.cli import complete, options
from n3cli.cli.batch import run_batch
from n3cli.errors import ConfigError
from n3cli.io.format import DNG, is_mat_name, is_raw
from n3cli.io.name import DENOISED, MADE
from n3cli.jobs.plan import plan
from n3cli.jobs.run import Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from n3cli.jobs.denoise import DenoiseReport
    from n3cli.jobs.plan import Job
    from n3cli.jobs.raw import RawReport


def _noise(text: str) -> tuple[float, ...] | None:
    if text == "auto":
        return None
    try:
        numbers = tuple(options.number(0, 1)(part) or 0.0 for part in text.split(","))
    except click.BadParameter:
        numbers = ()
    if len(numbers) not in (2, 6) or not all(map(any, zip(*[iter(numbers)] * 2, strict=True))):
        raise click.BadParameter(
            f"{text!r} is not auto, A,B or A,B,A,B,A,B with numbers from 0 to 1, where no A,B is "
            "0,0."
        )
    return numbers


@click.command(
    epilog="\b\nExamples:\n"
    "  n3 denoise photo.jpg\n"
    "  n3 denoise scans -r -o clean/ --sigma 12\n"
    "  n3 denoise photo.NEF                       # photo_n3dn.dng\n"
    "  n3 denoise photo.NEF -o photo.tif          # developed\n"
    "  n3 denoise photo.jpg -m real               # for noise in camera photos\n"
    "  cat a.png | n3 denoise - > b.png"
)
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True, shell_complete=complete.path)
@options.output(DENOISED)
@options.recursive
@options.overwrite
@options.skip_existing
@options.keep_times
@click.option(
    "--sigma",
    type=options.number(0, 255, auto=True),
    metavar="auto|X",
    default="auto",
    show_default=True,
    help="Standard deviation of the noise on the 8-bit scale (0-255), whatever the bit depth.",
)
@click.option(
    "--strength",
    type=options.number(0, 1),
    metavar="X",
    default="1",
    show_default=True,
    help="Fraction of the noise to remove (0-1).",
)
@click.option(
    "--chroma",
    type=options.number(0, 1),
    metavar="X",
    help="Developed camera raw only: fraction of the colour noise to remove (0-1); --strength then "
    "applies to luma alone.",
)
@click.option(
    "--noise",
    type=_noise,
    metavar="auto|A,B",
    default="auto",
    show_default=True,
    help="Camera raw only: noise with variance A·x + B, where x runs from 0 (black) to 1 (white); "
    "A,B,A,B,A,B sets red, green and blue separately.",
)
@click.option(
    "--noise-profiles",
    "profiles",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    metavar="FILE",
    help="Noise profiles of cameras, for raw files that do not state their noise: a file from n3 "
    "fit-noise or darktable's noiseprofiles.json; may be repeated.  [default: darktable's, if it "
    "is installed]",
)
@click.option(
    "--develop",
    is_flag=True,
    help="Develop camera raw into pictures instead of writing DNG; 16-bit TIFF unless another "
    "format is named.",
)
@options.tta
@options.crop
@options.model
@options.device
@options.precision
@options.tile
@options.picture_or_dng
@options.quality
@options.compare(DENOISED)
@options.dry_run
@options.json_rows
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
    skip_existing: bool,
    keep_times: bool,
    format: str | None,
    develop: bool,
    compare: bool,
    dry: bool,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    **how: Any,
) -> None:
    """Remove noise from images.

    INPUT is a picture file, a folder of them, or - for standard input. The output keeps the
    input's size, bit depth, transparency and metadata. A camera raw file becomes a DNG with its
    mosaic denoised; for other formats, the denoised mosaic is developed. A MATLAB file of raw
    values, as in DND, stays a MATLAB file. If an input fails, n3 still processes the others and
    exits with 1.
    """
    batch = plan(
        inputs,
        output,
        tag=DENOISED,
        made=MADE,
        recursive=recursive,
        overwrite=overwrite,
        skip_existing=skip_existing,
        format=format,
        compare=compare,
        raw="tiff" if develop else DNG,
    )
    if develop and any(job.format == DNG for job in batch.jobs):
        raise ConfigError("--develop makes pictures, not DNG files; leave --develop or DNG out")

    of_raw = {
        "--noise": how["noise"], "--noise-profiles": how["profiles"],
        "--chroma": how["chroma"] is not None, "--develop": develop,
    }  # fmt: skip
    any_raw = any(
        job.source is None or is_raw(job.source) or is_mat_name(job.source) for job in batch.jobs
    )
    if not any_raw:
        unused = [name for name, given in of_raw.items() if given]
        if unused and batch.jobs:
            raise ConfigError(f"{unused[0]} is only for camera raw, and no input is; leave it out")

    def describe(report: DenoiseReport | RawReport) -> str:
        more = f"  {report.layout}  {report.model}" if verbose else ""
        return f"{report.noise}{more}"

    def facts_of(report: DenoiseReport | RawReport) -> dict[str, object]:
        return report.facts() | {"strength": how["strength"]}

    run_batch(
        ctx,
        batch,
        lambda: _get_ready(develop=develop, any_raw=any_raw, **how),
        describe,
        keep_times=keep_times,
        dry=dry,
        quiet=quiet,
        verbose=verbose,
        facts=facts_of if as_json else None,
    )


def _get_ready(
    *,
    sigma: float | None,
    noise: tuple[float, ...] | None,
    profiles: tuple[Path, ...],
    strength: float,
    chroma: float | None,
    tta: bool,
    crop: tuple[int, ...] | None,
    quality: int,
    develop: bool,
    any_raw: bool,
    model: str | None,
    **compute: Any,
) -> Work[DenoiseReport | RawReport]:
    """Import what is slow to import, and make the network ready."""
    from n3cli.inference.compute import Compute
    from n3cli.inference.denoiser import Denoiser
    from n3cli.inference.raw.denoise import RawDenoiser
    from n3cli.io.raw.noise_profile import known_profiles
    from n3cli.jobs.denoise import denoise_picture
    from n3cli.jobs.denoise_settings import DenoiseSettings
    from n3cli.jobs.file import find_source
    from n3cli.jobs.mat import denoise_mat
    from n3cli.jobs.raw import denoise_raw, is_raw_source
    from n3cli.jobs.view import Crop
    from n3cli.ops.noise.model import models_of

    denoiser = Denoiser(model, Compute(**compute))
    raw_denoiser = RawDenoiser(model, Compute(**compute), tta=tta)
    settings = DenoiseSettings(
        strength=strength,
        tta=tta,
        crop=Crop(*crop) if crop else None,
        quality=quality,
        sigma=sigma,
        noise=models_of(noise) if noise else None,
        profiles=known_profiles(profiles) if any_raw else (),
        chroma=chroma,
        develop=develop,
    )

    def work(job: Job, progress: Callable[[float], None]) -> DenoiseReport | RawReport:
        if job.source and is_mat_name(job.source):
            return denoise_mat(job, job.source, raw_denoiser, settings, progress)
        source = find_source(job)
        if is_raw_source(job, source):
            return denoise_raw(job, source, raw_denoiser, settings, progress)
        return denoise_picture(job, source, denoiser, settings, progress)

    return work
