"""The files of a model's folder."""

from __future__ import annotations

from typing import Final

CONFIG_FILE: Final = "config.json"
WEIGHTS_FILE: Final = "model.safetensors"
CARD_FILE: Final = "README.md"
