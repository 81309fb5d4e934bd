"""One job of `n3 denoise` on camera raw: read, learn the noise, denoise the mosaic, write."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from n3cli.errors import InputError, N3Warning
from n3cli.inference.raw_denoise import RawDenoiser
from n3cli.inference.raw_noise import RawNoise, find_noise
from n3cli.inference.tiling import strips
from n3cli.io.depth import Pixels, to_depth
from n3cli.io.dng import finer, write_dng
from n3cli.io.format import DNG, FORMATS, is_raw
from n3cli.io.noise_profile import NoiseProfile
from n3cli.io.path import explained
from n3cli.io.picture import Picture, write_picture
from n3cli.io.raw import holds_raw, read_raw
from n3cli.io.raw_develop import develop
from n3cli.io.raw_meta import developed_meta, read_raw_tree
from n3cli.jobs.file import open_target
from n3cli.jobs.plan import Job
from n3cli.ops.luma import luma
from n3cli.ops.noise_model import Models


@dataclass(frozen=True)
class RawSettings:
    """What is the same for every raw file of a batch.

    Attributes:
        noise: of red, green and blue; None finds it for each file.
        profiles: of cameras, for files that say nothing of their noise.
        strength: share of the noise to take away, 0–1.
        chroma: share of the colours' noise to take away, where that is another; `strength` is then
            that of luma. Of developed pictures only.
        develop: whether a job without a format makes a picture.
        quality: of lossy formats, 1–100.
        unheeded: names of options that were given and are for other pictures.
    """

    noise: Models | None = None
    profiles: tuple[NoiseProfile, ...] = ()
    strength: float = 1.0
    chroma: float | None = None
    develop: bool = False
    quality: int = 95
    unheeded: tuple[str, ...] = ()


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
    settings: RawSettings,
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
        InputError: the source cannot be read, the target cannot be written, or an option was given
            that is not for camera raw.
        BrokenPipeError: who read standard output has gone.
    """
    check_options(job, settings)
    format = job.format or ("tiff" if settings.develop else DNG)
    if format == DNG and settings.chroma is not None:
        raise InputError(
            f"{job.source_name}: --chroma is for developed pictures, and DNG is none; leave it "
            "out, or give --develop"
        )
    if isinstance(source, Path):
        with explained(source):
            source = source.read_bytes()
    raw, tree = read_raw(source, job.source_name), read_raw_tree(source)
    del source  # as large as the mosaic
    noise = find_noise(raw, settings.noise, settings.profiles)
    warn_of_noise(job, noise)
    height, width = raw.mosaic.shape
    deviation = min(float(model.deviation(np.zeros(()))) for model in noise.models)
    report = RawReport(
        noise, f"{width}×{height} {raw.layout}", denoiser.model.config.name, finer(raw, deviation)
    )
    estimate = denoiser.denoise(
        raw.mosaic,
        raw.pattern,
        noise.models,
        strength=settings.strength if settings.chroma is None else 1.0,
        progress=progress,
    )
    with open_target(job) as target:
        if format == DNG:
            strength = settings.strength
            write_dng(target, raw, estimate, tree, factor=report.factor, strength=strength)
            return report
        pixels = develop(raw, estimate, tree, factor=report.factor)
        if settings.chroma is not None:
            noisy = develop(raw, raw.mosaic, tree, factor=report.factor)
            pixels = _mixed(noisy, pixels, settings.strength, settings.chroma)
        if "uint16" not in FORMATS[format].depths:
            pixels = to_depth(pixels, np.dtype(np.uint8))
        picture = Picture(pixels, None, developed_meta(tree, raw.orientation))
        write_picture(target, picture, format=format, quality=settings.quality)
    return report


def check_options(job: Job, settings: RawSettings) -> None:
    """Refuse options that are for other pictures.

    Raises:
        InputError: one was given.
    """
    if settings.unheeded:
        raise InputError(
            f"{job.source_name}: is camera raw, which {' and '.join(settings.unheeded)} does not "
            "go with; denoise it by itself"
        )


def warn_of_noise(job: Job, noise: RawNoise) -> None:
    """Say where an estimate is uncertain."""
    if not noise.reliable:
        warnings.warn(
            f"{job.source_name}: its noise, estimated, is uncertain: {noise.reason}; --noise sets "
            "another",
            N3Warning,
            stacklevel=3,
        )


def _mixed(noisy: Pixels, clean: Pixels, strength: float, chroma: float) -> Pixels:
    """Noisy pixels with a share of the change of luma, and another of the change of chroma."""
    mixed = np.empty_like(clean)
    for top, bottom in strips(*clean.shape[:2]):
        before = noisy[top:bottom].astype(np.float32)
        change = clean[top:bottom] - before
        grey = luma(change)
        before += strength * grey + chroma * (change - grey)
        mixed[top:bottom] = np.rint(before).clip(0, np.iinfo(clean.dtype).max)
    return mixed
