"""`n3 fit-noise`."""

from __future__ import annotations

from pathlib import Path

import click

from n3cli.cli import console, options
from n3cli.errors import InputError


@click.command(
    "fit-noise",
    epilog="\b\nExamples:\n"
    "  n3 fit-noise flats/*.NEF -o d800.toml\n"
    "  n3 denoise photo.NEF --noise-profiles d800.toml",
)
@click.argument(
    "inputs",
    metavar="RAW...",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path),
)
@click.option(
    "-o",
    "--output",
    metavar="FILE.toml",
    type=click.Path(path_type=Path),
    help="File of the profiles.  [default: standard output]",
)
@options.overwrite
@click.option(
    "--iso",
    type=options.number(0, 1e7, above=True),
    metavar="X",
    help="Sensitivity of files that do not tell theirs.",
)
@options.quiet
@options.debug
def fit_noise(
    inputs: tuple[Path, ...], output: Path | None, overwrite: bool, iso: float | None, quiet: bool
) -> None:
    """Fit the noise of cameras to raw files.

    RAW is a camera raw file or a folder of them, best of a plain surface, out of focus, from dark
    to nearly white in one or in several files. Each camera and sensitivity gets a profile, which
    `n3 denoise --noise-profiles` takes: noise of variance a·x + b, x from 0 (black) to 1 (white).
    """
    if output and output.exists() and not overwrite:
        raise InputError(f"{output}: exists and is kept; -y replaces it")

    from n3cli.io.noise_profile import write_profiles
    from n3cli.io.path import write_text
    from n3cli.jobs.fit_noise import fit_noise as fit

    profiles = []
    for one in fit(inputs, iso):
        profiles.append(one.profile)
        if not quiet:
            console.line(one.text)
        if not one.noise.reliable:
            console.warning(f"{one.name}: the fit is uncertain: {one.noise.reason}")
    text = write_profiles(profiles)
    if output:
        write_text(text, output)
    else:
        print(text, end="")
