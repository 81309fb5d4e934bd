"""What a run learns: its task, and what log, checkpoints and card say of what it learns from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Generic

import torch
from torch import Tensor

from n3cli.data.simulated.scene import VERSION
from n3cli.errors import ConfigError
from n3cli.networks.description import Description
from n3cli.networks.network import Network
from n3cli.networks.set_network import SetNetwork
from n3cli.training.camera_noise import CameraNoise
from n3cli.training.card import describe_run
from n3cli.training.config import Recipe
from n3cli.training.correspondences import CorrespondenceJudging, Truth
from n3cli.training.distributed import World
from n3cli.training.gaussian import GaussianDenoising
from n3cli.training.loop import Outcome
from n3cli.training.material import load_material
from n3cli.training.raw import RawDenoising
from n3cli.training.set_card import describe_set_run
from n3cli.training.super_resolution import SuperResolution
from n3cli.training.task import NetworkT, TargetT, Task
from n3cli.zoo.config import ModelConfig


@dataclass(frozen=True)
class Lesson(Generic[NetworkT, TargetT]):
    """What a run needs to know beside its network.

    Attributes:
        task: gives batches, losses and scores.
        digest: tells whether two runs learn from the same.
        facts: what the log's first line says of it.
        describe: config, outcome and the card of earlier weights, if any → the model's card.
    """

    task: Task[NetworkT, TargetT]
    digest: str
    facts: Mapping[str, int]
    describe: Callable[[ModelConfig, Outcome[NetworkT], str | None], str]


def plan_images(
    recipe: Recipe,
    network: Network,
    data: Path | None,
    progress: Callable[[int, int], None] | None,
    device: torch.device,
    world: World,
) -> Lesson[Network, Tensor]:
    """Decode the pictures that a recipe names.

    Raises:
        ConfigError: the recipe develops pictures for a network that cannot take them.
        ConfigError, DataError: see `load_material`.
    """
    description = network.description
    through_sensor = description.mosaic or recipe.sensor.develop
    if recipe.sensor.develop and (other := _not_for_developed(description)):
        raise ConfigError(
            f"sensor.develop is for networks that denoise colour pictures, but this is {other}; "
            "set it to false, or choose another network"
        )
    material = load_material(
        recipe,
        3 if through_sensor else description.channels,
        data,
        progress,
        2 if through_sensor else max(network.scales),
    )
    task: Task[Network, Tensor]
    if description.task == "upscale":
        task = SuperResolution(recipe, material, network.scales, device, world.share)
    elif description.mosaic:
        task = RawDenoising(recipe, material, device, world.share, description.mosaic)
    elif recipe.sensor.develop:
        task = CameraNoise(recipe, material, device, world.share)
    else:
        task = GaussianDenoising(recipe, material, device, world.share)
    pictures = len(material.training)
    return Lesson(
        task,
        material.digest,
        {"pictures": pictures, "validation": len(material.validation)},
        partial(describe_run, recipe, device, pictures),
    )


def _not_for_developed(description: Description) -> str | None:
    """What a network is for, where it does not denoise pictures in colour."""
    if description.task == "upscale":
        return "a network that enlarges"
    if description.mosaic:
        return "a network for mosaics"
    return None if description.channels == 3 else "a network for grey pictures"


def plan_correspondences(
    recipe: Recipe, network: SetNetwork, data: Path | None, device: torch.device, world: World
) -> Lesson[SetNetwork, Truth]:
    """Make ready for pairs of views, which are made up as the run goes on.

    Raises:
        ConfigError: the recipe, or who runs it, names data.
    """
    if recipe.data.sets or data is not None:
        raise ConfigError(
            "networks for correspondences train on synthetic views; leave data.sets and --data out"
        )
    return Lesson(
        CorrespondenceJudging(recipe, network.description.inputs, device, world),
        hashlib.sha256(f"scenes {VERSION}".encode()).hexdigest(),
        {"validation": recipe.correspondences.pairs},
        partial(describe_set_run, recipe, device),
    )
