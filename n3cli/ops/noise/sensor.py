"""How strong is a sensor's noise? Its variance a·x + b, read off where the mosaic itself is flat.

The plane of a filter colour is split twice, as Haar's wavelets do: into means and details of 2×2
values, and the means again. White noise puts the same variance into the details of both levels,
independently; pictures that have fine details have coarser ones, too, and more of them. So those of
all windows of 16×16 values whose coarse details are weakest, beside the noise at their brightness,
are nearly free of picture, and their fine details measure the noise without bias from having chosen
them. As in `noise_level`, what texture remains is passed by along the quietest directions, found in
one half of the windows and measured in the other.

Windows are chosen at every brightness, and a line is fitted to variance over mean. Texture only
adds variance: what lies above the line counts little, and so does what is not white.

Source of the model: Foi, Trimeche, Katkovnik, Egiazarian, "Practical Poissonian-Gaussian noise
modeling and fitting for single-image raw-data", TIP 2008.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from n3cli.ops.array import Float32, Float64
from n3cli.ops.noise.level import Finding
from n3cli.ops.noise.model import NoiseModel

Indices: TypeAlias = NDArray[np.intp]

# The numbers were chosen on 48 of photos96, linearised, at a from 0.001 to 0.01.
_WINDOW = 4  # in coarse details: 16 values on a side
_BINS = 32  # of brightness, with as many windows each
_SHARE = 0.03  # of a bin's windows that is always used …
_FEWEST = 24  # … but at least so many
_FLAT = 1.1  # also used: windows whose coarse details are at most so many times the noise
_MOST = 800  # of a bin
_QUIETEST = 16  # of 48 directions
_SQUARE = 4  # in coarse details: side of the squares whose windows are one half or the other …
_LARGE = 16  # … and where halves share no values
_ROUNDS = 5  # what is flat beside the noise depends on the noise
_DOUBT = 0.5  # of what is not white, as a deviation
_SYSTEMATIC = 0.02  # relative deviation of a bin that more windows do not better
_ABOVE = 1.0  # deviations above the line from which on a bin counts less
_REACH = 3.0  # deviations from a bound from which on clipping is rare
_CLIPPED = 1e-3  # share of values at their minimum or maximum that tells that they were clipped
_UNLIKE = 0.2  # relative difference between colours from which on each has its own line
_UNSURE = 0.03  # relative deviation of the noise from which on it is called uncertain
_TEXTURED = 0.25  # share of the bins' weight that may lie above the line
_LEAST = 1e-14  # variance that stands for none


@dataclass(frozen=True)
class SensorNoise:
    """The noise of a filter colour.

    Attributes:
        model: its variance over the mean.
        error_a: standard error of a, of what can be told from the windows themselves.
        error_b: that of b.
        reliable: whether the windows agree with it.
        reason: if not, why, as a clause that can follow a colon; otherwise empty.
    """

    model: NoiseModel
    error_a: float
    error_b: float
    reliable: bool
    reason: str


@dataclass(frozen=True)
class _Windows:
    """All windows of some planes, and where to find their fine details."""

    fine: tuple[Float64, ...]  # of each plane, 3×h×w
    bounds: tuple[float, float]  # where values were clipped
    square: int  # side of the squares that are one half or the other
    plane: Indices
    row: Indices
    column: Indices
    mean: Float64
    coarse: Float64  # mean square of the coarse details, as a variance of values
    clipped: NDArray[np.bool_]

    def details(self, chosen: Indices) -> Float32:
        """Fine details of windows: four parts of 48 each."""
        found = np.empty((len(chosen), 4, 48), np.float32)
        for number, fine in enumerate(self.fine):
            at = self.plane[chosen] == number
            rows, columns = 2 * self.row[chosen[at]], 2 * self.column[chosen[at]]
            patches = sliding_window_view(fine, (8, 8), (1, 2))[:, rows, columns]
            parts = patches.reshape(3, -1, 2, 4, 2, 4).transpose(1, 2, 4, 0, 3, 5)
            found[at] = parts.reshape(-1, 4, 48)
        return found

    def half(self, chosen: Indices) -> NDArray[np.bool_]:
        """Which half each belongs to: squares of a chessboard."""
        even: NDArray[np.bool_] = (
            self.row[chosen] // self.square
            + self.column[chosen] // self.square
            + self.plane[chosen]
        ) % 2 == 0
        return even


@dataclass(frozen=True)
class _Line:
    """A line, its covariance, and how much of the weight lies above it."""

    model: NoiseModel
    covariance: Float64
    above: float


_NONE = _Line(NoiseModel(0.0, 0.0), np.zeros((2, 2)), 0.0)


@dataclass(frozen=True)
class _Bins:
    """What was measured at each brightness."""

    mean: Float64
    variance: Float64
    count: Float64  # of independent details
    excess: Float64  # of all details over those of the quietest directions, in the same units


def estimate_sensor_noise(
    colours: Sequence[Sequence[NDArray[np.floating]]], *, plain: bool = False
) -> tuple[SensorNoise, ...]:
    """Estimate the noise of a mosaic; the same planes give the same answer.

    A sensor's colours have the same noise as long as nothing was done to them; so one line is
    fitted to all, unless they disagree with it. A colour whose own line is not reliable then has
    a reliable one's, or that of the colour with the least noise, since texture only adds to it.

    Args:
        colours: for each filter colour its planes H×W (sizes may differ): linear, black at 0 and
            white at 1. Colours without planes have the noise of the others.
        plain: they show plain surfaces. Halves then share no values, which would take up to 5 %
            from the variance. In photos about as much texture is left, and windows are scarce.

    Returns:
        The noise of each colour. Planes that are too small, constant or clipped nearly everywhere
        give no noise, and are not reliable.
    """
    windows = [_cut(planes, plain) for planes in colours]
    every = _joined(windows)
    common = _fit(every)
    if sum(bool(own.fine) for own in windows) < 2 or _agree(windows, common):
        return (_judged(common, every),) * len(colours)
    found = [_judged(_fit(own), own) for own in windows]
    middle = np.median(every.mean[~every.clipped])

    def rank(one: SensorNoise) -> tuple[bool, float]:
        return not one.reliable, float(one.model.a * middle + one.model.b) or np.inf

    best = min(found, key=rank)
    return tuple(
        one if one.reliable else replace(best, reliable=False, reason=one.reason) for one in found
    )


def _cut(planes: Sequence[NDArray[np.floating]], apart: bool) -> _Windows:
    square = _LARGE if apart else _SQUARE
    fine: list[Float64] = []
    parts: list[tuple[NDArray[Any], ...]] = []
    low, high = -np.inf, np.inf
    for plane in planes:
        height, width = (size // 4 * 4 for size in plane.shape)
        if min(height, width) < 4 * _WINDOW:
            continue
        values = np.asarray(plane[:height, :width], np.float64)
        means, details = _split(values)
        smaller, coarse = _split(means)
        power = _over_window(4 * np.square(coarse).mean(0))  # means have a quarter of the variance
        kept = [np.arange(size) % square <= square - _WINDOW * apart for size in power.shape]
        rows, columns = np.nonzero(np.logical_and.outer(*kept))
        number = np.full(len(rows), len(fine), np.intp)
        bounds = _bounds(values)
        low, high = max(low, bounds[0]), min(high, bounds[1])
        clipped = _over_window(_touched(values, bounds)) > 0
        found = (of[rows, columns] for of in (_over_window(smaller), power, clipped))
        parts.append((number, rows, columns, *found))
        fine.append(details)
    if not parts:
        none = np.empty(0, np.intp)
        nothing = np.empty(0)
        return _Windows(
            (), (low, high), square, none, none, none, nothing, nothing, np.empty(0, bool)
        )
    joined = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return _Windows(tuple(fine), (low, high), square, *joined)


def _joined(windows: Sequence[_Windows]) -> _Windows:
    fine: tuple[Float64, ...] = ()
    planes = []
    for own in windows:
        planes.append(own.plane + len(fine))
        fine += own.fine
    bounds = max(own.bounds[0] for own in windows), min(own.bounds[1] for own in windows)
    return _Windows(
        fine,
        bounds,
        windows[0].square,
        np.concatenate(planes),
        *(
            np.concatenate([getattr(own, name) for own in windows])
            for name in ("row", "column", "mean", "coarse", "clipped")
        ),
    )


def _split(values: Float64) -> tuple[Float64, Float64]:
    """Means of 2×2 values, and their three details, scaled to the variance of white noise."""
    a, b, c, d = (values[i::2, j::2] for i in (0, 1) for j in (0, 1))
    return (a + b + c + d) / 4, np.stack([a + b - c - d, a - b + c - d, a - b - c + d]) / 2


def _over_window(values: NDArray[np.floating]) -> Float64:
    """Means over windows, at each place where one begins."""
    means: Float64 = sliding_window_view(values, (_WINDOW, _WINDOW)).mean((-1, -2))
    return means


def _bounds(values: Float64) -> tuple[float, float]:
    """Where values were clipped; infinite where they were not."""
    low, high = values.min(), values.max()
    return (
        float(low) if (values == low).mean() > _CLIPPED else -np.inf,
        float(high) if (values == high).mean() > _CLIPPED else np.inf,
    )


def _touched(values: Float64, bounds: tuple[float, float]) -> Float64:
    """Where 4×4 values have one that was clipped."""
    height, width = values.shape
    hit = (values == bounds[0]) | (values == bounds[1])
    touched: Float64 = hit.reshape(height // 4, 4, width // 4, 4).any((1, 3)).astype(np.float64)
    return touched


def _fit(windows: _Windows) -> _Line:
    """Choose windows and fit the line in turn."""
    bins = _sort(windows)
    if sum(map(len, bins)) < 2 * _FEWEST:
        return _NONE
    line = _begin(windows, bins)
    for _ in range(_ROUNDS):
        free = _away(windows, bins, line.model)
        if len(free) < 2:
            return _NONE
        line = _draw(_measure(windows, free, line.model), line.model)
    return line


def _sort(windows: _Windows) -> list[Indices]:
    """Windows without clipped values, in bins of rising brightness."""
    free = np.flatnonzero(~windows.clipped)
    bins = np.array_split(free[np.argsort(windows.mean[free], kind="stable")], _BINS)
    return [own for own in bins if len(own)]


def _away(windows: _Windows, bins: Sequence[Indices], model: NoiseModel) -> list[Indices]:
    """Bins where clipping is rare.

    Near a bound, windows are free of it by chance, and their noise is weaker than the others'.
    """
    means = np.array([windows.mean[own].mean() for own in bins])
    reach = _REACH * np.sqrt(_expected(model, means))
    low, high = windows.bounds
    good = (means - reach > low) & (means + reach < high)
    return [own for own, kept in zip(bins, good, strict=True) if kept]


def _begin(windows: _Windows, bins: Sequence[Indices]) -> _Line:
    """A first line, through the coarse details of the flattest windows."""
    flattest = [
        own[np.argsort(windows.coarse[own])[: max(len(own) // 20, _FEWEST)]] for own in bins
    ]
    mean = np.array([windows.mean[own].mean() for own in flattest])
    variance = np.array([windows.coarse[own].mean() for own in flattest])
    return _solve(mean, variance, 1 / np.maximum(variance, _LEAST) ** 2)


def _expected(model: NoiseModel, mean: Float64) -> Float64:
    variance: Float64 = np.maximum(model.a * np.maximum(mean, 0) + model.b, _LEAST)
    return variance


def _measure(windows: _Windows, bins: Sequence[Indices], model: NoiseModel) -> _Bins:
    """The noise of the flat windows of each bin, flat beside a model."""
    variance = _expected(model, windows.mean)
    chosen = []
    for own in bins:
        relative = windows.coarse[own] / variance[own]
        flat = min(int(np.count_nonzero(relative < _FLAT)), _MOST)
        count = min(max(int(_SHARE * len(own)), _FEWEST, flat), len(own))
        chosen.append(own[np.argpartition(relative, count - 1)[:count]])
    taken = np.concatenate(chosen)
    unit = windows.details(taken)
    unit /= np.sqrt(variance[taken])[:, None, None].astype(np.float32)
    every = np.square(unit).mean((1, 2)) * variance[taken]
    quiet = _along_quietest(unit, windows.half(taken)) * variance[taken]
    ends = np.cumsum([len(own) for own in chosen])[:-1]
    return _Bins(
        np.array([windows.mean[own].mean() for own in chosen]),
        np.array([part.mean() for part in np.split(quiet, ends)]),
        # Windows overlap; about an eighth of them would hold as much.
        np.array([4 * _QUIETEST * len(own) / 8 for own in chosen]),
        np.array([part.mean() for part in np.split(every - quiet, ends)]),
    )


def _along_quietest(unit: Float32, half: NDArray[np.bool_]) -> Float64:
    """Mean square of each window's details along the quietest directions of the other half."""
    quiet: Float64 = np.square(unit).mean((1, 2)).astype(np.float64)
    for side in (True, False):
        own = unit[half == side].reshape(-1, 48)
        if len(own) < 48 or not (half != side).any():
            continue  # too few to find directions
        axes = np.linalg.eigh(own.T @ own)[1][:, :_QUIETEST]
        quiet[half != side] = np.square(unit[half != side] @ axes).mean((1, 2))
    return quiet


