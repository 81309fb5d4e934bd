"""Whether a trained model may take the place of the one that comes with n3."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from n3cli.data.catalog import CATALOG
from n3cli.data.location import list_images
from n3cli.errors import ModelError
from n3cli.training.recipe import parse_recipe
from n3cli.training.run import MODEL_FOLDER
from n3cli.training.store import load_store
from n3cli.training.validation import centre, mean_psnr
from n3cli.zoo.config import ModelConfig
from n3cli.zoo.folder import load_folder, load_trained, save_folder
from n3cli.zoo.layout import CARD_FILE, RECIPE_FILE

LEVELS = (15.0, 25.0, 50.0)
"""Noise levels that models for a range are judged at, on the 0–255 scale."""

_ROUNDING = 0.005
"""dB that storing weights in float16 may cost at any level; above it they stay float32."""

_SLACK = 0.02
"""dB that one level may fall while the mean over the levels rises."""

_SMALL = 128
"""Side of the crops on which the cost of rounding is measured."""


@dataclass(frozen=True)
class Candidate:
    """A trained model, ready to be bundled.

    Attributes:
        folder: its own folder, weights in the precision that they would be bundled in.
        config: its config.
        recipe: text of its recipe.toml.
        card: text of its card.
        sigmas: noise levels that it is judged at.
        unseen: whether it was trained without the validation images.
    """

    folder: Path
    config: ModelConfig
    recipe: str
    card: str
    sigmas: tuple[float, ...]
    unseen: bool


def prepare(run: Path, scratch: Path, images: Sequence[Tensor]) -> Candidate:
    """Copy a run's model, its weights rounded where that costs next to nothing.

    Args:
        run: a run's folder.
        scratch: where the copy goes.
        images: validation images C×H×W in [0, 1], on which rounding is judged.

    Raises:
        ModelError: the folder is not that of a finished run.
    """
    source = run / MODEL_FOLDER
    config, network = load_trained(source)
    try:
        card = (source / CARD_FILE).read_text("utf-8")
        text = (source / RECIPE_FILE).read_text("utf-8")
    except OSError as error:
        raise ModelError(f"{source} is not of a finished run of `n3 train` ({error})") from error
    recipe = parse_recipe(text)
    low, high = recipe.noise.sigma
    sigmas = tuple(level for level in LEVELS if low <= level <= high) if low < high else (high,)
    folder = scratch / config.name
    small = replace(config, dtype="float16")
    save_folder(folder, small, network, card, recipe=text)
    crops = [centre(image, _SMALL) for image in images]
    exact, rounded = (scores(path, crops, sigmas) for path in (source, folder))
    if any(a - b > _ROUNDING for a, b in zip(exact, rounded, strict=True)):
        small = config
        save_folder(folder, small, network, card, recipe=text, overwrite=True)
    unseen = "val40" in recipe.data.exclude or "bsds400" not in recipe.data.sets
    return Candidate(folder, small, text, card, sigmas, unseen)


def validation_images(channels: int, data: Path | None) -> list[Tensor]:
    """The 40 validation images, whole, C×H×W in [0, 1].

    Raises:
        DataError: they are not there.
    """
    store = load_store(list_images(CATALOG["val40"], data), channels, smallest=1)
    return [store.image(index) for index in range(len(store))]


def scores(folder: Path, images: Sequence[Tensor], sigmas: Sequence[float]) -> tuple[float, ...]:
    """PSNR in dB of a model, one for each noise level, as it is loaded for use."""
    network = load_folder(folder).network
    return tuple(mean_psnr(network, images, sigma, torch.device("cpu")) for sigma in sigmas)


def is_better(candidate: Sequence[float], bundled: Sequence[float]) -> bool:
    """Whether the mean over the levels rises and none falls by more than 0.02 dB."""
    gains = [new - old for new, old in zip(candidate, bundled, strict=True)]
    return sum(gains) > 0 and min(gains) >= -_SLACK
