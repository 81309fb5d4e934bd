"""Whether a trained model may take the place of the one that comes with n3."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from torch import Tensor

from n3cli.data.catalog import CATALOG, sets_of
from n3cli.data.location import list_images
from n3cli.errors import ModelError
from n3cli.networks.any_network import AnyNetwork
from n3cli.networks.network import Network
from n3cli.training.card import HERE
from n3cli.training.config import Recipe
from n3cli.training.exam import Exam, examine_images, examine_pairs, is_better
from n3cli.training.recipe import parse_recipe, write_recipe
from n3cli.training.store import load_store
from n3cli.training.yardstick import DENOISING, choose_yardstick
from n3cli.zoo.config import ModelConfig
from n3cli.zoo.folder import load_trained, save_folder
from n3cli.zoo.layout import CARD_FILE, MODEL_FOLDER, RECIPE_FILE
from n3cli.zoo.locate import bundled, locate

LEVELS = (15.0, 25.0, 50.0)
"""Noise levels that models for a range are judged at, on the 0–255 scale."""

_RANGE = (0.0, 75.0)
"""Noise levels that a model for a range must have been trained for."""


@dataclass(frozen=True)
class Candidate:
    """A trained model that may be bundled.

    Attributes:
        folder: its own folder, weights in the precision that they would be bundled in.
        config: its config.
        network: as it was trained, in float32.
        recipe: its recipe.
        card: text of its card.
        levels: noise levels or scales that it is judged at, where it is for images.
        exam: how it is judged.
        scores: what it got; None where it was trained on what it would be judged on.
    """

    folder: Path
    config: ModelConfig
    network: AnyNetwork
    recipe: Recipe
    card: str
    levels: tuple[float, ...]
    exam: Exam
    scores: tuple[float, ...] | None

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
        raise ModelError(
            f"{source} is not the model of a run of `n3 train` ({error}); give the folder of one"
        ) from error
    levels: tuple[float, ...] = ()
    if isinstance(network, Network):
        levels = _levels(recipe, config, network)
        yardstick = choose_yardstick(recipe, network)
        channels = 3 if network.description.mosaic else network.description.channels
        exam = examine_images(yardstick, levels, _images(channels, data))
        unseen = _is_unseen(recipe, network)
    else:
        # Whatever it started from: no run trains on these pairs.
        exam, unseen = examine_pairs(), True
    progress(f"validating {config.name}")
    folder = scratch / config.name
    candidate = _rounded(Candidate(folder, config, network, recipe, card, levels, exam, None))
    if unseen:
        candidate = replace(candidate, scores=exam.measure(folder))
    if config.name in bundled():
        if candidate.scores is None:
            raise ModelError(
                f"{run} was trained on the validation images, so they cannot show whether it is "
                f"better than the bundled {config.name}, which is kept."
            )
        progress("validating the bundled one")
        old = exam.measure(bundled()[config.name])
        for column, before, after in zip(exam.columns, old, candidate.scores, strict=True):
            progress(f"{column}: {before:.3f} → {after:.3f} ({exam.unit})")
        if not is_better(candidate.scores, old, exam.slack):
            raise ModelError(f"{run} is not better than the bundled {config.name}, which is kept.")
    return candidate


def _rounded(candidate: Candidate) -> Candidate:
    """Store the candidate, in float16 where that costs next to nothing."""
    candidate.save(candidate.folder, candidate.card)
    exam = candidate.exam
    exact = exam.measure_rounding(candidate.folder)
    half = replace(candidate, config=replace(candidate.config, dtype="float16"))
    try:
        half.save(half.folder, half.card)
    except ModelError:  # variances of distances may be too large for it
        return candidate
    rounded = exam.measure_rounding(half.folder)
    if all(a - b <= exam.rounding for a, b in zip(exact, rounded, strict=True)):
        return half
    candidate.save(candidate.folder, candidate.card)
    return candidate


def _levels(recipe: Recipe, config: ModelConfig, network: Network) -> tuple[float, ...]:
    """The levels to judge at: the one that a model is for, or those of a whole range."""
    yardstick = choose_yardstick(recipe, network)
    if yardstick is not DENOISING:
        return yardstick.levels(recipe, network)
    low, high = recipe.noise.sigma
    if low == high:
        return (high,)
    if low > _RANGE[0] or high < _RANGE[1]:
        raise ModelError(
            f"{config.name} was trained for noise levels from {low:g} to {high:g}; a bundled model "
            f"must be for one level, or for {_RANGE[0]:g} to {_RANGE[1]:g}"
        )
    return LEVELS


def _is_unseen(recipe: Recipe, network: Network) -> bool:
    """Whether neither a model nor the weights it started from saw the validation images.

    Raises:
        ModelError: there is no telling.
    """
    if not recipe.data.sets:
        raise ModelError(
            f"{recipe.model.name} was trained on pictures from no known data set, so the "
            "validation images may be among them; train on data.sets to adopt the model"
        )
    whole = set(sets_of(CATALOG["val40"].collection)) & set(recipe.data.sets)
    if whole and "val40" not in recipe.data.exclude:
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
    raise ModelError(
        f"{start} has no {RECIPE_FILE}, so it is unknown what it was trained on; start from "
        "another model, or from fresh weights"
    )


def _images(channels: int, data: Path | None) -> list[Tensor]:
    """The 40 validation images, whole, C×H×W in [0, 1]."""
    store = load_store(list_images(CATALOG["val40"], data), channels, smallest=1)
    return [store.image(index) for index in range(len(store))]
