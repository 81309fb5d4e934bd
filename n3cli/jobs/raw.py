"""One job of `n3 denoise` on camera raw: read, learn the noise, denoise the mosaic, write."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from n3cli.errors import InputError, N3Warning
from n3cli.inference.raw.dead_site import fill_dead, find_dead
from n3cli.inference.raw.denoise import RawDenoiser
from n3cli.inference.raw.noise import RawNoise, find_noise
from n3cli.io.depth import to_depth
from n3cli.io.format import DNG, FORMATS, is_raw, printable
from n3cli.io.path import explained
from n3cli.io.picture import Picture, write_picture
from n3cli.io.raw.dng import finer, write_dng
from n3cli.io.raw.meta import read_raw_tree
from n3cli.io.raw.mosaic import holds_raw, read_raw
from n3cli.jobs.compare import Caption, compare_pictures
from n3cli.jobs.denoise_settings import DenoiseSettings
from n3cli.jobs.file import open_target
from n3cli.jobs.plan import Job
from n3cli.jobs.raw_picture import RawPictures
from n3cli.jobs.view import check_crop


@dataclass(frozen=True)
class RawReport:
    """What became of a raw file.

    Attributes:
        found: its noise.
        layout: size and filter, for people.
        model: name of the model that did it.
        factor: how much finer than the file's the result's values are.
    """

    found: RawNoise
    layout: str
    model: str
    factor: int

    @property
    def noise(self) -> str:
        """The noise for people: that of green."""
        green = self.found.models[1]
        return f"a {green.a:.3g}, b {green.b:.3g} ({self.found.origin})"

    def facts(self) -> dict[str, object]:
        """What it says, for programs."""
        return {
            "noise": self.found.facts(),
            "layout": self.layout,
            "model": self.model,
            "scaled": self.factor,
        }


def is_raw_source(job: Job, source: Path | bytes) -> bool:
    """Whether a job's source is camera raw: its name tells, and contents where it has none."""
    if job.source:
        return is_raw(job.source)
    return isinstance(source, bytes) and (job.format == DNG or holds_raw(source))


def denoise_raw(
    job: Job,
    source: Path | bytes,
    denoiser: RawDenoiser,
    settings: DenoiseSettings,
    progress: Callable[[float], None] | None = None,
) -> RawReport:
    """Make a DNG file or a picture of a denoised mosaic.

    Args:
        job: what to read and write.
        source: what `find_source` found.
        denoiser: what denoises mosaics.
        settings: what the batch has in common.
        progress: is called with the fraction done, 0–1.

    Raises:
        InputError: the source cannot be read, the target or the page cannot be written, the crop
            does not fit, or an option was given that is not for camera raw, or not for DNG.
        BrokenPipeError: who read standard output has gone.
    """
    refuse_sigma(job, settings)
    refuse_colour(job, denoiser)
    format = job.format or ("tiff" if settings.develop else DNG)
    if format == DNG and (option := _of_developed(settings)):
        raise InputError(
            f"{job.source_name}: {option} is for developed pictures, not for DNG; leave it out, or "
            "give --develop"
        )
    if isinstance(source, Path):
        with explained(source):
            source = source.read_bytes()
    raw, tree = read_raw(source, job.source_name), read_raw_tree(source)
    del source  # as large as the mosaic
    if settings.crop:
        top, left, bottom, right = raw.shown
        check_crop(settings.crop, bottom - top, right - left, job.source_name)
    noise = find_noise(raw, settings.noise, settings.profiles)
    warn_of_noise(job, noise)
    height, width = raw.mosaic.shape
    deviation = min(float(model.deviation(np.zeros(()))) for model in noise.models)
    strength = settings.strength if settings.chroma is None else 1.0
    factor = finer(raw, deviation) if strength else 1  # else nothing is there to be finer
    layout = f"{width}×{height} {raw.layout}"
    report = RawReport(noise, layout, denoiser.model.config.name, factor)
    dead = find_dead(raw, noise.models)
    mended = fill_dead(raw.mosaic, raw.pattern, dead)
    estimate = denoiser.denoise(
        mended,
        raw.pattern,
        noise.models,
        strength=strength,
        progress=progress,
    )
    if format == DNG:  # 0 tells developers which sites to mend
        np.copyto(estimate, raw.mosaic, where=dead)
    # What is mixed with the estimate has no dead sites, either.
    shown = raw if settings.chroma is None else replace(raw, mosaic=mended)
    pictures = RawPictures(shown, estimate, tree, report.factor, settings)
    with open_target(job) as target:
        if format == DNG:
            write_dng(
                target, raw, estimate, tree,
                factor=report.factor, strength=strength, replace=job.replace,
            )  # fmt: skip
        else:
            with _developing("write a DNG file, and develop that with another program"):
                pixels = pictures.after
            if "uint16" not in FORMATS[format].depths:
                pixels = to_depth(pixels, np.dtype(np.uint8))
            picture = Picture(pixels, None, pictures.meta)
            write_picture(
                target, picture, format=format, quality=settings.quality, replace=job.replace
            )
    if job.page:
        share = [f"strength {settings.strength:g}"] if settings.strength < 1 else []
        own = [] if settings.chroma is None else [f"chroma {settings.chroma:g}"]
        facts = report.layout, report.noise, *share, *own
        caption = Caption("before", report.model, settings.tta, facts)
        assert job.target is not None
        with _developing(f"{printable(job.target)} is written, and only its page is missing"):
            both = pictures.before, pictures.after
        compare_pictures(job, job.page, both, caption, pictures.meta)
    return report


def refuse_sigma(job: Job, settings: DenoiseSettings) -> None:
    """Refuse a noise level for pictures.

    Raises:
        InputError: one was given.
    """
    if settings.sigma is not None:
        raise InputError(
            f"{job.source_name}: is camera raw, whose noise grows with brightness, so --sigma "
            "cannot describe it; give --noise A,B instead, or --strength to denoise less"
        )


def refuse_colour(job: Job, denoiser: RawDenoiser) -> None:
    """Refuse a model for pictures of three colours, each of which it needs everywhere.

    Raises:
        InputError: it is such.
    """
    model = denoiser.model
    if model.network.description.channels > 1 and not model.network.description.mosaic:
        raise InputError(
            f"{job.source_name}: is camera raw, of one colour at each place, and "
            f"{model.config.name} works on three; use -m raw, or a grey model"
        )


@contextmanager
def _developing(besides: str) -> Iterator[None]:
    """Say more than the reason where LibRaw makes no picture."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{error}; {besides}") from error


def _of_developed(settings: DenoiseSettings) -> str | None:
    """An option that was given and is for developed pictures."""
    if settings.chroma is not None:
        return "--chroma"
    return "--crop" if settings.crop else None


def warn_of_noise(job: Job, noise: RawNoise) -> None:
    """Say where an estimate is uncertain."""
    if not noise.reliable:
        warnings.warn(
            f"{job.source_name}: the estimated noise is uncertain: {noise.reason}; to set another, "
            "give --noise",
            N3Warning,
            stacklevel=3,
        )
