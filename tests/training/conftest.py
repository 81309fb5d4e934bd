"""A small run: a few synthetic pictures, a small network, some seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from n3cli.io.meta import Meta
from n3cli.io.picture import Picture, write_picture

RECIPE = """\
[model]
name = "denoise-n3net-small"
network = "n3net"
options = { channels = 1, sigma_input = true, cnns = 2, depth = 3, features = 4, k = 2, patch = 4, \
stride = 2, window = 5 }

[data]
crop = 16
batch = 4
final_crop = 24
final_batch = 2

[schedule]
crops = 80
warmup = 5

[run]
precision = "fp32"
log_steps = 1

[validation]
images = "held-out"
sigmas = [25]
crop = 32
"""


@pytest.fixture
def recipe(tmp_path: Path) -> str:
    """Path of a recipe of 20 small steps."""
    path = tmp_path / "small.toml"
    path.write_text(RECIPE, "utf-8")
    return str(path)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of smooth grey pictures."""
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:48, :56] / 48
    for index in range(6):
        a, b, c = rng.uniform(2, 12, 3)
        values = 0.5 + 0.25 * np.sin(a * rows + c) + 0.25 * np.sin(b * columns)
        pixels = np.rint(255 * values).astype(np.uint8)[..., None]
        write_picture(folder / f"{index}.png", Picture(pixels, None, Meta()))
    return folder
