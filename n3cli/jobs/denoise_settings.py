"""What is the same for every input of a batch of `n3 denoise`."""

from __future__ import annotations

from dataclasses import dataclass

from n3cli.io.raw.noise_profile import NoiseProfile
from n3cli.jobs.view import Crop
from n3cli.ops.noise.model import ColourNoise


@dataclass(frozen=True, kw_only=True)
class DenoiseSettings:
    """What is the same for every picture and raw file of a batch.

    Attributes:
        strength: share of the noise to take away, 0–1.
        tta: whether to take the mean over each input's flips and quarter turns.
        crop: the part of each picture, or developed picture, to keep; None is everything.
        quality: of lossy formats, 1–100.
        sigma: noise level of pictures on the 0–255 scale; None estimates it for each. A given one
            goes with no raw file.
        noise: of a raw file's red, green and blue; None finds it for each file.
        profiles: of cameras, for raw files that say nothing of their noise.
        chroma: share of the colours' noise to take away, where that is another; `strength` is then
            that of luma. Of developed pictures only.
        develop: whether a job of a raw file without a format makes a picture.
    """

    strength: float
    tta: bool
    crop: Crop | None
    quality: int
    sigma: float | None
    noise: ColourNoise | None
    profiles: tuple[NoiseProfile, ...]
    chroma: float | None
    develop: bool
