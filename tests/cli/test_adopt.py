"""`n3 models adopt`: only better weights come in, and their card says what was measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from n3cli.cli.main import n3
from n3cli.data.catalog import CATALOG
from n3cli.data.location import list_images
from n3cli.io.meta import Meta
from n3cli.io.picture import Picture, write_picture
from n3cli.networks.registry import build, complete
from n3cli.training.adopt import _is_unseen
from n3cli.training.exam import is_better
from n3cli.training.recipe import load_recipe
from n3cli.training.run import Place, run
from n3cli.zoo import locate
from n3cli.zoo.card import read_section

RECIPE = """\
[model]
name = "denoise-n3net-gray"
network = "n3net"
options = { channels = 1, sigma_input = true, cnns = 1, depth = 3, features = 4 }
license = "apache-2.0"

[data]
sets = ["bsds400"]
crop = 16
batch = 4

[run]
precision = "fp32"
ema = 0.9

[validation]
sigmas = [25]
crop = 16
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which BSDS500 and Set12 are small smooth pictures."""
    root = tmp_path_factory.mktemp("data")
    rows, columns = np.mgrid[:40, :48] / 10
    pixels = np.rint(127 + 60 * np.sin(rows) + 60 * np.cos(columns)).astype(np.uint8)[..., None]
    grey, colour = (Picture(np.repeat(pixels, planes, 2), None, Meta()) for planes in (1, 3))
    names = (Path(__file__).parents[2] / "n3cli" / "data" / "val40.txt").read_text().split()
    names += [f"train/x{index}.jpg" for index in range(400 - len(names))]
    for name in names:
        (root / "BSDS500" / name).parent.mkdir(parents=True, exist_ok=True)
    write_picture(root / "BSDS500" / names[0], colour)
    for name in names[1:]:
        (root / "BSDS500" / name).hardlink_to(root / "BSDS500" / names[0])
    (root / "Set12").mkdir()
    for index in range(12):
        write_picture(root / "Set12" / f"{index:02}.png", grey)
    assert len(list_images(CATALOG["bsds400"], root)) == 400
    return root


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of bundled models."""
    folder = tmp_path / "models"
    folder.mkdir()
    monkeypatch.setattr(locate, "BUNDLES", (folder,))
    return folder


def train(tmp_path: Path, data: Path, name: str, *changes: str) -> str:
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE + "\n[schedule]\ncrops = 400\nwarmup = 5\n", "utf-8")
    run(load_recipe(str(path), changes), Place(tmp_path / name, data), lambda event: None)
    return str(tmp_path / name)


def adopt(runs: str, data: Path) -> int:
    return n3.main(["models", "adopt", runs, "--data", str(data)], standalone_mode=False)


def test_better_weights_come_in_and_worse_ones_do_not(
    tmp_path: Path, data: Path, models: Path, capsys: pytest.CaptureFixture[str]
):
    short = train(tmp_path, data, "short", "schedule.crops=8")
    long = train(tmp_path, data, "long")
    folder = models / "denoise-n3net-gray"

    assert adopt(short, data) == 0  # nothing of that name was there
    first = (folder / "model.safetensors").read_bytes()
    assert adopt(long, data) == 0
    second = (folder / "model.safetensors").read_bytes()
    assert first != second
    capsys.readouterr()
    assert adopt(short, data) == 3
    assert "not better" in capsys.readouterr().err
    assert (folder / "model.safetensors").read_bytes() == second

    card = (folder / "README.md").read_text("utf-8")
    figures = read_section(card, "Figures")
    assert [line.split("|")[1].strip() for line in figures.splitlines() if line[:3] == "| V"] == [
        "Val40"
    ]
    assert "| Set12 |" in figures
    assert "BSD68" not in figures  # its images are not there
    assert "400 crops" in read_section(card, "Training")
    assert {v.dtype.name for v in load_file(folder / "model.safetensors").values()} == {"float16"}
    assert (folder / "recipe.toml").exists()


def test_weights_that_saw_the_validation_images_cannot_replace_any(
    tmp_path: Path, data: Path, models: Path, capsys: pytest.CaptureFixture[str]
):
    runs = train(
        tmp_path, data, "all", "data.exclude=[]", "validation.images=none", "schedule.crops=8",
        "noise.sigma=[25, 25]",
    )  # fmt: skip
    assert adopt(runs, data) == 0
    figures = read_section((models / "denoise-n3net-gray" / "README.md").read_text(), "Figures")
    assert "Val40 |" not in figures
    assert figures.startswith("| PSNR in dB | σ = 25 |")
    assert adopt(runs, data) == 3
    assert "trained on the validation images" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["bsds400", "bsds500-train", "bsds500-test", "val40"])
@pytest.mark.parametrize("exclude", [[], ["val40"]])
def test_every_part_that_has_validation_images_counts(name: str, exclude: list[str]):
    changes = [f"data.sets={[name]}", f"data.exclude={exclude}"]
    recipe = load_recipe("denoise-dncnn-gray-s25", changes)
    network = build("dncnn", complete("dncnn", {"channels": 1}))
    assert _is_unseen(recipe, network) == bool(exclude)


