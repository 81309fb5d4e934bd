"""The task of taking white Gaussian noise out of images."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from n3cli.networks.network import Network
from n3cli.training.config import Recipe
from n3cli.training.crop import CropSampler
from n3cli.training.loss import pixel_loss
from n3cli.training.material import Material
from n3cli.training.seed import Stream, mix
from n3cli.training.store import placed
from n3cli.training.task import Inputs, Task
from n3cli.training.yardstick import choose_yardstick


class GaussianDenoising(Task[Network, Tensor]):
    """Crops with noise of a level that is drawn for each, or of one fixed level.

    Args:
        recipe: the run's.
        material: its pictures.
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
        self._recipe, self._device = recipe, device
        store = placed(material.training, device)
        seed, power = recipe.run.seed, recipe.data.area_power
        self._samplers = {
            (batch, crop): (CropSampler(store, crop, batch, seed, power), share(batch))
            for batch, crop in (recipe.data.crops(done) for done in (0, 1))
        }
        self._validation = material.validation
        self._generator = torch.Generator(device)

    def batch(self, step: int, done: float) -> tuple[Inputs, Tensor]:
        """Noisy crops b×C×H×W and their noise levels b, both in [0, 1] units, and clean crops."""
        shape = self._recipe.data.crops(done)
        sampler, share = self._samplers[shape]
        clean = sampler.crops(step, share).to(self._device, non_blocking=True)
        # Drawn for the whole batch, so that its noise does not depend on how it is shared out.
        whole, _ = shape
        generator = self._generator.manual_seed(mix(self._recipe.run.seed, step, Stream.NOISE))
        low, high = (sigma / 255 for sigma in self._recipe.noise.sigma)
        drawn = torch.rand(whole, generator=generator, device=self._device)
        sigma = (low + (high - low) * drawn)[share]
        noise = torch.randn((whole, *clean.shape[1:]), generator=generator, device=self._device)
        noisy = clean + noise[share] * sigma.view(-1, 1, 1, 1)
        return (noisy.contiguous(memory_format=torch.channels_last), sigma), clean

    def loss(self, output: Tensor, target: Tensor, inputs: Inputs) -> Tensor:
        """The recipe's loss, mean over the crops."""
        sigma = inputs[1]
        assert isinstance(sigma, Tensor)
        return pixel_loss(self._recipe.loss.kind, output, target, sigma)

    def validate(self, network: Network) -> Mapping[str, float]:
        """PSNR at each of the recipe's levels."""
        if not self._validation:
            return {}
        yardstick = choose_yardstick(self._recipe, network)
        return yardstick.scores(network, self._validation, self._recipe.levels, self._device)
