"""The pictures of a run: what is trained on, and what is validated on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from torch import Tensor

from n3cli.data.catalog import CATALOG, DataSet
from n3cli.data.location import list_images, list_pictures, list_training_images
from n3cli.errors import ConfigError, DataError
from n3cli.training.config import Recipe
from n3cli.training.store import ImageStore, load_store

_HELD_OUT = 10
"""One picture of so many is held out for validation."""


@dataclass(frozen=True)
class Material:
    """Decoded pictures.

    Attributes:
        training: what crops are taken from.
        validation: clean images C×H×W in [0, 1]; none where nothing is validated.
    """

    training: ImageStore
    validation: list[Tensor]


def load_material(
    recipe: Recipe,
    channels: int,
    data: Path | None,
    progress: Callable[[int, int], None] | None = None,
) -> Material:
    """Find and decode the pictures that a recipe names.

    Args:
        recipe: the run's.
        channels: planes of the network's images.
        data: folder of the data sets, or of own photos where the recipe names no set.
        progress: told how many pictures are decoded, of how many.

    Raises:
        ConfigError: a set is unknown, or the recipe needs a folder of pictures and got none.
        DataError: a set is absent, or no picture can be used.
    """
    training, validation = _paths(recipe, data)
    settings = recipe.data
    largest = settings.largest or None
    store = load_store(
        training, channels, smallest=settings.crop, largest=largest, progress=progress
    )
    if not validation:
        return Material(store, [])
    judged = load_store(validation, channels, smallest=1, largest=largest)
    return Material(store, [judged.image(index) for index in range(len(judged))])


def _paths(recipe: Recipe, data: Path | None) -> tuple[list[Path], list[Path]]:
    """Paths of the training and of the validation pictures."""
    settings = recipe.data
    if settings.sets:
        sets, exclude = (
            [_find(name) for name in names] for names in (settings.sets, settings.exclude)
        )
        training = list_training_images(sets, exclude, data)
    elif data is None:
        raise ConfigError(
            "this recipe trains on pictures of your own: name their folder with --data"
        )
    else:
        training = list_pictures(data)
    match recipe.validation.images:
        case "val40":
            return training, list_images(CATALOG["val40"], data if settings.sets else None)
        case "held-out":
            held = training[::_HELD_OUT]
            rest = [path for index, path in enumerate(training) if index % _HELD_OUT]
            if not rest:
                raise DataError(
                    f"one picture is held out for validation and none is left of {len(training)}; "
                    "add pictures, or say --set validation.images=none"
                )
            return rest, held
        case "none":
            return training, []


def _find(name: str) -> DataSet:
    try:
        return CATALOG[name]
    except KeyError:
        near = get_close_matches(name, CATALOG, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(CATALOG)}"
        raise ConfigError(f"no data set is called {name!r}; {hint}") from None
