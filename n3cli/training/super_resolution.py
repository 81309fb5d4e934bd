"""The task of enlarging images that were reduced bicubically, or came about as photos do."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from n3cli.errors import ConfigError
from n3cli.training.config import Recipe
from n3cli.training.crop_task import CropTask
from n3cli.training.degradation import RandomDegradation
from n3cli.training.material import Material
from n3cli.training.seed import Stream, mix
from n3cli.training.task import Inputs


class SuperResolution(CropTask):
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
                "loss.kind weighted is only for denoising; for super-resolution, choose "
                "charbonnier, mse or sse"
            )
        super().__init__(recipe, material, device, share, scales)
        self._scales = scales
        self._degradation = RandomDegradation(recipe.degradation, recipe.run.seed, device)

    def batch(self, step: int, done: float) -> tuple[Inputs, Tensor]:
        """Small crops b×C×H×W (with no noise level), their scale, and the crops they are of."""
        scale = self._scales[mix(self.recipe.run.seed, step, Stream.SCALE) % len(self._scales)]
        batch, _ = self.recipe.data.crops(done)
        clean, share = self.cut(step, done, scale)
        small = self._degradation.apply(clean, scale, step, batch, share)
        return (small.contiguous(memory_format=torch.channels_last), None, scale), clean
