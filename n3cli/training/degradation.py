"""Crops made small as photos are, of strengths that are drawn for each."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from n3cli.data.simulated.degradation import Strength, degrade
from n3cli.training.example import DegradationSettings
from n3cli.training.seed import Stream, mix


class RandomDegradation:
    """Degradations that follow from seed and step alone.

    Args:
        settings: ranges of the strengths.
        seed: the run's.
        device: where crops are made.
    """

    def __init__(self, settings: DegradationSettings, seed: int, device: torch.device) -> None:
        self._settings, self._seed = settings, seed
        self._generator = torch.Generator(device)

    def apply(self, clean: Tensor, scale: int, step: int, batch: int, share: slice) -> Tensor:
        """Make a process's crops small.

        Args:
            clean: b×C×H×W in [0, 1].
            scale: how many times larger they are.
            step: of the run.
            batch: crops of all processes.
            share: which of them these are.

        Returns:
            b×C×(H/scale)×(W/scale).
        """
        # Drawn for the whole batch, so that it does not depend on how it is shared out.
        seed = mix(self._seed, step, Stream.DEGRADATION)
        strength = self._draw(np.random.default_rng(seed), batch)
        channels, height, width = clean.shape[1:]
        noise = torch.randn(
            (batch, channels, height // scale, width // scale),
            generator=self._generator.manual_seed(seed),
            device=clean.device,
        )
        return degrade(clean, scale, strength[share], noise[share])

    def _draw(self, rng: np.random.Generator, batch: int) -> Strength:
        settings = self._settings
        happens = rng.random(batch) < settings.share
        quality = np.rint(rng.uniform(*settings.quality, batch)).astype(np.int64)
        return Strength(
            blur=happens * rng.uniform(*settings.blur, batch),
            noise=happens * rng.uniform(*settings.noise, batch) / 255,
            grey=rng.random(batch) < 0.5,
            quality=np.where(happens, quality, 0),
            halved=rng.random(batch) < 0.5,
            corner=rng.integers(0, 8, (batch, 2)),
        )