def _draw(bins: _Bins, model: NoiseModel) -> _Line:
    """The line through the bins, from a model that is near."""
    line = _Line(model, np.zeros((2, 2)), 0.0)
    for _ in range(30):
        expected = _expected(line.model, bins.mean)
        doubt = np.maximum(_DOUBT * bins.excess, 0)
        error = np.sqrt(expected**2 * (2 / bins.count + _SYSTEMATIC**2) + doubt**2)
        beyond = np.maximum((bins.variance - expected) / error / _ABOVE, 1)
        line = _solve(bins.mean, bins.variance, 1 / (error * beyond) ** 2)
    certain = 1 / error**2
    above = float(certain[beyond > 3].sum() / certain.sum())
    return _Line(line.model, line.covariance, above)


def _solve(mean: Float64, variance: Float64, weight: Float64) -> _Line:
    """Weighted least squares, with neither a slope nor a variance at black below 0."""
    columns = np.stack([mean, np.ones_like(mean)], 1)
    normal = columns.T @ (columns * weight[:, None])
    covariance = np.asarray(np.linalg.pinv(normal, hermitian=True), np.float64)
    a, b = covariance @ (columns.T @ (weight * variance))
    if a < 0:
        a, b = 0.0, float((weight * variance).sum() / weight.sum())
    elif b < 0:
        light = np.maximum(mean, 0)
        a, b = float((weight * light * variance).sum() / (weight * light**2).sum()), 0.0
    return _Line(NoiseModel(float(a), float(b)), covariance, 0.0)


