"""The wheel: what is in it, and that it works alone; and that a source tree uses its own models."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import numpy as np
import pytest

from n3cli.io.picture import Picture, read_picture, write_picture
from n3cli.zoo.locate import bundled

ROOT = Path(__file__).resolve().parents[2]
MODELS = sorted(path.name for path in (ROOT / "models").iterdir())


def call(*command: str | Path, folder: Path) -> str:
    """Run a command with nothing of this source tree on its path; gives its standard output."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by way of the source distribution as for a release."""
    folder = tmp_path_factory.mktemp("dist")
    call(
        sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, folder=folder
    )  # fmt: skip
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def scripts(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts of an environment with the wheel; dependencies are borrowed from this one."""
    place = tmp_path_factory.mktemp("venv")
    venv.create(place, symlinks=True)
    paths = sysconfig.get_paths("venv", {"base": str(place), "platbase": str(place)})
    python = Path(paths["scripts"]) / "python"
    call(
        sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index",
        wheel, folder=place,
    )  # fmt: skip
    # A folder named in a .pth file comes last, and .pth files in it, such as the one of an
    # editable install, are not looked at: n3cli is the wheel's.
    here = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (Path(paths["purelib"]) / "borrowed.pth").write_text("\n".join(sorted(here)))
    return python.parent


def test_contents(wheel: Path):
    names = zipfile.ZipFile(wheel).namelist()
    version = wheel.name.split("-")[1]
    assert {name.split("/")[0] for name in names} == {"n3cli", f"n3cli-{version}.dist-info"}
    for model in MODELS:
        for file in ("config.json", "model.safetensors", "README.md"):
            assert f"n3cli/_models/{model}/{file}" in names
    for file in ("py.typed", "bench/published.toml", "data/cbsd68.txt"):
        assert f"n3cli/{file}" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert wheel.stat().st_size < 35e6


def test_it_works_alone(scripts: Path, tmp_path: Path):
    n3 = scripts / "n3"
    models = json.loads(call(n3, "models", "list", "--json", folder=tmp_path))
    assert [model["name"] for model in models] == MODELS
    assert all(Path(model["folder"]).is_relative_to(scripts.parent) for model in models)

    clean = np.full((40, 56, 3), (90, 128, 170))
    noisy = clean + np.random.default_rng(0).normal(0, 20, clean.shape)
    write_picture(tmp_path / "a.png", Picture(np.rint(noisy).clip(0, 255).astype(np.uint8)))
    call(n3, "denoise", "a.png", "--sigma", "20", folder=tmp_path)
    assert np.std(read_picture(tmp_path / "a_n3dn.png").pixels - clean) < 5


def test_a_source_tree_uses_its_own_models():
    assert {name: ROOT / "models" / name for name in MODELS} == bundled()
