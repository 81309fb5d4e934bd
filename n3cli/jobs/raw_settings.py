"""What is the same for every raw file of a batch."""

from __future__ import annotations

from dataclasses import dataclass

from n3cli.io.raw.noise_profile import NoiseProfile
from n3cli.jobs.view import Crop
from n3cli.ops.noise.model import ColourNoise


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
        tta: whether the mean over the mosaic's flips and quarter turns is taken.
        crop: the part of developed pictures to keep; None is everything.
        sigma: whether a noise level for pictures was given, which goes with no raw file.
    """

    noise: ColourNoise | None = None
    profiles: tuple[NoiseProfile, ...] = ()
    strength: float = 1.0
    chroma: float | None = None
    develop: bool = False
    quality: int = 95
    tta: bool = False
    crop: Crop | None = None
    sigma: bool = False
