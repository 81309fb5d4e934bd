"""What a recipe says: every setting of a training run, typed, with its unit and its reason.

A recipe is a TOML file with one table for each class here (`recipe.py` reads it).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from n3cli.errors import ConfigError


@dataclass(frozen=True)
class ModelSettings:
    """`[model]`: what is trained."""

    name: str
    """Zoo name of the result, `<task>-<network>-<variant>`."""

    network: str
    """Name in the registry of networks."""

    options: Mapping[str, object] = field(default_factory=dict)
    """The network's building options."""

    near_identity: bool = True
    """Start as nearly the identity, so that no step is spent on undoing the initialisation. The
    paper's recipes start from torch's own initialisation."""

    license: str = "other"
    """Licence of the result for its card, as the Hub names it; `other`: not stated."""

    init: str = ""
    """Model whose weights training starts from, as in `--init`; empty: fresh weights. A model with
    fewer planes or layers is grown."""


@dataclass(frozen=True)
class DataSettings:
    """`[data]`: where crops come from."""

    sets: tuple[str, ...] = ()
    """Data sets of the catalog; none: every picture in the tree of the folder `--data`."""

    exclude: tuple[str, ...] = ("val40",)
    """Data sets whose images are left out of `sets`."""

    crop: int = 80
    """Side of a crop in pixels of the network's input; with 80 (40 where N3 stands at the input's
    own resolution) every query of N3-UNet's and N3Net's blocks sees a full window."""

    batch: int = 8
    """Crops a step, over all processes."""

    final: float = 0.0
    """Last part of a run, from 0 to 1, in which crops are larger: far candidates of the N3 blocks
    are then learnt too, in windows that the border does not cut."""

    final_crop: int = 128
    """Side of a crop in that part."""

    final_batch: int = 3
    """Crops a step in that part; 3 of 128×128 cost as much as 8 of 80×80."""

    area_power: float = 0.5
    """An image is drawn with a probability ∝ area ** area_power: 0 each image alike, 1 each pixel
    alike."""

    largest: int = 0
    """Pictures with a longer side than this (pixels) are reduced by a whole factor, which also
    averages their own noise away; 0: none is."""

    def __post_init__(self) -> None:
        require(self.crop >= 8, "data.crop", "at least 8", self.crop)
        require(self.batch >= 1, "data.batch", "at least 1", self.batch)
        require(0 <= self.final <= 1, "data.final", "from 0 to 1", self.final)
        require(self.final_crop >= 8, "data.final_crop", "at least 8", self.final_crop)
        require(self.final_batch >= 1, "data.final_batch", "at least 1", self.final_batch)
        require(self.area_power >= 0, "data.area_power", "at least 0", self.area_power)
        require(
            self.largest == 0 or self.largest >= self.largest_crop,
            "data.largest",
            f"0 or at least the side of the crops, {self.largest_crop}",
            self.largest,
        )

    def crops(self, done: float) -> tuple[int, int]:
        """Crops of a step and their side, when the part `done` of the run is over."""
        if self.final > 0 and done >= 1 - self.final:
            return self.final_batch, self.final_crop
        return self.batch, self.crop

    @property
    def largest_crop(self) -> int:
        """The longest side of a crop over the whole run."""
        return max(self.crop, self.final_crop) if self.final else self.crop


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
    is its turn; -1: none where the device is a CPU, else one for each core, at most 16. No weight
    depends on it."""

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


LossKind = Literal["weighted", "mse", "sse", "charbonnier"]


@dataclass(frozen=True)
class LossSettings:
    """`[loss]`: what is made small."""

    kind: LossKind = "weighted"
    """`weighted`: mean squared error / (sigma + 2) on the 0–255 scale, so that no noise level
    outweighs the others (in mosaics, whose values are darker, sigma + 0.2 of each site); `mse`:
    without the weight; `sse`: the paper's, ½ · sum of squared errors of a crop in [0, 1], as if it
    had 40×40 pixels; `charbonnier`: mean of √(error² + 0.001²), as usual in super-resolution."""


@dataclass(frozen=True)
class OptimiserSettings:
    """`[optimiser]`: how a gradient becomes a step."""

    kind: Literal["muon", "adam", "adamw"] = "muon"
    """`muon`: Muon on convolutions and linear layers of more than 8 planes in and out, Adam on the
    rest."""

    rate: float = 1e-3
    """Adam's learning rate."""

    muon_rate: float = 0.02
    """Muon's learning rate."""

    betas: tuple[float, float] = (0.9, 0.99)
    """Adam's decay rates of the moments."""

    momentum: float = 0.95
    """Muon's."""

    muon_decay: float = 0.0
    """Muon's weight decay, times its learning rate: bounds how large weights get in long runs and
    in those that go on from trained weights."""

    weight_decay: float = 0.0
    """Of Adam (in the gradient) or AdamW (apart from it), not on biases and norms."""

    clip: float = 1.0
    """Largest norm of the gradient; 0: not clipped."""

    def __post_init__(self) -> None:
        for key in ("rate", "muon_rate"):
            require(getattr(self, key) > 0, f"optimiser.{key}", "above 0", getattr(self, key))
        for key, value in (
            ("betas", self.betas[0]),
            ("betas", self.betas[1]),
            ("momentum", self.momentum),
        ):
            require(0 <= value < 1, f"optimiser.{key}", "from 0 to below 1", value)
        for key in ("muon_decay", "weight_decay", "clip"):
            require(getattr(self, key) >= 0, f"optimiser.{key}", "at least 0", getattr(self, key))


