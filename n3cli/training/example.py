"""What examples are made like: tables of a recipe on noise, degradations, sensors and matches."""

from __future__ import annotations

from dataclasses import dataclass

from n3cli.training.require import require, require_ranges


@dataclass(frozen=True)
class NoiseSettings:
    """`[noise]`: white Gaussian noise on the crops, for networks that denoise."""

    sigma: tuple[float, float] = (0.0, 75.0)
    """Lowest and highest noise level on the 0–255 scale; one is drawn uniformly for each crop."""

    def __post_init__(self) -> None:
        low, high = self.sigma
        require(
            0 <= low <= high <= 255 and high > 0,
            "noise.sigma",
            "two noise levels in order, from 0 to 255",
            list(self.sigma),
        )


@dataclass(frozen=True)
class DegradationSettings:
    """`[degradation]`: how crops are degraded for networks that enlarge.

    Each value is drawn uniformly for each crop.
    """

    share: float = 0.0
    """Fraction of the crops (0-1) that are degraded; the others are only reduced."""

    blur: tuple[float, float] = (0.0, 1.0)
    """Standard deviation of the Gaussian blur before the reduction, in pixels of the small
    picture."""

    noise: tuple[float, float] = (0.0, 10.0)
    """Standard deviation of the white Gaussian noise after the reduction, on the 0–255 scale; in
    half of the crops the noise is grey."""

    quality: tuple[float, float] = (40.0, 95.0)
    """JPEG quality, 1–100; in half of the crops colour has half the resolution."""

    def __post_init__(self) -> None:
        require(0 <= self.share <= 1, "degradation.share", "from 0 to 1", self.share)
        require_ranges(self, "degradation", blur=(0, 8), noise=(0, 255), quality=(1, 100))


@dataclass(frozen=True)
class SensorSettings:
    """`[sensor]`: the noise of a camera, for networks for mosaics and where `develop` is true.

    Everything is drawn for each crop. Values are linear, and white is 1. `data.crop` is then the
    side of the mosaic: crops of twice that side are halved, which averages out their own noise.
    Log-uniform means that equal ratios are equally likely.
    """

    develop: bool = False
    """Train a network for colour pictures on what a camera makes of its noisy mosaic: the noise
    goes through demosaicing, white balance, colour matrix, tone curve, smoothing, 8 bits and JPEG.
    The noise level is the standard deviation of the change that the noise makes in the stored
    crop; `noise.sigma` then only says which levels the model may be told."""

    gain: tuple[float, float] = (-4.5, -1.7)
    """log10 of a, drawn uniformly; the variance of the noise at value x is a·x + b. The range spans
    ISO 100 of a large sensor to high ISO of a phone, and includes the profiles in DNG files and
    those of Brooks et al., CVPR 2019 (-4 to -1.9)."""

    clean: float = 0.05
    """Fraction of the crops that are nearly noise-free, with log10 of a up to 2 below `gain`."""

    reading: tuple[float, float] = (0.7, 6.0)
    """Read noise before the gain, in electrons (one electron adds a to the value); log-uniform."""

    converter: tuple[float, float] = (2e-5, 4e-4)
    """Read noise after the gain, in values; log-uniform. b is the sum of the squares of both read
    noises."""

    exposure: tuple[float, float] = (0.2, 1.5)
    """Value of white in the green channel, log-uniform; above 1 it is clipped."""

    balance: tuple[float, float] = (1.2, 2.8)
    """White-balance factor of red, and of blue, log-uniform: from the light of a bulb to shade."""

    tone: tuple[float, float] = (1.8, 3.0)
    """Exponent that turns the values of a picture into linear light."""

    xtrans: float = 0.15
    """Fraction of the crops with X-Trans filters; the others have Bayer filters. With `develop`,
    all have Bayer filters."""

    error: float = 0.15
    """Standard deviation of the error, as a logarithm, in the noise that the network is told: in a
    (twice that in b), or in the noise level."""

    jpeg: float = 0.6
    """With `develop`: fraction of the crops that are compressed as JPEG."""

    quality: tuple[float, float] = (60.0, 98.0)
    """JPEG quality, 1–100; in half of these crops colour has half the resolution."""

    smoothed: float = 0.8
    """With `develop`: fraction of the crops whose noise is smoothed, as by a camera's own
    denoising."""

    luma_smoothing: tuple[float, float] = (0.0, 1.6)
    """Standard deviation, in pixels, of the kernel that smooths the luma of the noise."""

    colour_smoothing: tuple[float, float] = (0.0, 4.0)
    """The same for the colour of the noise: the differences between red, green and blue."""

    def __post_init__(self) -> None:
        for key in ("clean", "xtrans", "jpeg", "error", "smoothed"):
            value = getattr(self, key)
            require(0 <= value <= 1, f"sensor.{key}", "from 0 to 1", value)
        require_ranges(
            self,
            "sensor",
            gain=(-6, -0.5),
            reading=(0.01, 100),
            converter=(1e-7, 0.1),
            exposure=(0.01, 10),
            balance=(0.1, 10),
            tone=(0.5, 10),
            quality=(1, 100),
            luma_smoothing=(0, 10),
            colour_smoothing=(0, 10),
        )


@dataclass(frozen=True)
class CorrespondenceSettings:
    """`[correspondences]`: synthetic pairs of views, for networks that judge matches.

    `data.batch` and `schedule.crops` then count such pairs.
    """

    points: int = 500
    """Number of correspondences per pair. What is learnt also holds for larger numbers, and more
    pairs teach more than more points do."""

    essential: float = 0.1
    """Weight of the second part of the loss: the squared distance between the true essential
    matrix and the one that the eight-point algorithm computes from the correspondences, weighted
    as the network judges them."""

    essential_from: float = 0.5
    """Fraction of the run (0-1) after which that second part counts; it is of no use while the
    network still guesses."""

    pairs: int = 100
    """Number of held-out pairs to validate on, the same for all runs; 0: no validation."""

    validation_points: int = 1000
    """Number of correspondences in each of these pairs."""

    workers: int = -1
    """Number of processes that prepare pairs while the device trains. 0: none, each batch is made
    when it is needed. -1: none on a CPU; otherwise one per core, at most 16, shared among the
    processes of a run on a machine. The weights do not depend on it."""

    def __post_init__(self) -> None:
        require(
            -1 <= self.workers <= 256, "correspondences.workers", "from -1 to 256", self.workers
        )
        for key, lowest in (("points", 16), ("pairs", 0), ("validation_points", 16)):
            require(
                lowest <= getattr(self, key) <= 10_000,
                f"correspondences.{key}",
                f"from {lowest} to 10000",
                getattr(self, key),
            )
        require(self.essential >= 0, "correspondences.essential", "at least 0", self.essential)
        require(
            0 <= self.essential_from <= 1,
            "correspondences.essential_from",
            "from 0 to 1",
            self.essential_from,
        )
