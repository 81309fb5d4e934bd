"""What tasks on pictures have in common: crops of them, and how networks are judged on others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from n3cli.errors import ConfigError
from n3cli.networks.network import Network
from n3cli.training.config import Recipe
from n3cli.training.crop import CropSampler
from n3cli.training.loss import pixel_loss
from n3cli.training.material import Material
from n3cli.training.store import placed
from n3cli.training.task import Inputs, Task
from n3cli.training.yardstick import choose_yardstick


class CropTask(Task[Network, Tensor]):
    """A task whose batches are made of crops.

    Args:
        recipe: the run's.
        material: its pictures.
        device: where batches are made.
        share: which crops of a batch of so many are this process's.
        factors: sides that crops may have, in sides of the network's input (`data.crop`).
    """

    def __init__(
        self,
        recipe: Recipe,
        material: Material,
        device: torch.device,
        share: Callable[[int], slice],
        factors: Sequence[int] = (1,),
    ) -> None:
        self.recipe, self.device, self._share = recipe, device, share
        store = placed(material.training, device)
        seed, power = recipe.run.seed, recipe.data.area_power
        self._samplers = {
            (batch, crop, factor): CropSampler(store, crop * factor, batch, seed, power)
            for batch, crop in recipe.data.phases
            for factor in factors
        }
        self._validation = material.validation

    def cut(self, step: int, done: float, factor: int = 1) -> tuple[Tensor, slice]:
        """This process's clean crops of a step, b×C×H×W in [0, 1], and which of the batch they are.

        What is drawn for crops is drawn for the whole batch, so that it does not depend on how the
        batch is shared out.
        """
        batch, crop = self.recipe.data.crops(done)
        share = self._share(batch)
        clean = self._samplers[batch, crop, factor].crops(step, share)
        return clean.to(self.device, non_blocking=True), share

    def loss(self, output: Tensor, target: Tensor, inputs: Inputs) -> Tensor:
        """The recipe's loss, mean over the crops; their noise levels are the second input."""
        sigma = inputs[1]
        assert sigma is None or isinstance(sigma, Tensor)
        return pixel_loss(self.recipe.loss.kind, output, target, sigma)

    def validate(self, network: Network) -> Mapping[str, float]:
        """PSNR at each level of the yardstick."""
        if not self._validation:
            return {}
        yardstick = choose_yardstick(self.recipe, network)
        levels = yardstick.levels(self.recipe, network)
        return yardstick.scores(network, self._validation, levels, self.device)


def check_even(recipe: Recipe, where: str) -> None:
    """Check that the sides of all crops are even.

    Raises:
        ConfigError: one is not; the message begins with where they must be.
    """
    if odd := [side for _, side in recipe.data.phases if side % 2]:
        raise ConfigError(f"{where}, data.crop and data.final_crop must be even, not {odd[0]}")