@dataclass(frozen=True)
class ScheduleSettings:
    """`[schedule]`: how long, and how the learning rates fall."""

    crops: int
    """Crops of the whole run."""

    minutes: float = 0.0
    """Wall clock of the whole run, from the decoding of pictures on: when above 0, the schedule
    follows it instead of `crops`."""

    decay: Literal["cosine", "exponential", "constant"] = "cosine"
    """`cosine` to zero; `exponential` by `decades` over the run, in one stair an epoch."""

    warmup: int = 100
    """Steps over which the learning rates rise from zero."""

    epoch: int = 51_200
    """Crops of an epoch, the stair of the exponential decay."""

    decades: float = 3.0
    """Powers of ten that the exponential decay falls by."""

    def __post_init__(self) -> None:
        require(self.crops >= 1, "schedule.crops", "at least 1", self.crops)
        require(self.minutes >= 0, "schedule.minutes", "at least 0", self.minutes)
        require(self.warmup >= 0, "schedule.warmup", "at least 0", self.warmup)
        require(self.epoch >= 1, "schedule.epoch", "at least 1", self.epoch)
        require(self.decades >= 0, "schedule.decades", "at least 0", self.decades)


@dataclass(frozen=True)
class RunSettings:
    """`[run]`: how it is computed."""

    seed: int = 0
    """Of everything random."""

    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    """Of convolutions under autocast; `auto`: bf16 where the device is fast at it, else fp32."""

    ema: float = 0.998
    """Decay of the moving average of the weights, which is kept; 0: the last weights are kept."""

    compile: bool = False
    """Use `torch.compile`. No gain on CPUs."""

    cuda_graphs: bool = True
    """On one GPU, play steps back as CUDA graphs, which spares the launches of many small kernels;
    not with `compile` or `recompute`."""

    recompute: bool = False
    """Compute each stage again in the backward pass instead of keeping its activations."""

    log_steps: int = 50
    """Steps between two lines of the log."""

    checkpoint_minutes: float = 10.0
    """Between two checkpoints, looked at when a line is logged."""

    def __post_init__(self) -> None:
        require(0 <= self.seed < 2**32, "run.seed", "from 0 to 4294967295", self.seed)
        require(0 <= self.ema < 1, "run.ema", "from 0 to below 1", self.ema)
        require(
            not (self.compile and self.recompute), "run.compile", "false with run.recompute", True
        )
        require(self.log_steps >= 1, "run.log_steps", "at least 1", self.log_steps)
        require(
            self.checkpoint_minutes > 0,
            "run.checkpoint_minutes",
            "above 0",
            self.checkpoint_minutes,
        )


@dataclass(frozen=True)
class ValidationSettings:
    """`[validation]`: how a run is judged while it goes on."""

    images: Literal["val40", "held-out", "none"] = "val40"
    """`val40`: the 40 validation images; `held-out`: every tenth picture, at most 40, which is then
    not trained on."""

    sigmas: tuple[float, ...] = (15.0, 25.0, 50.0)
    """Noise levels on the 0–255 scale; those outside `noise.sigma` are left out. Of a sensor: the
    deviation at white, before white balance."""

    crop: int = 128
    """Side of the square at the centre of each image, in pixels; 0: whole images."""

    minutes: float = 10.0
    """Between two validations, looked at when a line is logged; there is always one at the start
    and one at the end."""

    def __post_init__(self) -> None:
        require(
            len(self.sigmas) > 0 and all(0 < sigma <= 255 for sigma in self.sigmas),
            "validation.sigmas",
            "noise levels above 0 up to 255",
            list(self.sigmas),
        )
        require(self.crop == 0 or self.crop >= 16, "validation.crop", "0 or at least 16", self.crop)
        require(self.minutes > 0, "validation.minutes", "above 0", self.minutes)


@dataclass(frozen=True)
class Recipe:
    """A whole recipe."""

    model: ModelSettings
    schedule: ScheduleSettings
    data: DataSettings = field(default_factory=DataSettings)
    noise: NoiseSettings = field(default_factory=NoiseSettings)
    degradation: DegradationSettings = field(default_factory=DegradationSettings)
    sensor: SensorSettings = field(default_factory=SensorSettings)
    correspondences: CorrespondenceSettings = field(default_factory=CorrespondenceSettings)
    loss: LossSettings = field(default_factory=LossSettings)
    optimiser: OptimiserSettings = field(default_factory=OptimiserSettings)
    run: RunSettings = field(default_factory=RunSettings)
    validation: ValidationSettings = field(default_factory=ValidationSettings)

    @property
    def levels(self) -> tuple[float, ...]:
        """Noise levels that it is validated at: the one it is for, or those in its range."""
        low, high = self.noise.sigma
        within = tuple(sigma for sigma in self.validation.sigmas if low <= sigma <= high)
        return within if low < high and within else (high,)


def require(condition: bool, key: str, wanted: str, given: object) -> None:
    """Refuse a value, naming its key, what would do and what was given."""
    if not condition:
        raise ConfigError(f"{key} must be {wanted}, not {given!r}")