def test_only_finished_runs_are_adopted(tmp_path: Path, data: Path, models: Path):
    assert adopt(str(tmp_path), data) == 3


def test_better_is_a_higher_mean_without_a_fall():
    assert is_better((30.1, 28.0), (30.0, 28.0), 0.02)
    assert is_better((30.1, 27.99), (30.0, 28.0), 0.02)
    assert not is_better((30.2, 27.97), (30.0, 28.0), 0.02)
    assert not is_better((30.0, 28.0), (30.0, 28.0), 0.02)


def test_models_for_a_part_of_the_range_are_not_bundled(
    tmp_path: Path, data: Path, models: Path, capsys: pytest.CaptureFixture[str]
):
    runs = train(tmp_path, data, "part", "noise.sigma=[0, 30]", "schedule.crops=8")
    assert adopt(runs, data) == 3
    assert "from 0 to 30" in capsys.readouterr().err


def test_what_weights_started_from_counts(
    tmp_path: Path, data: Path, models: Path, capsys: pytest.CaptureFixture[str]
):
    seen = train(
        tmp_path, data, "seen", "data.exclude=[]", "validation.images=none", "schedule.crops=8"
    )
    runs = train(tmp_path, data, "after", f"model.init={seen}/model", "schedule.crops=8")
    assert adopt(runs, data) == 0
    card = (models / "denoise-n3net-gray" / "README.md").read_text("utf-8")
    assert "Val40" not in read_section(card, "Figures")
    assert "-m denoise-n3net-gray" in read_section(card, "Use")


def test_bundled_weights_go_on_from_themselves_again_and_again(
    tmp_path: Path, data: Path, models: Path
):
    name = "denoise-n3net-gray"
    assert adopt(train(tmp_path, data, "0", "schedule.crops=8"), data) == 0
    for turn in range(1, 4):
        runs = train(tmp_path, data, str(turn), f"model.init={name}", "schedule.crops=200")
        assert adopt(runs, data) == 0
    card = (models / name / "README.md").read_text("utf-8")
    assert "Val40" in read_section(card, "Figures")


def test_what_float16_cannot_hold_is_bundled_in_float32(tmp_path: Path, data: Path, models: Path):
    block = "{ channels = 1, cnns = 2, depth = 2, features = 4, patch = 4, stride = 2, \
sigma_input = true }"
    runs = train(tmp_path, data, "large", "schedule.crops=8", f"model.options={block}")
    weights = Path(runs, "model", "model.safetensors")
    state = load_file(weights)
    (variance,) = (key for key in state if key.endswith("distance_norm.running_var"))
    state[variance] += np.float32(1e6)
    save_file(state, weights, metadata={"format": "pt"})
    assert adopt(runs, data) == 0
    kept = load_file(models / "denoise-n3net-gray" / "model.safetensors")
    assert {value.dtype.name for value in kept.values()} == {"float32"}
    np.testing.assert_array_equal(kept[variance], state[variance])


SENSOR = """\
[model]
name = "denoise-n3unet-{variant}"
network = "{network}"
options = {options}
license = "apache-2.0"

[data]
sets = ["bsds400"]
crop = 16
batch = 4

[sensor]
develop = {develop}

[schedule]
crops = {crops}
warmup = 5

[run]
precision = "fp32"
ema = 0.9

[validation]
sigmas = [3, 30]
crop = 16
"""


@pytest.mark.parametrize("variant", ["raw", "color-real"])
def test_models_for_a_sensors_noise_are_judged_by_it(
    tmp_path: Path, data: Path, models: Path, variant: str, capsys: pytest.CaptureFixture[str]
):
    small = 'widths = "8,12", blocks = "1,1", n3_levels = ""'
    runs = []
    for crops in (8, 400):
        text = SENSOR.format(
            variant=variant,
            network="n3unet-raw" if variant == "raw" else "n3unet",
            options=f"{{ {small} }}" if variant == "raw" else f"{{ channels = 3, {small} }}",
            develop=str(variant != "raw").lower(),
            crops=crops,
        )
        path = tmp_path / f"{crops}.toml"
        path.write_text(text, "utf-8")
        runs.append(tmp_path / f"run-{crops}")
        run(load_recipe(str(path)), Place(runs[-1], data), lambda event: None)
    short, long = map(str, runs)
    assert adopt(short, data) == 0
    assert adopt(long, data) == 0
    capsys.readouterr()
    assert adopt(short, data) == 3
    assert "not better" in capsys.readouterr().err
    card = (models / f"denoise-n3unet-{variant}" / "README.md").read_text("utf-8")
    assert "| Val40 |" in read_section(card, "Figures")
    assert "a = (sigma/255)²" in read_section(card, "Figures")
    if variant == "raw":
        assert "before white balance" in card
        assert "n3cli.ops.mosaic.layout.mosaic_planes" in read_section(card, "Use")
    else:
        assert "smoothed" in card.partition("## Use")[0]
    n3.main(["models", "info", str(models / f"denoise-n3unet-{variant}")], standalone_mode=False)
