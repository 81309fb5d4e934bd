"""`n3 models`, as people run it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result
from safetensors.torch import load_file, save_file

from n3cli.cli.main import n3
from n3cli.networks import registry
from n3cli.zoo.config import ModelConfig
from n3cli.zoo.folder import save_folder
from n3cli.zoo.locate import bundled

ROOT = Path(__file__).resolve().parents[2]
NAMES = [
    "denoise-n3net-color",
    "denoise-n3net-gray",
    "denoise-n3unet-color",
    "denoise-n3unet-color-real",
    "denoise-n3unet-gray",
    "denoise-n3unet-raw",
    "match-cnet",
    "match-n3cnet",
    "match-n3cnet-flags",
    "upscale-n3sr-color",
    "upscale-n3sr-photo",
]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(n3, ["models", *arguments])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small model."""
    options = {"channels": 1, "depth": 2, "features": 4}
    config = ModelConfig("denoise-dncnn-small", "denoise", "dncnn", options, None, "float32")
    save_folder(tmp_path / "small", config, registry.build("dncnn", options), "")
    return tmp_path / "small"


def damage(folder: Path) -> None:
    path = folder / "model.safetensors"
    state = load_file(path)
    state["cnn.tail.bias"] = torch.full((1,), torch.nan)
    save_file(state, path)


def test_list_is_plain_in_a_pipe() -> None:
    result = run("list")
    assert result.exit_code == 0
    lines = [line.split("\t") for line in result.stdout.splitlines()]
    assert [line[0] for line in lines] == NAMES
    rest = {name: line for name, *line in lines}
    assert rest["denoise-n3unet-gray"] == ["n3unet", "75.0", "float16", "5.73"]
    assert rest["denoise-n3unet-raw"] == ["n3unet-raw", "-", "float16", "5.73"]
    assert rest["match-cnet"] == ["cnet", "-", "float16", "0.81"]
    assert rest["upscale-n3sr-photo"] == ["n3sr", "-", "float16", "1.45"]


def test_a_short_name_stands_for_all_that_match() -> None:
    both = ["denoise-n3unet-gray", "denoise-n3unet-color"]
    done = run("info", "n3unet")
    assert done.exit_code == 0
    assert [line.split()[1] for line in done.stdout.splitlines() if line[:5] == "name "] == both
    assert [facts["name"] for facts in json.loads(run("info", "n3unet", "--json").stdout)] == both
    assert run("path", "n3unet").stdout.splitlines() == [str(bundled()[name]) for name in both]
    assert run("verify", "n3unet").stdout.split() == ["ok", "n3unet"]
    assert json.loads(run("info", "n3sr", "--json").stdout)["name"] == "upscale-n3sr-color"


def test_a_name_that_is_no_networks_says_so() -> None:
    done = run("info", "nope")
    assert done.exit_code == 3
    text = "Unknown model 'nope': n3 has no network called nope. See `n3 models list`."
    assert done.stderr == f"n3: error: {text}\n"
    assert "-gray or -color" not in done.stderr


def test_list_as_json() -> None:
    models = json.loads(run("list", "--json").stdout)
    assert [model["name"] for model in models] == NAMES
    channels = [model["options"].get("channels") for model in models]
    assert channels == [3, 1, 3, 3, 1, None, None, None, None, 3, 3]
    assert all((Path(model["folder"]) / "model.safetensors").is_file() for model in models)


@pytest.mark.parametrize("columns", ["40", "100"])
def test_list_is_a_table_on_a_terminal(columns: str) -> None:
    main, side = pytest.importorskip("pty").openpty()
    code = "import sys; from n3cli.cli.models import models; models(['list'])"
    process = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"COLUMNS": columns},
        stdout=side,
        check=False,
        timeout=60,
    )
    os.close(side)
    text = os.read(main, 100_000).decode()
    os.close(main)
    assert process.returncode == 0
    head, *lines = text.splitlines()
    assert "\t" not in text
    assert [line.split()[0] for line in lines] == NAMES
    networks = {line.index(f" {line.split()[1]} ") + 1 for line in lines}
    assert networks == {head.index("network")}


def test_help_and_list_import_neither_torch_nor_numpy() -> None:
    code = (
        "import sys; from n3cli.cli.models import models\n"
        "models(sys.argv[1:], standalone_mode=False)\n"
        "sys.exit(any(m in sys.modules for m in ('torch', 'numpy', 'huggingface_hub')))"
    )
    for arguments in (["--help"], ["convert", "--help"], ["list"]):
        process = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=ROOT,
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert process.returncode == 0, process.stderr.decode()


@pytest.mark.parametrize("command", ["", "list", "info", "path", "verify", "convert"])
def test_help_ends_in_an_example(command: str) -> None:
    result = run(*command.split(), "--help")
    assert result.exit_code == 0
    *_, heading, example = result.stdout.rstrip().splitlines()
    assert heading.strip() == "Example:"
    assert example.split()[:2] == ["n3", "models"]


def test_info(folder: Path) -> None:
    facts = json.loads(run("info", str(folder), "--json").stdout)
    network = registry.build("dncnn", facts["options"])
    assert facts["name"] == "denoise-dncnn-small"
    assert facts["parameters"] == sum(parameter.numel() for parameter in network.parameters())
    assert facts["halos"] == [network.stages[0].halo]
    text = run("info", str(folder)).stdout
    assert len(text.splitlines()) == len(facts)


def test_parameters_are_those_of_the_paper(tmp_path: Path) -> None:
    """N3Net has 705,511 parameters; folding its batch norms takes some of them away."""
    options = {"channels": 1}
    config = ModelConfig("denoise-n3net-new", "denoise", "n3net", options, None, "float32")
    save_folder(tmp_path / "n3net", config, registry.build("n3net", options), "")
    assert (
        json.loads(run("info", str(tmp_path / "n3net"), "--json").stdout)["parameters"] == 705_511
    )


def test_path() -> None:
    result = run("path", "n3unet-gray")
    assert result.stdout == f"{bundled()['denoise-n3unet-gray']}\n"


def test_path_of_a_folder_without_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    result = run("path", str(folder))
    assert (result.exit_code, result.stdout) == (3, "")
    assert "model.safetensors: no such file" in result.stderr


def test_unknown_name() -> None:
    result = run("path", "n3unte-gray")
    assert result.exit_code == 3
    assert result.stdout == ""
    assert "did you mean denoise-n3unet-gray" in result.stderr


def test_verify_all_that_come_with_n3() -> None:
    result = run("verify")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines() == [f"ok     {name}" for name in NAMES]


def test_verify_goes_on_after_a_failure(folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    damage(broken)
    result = run("verify", str(broken), str(folder), str(tmp_path / "nowhere"))
    assert result.exit_code == 3
    assert result.stdout.splitlines() == [
        f"FAILED {broken}",
        f"ok     {folder}",
        f"FAILED {tmp_path / 'nowhere'}",
    ]
    assert "NaN or infinite values in cnn.tail.bias" in result.stderr
    assert "no such folder" in result.stderr


def test_convert_and_its_errors(tmp_path: Path) -> None:
    path = tmp_path / "c.t7"
    path.write_bytes(b"no checkpoint")
    result = run("convert", str(path), "-o", str(tmp_path / "m"))
    assert result.exit_code == 3
    assert "would run code" in result.stderr
    assert not (tmp_path / "m").exists()


def test_convert_needs_an_output() -> None:
    assert run("convert", "c.t7").exit_code == 2
