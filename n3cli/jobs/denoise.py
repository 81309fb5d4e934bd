"""One job of `n3 denoise`: read, learn the noise level, denoise strip by strip, write."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from n3cli.errors import N3Warning
from n3cli.inference.choice import Choice, choose
from n3cli.inference.denoiser import Denoiser, usable_sigma
from n3cli.inference.noise_level import NoiseLevel
from n3cli.io.exif import read_camera
from n3cli.io.reader import open_picture
from n3cli.jobs.compare import Caption
from n3cli.jobs.denoise_settings import DenoiseSettings
from n3cli.jobs.file import create_result, describe_kind
from n3cli.jobs.plan import Job
from n3cli.jobs.view import AlphaKeeper, Crop, CroppedReader

_OF_CAMERAS = ("jpeg", "heic")
"""Formats that cameras store."""


@dataclass(frozen=True)
class DenoiseReport:
    """What became of a picture.

    Attributes:
        sigma: the noise level used, 0–255 scale.
        measured: what the picture was estimated to have; None where the level was given.
        size: width and height of the result, as its file has them.
        kind: channels and depth, for people.
        model: name of the model that did it.
        reason: why that is not the default, where n3 has chosen it; else empty.
    """

    sigma: float
    measured: NoiseLevel | None
    size: tuple[int, int]
    kind: str
    model: str
    reason: str = ""

    @property
    def layout(self) -> str:
        """Size and kind of the result, for people."""
        return f"{self.size[0]}×{self.size[1]} {self.kind}"

    def facts(self) -> dict[str, object]:
        """What it says, for programs."""
        noise: dict[str, object] = {"source": "given", "sigma": self.sigma}
        if self.measured:
            noise |= {
                "source": "estimate",
                "measured": self.measured.sigma,
                "reliable": self.measured.reliable,
                "reason": self.measured.reason,
            }
        return {
            "noise": noise,
            "size": list(self.size),
            "layout": self.layout,
            "model": self.model,
            "reason": self.reason,
        }

    @property
    def noise(self) -> str:
        """The noise level for people, and the model where n3 has chosen it."""
        level = f"σ {self.sigma:.1f} ({'estimated' if self.measured else 'given'})"
        return f"{level}  {self.model}: {self.reason}" if self.reason else level


def denoise_picture(
    job: Job,
    source: Path | bytes,
    denoiser: Denoiser,
    settings: DenoiseSettings,
    progress: Callable[[float], None] | None = None,
) -> DenoiseReport:
    """Make one denoised picture; the target's folder is made where it is missing.

    Args:
        job: what to read and write.
        source: what `find_source` found.
        denoiser: the network, ready on its device.
        settings: what the batch has in common.
        progress: is called with the fraction done, 0–1.

    Raises:
        InputError: the source cannot be read, the target cannot be written, the crop does not
            fit, or the picture is too large for `tta`.
        BrokenPipeError: who read standard output has gone.
    """
    sigma, measured, reason = settings.sigma, None, ""
    if sigma is None:
        choice = _choose(denoiser, source, job.source_name, settings.crop)
        denoiser, measured, reason = choice.denoiser, choice.level, choice.reason
        sigma = measured.sigma
    with open_picture(source, job.source_name) as reader:
        view = AlphaKeeper(reader, settings.crop)
        model = denoiser.model(view.channels)
        sigma = usable_sigma(sigma, model)
        report = DenoiseReport(
            sigma,
            measured,
            size=(view.width, view.height),
            kind=describe_kind(view),
            model=model.config.name,
            reason=reason,
        )
        share = [f"strength {settings.strength:g}"] if settings.strength < 1 else []
        facts = (report.layout, report.noise, *share)
        caption = Caption("before", report.model, settings.tta, facts)
        with create_result(job, source, view, quality=settings.quality, caption=caption) as write:
            for strip in denoiser.rows(
                view,
                sigma=sigma,
                strength=settings.strength,
                tta=settings.tta,
                progress=progress,
            ):
                write(strip, view.take(len(strip)))
    return report


def _choose(denoiser: Denoiser, source: Path | bytes, name: str, crop: Crop | None) -> Choice:
    # A reader of its own: samples come from the whole picture, and rows cannot be read twice.
    with open_picture(source, name) as reader:
        stored = reader.meta.format in _OF_CAMERAS
        camera = read_camera(reader.meta.exif) if stored else None
        choice = choose(denoiser, CroppedReader(reader, crop), camera)
    if not choice.level.reliable:
        warnings.warn(
            f"{name}: the estimated noise level {choice.level.sigma:.1f} is uncertain: "
            f"{choice.level.reason}; to set another, give --sigma",
            N3Warning,
            stacklevel=3,
        )
    return choice
