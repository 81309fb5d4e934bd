"""The task of taking noise out of the mosaics of sensors, learnt without raw photos."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from n3cli.data.simulated.shot import HALVED, shoot
from n3cli.ops.mosaic.layout import BAYER, mosaic_planes
from n3cli.ops.mosaic.planes import MosaicForm, network_planes, split_mosaic
from n3cli.training.config import Recipe
from n3cli.training.crop_task import CropTask, check_even
from n3cli.training.loss import pixel_loss
from n3cli.training.material import Material
from n3cli.training.shot import RandomShots
from n3cli.training.task import Inputs

_FLOOR = 0.2 / 255
"""Added to noise levels in the weighted loss; see `LossSettings`."""


class RawDenoising(CropTask):
    """Crops of pictures as a sensor stores them, under filters that are drawn for each.

    What takes a mosaic's planes sees those of RGGB alone: the others are the same, from another
    site on.

    Args:
        recipe: the run's.
        material: its pictures, in colour.
        device: where crops and noise are made.
        share: which crops of a batch of so many are this process's.
        form: how the network takes mosaics.

    Raises:
        ConfigError: crops have an odd side, and planes are made of them.
    """

    def __init__(
        self,
        recipe: Recipe,
        material: Material,
        device: torch.device,
        share: Callable[[int], slice],
        form: MosaicForm = "whole",
    ) -> None:
        if form != "whole":
            check_even(recipe, "for a network that splits mosaics into planes")
        super().__init__(recipe, material, device, share, [HALVED])
        self._form, self._rggb = form, torch.from_numpy(BAYER[:1]).to(device)
        self._shots = RandomShots(recipe.sensor, recipe.run.seed, device)

    def batch(self, step: int, done: float) -> tuple[Inputs, Tensor]:
        """What the network takes (`network_planes`), and what its output is held against.

        The latter are the planes of the clean mosaic in the network's form, which it should give,
        and then as many of the deviation that the noise truly had at each site, for `loss`.
        """
        batch, crop = self.recipe.data.crops(done)
        pictures, share = self.cut(step, done, HALVED)
        self._shots.begin(step)
        shot = self._shots.draw(batch)[share]
        a, b = self._shots.told(shot, batch, share)
        normal = self._shots.normal(batch, 2, crop, crop)[share]
        if self._form != "whole":
            shot = replace(shot, layout=self._rggb.expand_as(shot.layout))
        stored, clean, where = shoot(pictures, shot, normal)
        planes = network_planes(self._form, stored, where, a, b)
        deviation = mosaic_planes(clean, where, shot.a, shot.b)[:, -1:]
        target = torch.cat([split_mosaic(self._form, each) for each in (clean, deviation)], dim=1)
        return (planes.contiguous(memory_format=torch.channels_last),), target

    def loss(self, output: Tensor, target: Tensor, inputs: Inputs) -> Tensor:
        """The recipe's loss, mean over the crops.

        Where it is weighted, every site is by the noise at its clean value; weights by the noisy
        one would have their errors in common.
        """
        clean, deviation = target.chunk(2, dim=1)
        return pixel_loss(self.recipe.loss.kind, output, clean, deviation, _FLOOR)
