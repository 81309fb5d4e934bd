"""From the name of a model to the model."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, overload

from n3cli.errors import ConfigError, ModelError
from n3cli.zoo.file import load_file
from n3cli.zoo.folder import AnyModel, Model, SetModel, load_folder
from n3cli.zoo.locate import Location, locate
from n3cli.zoo.names import default_name


@overload
def load_model(
    name: str | Path | None = None,
    *,
    task: Literal["denoise", "upscale"] = "denoise",
    channels: int | None = None,
) -> Model: ...


@overload
def load_model(
    name: str | Path | None = None, *, task: Literal["match"], channels: int | None = None
) -> SetModel: ...


@overload
def load_model(
    name: str | Path | None = None, *, task: str, channels: int | None = None
) -> AnyModel: ...


def load_model(
    name: str | Path | None = None, *, task: str = "denoise", channels: int | None = None
) -> AnyModel:
    """Load a pretrained model.

    Args:
        name: a path of a model's folder or of a file of weights, a Hub id (``org/name`` or
            ``org/name@revision``), a full zoo name (``denoise-n3unet-gray``) or a short one
            (``n3unet``); None for the task's default, which for ``denoise`` needs `channels`.
        task: what the model must do.
        channels: planes of the images it is meant for, 1 or 3: completes a short name, which
            must say itself what it means where this is None.

    Returns:
        The model, on the CPU, ready to run: a `Model` for images, or for the task ``match`` a
        `SetModel`.

    Raises:
        ConfigError: `name` is neither a name nor a path.
        ModelError: no such model, damaged, for another task, or not to be downloaded.

    Example:
        >>> load_model("n3unet", channels=1).config.name
        'denoise-n3unet-gray'
    """
    if not isinstance(name, str | os.PathLike | None):
        raise ConfigError(
            f"a model must be a name, a path or the result of load_model, got {type(name).__name__}"
        )
    chosen = default_name(task) if name is None else name
    place = locate(chosen, task=task, channels=channels)
    model = load_place(place)
    check_task(model, task)
    return model


def check_task(model: AnyModel, task: str) -> None:
    """Refuse a model that is not for `task`.

    Raises:
        ModelError: it is for another.
    """
    able = model.config.task
    if able != task:
        raise ModelError(
            f"{model.source} is for the task {able}, not {task}: use it with `n3 {able}` (in "
            f'Python, task="{able}"), or choose a model for {task} from `n3 models list`.'
        )


def load_place(place: Location) -> AnyModel:
    """Load what `locate` has found.

    Raises:
        ModelError: damaged, or of a network that n3 does not know.
    """
    if place.path.is_file():
        return load_file(place.path)
    return load_folder(place.path, source=place.source)
