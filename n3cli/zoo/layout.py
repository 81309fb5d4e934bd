"""The files of a model's folder, and what files of other people's weights are called."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from n3cli.errors import ModelError

CONFIG_FILE: Final = "config.json"
WEIGHTS_FILE: Final = "model.safetensors"
CARD_FILE: Final = "README.md"
RECIPE_FILE: Final = "recipe.toml"
"""How the model was trained; not every model has it."""

MODEL_FOLDER: Final = "model"
"""Where in a training run's folder its model is."""

FILE_SUFFIXES: Final = frozenset({".pth", ".pt", ".ckpt", ".t7", ".safetensors"})
"""How files of other people's weights end: what ends so is a file, there or not."""


def check_files(folder: Path) -> None:
    """Check that a folder has the files of a model, before anything reads them.

    Raises:
        ModelError: one is missing, or is a pipe or a device, on which reading may wait for ever.
    """
    for path in (folder / CONFIG_FILE, folder / WEIGHTS_FILE):
        if not path.is_file():
            problem = "not a regular file" if path.exists() else "no such file"
            raise ModelError(
                f"{path}: {problem}. A model is a folder with {CONFIG_FILE} and {WEIGHTS_FILE}."
            )
