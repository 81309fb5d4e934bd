"""The task of taking noise out of colour pictures as cameras make them.

The noise of a sensor goes through demosaicing, white balance, colour matrix, tone curve, the
camera's own denoising, 8 bits and JPEG: it then depends on brightness and colour, and is
correlated between pixels and planes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from n3cli.data.simulated.development import Development, in_8_bits
from n3cli.data.simulated.shot import HALVED
from n3cli.data.simulated.smoothing import smooth_noise
from n3cli.ops.jpeg import Jpeg
from n3cli.training.config import Recipe
from n3cli.training.crop_task import CropTask, check_even
from n3cli.training.material import Material
from n3cli.training.seed import Stream, mix
from n3cli.training.shot import RandomShots, between
from n3cli.training.task import Inputs


class CameraNoise(CropTask):
    """Crops as a camera makes them of its noisy mosaic, and of one without noise.

    The noise level is the standard deviation, over pixels and planes of a crop, of what the noise
    has changed in the picture as it is stored, with an error: what an estimate in smooth places
    can tell. What JPEG does to the picture without noise is not counted.

    Where JPEG halves the resolution of colour, so does the clean picture: it is the photo without
    noise and the traces of rounding, and no detail of colour has to be guessed.

    Args:
        recipe: the run's.
        material: its pictures, in colour.
        device: where crops and noise are made.
        share: which crops of a batch of so many are this process's.

    Raises:
        ConfigError: crops have an odd side.
    """

    def __init__(
        self,
        recipe: Recipe,
        material: Material,
        device: torch.device,
        share: Callable[[int], slice],
    ) -> None:
        check_even(recipe, "with sensor.develop")
        super().__init__(recipe, material, device, share, [HALVED])
        self._shots = RandomShots(recipe.sensor, recipe.run.seed, device)
        self._development, self._jpeg = Development(device), Jpeg(device)

    def batch(self, step: int, done: float) -> tuple[Inputs, Tensor]:
        """Noisy crops b×3×H×W, their noise levels b in [0, 1] units, and crops without noise."""
        settings, (batch, crop) = self.recipe.sensor, self.recipe.data.crops(done)
        pictures, share = self.cut(step, done, HALVED)
        shots = self._shots
        shots.begin(step)
        shot = shots.draw(batch)[share]
        normal = shots.normal(batch, 2, crop, crop)[share]
        sharpness, compressed, quality, halved, smoothed, luma, colour = shots.uniform(7, batch)[
            :, share
        ]
        error = (settings.error * shots.normal(batch)[share]).exp_()

        noisy, clean = self._development.photograph(pictures, shot, normal, sharpness)
        smoothing = smoothed < settings.smoothed
        noisy = smooth_noise(
            noisy,
            clean,
            between(settings.luma_smoothing, luma) * smoothing,
            between(settings.colour_smoothing, colour) * smoothing,
            max(settings.luma_smoothing[1], settings.colour_smoothing[1]),
        )
        corner = np.random.default_rng(mix(self.recipe.run.seed, step, Stream.DEGRADATION))
        top, left = corner.integers(0, 16, 2).tolist()
        packing = between(settings.quality, quality).round_(), halved < 0.5, (top, left)
        chosen = compressed < settings.jpeg
        stored = [
            torch.where(chosen.view(-1, 1, 1, 1), self._jpeg.apply(each, *packing), each)
            for each in map(in_8_bits, (noisy, clean))
        ]
        noisy, level = stored[0], (stored[0] - stored[1]).square().mean((1, 2, 3)).sqrt() * error
        clean = self._jpeg.halve_colour(clean, chosen & packing[1], packing[2])
        return (noisy.contiguous(memory_format=torch.channels_last), level), clean
