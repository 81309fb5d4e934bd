"""The noise level of a picture, for `--sigma auto`: samples of it, judged by `ops.noise.level`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from n3cli.errors import InputError
from n3cli.inference.array import check_shape
from n3cli.ops.array import Float32
from n3cli.ops.luma import luma
from n3cli.ops.noise.level import Finding, NoiseEstimate, estimate_noise
from n3cli.ops.noise.shared import SharedNoise, find_shared_noise
from n3cli.ops.row_source import ArraySource, RowSource, check_floating
from n3cli.ops.spread import spread_squares

if TYPE_CHECKING:
    from torch import Tensor

_SAMPLED = 1 << 21  # pixels; a larger picture is judged by crops of so many in all
_CROP = 128  # pixels on a side
_UNEQUAL = 1.5  # the network assumes equal noise in all channels; beyond this ratio it is not
_VISIBLE = 2.0  # on the 0–255 scale; fainter noise may be as unequal as it likes

Pixels = NDArray[Any]
Samples = list[Float32]


@dataclass(frozen=True)
class NoiseLevel:
    """The noise of a picture.

    Attributes:
        sigma: standard deviation of the noise on the 0–255 scale, whatever the picture's dtype.
        reliable: whether white noise of this level in all channels describes the picture.
        reason: if not, why, as a clause that can follow a colon; otherwise empty.
    """

    sigma: float
    reliable: bool
    reason: str


def measure_noise(array: Pixels | Tensor) -> NoiseLevel:
    """Measure the noise level of an array or a tensor, as `n3 denoise` does where none is given.

    Args:
        array: H×W or H×W×C (C is 1 or 3), unsigned integers of their type's full range or floating
            in [0, 1].

    Returns:
        The level of white noise: its standard deviation `sigma` on the 0–255 scale, whether that is
        `reliable`, and if not, for what `reason`; see `judge`.

    Raises:
        InputError: another shape or dtype, or values that are not finite or far beyond [0, 1].
    """
    return judge(sample(ArraySource(check_shape(array))))


def sample(picture: RowSource) -> Samples:
    """What a picture is judged by: all of it, or above two megapixels crops spread evenly.

    Args:
        picture: integer pixels (of their type's full range) or floating ones in [0, 1]; alpha is
            not looked at. One band of 128 rows is held at a time.

    Raises:
        InputError: the pixels are neither unsigned integers nor floating, not finite, or far beyond
            [0, 1].
    """
    return [
        _scaled(band[:, left:right])
        for top, bottom, spans in _bands(picture.height, picture.width)
        for band, _ in (picture.rows(top, bottom),)
        for left, right in spans
    ]


def judge(samples: Samples) -> NoiseLevel:
    """The level of white noise in samples of a picture.

    It is one for all channels, since the network is told one: the root mean square over those whose
    noise is of the same kind as the middle channel's.
    """
    channels = samples[0].shape[2]
    return _combine([estimate_noise([one[..., c] for one in samples]) for c in range(channels)])


def judge_shared(samples: Samples) -> SharedNoise:
    """The noise in samples of a picture that neighbouring pixels share, by the luma of colours."""
    grey = [luma(one) if one.shape[2] == 3 else one for one in samples]
    return find_shared_noise([one[..., 0] for one in grey])


def camera_level(noise: SharedNoise) -> NoiseLevel:
    """The level that a model for the noise of cameras is to be told."""
    reason = Finding.DRAWN.value if noise.drawn else ""
    return NoiseLevel(255 * noise.sigma, not noise.drawn, reason)


def _bands(height: int, width: int) -> Iterator[tuple[int, int, list[tuple[int, int]]]]:
    """What to read: bands of rows and, in each, spans of columns."""
    if height * width <= _SAMPLED:
        yield 0, height, [(0, width)]
        return
    tops, lefts = spread_squares(height, width, _CROP, _SAMPLED)
    for top in tops:
        yield top, min(top + _CROP, height), [(left, min(left + _CROP, width)) for left in lefts]


def _scaled(pixels: Pixels) -> Float32:
    """A copy in [0, 1]."""
    if pixels.dtype.kind == "f":
        check_floating(pixels)
        return pixels.astype(np.float32)
    if pixels.dtype.kind == "u":
        return pixels.astype(np.float32) / np.float32(np.iinfo(pixels.dtype).max)
    raise InputError(
        f"expected pixels of an unsigned integer or a floating type, got {pixels.dtype}"
    )


def _combine(channels: list[NoiseEstimate]) -> NoiseLevel:
    """One level for all channels, and what is to be said about it."""
    # Cameras sample green most densely: what only red or blue shows at half size is mostly texture.
    correlated = channels[len(channels) // 2].finding is Finding.CORRELATED
    told = [one for one in channels if (one.finding is Finding.CORRELATED) == correlated]
    sigma = 255 * float(np.sqrt(np.mean([one.sigma**2 for one in told])))
    for one in told:
        if not one.reliable:
            return NoiseLevel(sigma, False, one.finding.value)
    levels = [255 * one.sigma for one in told]
    if max(levels) > max(_UNEQUAL * min(levels), _VISIBLE):
        listed = ", ".join(f"{level:.1f}" for level in levels)
        return NoiseLevel(sigma, False, f"its channels differ ({listed})")
    return NoiseLevel(sigma, True, "")
