"""Runs that are stopped, robbed of room or of files: what they leave, and what they say."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from n3cli.errors import ConfigError, DeviceError, InputError, N3Warning, TrainingError
from n3cli.io.picture import Picture, read_picture, write_picture
from n3cli.training.checkpoint import has_checkpoint
from n3cli.training.log import LOG_FILE, read_log
from n3cli.training.recipe import load_recipe
from n3cli.training.run import Place, run
from n3cli.zoo.card import read_section
from n3cli.zoo.folder import load_folder

FEW = ["schedule.crops=12", "data.final_batch=4"]
"""Three steps."""

Listen = Callable[[dict[str, Any]], None]


def train(
    recipe: str,
    folder: Path,
    pictures: Path,
    *changes: str,
    listen: Listen = lambda event: None,
    resume: str | None = None,
) -> Path:
    settings = load_recipe(recipe, [*FEW, *changes])
    model = run(settings, Place(folder, pictures, resume), listen)
    assert model is not None
    return model


def events(folder: Path, kind: str) -> list[dict[str, Any]]:
    return [event for event in read_log(folder / LOG_FILE) if event["event"] == kind]


def figures(model: Path) -> str | None:
    return read_section((model / "README.md").read_text("utf-8"), "Figures")


def test_stopped_in_its_last_validation_it_has_its_model(
    recipe: str, tmp_path: Path, pictures: Path
):
    whole = train(recipe, tmp_path / "whole", pictures)

    def interrupt(event: dict[str, Any]) -> None:
        if event["event"] == "validation" and event["step"] == 3:
            raise KeyboardInterrupt  # as the handler would, in the middle of it

    folder = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        train(recipe, folder, pictures, listen=interrupt)
    model = folder / "model"
    assert (model / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()
    assert "not over" not in (model / "README.md").read_text("utf-8")
    assert figures(model) != figures(whole)
    train(recipe, folder, pictures, resume="auto")
    assert figures(model) == figures(whole)
    assert events(folder, "end")


def test_a_run_goes_on_where_its_model_cannot_be_replaced(
    recipe: str, tmp_path: Path, pictures: Path
):
    folder = tmp_path / "run"

    def drop(event: dict[str, Any]) -> None:
        if event["event"] == "checkpoint" and event["step"] == 1:
            (folder / "model").mkdir(exist_ok=True)
            (folder / "model" / ".DS_Store").write_text("hidden")
            (folder / "model" / "mine.txt").write_text("in the way")
        if event["event"] == "step" and event["step"] == 3:
            (folder / "model" / "mine.txt").unlink()

    with pytest.warns(N3Warning, match=r"mine\.txt.*the run continues"):
        model = train(recipe, folder, pictures, "run.checkpoint_minutes=1e-9", listen=drop)
    load_folder(model)
    assert (model / ".DS_Store").exists()
    assert events(folder, "end")


def test_on_a_full_disk_it_ends_with_its_model(recipe: str, tmp_path: Path, pictures: Path):
    resource = pytest.importorskip("resource")
    size = len((train(recipe, tmp_path / "a", pictures) / "model.safetensors").read_bytes())
    checkpoint = next((tmp_path / "a").glob("*.pt")).stat().st_size
    assert checkpoint > 2 * size
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (checkpoint - 1000, before[1]))
    try:
        with pytest.warns(N3Warning, match="File too large") as told:
            model = train(recipe, tmp_path / "b", pictures, "run.checkpoint_minutes=1e-9")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert any("the model is saved" in str(each.message) for each in told)
    assert (model / "model.safetensors").stat().st_size == size
    assert not has_checkpoint(tmp_path / "b")
    assert events(tmp_path / "b", "end")


def test_an_earlier_runs_model_is_not_replaced_without_its_checkpoints(
    recipe: str, tmp_path: Path, pictures: Path
):
    folder = tmp_path / "run"
    model = train(recipe, folder, pictures)
    log, weights = (folder / LOG_FILE).read_text(), (model / "model.safetensors").read_bytes()
    for path in folder.glob("*.pt"):
        path.unlink()
    for resume in (None, "auto"):
        with pytest.raises(InputError, match=r"has the model of a run.*another --out.*delete"):
            train(recipe, folder, pictures, resume=resume)
    assert (folder / LOG_FILE).read_text() == log
    assert (model / "model.safetensors").read_bytes() == weights


def test_it_goes_on_although_the_model_that_it_started_from_has_gone(
    recipe: str, tmp_path: Path, pictures: Path
):
    start = train(recipe, tmp_path / "start", pictures)
    changes = [f"model.init={start}", "run.checkpoint_minutes=1e-9"]

    def interrupt(event: dict[str, Any]) -> None:
        if event["event"] == "step" and event["step"] == 2:
            raise KeyboardInterrupt

    whole = train(recipe, tmp_path / "whole", pictures, *changes)
    with pytest.raises(KeyboardInterrupt):
        train(recipe, tmp_path / "run", pictures, *changes, listen=interrupt)
    start.parent.rename(tmp_path / "elsewhere")
    model = train(recipe, tmp_path / "run", pictures, *changes, resume="auto")
    assert (model / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()
    cards = [(m / "README.md").read_text("utf-8") for m in (whole, model)]
    assert "Of the weights of" in cards[0]
    assert read_section(cards[0], "Terms") == read_section(cards[1], "Terms")


def test_scores_below_the_start_are_told(recipe: str, tmp_path: Path, pictures: Path):
    start = train(recipe, tmp_path / "start", pictures, "schedule.crops=80")
    harm = ["optimiser.muon_rate=0.5", "optimiser.rate=0.5", "schedule.warmup=0"]
    with pytest.warns(N3Warning, match=r"lower than at the start of the run: psnr25 .* unchanged"):
        train(recipe, tmp_path / "run", pictures, f"model.init={start}", *harm)


def test_both_rates_are_logged(recipe: str, tmp_path: Path, pictures: Path):
    wide = ["model.options.features=12", "optimiser.muon_rate=0.02", "optimiser.rate=0.001"]
    train(recipe, tmp_path / "run", pictures, *wide)
    for event in events(tmp_path / "run", "step"):
        assert event["muon_rate"] == pytest.approx(20 * event["rate"])
    train(recipe, tmp_path / "adam", pictures, "optimiser.kind=adam")
    assert all("muon_rate" not in event for event in events(tmp_path / "adam", "step"))


def test_other_pictures_of_the_same_names_and_sizes_are_noticed(
    recipe: str, tmp_path: Path, pictures: Path
):
    train(recipe, tmp_path / "run", pictures)
    inverted = tmp_path / "inverted"
    shutil.copytree(pictures, inverted)
    path = inverted / "1.png"
    picture = read_picture(path)
    write_picture(path, Picture(255 - picture.pixels, None, picture.meta))
    with pytest.raises(ConfigError, match="began with other data"):
        train(recipe, tmp_path / "run", inverted, resume="auto")


def test_a_run_below_home_is_resumed(
    recipe: str, tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
):
    """Bash leaves the sign for it in `--resume=~/run`."""
    train(recipe, tmp_path / "run", pictures)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    with pytest.warns(N3Warning, match="this run is finished"):
        train(recipe, tmp_path / "run", pictures, resume="~/run")


def test_a_run_that_is_over_says_so_and_keeps_its_log(recipe: str, tmp_path: Path, pictures: Path):
    folder = tmp_path / "run"
    first = train(recipe, folder, pictures)
    log = (folder / LOG_FILE).read_bytes()
    with pytest.warns(N3Warning, match=r"this run is finished.*--init"):
        assert train(recipe, folder, pictures, resume="auto") == first
    assert (folder / LOG_FILE).read_bytes() == log


def test_a_loss_that_is_not_finite_names_checkpoints_only_where_there_are_some(
    recipe: str, tmp_path: Path, pictures: Path
):
    harm = ["optimiser.kind=adam", "optimiser.rate=1e25", "optimiser.clip=0", "schedule.warmup=0"]
    with pytest.raises(TrainingError, match="no longer finite") as lost:
        train(recipe, tmp_path / "run", pictures, *harm)
    assert not has_checkpoint(tmp_path / "run")
    assert "checkpoint" not in str(lost.value)
    assert "model/" not in str(lost.value)


def test_too_little_memory_names_what_takes_it(recipe: str, tmp_path: Path, pictures: Path):
    def full(event: dict[str, Any]) -> None:
        if event["event"] == "step":
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    with pytest.raises(DeviceError, match=r"cpu has too .*data\.batch.*run\.recompute=true"):
        train(recipe, tmp_path / "run", pictures, listen=full)
