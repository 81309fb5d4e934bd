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
    """Full name of the resulting model, `<task>-<network>-<variant>`."""

    network: str
    """Name of the network in the registry."""

    options: Mapping[str, object] = field(default_factory=dict)
    """Options that the network is built with."""

    near_identity: bool = True
    """Initialise the network close to the identity, so that no step is spent on undoing the
    initialisation. The paper's recipes use torch's own initialisation instead."""

    license: str = "other"
    """Licence to state on the model's card, as the Hub names it; `other`: not stated."""

    init: str = ""
    """Model whose weights training starts from, as with `--init`; empty: fresh weights. A model
    with fewer planes or layers is grown to fit."""


@dataclass(frozen=True)
class DataSettings:
    """`[data]`: where crops come from."""

    sets: tuple[str, ...] = ()
    """Data sets from the catalogue to train on; empty: every picture in the folder `--data` and
    its subfolders."""

    exclude: tuple[str, ...] = ("val40",)
    """Data sets whose images are excluded from `sets`."""

    crop: int = 80
    """Side of a crop, in pixels of the network's input. 80 holds a full window of N3Net's blocks
    (15 patches along each axis), but only 9 of the 15 patches of N3-UNet's, which work at half
    resolution."""

    batch: int = 8
    """Number of crops per step, over all processes."""

    final: float = 0.0
    """Fraction of the run (0-1), at its end, in which crops are larger. There the N3 blocks also
    learn from far candidates, in windows that the border of the crop does not cut."""

    final_crop: int = 128
    """Side of a crop in that final part, in pixels."""

    final_batch: int = 3
    """Number of crops per step in that final part; 3 of 128×128 cost as much as 8 of 80×80."""

    area_power: float = 0.5
    """An image is drawn with a probability ∝ area ** area_power: with 0, each image is equally
    likely; with 1, each pixel."""

    largest: int = 0
    """Reduce pictures with a side longer than this, in pixels, by a whole factor, which also
    averages out their own noise; 0: reduce none."""

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
    def phases(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Crops of a step and their side, at the start of the run and at its end."""
        return self.crops(0), self.crops(1)

    @property
    def largest_crop(self) -> int:
        """The longest side of a crop over the whole run."""
        return max(self.crop, self.final_crop) if self.final else self.crop


LossKind = Literal["weighted", "mse", "sse", "charbonnier"]


@dataclass(frozen=True)
class LossSettings:
    """`[loss]`: what training minimises."""

    kind: LossKind = "weighted"
    """`weighted`: mean squared error / (sigma + 2) on the 0–255 scale, so that no noise level
    outweighs the others; for mosaics, whose values are darker, the divisor is sigma + 0.2 at each
    site. `mse`: mean squared error without that weight. `sse`: the paper's loss, ½ · the sum of
    squared errors of a crop in [0, 1], scaled as if it had 40×40 pixels. `charbonnier`: mean of
    √(error² + 0.001²), as usual in super-resolution."""


@dataclass(frozen=True)
class OptimiserSettings:
    """`[optimiser]`: how gradients update the weights."""

    kind: Literal["muon", "adam", "adamw"] = "muon"
    """`muon`: Muon for convolutions and linear layers with more than 8 planes in and out, Adam for
    the rest; `adam` and `adamw`: that optimiser for all weights."""

    rate: float = 1e-3
    """Adam's learning rate."""

    muon_rate: float = 0.02
    """Muon's learning rate."""

    betas: tuple[float, float] = (0.9, 0.99)
    """Decay rates of Adam's first and second moments."""

    momentum: float = 0.95
    """Muon's momentum."""

    muon_decay: float = 0.0
    """Muon's weight decay, multiplied by its learning rate. It limits how large weights grow in
    long runs and in runs that start from trained weights."""

    weight_decay: float = 0.0
    """Weight decay of Adam (added to the gradient) or AdamW (decoupled from it); biases and norms
    are exempt."""

    clip: float = 1.0
    """Maximum norm of the gradient, above which it is clipped; 0: no clipping."""

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
    """`[schedule]`: how long a run lasts, and how the learning rates fall."""

    crops: int
    """Number of crops in the whole run."""

    minutes: float = 0.0
    """Wall-clock time of the whole run in minutes, counted from the decoding of pictures on. If
    above 0, the schedule follows it instead of `crops`."""

    decay: Literal["cosine", "exponential", "constant"] = "cosine"
    """How the learning rates fall. `cosine`: to zero; `exponential`: by `decades` over the run, in
    one step per epoch; `constant`: not at all."""

    warmup: int = 100
    """Number of steps over which the learning rates rise from zero; at most the first tenth of the
    run."""

    epoch: int = 51_200
    """Number of crops in an epoch, after which the exponential decay takes its next step."""

    decades: float = 3.0
    """Powers of ten by which the exponential decay lowers the learning rates."""

    def __post_init__(self) -> None:
        require(self.crops >= 1, "schedule.crops", "at least 1", self.crops)
        require(self.minutes >= 0, "schedule.minutes", "at least 0", self.minutes)
        require(self.warmup >= 0, "schedule.warmup", "at least 0", self.warmup)
        require(self.epoch >= 1, "schedule.epoch", "at least 1", self.epoch)
        require(self.decades >= 0, "schedule.decades", "at least 0", self.decades)


@dataclass(frozen=True)
class RunSettings:
    """`[run]`: how the run is computed, logged and saved."""

    seed: int = 0
    """Seed of everything random."""

    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    """Number format of convolutions under autocast; `auto`: bf16 if the device is fast at it, else
    fp32."""

    ema: float = 0.998
    """Decay of the moving average of the weights, which becomes the model; 0: the last weights
    become the model."""

    compile: bool = False
    """Use `torch.compile`. It brings no gain on CPUs; on a GPU, N3-UNet's loss soon became
    non-finite with it."""

    cuda_graphs: bool = True
    """On a single GPU, replay steps as CUDA graphs, which saves the launches of many small kernels.
    Not used with `compile` or `recompute`."""

    recompute: bool = False
    """Recompute each stage in the backward pass instead of keeping its activations."""

    log_steps: int = 50
    """Number of steps between two lines of the log."""

    checkpoint_minutes: float = 10.0
    """Minutes between two checkpoints, checked whenever a line is logged."""

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
    """`[validation]`: how a run is evaluated while it trains."""

    images: Literal["val40", "held-out", "none"] = "val40"
    """`val40`: the 40 validation images; `held-out`: every tenth picture, at most 40, which are
    then not trained on; `none`: no validation."""

    sigmas: tuple[float, ...] = (15.0, 25.0, 50.0)
    """Noise levels on the 0–255 scale; those outside `noise.sigma` are left out. For the noise of a
    sensor, a level is the standard deviation of the photon noise at a value of 1, before white
    balance."""

    crop: int = 128
    """Side, in pixels, of the square at the centre of each image that is used; 0: whole images."""

    minutes: float = 10.0
    """Minutes between two validations, checked whenever a line is logged. There is always one at
    the start and one at the end."""

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
