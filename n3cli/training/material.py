"""The pictures of a run: what is trained on, and what is validated on."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from torch import Tensor

from n3cli.data.catalog import CATALOG, find_set
from n3cli.data.location import list_images, list_pictures, list_training_images
from n3cli.errors import ConfigError, DataError
from n3cli.training.config import Recipe
from n3cli.training.store import ImageStore, load_store
from n3cli.training.validation import centre

_HELD_OUT = 10
"""One picture of so many is held out for validation."""

_MOST_HELD_OUT = 40


@dataclass(frozen=True)
class Material:
    """Decoded pictures.

    Attributes:
        training: what crops are taken from.
        validation: clean images C×H×W in [0, 1], or their middles as the recipe says; none where
            nothing is validated.
    """

    training: ImageStore
    validation: list[Tensor]

    @property
    def digest(self) -> str:
        """Tells whether two runs have the same pictures, wherever they lie.

        Of names and sizes, and behind a point of pixels, which checkpoints of earlier versions
        do not have.
        """
        text, seen = hashlib.sha256(), 0
        store = self.training
        pixels = store.pixels.numpy()
        for path, start, *size in zip(
            store.paths,
            store.offsets.tolist(),
            store.heights.tolist(),
            store.widths.tolist(),
            strict=True,
        ):
            text.update(f"{path.name}\0{size}\0".encode("utf-8", "surrogateescape"))
            seen = crc32(pixels[start : start + math.prod(size) * store.channels].data, seen)
        return f"{text.hexdigest()}.{seen:08x}"


def load_material(
    recipe: Recipe,
    channels: int,
    data: Path | None,
    progress: Callable[[int, int], None] | None = None,
    scale: int = 1,
) -> Material:
    """Find and decode the pictures that a recipe names.

    Args:
        recipe: the run's.
        channels: planes of the network's images.
        data: folder of the data sets, or of own photos where the recipe names no set.
        progress: told how many pictures are decoded, of how many.
        scale: the largest factor that crops are enlarged by.

    Raises:
        ConfigError: a set is unknown, or the recipe needs a folder of pictures and got none.
        DataError: a set is absent, or too few pictures can be used.
    """
    settings = recipe.data
    largest = settings.largest or None
    validation = recipe.validation
    if validation.images == "val40":  # asked for first: decoding what is trained on takes longer
        listed = list_images(CATALOG["val40"], data if settings.sets else None)
    store = load_store(
        _paths(recipe, data),
        channels,
        smallest=settings.largest_crop * scale,
        largest=largest,
        progress=progress,
    )

    def judged(from_: ImageStore, indices: Sequence[int]) -> list[Tensor]:
        return [centre(from_.image(index), validation.crop).clone() for index in indices]

    match validation.images:
        case "val40":
            images = load_store(listed, channels, smallest=1, largest=largest)
            return Material(store, judged(images, range(len(images))))
        case "held-out":
            held = range(0, len(store), _HELD_OUT)[:_MOST_HELD_OUT]
            rest = sorted(set(range(len(store))) - set(held))
            if not rest:
                raise DataError(
                    "there is only one picture, and it is held out for validation; add pictures, "
                    "or give --set validation.images=none"
                )
            return Material(store.part(rest), judged(store, held))
        case "none":
            return Material(store, [])


def _paths(recipe: Recipe, data: Path | None) -> list[Path]:
    """The files that are trained on, and of which pictures are held out."""
    settings = recipe.data
    if not settings.sets:
        if data is None:
            raise ConfigError(
                "this recipe trains on your own pictures; name their folder with --data"
            )
        return list_pictures(data)
    sets, exclude = ([find_set(name) for name in n] for n in (settings.sets, settings.exclude))
    return list_training_images(sets, exclude, data)
