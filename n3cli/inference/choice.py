"""What people leave open: the noise level of a picture, and the model that its noise asks for."""

from __future__ import annotations

from dataclasses import dataclass

from n3cli.inference.denoiser import Denoiser
from n3cli.inference.noise_level import NoiseLevel, camera_level, judge, judge_shared, sample
from n3cli.ops.row_source import RowSource
from n3cli.zoo.config import CAMERA_NOISE
from n3cli.zoo.names import CAMERA

_FAINT = 2.0  # on the 0–255 scale: white noise below it says nothing of other noise


@dataclass(frozen=True)
class Choice:
    """How a picture is to be denoised.

    Attributes:
        denoiser: with which model.
        level: its noise level, as that model means it.
        reason: why it is not the default model, as a clause that can follow a colon; else empty.
    """

    denoiser: Denoiser
    level: NoiseLevel
    reason: str = ""


def choose(denoiser: Denoiser, picture: RowSource, camera: str | None = None) -> Choice:
    """Measure a picture's noise, and choose the model for it where none was named.

    A colour picture whose noise is shared by neighbouring pixels gets the model for the noise of
    cameras. White noise, and pictures where noise cannot be told from texture, get the default.

    Args:
        denoiser: with the model that was named, or the default.
        picture: its rows are read once.
        camera: which camera the file says it is from; then less is asked of the noise.

    Raises:
        InputError: see `noise_level.sample`.
        ModelError: a model cannot be had.
    """
    samples = sample(picture)
    if denoiser.model(picture.channels).config.noise == CAMERA_NOISE:
        return Choice(denoiser, camera_level(judge_shared(samples)))
    level = judge(samples)
    if denoiser.is_default and picture.channels == 3 and _may_be_shared(level):
        noise = judge_shared(samples)
        if noise.seen or (camera and noise.likely):
            reason = "neighbouring pixels share their noise, as in photos that cameras have stored"
            if camera:
                reason += f", and this is one of {camera}"
            return Choice(denoiser.other(CAMERA), camera_level(noise), reason)
    return Choice(denoiser, level)


def _may_be_shared(level: NoiseLevel) -> bool:
    return not level.reliable or level.sigma < _FAINT
