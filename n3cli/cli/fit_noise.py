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
    help="File to write the profiles to.  [default: standard output]",
)
@options.overwrite
@click.option(
    "--iso",
    type=options.number(0, 1e7, above=True),
    metavar="X",
    help="ISO sensitivity of files that do not state it.",
)
@options.quiet
@options.debug
def fit_noise(
    inputs: tuple[Path, ...], output: Path | None, overwrite: bool, iso: float | None, quiet: bool
) -> None:
    """Measure the noise of cameras from raw files.

    RAW is a camera raw file or a folder of them. Photos of a plain surface, out of focus, work
    best; one or several together should cover all tones from dark to nearly white. Each camera and
    sensitivity gets a noise profile for `n3 denoise --noise-profiles`: variance a·x + b, where x
    runs from 0 (black) to 1 (white).
    """
    from n3cli.io.path import make_folder, refuse_existing, write_text

    if output and not overwrite:
        refuse_existing(output)

    from n3cli.io.raw.noise_profile import write_profiles
    from n3cli.jobs.fit_noise import find_files
    from n3cli.jobs.fit_noise import fit_noise as fit
    from n3cli.jobs.scan import identify

    files = [file for path in inputs for file in find_files(path)]
    if output and identify(output) in map(identify, files):
        raise InputError(f"{output}: is an input and cannot be the output; choose another -o")
    if output:
        make_folder(output)
    profiles = []
    for one in fit(files, iso):
        profiles.append(one.profile)
        if not quiet:
            console.line(one.text)
        if not one.noise.reliable:
            console.warning(f"{one.name}: the fit is uncertain: {one.noise.reason}")
    text = write_profiles(profiles)
    if output:
        write_text(text, output, replace=overwrite)
    else:
        print(text, end="")
