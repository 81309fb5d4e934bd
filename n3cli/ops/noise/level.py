"""How strong is the noise of a picture? Read off where the picture itself is flat.

In a window of 8×8 pixels the sixteen means of its 2×2 cells and the 48 details within the cells
are orthogonal. White noise puts the same variance into both, independently; pictures put most of
theirs into the means. So the windows whose means vary least are (nearly) free of picture, and the
details of just those windows measure the noise without bias from having chosen them (choosing by
the whole variance, as is usual, reads low). What texture remains fills few directions of the
details' space: the estimate is their variance along its quietest directions (principal components
as in Chen, Zhu, Heng, "An efficient statistical method for image noise level estimation", ICCV
2015), the directions taken from one half of the windows and the variance from the other, since
the smallest eigenvalues of one sample read low.

Two departures from white Gaussian noise are met. Values clipped to [0, 1] have less variance than
the noise had; the loss is a function of the window's mean and is undone. Noise that is correlated
between neighbours (demosaicing, JPEG, resizing) is quiet along some directions whatever its
strength; between 2×2 means it is much whiter, so all details are measured there and stated as the
white noise that is as strong at that scale. Texture looks much the same: what cannot be told from
it is not counted as noise, but reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from n3cli.ops.array import Float64
from n3cli.ops.noise.clipped import share_kept, undo_clipping

_WINDOW = 8  # pixels; the numbers below were chosen on 40 photographs of BSDS500
_FLATTEST = 0.02  # share of the windows that is always used …
_FEWEST = 500  # … but at least so many
_MOST = 20_000  # more say no more
_FLAT = 1.3  # also used: windows whose means vary by at most so many times the noise's variance
_QUIETEST = 8  # of 48 directions
_BLOCK = 16  # pixels; windows are halved by a chessboard of such blocks
_ROUNDS = 3  # what is flat beside the noise depends on the noise
_WHITE = 1.4  # details in all directions / in the quietest, as deviations: white up to here
_SMOOTH = 2.0  # the same: only correlated noise and much texture go beyond
PLAIN = 1.3  # cell means / details at half the size, as deviations: no picture up to here
_GROWTH = 4  # details at half the size / at full, as white noise: only texture goes beyond
_PATTERN = 4  # details at half the size, all / quietest: blurred noise fills every direction
_FAINT = 2 / 255  # below it nobody sees noise, of whatever kind
_STRONG = 3 / 255  # at half the size; fainter details are as often texture as noise
_INFORMATIVE = 0.3  # share of its variance that clipping must have left to the noise in a window


class Finding(Enum):
    """What the noise looks like; the value says it to people."""

    WHITE = "it is white between pixels"
    FAINT = "there is next to none"
    CORRELATED = (
        "neighbouring pixels share their noise (JPEG, demosaicing or resizing), "
        "so it was measured at half the size"
    )
    TEXTURED = "no area is flat enough to tell noise from texture reliably"
    CLIPPED = "nearly everything is constant or clipped to black or white"
    DRAWN = "most of the picture is plain, and the rest may be lines and letters"
    SMALL = "the picture is too small to tell"


@dataclass(frozen=True)
class NoiseEstimate:
    """The noise of one channel.

    Attributes:
        sigma: standard deviation of the white Gaussian noise that matches, for values in [0, 1].
        finding: whether that is a fair description, and if not, why.
    """

    sigma: float
    finding: Finding

    @property
    def reliable(self) -> bool:
        """Whether white noise of this level describes the picture."""
        return self.finding in (Finding.WHITE, Finding.FAINT)


@dataclass(frozen=True)
class Flat:
    """Deviations of the flat windows, each scaled so that white noise has the same in all.

    Attributes:
        floor: along the quietest directions of details.
        details: of all details.
        cells: of the cell means.
        drawn: whether more than half of all windows are constant or hold a border of what is:
            lines and letters beside plain areas look like noise that neighbours share.
    """

    floor: float
    details: float
    cells: float
    drawn: bool


def estimate_noise(planes: Sequence[NDArray[np.floating]]) -> NoiseEstimate:
    """Estimate the noise of one channel of a picture; the same planes give the same answer.

    Values are taken as clipped where they touch 0 or 1 and do not go beyond.

    Args:
        planes: parts of the channel, H×W each (sizes may differ), for example the whole channel
            or crops of it, nominally in [0, 1]. Parts smaller than 8×8 say nothing.

    Returns:
        The estimate; 0 for pictures that are constant or drawn in constant areas.
    """
    parts = [np.asarray(plane, np.float64) for plane in planes if min(plane.shape) >= _WINDOW]
    if not parts:
        return NoiseEstimate(0.0, Finding.SMALL)
    flatness, means = _survey(parts)
    low = min(part.min() for part in parts)
    high = max(part.max() for part in parts)
    clip = (0.0 if low == 0 else -np.inf, 1.0 if high == 1 else np.inf)
    fine = _measure(parts, flatness, means, clip)
    if fine is None:
        plain = np.mean(flatness == 0) > 0.5
        return NoiseEstimate(0.0, Finding.FAINT if plain else Finding.CLIPPED)
    if len(flatness) < _FEWEST:
        return NoiseEstimate(fine.details, Finding.SMALL)
    if fine.details <= _WHITE * fine.floor:
        return NoiseEstimate(fine.floor, Finding.WHITE)
    if fine.drawn:
        return NoiseEstimate(0.0, Finding.DRAWN)
    return _beyond_white(parts, fine)


def _beyond_white(parts: Sequence[Float64], fine: Flat) -> NoiseEstimate:
    """The estimate where details are not white: what 2×2 means say, unless that may be texture."""
    halves = [half for half in map(halve, parts) if min(half.shape) >= _WINDOW]
    # Means of clipped values are no longer clipped values; nothing is corrected here.
    coarse = measure_flat(halves) if halves else None
    half = 2 * coarse.details if coarse else 0.0
    if max(half, fine.details) < _FAINT:
        return NoiseEstimate(fine.floor, Finding.FAINT)
    if (
        coarse
        and half > _STRONG
        and coarse.cells <= PLAIN * coarse.details
        and may_be_shared(fine, coarse)
    ):
        return NoiseEstimate(half, Finding.CORRELATED)
    return NoiseEstimate(fine.floor, Finding.TEXTURED)


def may_be_shared(fine: Flat, coarse: Flat) -> bool:
    """Whether what is in flat windows may be noise that neighbours share, and no texture.

    Args:
        fine: of a channel.
        coarse: of its 2×2 means, see `halve`.
    """
    return (
        fine.details > _SMOOTH * fine.floor
        and 2 * coarse.details <= _GROWTH * fine.details
        and coarse.details <= _PATTERN * coarse.floor
    )


def halve(plane: Float64) -> Float64:
    """The means of 2×2 pixels that do not overlap: white noise has half its deviation there."""
    height, width = (size // 2 * 2 for size in plane.shape)
    half: Float64 = plane[:height, :width].reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))
    return half


def measure_flat(parts: Sequence[Float64]) -> Flat | None:
    """Measure the flattest windows of parts of a channel, nothing being clipped.

    Args:
        parts: H×W each, at least 8×8.

    Returns:
        The deviations; None where all windows are constant.
    """
    return _measure(parts, *_survey(parts), (-np.inf, np.inf))


def _survey(parts: Sequence[Float64]) -> tuple[Float64, Float64]:
    """Look at every window of all parts, row by row.

    Returns:
        The variance of its cell means, scaled to that of white noise, and its mean. The variance is
        0 in constant windows and infinite in those that overlap one: they hold part of a border.
    """
    flatness, means = [], []
    for part in parts:
        cells = _add_shifted(part, 1) / 2
        total, energy = cells, cells * cells
        for step in (2, 4):  # sums of 4×4 cells by doubling
            total, energy = _add_shifted(total, step), _add_shifted(energy, step)
        variance = np.maximum(energy - total * total / 16, 0) / 15
        constant = variance == 0
        if constant.any():
            near = np.pad(constant, _WINDOW - 1)
            for step in (1, 2, 4, 7):  # together every shift from 0 to 14
                near = _add_shifted(near, step)
            variance[near & ~constant] = np.inf
        flatness.append(variance.ravel())
        means.append(total.ravel() / 32)
    return np.concatenate(flatness), np.concatenate(means)


def _add_shifted(plane: NDArray[Any], step: int) -> NDArray[Any]:
    """Sums (of truths: whether any is true) over the corners of a square `step` pixels wide."""
    rows = plane[:-step] + plane[step:]
    sums: NDArray[Any] = rows[:, :-step] + rows[:, step:]
    return sums


def _measure(
    parts: Sequence[Float64], flatness: Float64, means: Float64, clip: tuple[float, float]
) -> Flat | None:
    """Measure noise in the flattest windows; None where all are constant or clipped."""
    sigma = 1 / 255
    clipped = bool(np.isfinite(clip).any())
    for turn in range(_ROUNDS):
        kept = share_kept(means, sigma, clip) if clipped else np.ones_like(means)
        usable = (flatness > 0) & np.isfinite(flatness) & (kept >= _INFORMATIVE)
        count = int(np.count_nonzero(usable))
        if count == 0:
            return None
        relative = np.where(usable, flatness / np.maximum(kept, _INFORMATIVE), np.inf)
        flat = np.count_nonzero(relative <= _FLAT * sigma**2) if turn else 0
        taken = min(count, max(int(_FLATTEST * count), _FEWEST, flat))
        chosen = np.sort(np.argpartition(relative, taken - 1)[:taken])
        if taken > _MOST:
            chosen = chosen[np.linspace(0, taken - 1, _MOST).astype(np.intp)]
        spectrum = _spectrum(*_details(parts, chosen))
        floor = max(float(spectrum[:_QUIETEST].mean()), 0.0)
        sigma = undo_clipping(floor, means[chosen], clip) if clipped else floor**0.5
    scale = sigma / floor**0.5 if floor else 1.0
    cells = float(np.median(flatness[chosen]))
    drawn = float(np.mean((flatness == 0) | np.isinf(flatness))) > 0.5
    return Flat(sigma, scale * float(spectrum.mean()) ** 0.5, scale * cells**0.5, drawn)


def _details(
    parts: Sequence[Float64], chosen: NDArray[np.intp]
) -> tuple[Float64, NDArray[np.bool_]]:
    """The details of windows, M×48, and which half each belongs to, M."""
    details, halves, start = [], [], 0
    for number, part in enumerate(parts):
        windows = sliding_window_view(part, (_WINDOW, _WINDOW))
        stop = start + windows.shape[0] * windows.shape[1]
        first, last = np.searchsorted(chosen, (start, stop))
        rows, columns = np.divmod(chosen[first:last] - start, windows.shape[1])
        patches = windows[rows, columns]
        a, b, c, d = (patches[:, i::2, j::2].reshape(-1, 16) for i in (0, 1) for j in (0, 1))
        details.append(np.hstack([a + b - c - d, a - b + c - d, a - b - c + d]) / 2)
        halves.append((rows // _BLOCK + columns // _BLOCK + number) % 2 == 0)
        start = stop
    return np.concatenate(details), np.concatenate(halves)


def _spectrum(details: Float64, half: NDArray[np.bool_]) -> Float64:
    """Variances along the 48 principal directions of the other half of the windows, rising."""
    if min(half.sum(), (~half).sum()) < details.shape[1]:
        return np.full(details.shape[1], np.mean(details**2))  # too few to find directions
    one, other = (part.T @ part / len(part) for part in (details[half], details[~half]))
    return (_along(one, np.linalg.eigh(other)[1]) + _along(other, np.linalg.eigh(one)[1])) / 2


def _along(covariance: Float64, axes: Float64) -> Float64:
    """Variances along axes, which are columns."""
    variances: Float64 = (axes * (covariance @ axes)).sum(axis=0)
    return variances
