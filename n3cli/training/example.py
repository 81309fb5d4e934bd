"""What examples are made like: tables of a recipe on noise, degradations, sensors and matches."""

from __future__ import annotations

from dataclasses import dataclass

from n3cli.training.require import require


@dataclass(frozen=True)
class NoiseSettings:
    """`[noise]`: white Gaussian noise on the crops, where denoising is learnt."""

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
    """`[degradation]`: what crops go through before they are enlarged, drawn uniformly for each."""

    share: float = 0.0
    """Part of the crops that it happens to, from 0 to 1; the others are only reduced."""

    blur: tuple[float, float] = (0.0, 1.0)
    """Standard deviation of a Gaussian before the reduction, in pixels of the small picture."""

    noise: tuple[float, float] = (0.0, 10.0)
    """Standard deviation of white Gaussian noise after it, on the 0–255 scale; grey in half of the
    crops."""

    quality: tuple[float, float] = (40.0, 95.0)
    """Quality of JPEG, 1–100; in half of the crops colour has half the resolution."""

    def __post_init__(self) -> None:
        require(0 <= self.share <= 1, "degradation.share", "from 0 to 1", self.share)
        for key, lowest, highest in (("blur", 0, 8), ("noise", 0, 255), ("quality", 1, 100)):
            low, high = getattr(self, key)
            require(
                lowest <= low <= high <= highest,
                f"degradation.{key}",
                f"two numbers in order, from {lowest} to {highest}",
                [low, high],
            )


@dataclass(frozen=True)
class SensorSettings:
    """`[sensor]`: a camera's noise, where a network for mosaics is trained or `develop` is true.

    Everything is drawn for each crop; values are linear, white is 1. `data.crop` is
    the side of the mosaic then: crops of twice that are halved, which averages their own noise
    away.
    """

    develop: bool = False
    """Train a network for colour pictures on what a camera makes of its noisy mosaic: the noise
    goes through demosaicing, white balance, colour matrix, tone curve, smoothing, 8 bits and JPEG.
    The noise level is the standard deviation of what the noise has changed in the stored crop;
    `noise.sigma` only says how much the model may be told."""

    gain: tuple[float, float] = (-4.5, -1.7)
    """log10 of a, uniform; the noise's variance at value x is a·x + b. From ISO 100 of a large
    sensor to high ISO of a phone: profiles in DNG files and those of Brooks et al., CVPR 2019
    (-4 to -1.9), lie within."""

    clean: float = 0.05
    """Part of the crops that are nearly free of noise: log10 of a up to 2 lower than its range."""

    reading: tuple[float, float] = (0.7, 6.0)
    """Noise of reading before the gain, in electrons (a is what one adds to a value), by ratio."""

    converter: tuple[float, float] = (2e-5, 4e-4)
    """Noise of reading behind the gain, in values, by ratio; b is both, squared and added."""

    exposure: tuple[float, float] = (0.2, 1.5)
    """Value of white in green, by ratio; above 1 it is clipped."""

    balance: tuple[float, float] = (1.2, 2.8)
    """White balance of red, and of blue, by ratio: from the light of a bulb to shade."""

    tone: tuple[float, float] = (1.8, 3.0)
    """Power that leads from a picture's values to light."""

    xtrans: float = 0.15
    """Part of the crops under X-Trans' filters, the others are under Bayer's; with `develop` all
    are under Bayer's."""

    error: float = 0.15
    """Standard deviation of the logarithm of what is told too much: of a (of b twice that), or of
    the noise level."""

    jpeg: float = 0.6
    """Part of the crops that are compressed, with `develop`."""

    quality: tuple[float, float] = (60.0, 98.0)
    """Of JPEG, 1–100; in half of the crops colour has half the resolution."""

    smoothed: float = 0.8
    """Part of the crops, with `develop`, whose noise is smoothed as by a camera's own denoising."""

    luma_smoothing: tuple[float, float] = (0.0, 1.6)
    """Standard deviation in pixels of the kernel that smooths the noise's luma."""

    colour_smoothing: tuple[float, float] = (0.0, 4.0)
    """The same for what differs between red, green and blue."""

    def __post_init__(self) -> None:
        for key in ("clean", "xtrans", "jpeg", "error", "smoothed"):
            value = getattr(self, key)
            require(0 <= value <= 1, f"sensor.{key}", "from 0 to 1", value)
        for key, lowest, highest in (
            ("gain", -6, -0.5),
            ("reading", 0.01, 100),
            ("converter", 1e-7, 0.1),
            ("exposure", 0.01, 10),
            ("balance", 0.1, 10),
            ("tone", 0.5, 10),
            ("quality", 1, 100),
            ("luma_smoothing", 0, 10),
            ("colour_smoothing", 0, 10),
        ):
            low, high = getattr(self, key)
            require(
                lowest <= low <= high <= highest,
                f"sensor.{key}",
                f"two numbers in order, from {lowest} to {highest}",
                [low, high],
            )


@dataclass(frozen=True)
class CorrespondenceSettings:
    """`[correspondences]`: synthetic pairs of views, where it is learnt which matches are right.

    `data.batch` and `schedule.crops` count such pairs then.
    """

    points: int = 500
    """Correspondences of a pair. What is learnt goes for more, too, and more pairs teach more than
    more points do."""

    essential: float = 0.1
    """Weight of the second part of the loss: the squared distance of the essential matrix that the
    weighted eight-point algorithm makes of what is believed to be right."""

    essential_from: float = 0.5
    """Part of the run, from 0 to 1, that is over before it counts: among first guesses it has no
    use."""

    pairs: int = 100
    """Held-out pairs that a run is validated on, the same for all runs; 0: none."""

    validation_points: int = 1000
    """Correspondences of each."""

    workers: int = -1
    """Processes that make pairs ahead while the device learns; 0: none, each batch is made when it
    is its turn; -1: none where the device is a CPU, else one for each core, which the processes of
    a run on a machine share, at most 16. No weight depends on it."""

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
