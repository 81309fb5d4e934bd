"""The task of taking noise out of the mosaics of sensors, learnt without raw photos."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from n3cli.data.shot import HALVED, shoot
from n3cli.ops.layout import mosaic_planes
from n3cli.training.config import Recipe
from n3cli.training.crop_task import CropTask
from n3cli.training.loss import pixel_loss
from n3cli.training.material import Material
from n3cli.training.shot import RandomShots
from n3cli.training.task import Inputs

_FLOOR = 0.2 / 255
"""Added to noise levels in the weighted loss; see `LossSettings`."""


class RawDenoising(CropTask):
    """Crops of pictures as a sensor stores them, under filters that are drawn for each.

    Args:
        recipe: the run's.
        material: its pictures, in colour.
        device: where crops and noise are made.
        share: which crops of a batch of so many are this process's.
    """

    def __init__(
        self,
        recipe: Recipe,
        material: Material,
        device: torch.device,
        share: Callable[[int], slice],
    ) -> None:
        super().__init__(recipe, material, device, share, [HALVED])
        self._shots = RandomShots(recipe.sensor, recipe.run.seed, device)

    def batch(self, step: int, done: float) -> tuple[Inputs, Tensor]:
        """What a network for mosaics takes, b×5×H×W; and what it should give, b×2×H×W.

        The latter is the clean mosaic, and the deviation of the noise that it truly had.
        """
        batch, crop = self.recipe.data.crops(done)
        pictures, share = self.cut(step, done, HALVED)
        self._shots.begin(step)
        shot = self._shots.draw(batch)[share]
        a, b = self._shots.told(shot, batch, share)
        normal = self._shots.normal(batch, 2, crop, crop)[share]
        stored, clean, where = shoot(pictures, shot, normal)
        planes = mosaic_planes(stored, where, a, b)
        truth = mosaic_planes(clean, where, shot.a, shot.b)
        target = torch.cat((clean, truth[:, -1:]), dim=1)
        return (planes.contiguous(memory_format=torch.channels_last),), target

    def loss(self, output: Tensor, target: Tensor, inputs: Inputs) -> Tensor:
        """The recipe's loss, mean over the crops.

        Where it is weighted, every site is by the noise at its clean value; weights by the noisy
        one would have their errors in common.
        """
        clean, deviation = torch.split(target, 1, dim=1)
        return pixel_loss(self.recipe.loss.kind, output, clean, deviation, _FLOOR)
