"""One job of `n3 denoise` on raw values in a .mat file, as the Darmstadt Noise Dataset has them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from n3cli.data.dnd import read_dnd, read_noisy
from n3cli.errors import DataError, InputError
from n3cli.inference.raw.denoise import RawDenoiser
from n3cli.inference.raw.noise import RawNoise, estimate_noise
from n3cli.io.mat import list_mat, write_mat
from n3cli.jobs.denoise_settings import DenoiseSettings
from n3cli.jobs.file import open_target
from n3cli.jobs.plan import Job
from n3cli.jobs.raw import RawReport, refuse_colour, refuse_sigma, warn_of_noise
from n3cli.ops.array import Float32
from n3cli.ops.mosaic.layout import Pattern, find_bayer, planes_of
from n3cli.ops.noise.model import NoiseModel
from n3cli.ops.row_source import check_floating

_KEY = "Inoisy"


def denoise_mat(
    job: Job,
    source: Path,
    denoiser: RawDenoiser,
    settings: DenoiseSettings,
    progress: Callable[[float], None] | None = None,
) -> RawReport:
    """Make a .mat file with `Idenoised` of one with `Inoisy`, a Bayer mosaic H×W in [0, 1].

    The noise is the given one, or that of the photo in `../info.mat`, or an estimate.

    Args:
        job: what to read and write.
        source: the file.
        denoiser: what denoises mosaics.
        settings: what the batch has in common.
        progress: is called with the fraction done, 0–1.

    Raises:
        InputError: the source or `info.mat` cannot be read or holds something else, the target
            cannot be written, or an option was given that is not for it.
        ConfigError: the library that reads such files is not installed.
    """
    refuse_sigma(job, settings)
    refuse_colour(job, denoiser)
    if settings.develop or settings.chroma is not None or settings.crop or job.page:
        raise InputError(
            f"{job.source_name}: a .mat file has no colour data and cannot be developed; leave "
            "--develop, --chroma, --crop and --compare out"
        )
    if job.target is None:
        raise InputError(
            f"{job.source_name}: its result, a .mat file, cannot go to standard output; name a "
            "file or folder with -o"
        )
    try:
        mosaic = _read(source, job.source_name)
        pattern = find_bayer(mosaic)
        noise = _find_noise(source, mosaic, pattern, settings)
    except DataError as error:  # of this file alone
        raise InputError(str(error)) from error
    warn_of_noise(job, noise)
    estimate = denoiser.denoise(
        mosaic, pattern, noise.models, strength=settings.strength, progress=progress
    )
    with open_target(job):
        write_mat(
            job.target, {"Idenoised": estimate.clip(0, 1), "israw": True}, replace=job.replace
        )
    layout = f"{mosaic.shape[1]}×{mosaic.shape[0]} Bayer"
    return RawReport(noise, layout, denoiser.model.config.name, factor=1)


def _read(source: Path, name: str) -> Float32:
    known = list_mat(source)
    if _KEY not in known:
        hint = (
            "for sRGB pictures, use n3 bench dnd-srgb"
            if "InoisySRGB" in known
            else "give another file"
        )
        has = ", ".join(sorted(known)[:10]) or "nothing"
        raise InputError(f"{name}: has no raw values ({_KEY}), only {has}; {hint}")
    noisy = read_noisy(source, "raw")
    height, width, planes = noisy.shape
    if planes != 1 or min(height, width) < 2:
        raise InputError(
            f"{name}: {_KEY} is {height}×{width}×{planes}, expected a mosaic H×W of at least 2×2"
        )
    mosaic = np.ascontiguousarray(noisy[..., 0], np.float32)
    try:
        check_floating(mosaic)
    except InputError as error:
        raise InputError(f"{name}: {error}") from error
    return mosaic


def _find_noise(
    source: Path, mosaic: Float32, pattern: Pattern, settings: DenoiseSettings
) -> RawNoise:
    if settings.noise:
        return RawNoise(settings.noise, "given")
    info = source.resolve().parent.parent / "info.mat"
    if source.stem.isdecimal() and info.is_file():
        photos = read_dnd(info.parent, "raw")
        if 1 <= int(source.stem) <= len(photos):
            photo = photos[int(source.stem) - 1]
            model = NoiseModel(photo.a, photo.b)
            return RawNoise((model, model, model), "camera", file=info.name)
    colours: list[list[Float32]] = [[], [], []]
    for plane in planes_of(pattern):
        colours[plane.colour].append(plane.of(mosaic))
    return estimate_noise(colours)
