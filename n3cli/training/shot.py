"""Shots of cameras as they are drawn for crops, and the one that models are judged by."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from n3cli.data.simulated.shot import CAMERAS, Shot
from n3cli.ops.mosaic.layout import BAYER, XTRANS
from n3cli.training.example import SensorSettings
from n3cli.training.seed import Stream, mix

_DEEPEST = 2.0
"""How much lower log10 of a is in crops that are nearly free of noise, at most."""

_BITS = (10.0, 14.0)
"""Of converters."""

_BLACK = (-0.02, 0.06)
"""How far below black values are stored; no number below 0 is, so a quarter of the crops have
shadows that are cut off."""

_SPREAD = 0.05
"""Standard deviation of the logarithms of a and b between the colours of a sensor."""

_CONVERTED = 1 / 12
"""Variance that rounding adds, in squares of the step."""


class RandomShots:
    """Shots that follow from seed and step alone, drawn on a device that is not waited for.

    Args:
        settings: ranges.
        seed: the run's.
        device: where crops are.
    """

    def __init__(self, settings: SensorSettings, seed: int, device: torch.device) -> None:
        self._settings, self._seed, self._device = settings, seed, device
        self._generator = torch.Generator(device)
        self._cameras = CAMERAS.to(device)
        self._bayer, self._xtrans = (
            torch.from_numpy(layouts).to(device) for layouts in (BAYER, XTRANS)
        )

    def begin(self, step: int) -> None:
        """Have everything that is drawn from now on follow from a step."""
        self._generator.manual_seed(mix(self._seed, step, Stream.SHOT))

    def uniform(self, *shape: int) -> Tensor:
        """Numbers from 0 to 1."""
        return torch.rand(shape, generator=self._generator, device=self._device)

    def normal(self, *shape: int) -> Tensor:
        """Standard normal numbers."""
        return torch.randn(shape, generator=self._generator, device=self._device)

    def draw(self, batch: int) -> Shot:
        """Shots of a batch.

        Where colours are developed, all filters are Bayer's.
        """
        settings = self._settings
        lots = self._lots(batch)
        low, high = settings.gain
        deeper = (lots() < settings.clean) * lots()
        gain = 10 ** between((low, high), lots())
        gain = torch.where(deeper > 0, 10 ** (low - _DEEPEST * deeper), gain)
        step = 0.5 ** between(_BITS, lots()).round_()
        reading = gain * _by_ratio(settings.reading, lots())
        converter = torch.where(deeper > 0, 0.1, 1.0) * _by_ratio(settings.converter, lots())
        b = reading.square() + converter.square()
        spread = (_SPREAD * self.normal(2, batch, 3)).exp_()
        balance = torch.stack(
            [
                _by_ratio(settings.balance, lots()),
                torch.ones(batch, device=self._device),
                _by_ratio(settings.balance, lots()),
            ],
            dim=1,
        )
        exposure = _by_ratio(settings.exposure, lots())
        # Uniform over all mixtures of the cameras: a Dirichlet distribution.
        weights = -self.uniform(batch, len(self._cameras)).clamp_min_(1e-6).log_()
        weights = weights / weights.sum(1, keepdim=True)
        return Shot(
            tone=between(settings.tone, lots()),
            to_camera=(weights[..., None, None] * self._cameras).sum(1),
            sensitivity=exposure[:, None] / balance,
            layout=self._layouts(lots(), lots()),
            a=gain[:, None] * spread[0],
            b=b[:, None] * spread[1],
            floor=-between(_BLACK, lots()).clamp_min_(0),
            step=step,
        )

    def told(self, shot: Shot, batch: int, share: slice) -> tuple[Tensor, Tensor]:
        """What a file's profile or an estimate would say of a and b: nearly the truth.

        Args:
            shot: of a process's crops.
            batch: crops of all processes.
            share: which of them these are.

        Returns:
            a and b, each b×3.
        """
        errors = (self._settings.error * self.normal(batch, 2)[share]).exp_()
        b = shot.b + _CONVERTED * shot.step.square()[:, None]
        return shot.a * errors[:, :1], b * errors[:, 1:].square()

    def _lots(self, batch: int) -> Callable[[], Tensor]:
        """Gives numbers from 0 to 1 for each crop, others with each call."""
        columns = iter(self.uniform(16, batch).unbind(0))
        return lambda: next(columns)

    def _layouts(self, which: Tensor, place: Tensor) -> Tensor:
        def some(layouts: Tensor) -> Tensor:
            index = (place * len(layouts)).long().clamp_max_(len(layouts) - 1)
            return layouts[index]

        if self._settings.develop:
            return some(self._bayer)
        xtrans = which.view(-1, 1, 1) < self._settings.xtrans
        return torch.where(xtrans, some(self._xtrans), some(self._bayer))


TYPICAL_IN_WORDS = (
    "pictures to the power of 2.2 halved by averaging, in the mean colours of six cameras, red, "
    "green and blue of white at 0.4, 0.8 and 0.5; noise of variance a·x + b, photons by chance and "
    "Gaussian reading of 2 electrons, b = 4a², a = (sigma/255)², so that sigma is the deviation of "
    "the photons alone at a value of 1; clipped at 1 and rounded to 14 bits"
)


def typical_shot(level: float, index: int) -> Shot:
    """The shot that models for developed pictures are judged by: see `TYPICAL_IN_WORDS`.

    Args:
        level: deviation of the photons at a value of 1, on the 0–255 scale.
        index: of the picture; chooses its filters, of Bayer's four.
    """
    a = torch.full((1, 3), (level / 255) ** 2)
    return Shot(
        tone=torch.tensor([2.2]),
        to_camera=CAMERAS.mean(0, keepdim=True),
        sensitivity=torch.tensor([[0.4, 0.8, 0.5]]),
        layout=torch.from_numpy(BAYER[index % len(BAYER)])[None],
        a=a,
        b=(2 * a).square(),
        floor=torch.tensor([-1.0]),
        step=torch.tensor([0.5**14]),
    )


def between(ends: tuple[float, float], lot: Tensor) -> Tensor:
    """Numbers from 0 to 1, spread over a range."""
    low, high = ends
    return low + (high - low) * lot


def _by_ratio(ends: tuple[float, float], lot: Tensor) -> Tensor:
    low, high = ends
    return low * (high / low) ** lot
