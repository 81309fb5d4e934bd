"""Whether a trained model may take the place of the one that comes with n3."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from n3cli.data.catalog import CATALOG
from n3cli.data.location import list_images
from n3cli.errors import ModelError
from n3cli.networks.network import Network
from n3cli.training.card import HERE
from n3cli.training.config import Recipe
from n3cli.training.recipe import parse_recipe, write_recipe
from n3cli.training.run import MODEL_FOLDER
from n3cli.training.store import load_store
from n3cli.training.validation import centre
from n3cli.training.yardstick import Yardstick, choose_yardstick
from n3cli.zoo.config import ModelConfig
from n3cli.zoo.folder import load_folder, load_trained, save_folder
from n3cli.zoo.layout import CARD_FILE, RECIPE_FILE
from n3cli.zoo.locate import bundled, locate

LEVELS = (15.0, 25.0, 50.0)
"""Noise levels that models for a range are judged at, on the 0–255 scale."""

_RANGE = (0.0, 75.0)
"""Noise levels that a model for a range must have been trained for."""

_ROUNDING = 0.005
"""dB that storing weights in float16 may cost at any level; above it they stay float32."""

_SLACK = 0.02
"""dB that one level may fall while the mean over the levels rises."""

_SMALL = 128
"""Side of the crops on which the cost of rounding is measured."""


@dataclass(frozen=True)
class Candidate:
    """A trained model that may be bundled.

    Attributes:
        folder: its own folder, weights in the precision that they would be bundled in.
        config: its config.
        network: as it was trained, in float32.
        recipe: its recipe.
        card: text of its card.
        levels: noise levels or scales that it is judged at.
        scores: PSNR on the validation images at these, in dB; None where it was trained on them.
    """

    folder: Path
    config: ModelConfig
    network: Network
    recipe: Recipe
    card: str
    levels: tuple[float, ...]
    scores: tuple[float, ...] | None

    @property
    def yardstick(self) -> Yardstick:
        """How it is judged."""
        return choose_yardstick(self.recipe, self.network)

    def measure(self, folder: Path, images: Sequence[Tensor]) -> tuple[float, ...]:
        """PSNR in dB, at each level, of the model in a folder as it is loaded for use."""
        network = load_folder(folder).network
        scores = self.yardstick.scores(network, images, self.levels, torch.device("cpu"))
        return tuple(scores.values())

    def save(self, target: Path, card: str) -> None:
        """Write it as a model's folder, in place of what is there."""
        save_folder(
            target, self.config, self.network, card,
            recipe=write_recipe(self.recipe), overwrite=True,
        )  # fmt: skip


def judge(
    run: Path, scratch: Path, data: Path | None, progress: Callable[[str], None]
) -> Candidate:
    """Load a run's model, round its weights where that costs next to nothing, and validate it.

    Args:
        run: a run's folder.
        scratch: where the rounded copy goes.
        data: folder of the data sets.
        progress: told what is going on.

    Raises:
        ModelError: the folder is not that of a run, or the model is not better than the bundled
            one of its name, or there is no telling.
        DataError: the validation images are not there.
    """
    source = run / MODEL_FOLDER
    config, network = load_trained(source)
    try:
        card = (source / CARD_FILE).read_text("utf-8").replace(HERE, config.name)
        recipe = parse_recipe((source / RECIPE_FILE).read_text("utf-8"))
    except OSError as error:
        raise ModelError(f"{source} is not of a run of `n3 train` ({error})") from error
    levels = _levels(recipe, config, network)
    images = _images(network.description.channels, data)
    progress(f"validating {config.name}")
    candidate = Candidate(scratch / config.name, config, network, recipe, card, levels, None)
    candidate = _rounded(candidate, [centre(image, _SMALL) for image in images])
    unseen = _is_unseen(recipe, network)
    if unseen:
        candidate = replace(candidate, scores=candidate.measure(candidate.folder, images))
    if config.name in bundled():
        if candidate.scores is None:
            raise ModelError(
                f"{run} was trained on the validation images, so they cannot say whether it is "
                f"better than the bundled {config.name}: kept."
            )
        progress("validating the bundled one")
        old = candidate.measure(bundled()[config.name], images)
        for level, before, after in zip(levels, old, candidate.scores, strict=True):
            progress(f"{candidate.yardstick.label}{level:g}: {before:.3f} → {after:.3f} dB")
        if not is_better(candidate.scores, old):
            raise ModelError(f"{run} is not better than the bundled {config.name}: kept.")
    return candidate


def is_better(candidate: Sequence[float], current: Sequence[float]) -> bool:
    """Whether the mean over the levels rises and none falls by more than 0.02 dB."""
    gains = [new - old for new, old in zip(candidate, current, strict=True)]
    return sum(gains) > 0 and min(gains) >= -_SLACK


def _rounded(candidate: Candidate, images: Sequence[Tensor]) -> Candidate:
    """Store the candidate, in float16 where that costs next to nothing."""
    candidate.save(candidate.folder, candidate.card)
    exact = candidate.measure(candidate.folder, images)
    half = replace(candidate, config=replace(candidate.config, dtype="float16"))
    try:
        half.save(half.folder, half.card)
    except ModelError:  # variances of distances may be too large for it
        return candidate
    rounded = candidate.measure(half.folder, images)
    if all(a - b <= _ROUNDING for a, b in zip(exact, rounded, strict=True)):
        return half
    candidate.save(candidate.folder, candidate.card)
    return candidate


def _levels(recipe: Recipe, config: ModelConfig, network: Network) -> tuple[float, ...]:
    """The levels to judge at: the one that a model is for, or those of a whole range."""
    if config.task != "denoise":
        return choose_yardstick(recipe, network).levels(recipe, network)
    low, high = recipe.noise.sigma
    if low == high:
        return (high,)
    if low > _RANGE[0] or high < _RANGE[1]:
        raise ModelError(
            f"{config.name} was trained for noise levels from {low:g} to {high:g}; models that "
            f"come with n3 are for one level or for {_RANGE[0]:g} to {_RANGE[1]:g}"
        )
    return LEVELS


def _is_unseen(recipe: Recipe, network: Network) -> bool:
    """Whether neither a model nor the weights it started from saw the validation images.

    Raises:
        ModelError: there is no telling.
    """
    if not recipe.data.sets:
        raise ModelError(
            f"{recipe.model.name} was trained on pictures that are in no data set, so there is no "
            "telling whether the validation images were among them"
        )
    if "bsds400" in recipe.data.sets and "val40" not in recipe.data.exclude:
        return False
    if not recipe.model.init:
        return True
    description = network.description
    start = locate(recipe.model.init, task=description.task, channels=description.channels).folder
    if (start / RECIPE_FILE).is_file():
        earlier = parse_recipe((start / RECIPE_FILE).read_text("utf-8"))
        name = earlier.model.name
        if earlier.model.init == name and start == bundled().get(name):
            # It took the place of the bundled weights that it went on from, as it could only when
            # these images might judge it.
            return True
        return _is_unseen(earlier, network)
    if start in bundled().values():  # from before recipes were kept, without these images
        return True
    raise ModelError(f"{start} has no {RECIPE_FILE}, so there is no telling what it was trained on")


def _images(channels: int, data: Path | None) -> list[Tensor]:
    """The 40 validation images, whole, C×H×W in [0, 1]."""
    store = load_store(list_images(CATALOG["val40"], data), channels, smallest=1)
    return [store.image(index) for index in range(len(store))]
