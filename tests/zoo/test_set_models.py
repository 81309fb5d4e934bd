"""Models for correspondences: the same folders, names and checks as those for images."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

import n3cli
from n3cli.cli.main import n3
from n3cli.errors import ModelError
from n3cli.networks import registry
from n3cli.zoo.card import Card, Figures, write_card
from n3cli.zoo.config import ModelConfig
from n3cli.zoo.folder import SetModel, load_folder, save_folder
from n3cli.zoo.load import load_model
from n3cli.zoo.locate import find_task

SMALL = {"inputs": 6, "width": 8, "blocks": 2, "n3_after": "1", "k": 3}
CONFIG = ModelConfig("match-n3cnet-small", "match", "n3cnet", SMALL, None, "float16")
CARD = Card(
    summary="A network.",
    license="apache-2.0",
    training="On scenes.",
    terms="Be kind.",
    columns=("F1",),
    unit="%",
    measurements=(Figures("made up", (81.236,)),),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    network = registry.build("n3cnet", SMALL)
    save_folder(tmp_path / "small", CONFIG, network, write_card(CARD, CONFIG))
    return tmp_path / "small"


def test_a_model_comes_back(folder: Path) -> None:
    model = load_model(folder, task="match")
    assert isinstance(model, SetModel)
    assert model.config == CONFIG
    torch.manual_seed(0)
    fresh = registry.build("n3cnet", SMALL).half().float().eval()
    points = torch.rand(1, 40, 6)
    with torch.inference_mode():
        torch.testing.assert_close(model.network(points), fresh(points))
    assert n3cli.load_model(str(folder), task="match").config == CONFIG


def test_other_tasks_refuse_it_and_it_refuses_theirs(folder: Path) -> None:
    with pytest.raises(ModelError, match="is for the task match, not denoise: use it with `n3 mat"):
        load_model(folder)
    image = np.zeros((8, 8), np.float32)
    for model in (str(folder), load_folder(folder)):
        with pytest.raises(ModelError, match="is for the task match, not denoise"):
            n3cli.denoise(image, 5, model)
        with pytest.raises(ModelError, match="is for the task match, not upscale"):
            n3cli.upscale(image, 2, model)
    with pytest.raises(ModelError, match="is for the task denoise, not match"):
        load_model("denoise-n3unet-gray", task="match")


@pytest.mark.parametrize("key", ["task", "sigma_max"])
def test_a_config_that_contradicts_the_network_is_refused(folder: Path, key: str) -> None:
    path = folder / "config.json"
    values = json.loads(path.read_text())
    values |= {"task": "denoise", "name": "denoise-n3cnet-x"} if key == "task" else {key: 25.0}
    path.write_text(json.dumps(values))
    with pytest.raises(ModelError, match=key):
        load_folder(folder)


def test_commands_about_models_know_it(folder: Path) -> None:
    def run(*arguments: str) -> str:
        result = CliRunner().invoke(n3, ["models", *arguments])
        assert result.exit_code == 0, result.output
        return result.stdout

    facts = json.loads(run("info", str(folder), "--json"))
    assert facts["inputs"] == ["x0", "y0", "x1", "y1", "ratio", "mutual"]
    assert facts["task"] == "match"
    assert facts["parameters"] == sum(
        p.numel() for p in registry.build("n3cnet", SMALL).parameters()
    )
    assert "channels" not in facts
    assert run("verify", str(folder)).startswith("ok")


def test_a_network_says_the_task_of_a_short_name() -> None:
    assert find_task("n3cnet") == find_task("cnet") == find_task("match-cnet") == "match"
    assert find_task("n3net") == "denoise"


def test_the_card_speaks_of_correspondences() -> None:
    text = write_card(CARD, CONFIG)
    assert "n3 match one.jpg other.jpg -m match-n3cnet-small" in text
    assert "| % | F1 |\n| --- | ---: |\n| made up | 81.24 |" in text
    assert "mutual nearest" in text
    assert "noise" not in text
    assert "image-to-image" not in text
