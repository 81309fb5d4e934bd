"""What a recipe says: every setting of a training run, typed, with its unit and its reason.

A recipe is a TOML file with one table for each class here (`recipe.py` reads it).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from n3cli.training.example import (
    CorrespondenceSettings,
    DegradationSettings,
    NoiseSettings,
    SensorSettings,
)
from n3cli.training.require import require


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
    """Side of a crop in pixels of the network's input; 80 holds a full window of N3Net's blocks, 15
    patches along each axis, and 9 of the 15 of N3-UNet's, which stand at half resolution."""

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
    """Steps over which the learning rates rise from zero; at most the first tenth of the run."""

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
    """Use `torch.compile`. No gain on CPUs; on a GPU N3-UNet's loss was soon not finite with it."""

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
    deviation of photons at a value of 1, before white balance."""

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
