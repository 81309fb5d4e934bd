"""The task of taking white Gaussian noise out of images."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from n3cli.training.config import Recipe
from n3cli.training.crop_task import CropTask
from n3cli.training.material import Material
from n3cli.training.seed import Stream, mix
from n3cli.training.task import Inputs


class GaussianDenoising(CropTask):
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
        super().__init__(recipe, material, device, share)
        self._generator = torch.Generator(device)

    def batch(self, step: int, done: float) -> tuple[Inputs, Tensor]:
        """Noisy crops b×C×H×W and their noise levels b, both in [0, 1] units, and clean crops."""
        clean, share = self.cut(step, done)
        whole, _ = self.recipe.data.crops(done)
        generator = self._generator.manual_seed(mix(self.recipe.run.seed, step, Stream.NOISE))
        low, high = (sigma / 255 for sigma in self.recipe.noise.sigma)
        drawn = torch.rand(whole, generator=generator, device=self.device)
        sigma = (low + (high - low) * drawn)[share]
        noise = torch.randn((whole, *clean.shape[1:]), generator=generator, device=self.device)
        noisy = clean + noise[share] * sigma.view(-1, 1, 1, 1)
        return (noisy.contiguous(memory_format=torch.channels_last), sigma), clean
