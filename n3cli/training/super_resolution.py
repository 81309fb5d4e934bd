"""The task of enlarging images that were reduced bicubically, or came about as photos do."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from n3cli.errors import ConfigError
from n3cli.networks.network import Network
from n3cli.training.config import Recipe
from n3cli.training.crop import CropSampler
from n3cli.training.degradation import RandomDegradation
from n3cli.training.loss import pixel_loss
from n3cli.training.material import Material
from n3cli.training.seed import Stream, mix
from n3cli.training.store import placed
from n3cli.training.task import Inputs, Task
from n3cli.training.yardstick import choose_yardstick


class SuperResolution(Task[Network, Tensor]):
    """Crops, reduced on the device as MATLAB does and rounded to 8 bits; one scale a step.

    A recipe may ask for more than a reduction. The side of its crops is that of the network's
    input.

    Args:
        recipe: the run's.
        material: its pictures.
        scales: what the network can enlarge by.
        device: where crops are made.
        share: which crops of a batch of so many are this process's.

    Raises:
        ConfigError: the recipe's loss needs noise levels.
    """

    def __init__(
        self,
        recipe: Recipe,
        material: Material,
        scales: tuple[int, ...],
        device: torch.device,
        share: Callable[[int], slice],
    ) -> None:
        if recipe.loss.kind == "weighted":
            raise ConfigError(
                "loss.kind weighted is for noise levels; super-resolution takes charbonnier, mse "
                "or sse"
            )
        self._recipe, self._device, self._scales = recipe, device, scales
        store = placed(material.training, device)
        seed, power = recipe.run.seed, recipe.data.area_power
        self._samplers = {
            (batch, crop, scale): (
                CropSampler(store, crop * scale, batch, seed, power),
                share(batch),
            )
            for batch, crop in (recipe.data.crops(done) for done in (0, 1))
            for scale in scales
        }
        self._degradation = RandomDegradation(recipe.degradation, seed, device)
        self._validation = material.validation

    def batch(self, step: int, done: float) -> tuple[Inputs, Tensor]:
        """Small crops b×C×H×W (with no noise level), their scale, and the crops they are of."""
        scale = self._scales[mix(self._recipe.run.seed, step, Stream.SCALE) % len(self._scales)]
        batch, crop = self._recipe.data.crops(done)
        sampler, share = self._samplers[batch, crop, scale]
        clean = sampler.crops(step, share).to(self._device, non_blocking=True)
        small = self._degradation.apply(clean, scale, step, batch, share)
        return (small.contiguous(memory_format=torch.channels_last), None, scale), clean

    def loss(self, output: Tensor, target: Tensor, inputs: Inputs) -> Tensor:
        """The recipe's loss, mean over the crops."""
        return pixel_loss(self._recipe.loss.kind, output, target, None)

    def validate(self, network: Network) -> Mapping[str, float]:
        """PSNR of the luma at each scale."""
        if not self._validation:
            return {}
        yardstick = choose_yardstick(self._recipe, network)
        return yardstick.scores(network, self._validation, self._scales, self._device)
