"""Runs from recipe to model: resumed, interrupted, killed, shared out, gone wrong."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

import n3cli
from n3cli.cli.main import n3
from n3cli.errors import ConfigError, DataError, InputError, TrainingError
from n3cli.io.meta import Meta
from n3cli.io.picture import Picture, write_picture
from n3cli.training.checkpoint import has_checkpoint
from n3cli.training.folder import claimed
from n3cli.training.log import LOG_FILE, read_log
from n3cli.training.recipe import load_recipe
from n3cli.training.run import Place, run
from n3cli.zoo.card import read_section
from n3cli.zoo.folder import load_trained

EVERY_STEP = "run.checkpoint_minutes=1e-9"


def train(recipe: str, folder: Path, pictures: Path, *changes: str, **where: str) -> Path:
    model = run(load_recipe(recipe, changes), Place(folder, pictures, **where), lambda event: None)
    assert model is not None
    return model


def weights(model: Path) -> bytes:
    return (model / "model.safetensors").read_bytes()


def start(recipe: str, folder: Path, pictures: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "n3cli", "train", recipe, "--data", str(pictures)]
    command += ["-o", str(folder), "--set", EVERY_STEP, *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_step(folder: Path, step: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if any(event["step"] >= step for event in read_log(folder / LOG_FILE)):
            return
        time.sleep(0.02)
    raise AssertionError("the run does not get on")


def test_a_run_learns_and_its_model_denoises(recipe: str, tmp_path: Path, pictures: Path):
    model = train(recipe, tmp_path / "run", pictures, "schedule.crops=400", "run.ema=0.9")
    events = read_log(tmp_path / "run" / LOG_FILE)
    before, after = (event["psnr25"] for event in events if event["event"] == "validation")
    assert after > before + 1
    noisy = np.random.default_rng(1).normal(0.5, 25 / 255, (40, 50)).astype(np.float32)
    clean = n3cli.denoise(noisy, sigma=25, model=model)
    assert clean.std() < 0.7 * noisy.std()
    assert sorted(path.name for path in model.iterdir()) == [
        "README.md", "config.json", "model.safetensors", "recipe.toml",
    ]  # fmt: skip


def test_a_run_is_the_same_twice(recipe: str, tmp_path: Path, pictures: Path):
    first, second = (train(recipe, tmp_path / name, pictures) for name in "ab")
    assert weights(first) == weights(second)
    other = train(recipe, tmp_path / "c", pictures, "run.seed=1")
    assert weights(first) != weights(other)


@pytest.mark.parametrize(
    ("change", "count"),
    [("optimiser.kind=adamw", 20), ("run.precision=bf16", 20), ("data.final=0.5", 30)],
)
def test_killed_and_resumed_is_as_never_stopped(
    recipe: str, tmp_path: Path, pictures: Path, change: str, count: int
):
    whole = train(recipe, tmp_path / "whole", pictures, EVERY_STEP, change)
    killed = start(recipe, tmp_path / "killed", pictures, "--set", change, "--device", "cpu")
    wait_for_step(tmp_path / "killed", 5)
    killed.kill()
    killed.communicate()
    resumed = train(recipe, tmp_path / "killed", pictures, EVERY_STEP, change, resume="auto")
    assert weights(resumed) == weights(whole)
    steps = [
        [event["step"] for event in read_log(folder / LOG_FILE) if event["event"] == "step"]
        for folder in (tmp_path / "whole", tmp_path / "killed")
    ]
    assert steps[0] == steps[1] == list(range(1, count + 1))
    figures = [
        read_section((m / "README.md").read_text("utf-8"), "Figures") for m in (whole, resumed)
    ]
    assert figures[0] == figures[1]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_saves_first(
    recipe: str, tmp_path: Path, pictures: Path, number: signal.Signals, code: int
):
    folder = tmp_path / "run"
    process = start(recipe, folder, pictures, "--set", "schedule.crops=100000")
    wait_for_step(folder, 3)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == code
    assert "Traceback" not in errors
    done = read_log(folder / LOG_FILE)[-1]
    assert done["event"] == "checkpoint"
    assert (folder / done["file"]).exists()


def test_a_damaged_newest_checkpoint_costs_only_its_own_steps(
    recipe: str, tmp_path: Path, pictures: Path
):
    whole = train(recipe, tmp_path / "run", pictures, EVERY_STEP)
    expected = weights(whole)
    *_, before, newest = sorted((tmp_path / "run").glob("checkpoint-*.pt"))
    content = newest.read_bytes()
    newest.write_bytes(content[: len(content) // 2])
    with pytest.warns(match="trying the one before it"):
        again = train(recipe, tmp_path / "run", pictures, EVERY_STEP, resume="auto")
    assert weights(again) == expected
    assert before.exists()


def test_a_lost_run_stops_and_keeps_its_last_good_checkpoint(
    recipe: str, tmp_path: Path, pictures: Path
):
    with pytest.raises(TrainingError, match=r"no longer finite.*Start a new run"):
        train(
            recipe, tmp_path / "run", pictures, EVERY_STEP, "optimiser.kind=adam",
            "optimiser.rate=1e18", "optimiser.clip=0", "schedule.warmup=0", "data.batch=2",
        )  # fmt: skip
    for path in (tmp_path / "run").glob("checkpoint-*.pt"):
        state = torch.load(path, weights_only=True)
        assert all(bool(torch.isfinite(value).all()) for value in state["average"].values())


UPSCALE = [
    "model.name=upscale-n3sr-x", "model.network=n3sr",
    "model.options={channels = 1, width = 16, blocks = 1, scales = '2,3'}",
    "loss.kind=charbonnier", "data.crop=8",
]  # fmt: skip


@pytest.mark.parametrize(
    "network", [["model.network=n3unet", "model.options={channels = 1}"], UPSCALE]
)
def test_two_processes_follow_the_curve_of_one(
    recipe: str, tmp_path: Path, pictures: Path, network: list[str]
):
    changes = [*network, "schedule.crops=24", "data.batch=4", "schedule.warmup=2"]
    train(recipe, tmp_path / "one", pictures, *changes)
    more = [part for change in changes for part in ("--set", change)]
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", "2", "-m", "n3cli", "train", recipe]
    command += ["--data", str(pictures), "-o", str(tmp_path / "two"), *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(tmp_path / "two" / "model")]
    one, two = (
        [
            event["loss"]
            for event in read_log(tmp_path / name / LOG_FILE)
            if event["event"] == "step"
        ]
        for name in ("one", "two")
    )
    assert len(one) == 6
    np.testing.assert_allclose(two, one, rtol=1e-4)


def test_enlarging_is_learnt(recipe: str, tmp_path: Path):
    pictures, rng = tmp_path / "edges", np.random.default_rng(0)
    pictures.mkdir()
    for index in range(6):  # blocks with sharp edges, which interpolation blurs
        blocks = rng.integers(0, 2, (10, 12), np.uint8) * 255
        pixels = blocks.repeat(6, 0).repeat(6, 1)[..., None]
        write_picture(pictures / f"{index}.png", Picture(pixels, None, Meta()))
    changes = [
        *UPSCALE, "schedule.crops=400", "schedule.warmup=5", "data.batch=8",
        "validation.images=held-out", "validation.crop=0", "run.ema=0.9",
    ]  # fmt: skip
    target = train(recipe, tmp_path / "run", pictures, *changes)
    config, network = load_trained(target)
    assert (config.task, config.sigma_max, network.scales) == ("upscale", None, (2, 3))
    first, *_, last = (
        [event[f"psnrx{scale}"] for scale in (2, 3)]
        for event in read_log(tmp_path / "run" / LOG_FILE)
        if event["event"] == "validation"
    )
    assert all(after > before + 1 for before, after in zip(first, last, strict=True))
    card = (target / "README.md").read_text("utf-8")
    assert "| PSNR in dB | ×2 | ×3 |" in card
    assert "Enlarges by 2 and 3." in card


def test_networks_with_parameters_that_get_no_gradient_train_in_parallel(
    recipe: str, tmp_path: Path, pictures: Path
):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", "2", "-m", "n3cli", "train", recipe]
    command += ["--data", str(pictures), "-o", str(tmp_path / "run")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert read_log(tmp_path / "run" / LOG_FILE)[-1]["step"] == 20


def test_a_run_by_the_clock_ends_on_time(recipe: str, tmp_path: Path, pictures: Path):
    begun = time.monotonic()
    train(recipe, tmp_path / "first", pictures)
    seconds = time.monotonic() - begun + 2  # slow machines take long for all but the steps
    begun = time.monotonic()
    changes = f"schedule.minutes={seconds / 60}", "schedule.crops=1"
    train(recipe, tmp_path / "run", pictures, *changes)
    assert time.monotonic() - begun < seconds + 30
    events = [e for e in read_log(tmp_path / "run" / LOG_FILE) if e["event"] == "step"]
    assert len(events) > 3
    assert events[-2]["seconds"] < seconds  # no step begins later
    assert events[-1]["rate"] < 1e-4
    assert events[-1]["done"] > 0.9


def test_a_run_that_validation_leaves_no_time_is_an_error(
    recipe: str, tmp_path: Path, pictures: Path
):
    """Not a model of 0 steps."""
    folder = tmp_path / "run"
    with pytest.raises(
        TrainingError, match=r"too short for a single step: .* validation"
    ) as caught:
        train(recipe, folder, pictures, "schedule.minutes=1e-4")
    advice = " ".join(caught.value.steps)
    assert "--minutes" in advice
    assert "validation.crop" in advice
    assert "validation.images=none" in advice
    assert not has_checkpoint(folder)
    assert not (folder / "model").exists()
    validations = [e for e in read_log(folder / LOG_FILE) if e["event"] == "validation"]
    assert len(validations) == 1  # not another one, in vain
    train(recipe, folder, pictures)  # nothing is in the way of the next one


def test_the_process_that_validates_says_why_there_is_no_time(
    recipe: str, tmp_path: Path, pictures: Path
):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", "2", "-m", "n3cli", "train", recipe, "--data", str(pictures)]
    command += ["-o", str(tmp_path / "run"), "--set", "schedule.minutes=1e-4"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1, done.stderr
    assert done.stderr.count("passed before the first validation") == 1


def test_a_run_whose_time_is_over_is_resumed_to_its_end(
    recipe: str, tmp_path: Path, pictures: Path
):
    train(recipe, tmp_path / "run", pictures, "schedule.minutes=0.03")
    steps = read_log(tmp_path / "run" / LOG_FILE)[-1]["step"]
    with pytest.warns(match="this run is finished"):
        train(recipe, tmp_path / "run", pictures, "schedule.minutes=0.03", resume="auto")
    assert read_log(tmp_path / "run" / LOG_FILE)[-1]["step"] == steps > 0


def test_started_from_weights(recipe: str, tmp_path: Path, pictures: Path):
    first = train(recipe, tmp_path / "first", pictures)
    second = train(
        recipe, tmp_path / "second", pictures, f"model.init={first}", "schedule.crops=4",
        "schedule.warmup=1000000",
    )  # fmt: skip
    card = (second / "README.md").read_text("utf-8")
    assert card.count("Recipe: recipe.toml") == 1
    assert card.count("Recipe: a recipe of its own") == 1
    assert (read_section(card, "Terms") or "").count("licence") == 1  # of both, being the same
    events = {
        name: [
            e["psnr25"] for e in read_log(tmp_path / name / LOG_FILE) if e["event"] == "validation"
        ]
        for name in ("first", "second")
    }
    assert events["second"][0] == pytest.approx(events["first"][-1], abs=1e-4)
    with pytest.raises(ConfigError, match="does not fit"):
        train(recipe, tmp_path / "x", pictures, f"model.init={first}", "model.options.features=3")


def test_a_run_is_not_written_over(recipe: str, tmp_path: Path, pictures: Path):
    train(recipe, tmp_path / "run", pictures)
    with pytest.raises(InputError, match="--resume auto"):
        train(recipe, tmp_path / "run", pictures)
    with pytest.raises(ConfigError, match=r"data\.batch"):
        train(recipe, tmp_path / "run", pictures, "data.batch=2", resume="auto")
    with pytest.raises(ConfigError, match="no checkpoint"):
        train(recipe, tmp_path / "new", pictures, resume=str(tmp_path / "new"))


def test_resume_auto_starts_where_there_is_nothing_yet(recipe: str, tmp_path: Path, pictures: Path):
    first = train(recipe, tmp_path / "a", pictures)
    with pytest.warns(match="no checkpoint to resume"):
        second = train(recipe, tmp_path / "b", pictures, resume="auto")
    assert weights(first) == weights(second)


def test_the_command_line_of_a_run(
    recipe: str, tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
):
    code = n3.main(
        ["train", recipe, "--data", str(pictures), "-o", str(tmp_path / "run")],
        standalone_mode=False,
    )
    out, err = capsys.readouterr()
    assert (code, out.strip()) == (0, str(tmp_path / "run" / "model"))
    assert "5 pictures, 1 for validation" in err
    assert has_checkpoint(tmp_path / "run")
    for line in (tmp_path / "run" / LOG_FILE).read_text().splitlines():
        assert "event" in json.loads(line)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train"], "no recipe given"),
        (["train", "denoise-n3net-grey"], "did you mean denoise-n3net-gray"),
        (["train", "photos"], "--data"),
        (["train", "photos", "--set", "data.bach=3"], "did you mean data.batch"),
        (["train", "photos", "--set", "optimiser.kind=muton"], "'muon'"),
    ],
)
def test_bad_command_lines(
    arguments: list[str],
    words: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.chdir(tmp_path)
    code = n3.main(arguments, standalone_mode=False)
    assert code == 2
    assert words in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_log_for_tensorboard(recipe: str, tmp_path: Path, pictures: Path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder = tmp_path / "run"
    place = Place(folder, pictures, tensorboard=True)
    run(load_recipe(recipe, ["schedule.crops=12"]), place, lambda event: None)
    board = EventAccumulator(str(folder)).Reload()
    losses = [event["loss"] for event in read_log(folder / LOG_FILE) if event["event"] == "step"]
    shown = board.Scalars("step/loss")
    assert [point.step for point in shown] == [1, 2, 3]
    np.testing.assert_allclose([point.value for point in shown], losses, rtol=1e-6)


def test_a_network_that_gives_nan_is_lost(recipe: str, tmp_path: Path, pictures: Path):
    """Its weights may still be finite, and so large that it is not."""
    with pytest.raises(TrainingError):
        train(
            recipe, tmp_path / "run", pictures, "optimiser.kind=adam", "optimiser.rate=1e25",
            "optimiser.clip=0", "schedule.warmup=0", "schedule.crops=4",
        )  # fmt: skip


def test_other_pictures_and_other_runs_are_refused(recipe: str, tmp_path: Path, pictures: Path):
    first, second = tmp_path / "first", tmp_path / "second"
    train(recipe, first, pictures)
    more = tmp_path / "more"
    shutil.copytree(pictures, more)
    shutil.copy(pictures / "0.png", more / "new.png")
    with pytest.raises(ConfigError, match="began with other data"):
        train(recipe, first, more, resume="auto")
    train(recipe, second, pictures)
    with pytest.raises(InputError, match="another run than the one to resume"):
        train(recipe, second, pictures, resume=str(first))
    with pytest.warns(match="this run is finished"):  # no weight depends on a line of the log
        train(recipe, second, pictures, "run.log_steps=2", resume="auto")
    with claimed(second), pytest.raises(InputError, match="another run"):
        train(recipe, second, pictures, resume="auto")


def test_a_folder_is_looked_at_only_once_no_other_run_can_write_to_it(
    recipe: str, tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
):
    """Else a run that ends in between loses its log and its checkpoint to the next one."""
    folder, begun = tmp_path / "run", []

    def look(path: Path) -> bool:
        with pytest.raises(InputError, match="another run is using it"), claimed(path):
            begun.append(path)
        return has_checkpoint(path)

    monkeypatch.setattr("n3cli.training.run.has_checkpoint", look)
    train(recipe, folder, pictures, "schedule.crops=4")
    assert not begun
    with claimed(folder), pytest.raises(InputError, match="another run is using it"):
        train(recipe, folder, pictures)


def test_what_cannot_be_written_is_told_at_once(recipe: str, tmp_path: Path, pictures: Path):
    (tmp_path / "run" / "model").mkdir(parents=True)
    (tmp_path / "run" / "model" / "mine.txt").write_text("keep")
    with pytest.raises(InputError, match=r"mine\.txt"):
        train(recipe, tmp_path / "run", pictures)
    (tmp_path / "done" / "model").mkdir(parents=True)
    (tmp_path / "done" / "model" / "config.json").write_text("{}")
    with pytest.raises(InputError, match="has the model of a run"):
        train(recipe, tmp_path / "done", pictures)
    assert [path.name for path in (tmp_path / "done").iterdir()] == ["model"]
    (tmp_path / "log" / "log.jsonl").mkdir(parents=True)
    with pytest.raises(InputError, match=r"log\.jsonl"):
        train(recipe, tmp_path / "log", pictures)
    with pytest.raises(InputError, match="too long"):
        train(recipe, tmp_path / ("x" * 300), pictures)
    with pytest.raises(DataError):
        train(recipe, tmp_path / "new", tmp_path / "log")
    assert not (tmp_path / "new").exists()


def test_a_stopped_run_leaves_a_model_to_start_from(recipe: str, tmp_path: Path, pictures: Path):
    folder = tmp_path / "run"
    process = start(recipe, folder, pictures, "--set", "schedule.crops=100000")
    wait_for_step(folder, 3)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert "not over" in (folder / "model" / "README.md").read_text("utf-8")
    model = train(recipe, tmp_path / "on", pictures, f"model.init={folder / 'model'}")
    card = (model / "README.md").read_text("utf-8")
    assert card.count("Of the weights of") == 1  # their training; their terms are the same