def _agree(windows: Sequence[_Windows], common: _Line) -> bool:
    """Whether each colour's noise is that of a common line, up to what matters."""
    for own in windows:
        bins = _away(own, _sort(own), common.model)
        if not bins:
            continue
        found = _measure(own, bins, common.model)
        expected = _expected(common.model, found.mean)
        # Texture adds to many bins, but hardly to the lowest quarter.
        ratio = float(np.quantile(found.variance / expected, 0.25))
        if abs(np.log(max(ratio, _LEAST))) > np.log1p(_UNLIKE):
            return False
    return True


def _judged(line: _Line, windows: _Windows) -> SensorNoise:
    """A line with what is to be said about it."""
    model = line.model
    error_a, error_b = np.sqrt(np.maximum(np.diag(line.covariance), 0))
    reason = ""
    if model.a == model.b == 0:
        reason = "nearly everything is constant or clipped, or there is too little to measure"
    elif line.above > _TEXTURED:
        reason = Finding.TEXTURED.value
    else:
        means = np.quantile(windows.mean, (0.05, 0.5, 0.95))
        columns = np.stack([means, np.ones(3)], 1)
        spread = np.sqrt(np.einsum("ij,jk,ik->i", columns, line.covariance, columns))
        # A deviation's relative error is half of its variance's.
        if (spread > 2 * _UNSURE * _expected(model, means)).any():
            reason = "too few places are flat enough"
    return SensorNoise(model, float(error_a), float(error_b), not reason, reason)
