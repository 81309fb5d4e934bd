"""The noise of a camera raw file: what is known of it, else what its mosaic shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from n3cli.io.raw.mosaic import RawPicture
from n3cli.io.raw.noise_profile import NoiseProfile, find_profile
from n3cli.ops.array import Float32
from n3cli.ops.mosaic.layout import PERIOD, Kind, Pattern
from n3cli.ops.noise.model import ColourNoise
from n3cli.ops.noise.sensor import SensorNoise, estimate_sensor_noise
from n3cli.ops.spread import spread_squares

SAMPLED: Final = 1 << 22
"""Values; a larger mosaic is judged by squares of so many in all."""

_GREEN = 1
_COLOURS = "red", "green", "blue"
_SQUARE = 768  # values on a side: whole periods of every filter


@dataclass(frozen=True)
class RawNoise:
    """The noise of a mosaic.

    Attributes:
        models: for red, green and blue.
        source: where they are from: ``given``, ``profile`` (the file's own), ``camera`` (a list
            of cameras) or ``estimate``.
        errors: of an estimate, standard errors of a and b of each colour.
        reliable: whether an estimate agrees with what it was made from.
        reason: if not, why, as a clause that can follow a colon; otherwise empty.
        file: name of the list of cameras.
    """

    models: ColourNoise
    source: str
    errors: tuple[tuple[float, float], ...] = ()
    reliable: bool = True
    reason: str = ""
    file: str = ""

    @property
    def origin(self) -> str:
        """Where they are from, for people."""
        words = {"given": "given", "profile": "the file's profile", "estimate": "estimated"}
        return words.get(self.source) or f"from {self.file}"

    def facts(self) -> dict[str, object]:
        """All of it, for programs; colours in the order red, green, blue."""
        found: dict[str, object] = {
            "source": self.source,
            "a": [model.a for model in self.models],
            "b": [model.b for model in self.models],
            "reliable": self.reliable,
        }
        if self.errors:
            found |= {
                "error_a": [a for a, _ in self.errors],
                "error_b": [b for _, b in self.errors],
            }
        if self.file:
            found["file"] = self.file
        return found | ({"reason": self.reason} if self.reason else {})


def find_noise(
    raw: RawPicture, given: ColourNoise | None = None, profiles: Sequence[NoiseProfile] = ()
) -> RawNoise:
    """Find the noise of a file.

    Args:
        raw: the file.
        given: what counts whatever the file says.
        profiles: of cameras, for files that say nothing.

    Returns:
        What was given, else the file's own profile, else its camera's, else an estimate.
    """
    if given:
        return RawNoise(given, "given")
    if raw.noise:
        return RawNoise(raw.noise, "profile")
    if known := find_profile(profiles, raw.tags.make, raw.tags.model, raw.iso):
        return RawNoise(known.noise, "camera", file=known.file)
    return estimate_noise_of(raw)


def estimate_noise_of(raw: RawPicture) -> RawNoise:
    """Estimate the noise of a mosaic, whatever its file says."""
    return estimate_noise(sample(raw, SAMPLED))


def estimate_noise(colours: Sequence[Sequence[Float32]], *, plain: bool = False) -> RawNoise:
    """Estimate the noise of red, green and blue.

    Args:
        colours: planes of each, see `sample`.
        plain: whether they show plain surfaces, see `estimate_sensor_noise`.
    """
    red, green, blue = found = estimate_sensor_noise(colours, plain=plain)
    return RawNoise(
        (red.model, green.model, blue.model),
        "estimate",
        tuple(map(_errors, found)),
        all(one.reliable for one in found),
        _reason(found),
    )


def sample(raw: RawPicture, most: int) -> list[list[Float32]]:
    """Planes of red, green and blue: of the whole mosaic, or of squares in it.

    X-Trans gives none of red and blue: they lie so far apart that texture passes for noise.

    Args:
        raw: the file.
        most: values of all of them, as far as squares of 768×768 allow.
    """
    period = len(raw.pattern)
    squares = _squares(raw.mosaic, most)
    if corner := _find_blocks(raw.pattern):
        return [[], [_blocks(square, *corner) for square in squares], []]
    colours: list[list[Float32]] = [[], [], []]
    for (row, column), colour in np.ndenumerate(raw.pattern):
        colours[int(colour)] += [square[row::period, column::period] for square in squares]
    return colours


def _errors(noise: SensorNoise) -> tuple[float, float]:
    return noise.error_a, noise.error_b


def _reason(found: Sequence[SensorNoise]) -> str:
    """Why not all are reliable, with the colours that this is about where it is not all."""
    doubtful = next((one for one in found if not one.reliable), None)
    if doubtful is None or len({one.reason for one in found}) == 1:
        return doubtful.reason if doubtful else ""
    concerned = zip(_COLOURS, found, strict=True)
    names = [name for name, one in concerned if one.reason == doubtful.reason]
    return f"in {' and '.join(names)}, {doubtful.reason}"


def _find_blocks(pattern: Pattern) -> tuple[int, int] | None:
    """Where the first of X-Trans' 2×2 greens is, one of which begins after every three sites."""
    for row, column in np.ndindex(3, 3) if len(pattern) == PERIOD else ():
        if (_blocks(np.roll(pattern, (-row, -column), (0, 1)), 0, 0) == _GREEN).all():
            return row, column
    return None


def _blocks(mosaic: NDArray[Kind], row: int, column: int) -> NDArray[Kind]:
    """The first 2×2 of every 3×3 sites from a place on, side by side."""
    height, width = (mosaic.shape[0] - row) // 3, (mosaic.shape[1] - column) // 3
    whole = mosaic[row : row + 3 * height, column : column + 3 * width]
    kept = whole.reshape(height, 3, width, 3)[:, :2, :, :2]
    return kept.reshape(2 * height, 2 * width)


def _squares(mosaic: Float32, most: int) -> list[Float32]:
    """The mosaic, or squares spread evenly over a large one; all begin where a period does."""
    height, width = mosaic.shape
    if height * width <= most:
        return [mosaic]
    tops, lefts = (
        [start // 6 * 6 for start in starts]
        for starts in spread_squares(height, width, _SQUARE, most)
    )
    return [mosaic[top : top + _SQUARE, left : left + _SQUARE] for top in tops for left in lefts]
