"""Which of our models are held against what was published of one network a noise level."""

from pathlib import Path

import pytest

from n3cli.bench.model import make_model
from n3cli.bench.task import DENOISE
from n3cli.networks import registry
from n3cli.training.recipe import load_recipe, write_recipe
from n3cli.zoo.config import ModelConfig
from n3cli.zoo.folder import save_folder

OPTIONS = {"channels": 1, "sigma_input": False, "depth": 3, "features": 2}


@pytest.mark.parametrize(
    ("name", "trained_at", "levels", "published"),
    [
        ("denoise-dncnn-gray-s25", None, (25,), "DnCNN"),
        ("denoise-dncnn-gray-25", None, (25.0,), "DnCNN"),
        ("denoise-dncnn-gray-sigma15", None, (50,), None),
        ("denoise-dncnn-gray-blind", None, (25,), None),
        ("denoise-dncnn-gray", None, (25,), None),
        ("denoise-dncnn-gray-s25", None, (15, 25), None),
        ("denoise-dncnn-gray-mine", "25", (25,), "DnCNN"),
        ("denoise-dncnn-gray-s25", "15", (25,), None),
        ("denoise-dncnn-gray-s25", "0,55", (25,), None),
    ],
)
def test_only_networks_for_that_one_level_are(
    tmp_path: Path, name: str, trained_at: str | None, levels: tuple[float, ...], published: str
):
    recipe = None
    if trained_at:
        low, _, high = trained_at.partition(",")
        changes = [f"noise.sigma=[{low},{high or low}]"]
        recipe = write_recipe(load_recipe("denoise-dncnn-gray-s25", changes))
    config = ModelConfig(name, "denoise", "dncnn", OPTIONS, None, "float32")
    save_folder(tmp_path / name, config, registry.build("dncnn", OPTIONS), "card", recipe=recipe)
    method = make_model(str(tmp_path / name), DENOISE, 1, "cpu", "fp32", levels)
    assert method.published == published
