"""How models are judged on clean images: one record for each kind of training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from n3cli.data.simulated.degradation import degrade_typically
from n3cli.networks.network import Network
from n3cli.training import sensor_validation, validation
from n3cli.training.config import Recipe


@dataclass(frozen=True)
class Yardstick:
    """What is measured at which levels.

    Attributes:
        name: what the task is called.
        key: what a level is called in logs, before its number.
        label: the same for people.
        protocol: the rules in words.
        levels: those that a recipe's model is validated at.
        measure: network, clean images C×H×W in [0, 1], level and device → mean PSNR in dB.
    """

    name: str
    key: str
    label: str
    protocol: str
    levels: Callable[[Recipe, Network], tuple[float, ...]]
    measure: Callable[[Network, Sequence[Tensor], float, torch.device], float]

    def scores(
        self,
        network: Network,
        images: Sequence[Tensor],
        levels: Sequence[float],
        device: torch.device,
    ) -> Mapping[str, float]:
        """PSNR in dB by what logs call each level; the network is in evaluation mode."""
        return {
            f"{self.key}{level:g}": self.measure(network, images, level, device) for level in levels
        }


def choose_yardstick(recipe: Recipe, network: Network) -> Yardstick:
    """How what a recipe trains is judged: by what it is trained for."""
    if network.description.task == "upscale":
        return PHOTOS if recipe.degradation.share else ENLARGING
    if network.description.mosaic:
        return MOSAICS
    return DEVELOPED if recipe.sensor.develop else DENOISING


DENOISING = Yardstick(
    "denoise",
    "psnr",
    "σ = ",
    validation.NOISE_PROTOCOL,
    lambda recipe, network: recipe.levels,
    validation.mean_psnr,
)

MOSAICS = replace(
    DENOISING,
    name="mosaic",
    protocol=sensor_validation.MOSAIC_PROTOCOL,
    measure=sensor_validation.mean_psnr_of_mosaics,
)

DEVELOPED = replace(
    DENOISING,
    name="developed",
    protocol=sensor_validation.CAMERA_PROTOCOL,
    measure=sensor_validation.mean_psnr_of_developed,
)

ENLARGING = Yardstick(
    "upscale",
    "psnrx",
    "×",
    validation.SCALE_PROTOCOL,
    lambda recipe, network: network.scales,
    validation.mean_psnr_enlarged,
)

PHOTOS = replace(
    ENLARGING,
    name="photo",
    protocol=validation.PHOTO_PROTOCOL,
    measure=partial(validation.mean_psnr_enlarged, reduce=degrade_typically),
)
