from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from n3cli.errors import ModelError
from n3cli.networks import registry
from n3cli.zoo import hub, locate
from n3cli.zoo.config import ModelConfig
from n3cli.zoo.folder import load_folder, save_folder
from n3cli.zoo.load import load_model

BUNDLED = (
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
)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[hub.HubId]:
    """The Hub ids that were to be downloaded; the Hub refuses them all."""
    ids: list[hub.HubId] = []

    def refuse(hub_id: hub.HubId) -> Path:
        ids.append(hub_id)
        raise ModelError("the Hub is far away.")

    monkeypatch.setattr(hub, "download", refuse)
    return ids


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A small model that does not come with n3."""
    options = {"channels": 3, "depth": 2, "features": 4}
    config = ModelConfig("denoise-dncnn-other", "denoise", "dncnn", options, None, "float32")
    save_folder(tmp_path / "other", config, registry.build("dncnn", options), "")
    return tmp_path / "other"


def test_a_hub_id_may_have_been_meant_for_a_folder(asked: list[hub.HubId]) -> None:
    with pytest.raises(ModelError, match=r"^no folder nix/da here; the Hub is far away"):
        load_model("nix/da")
    with pytest.raises(ModelError, match=r"^the Hub"):
        load_model("nix/da@v1")


def test_a_runs_folder_stands_for_its_model(
    other: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t1").mkdir()
    other.rename(tmp_path / "t1" / "model")
    for name in ("t1", "./t1", tmp_path / "t1", str(tmp_path / "t1")):
        assert load_model(name, channels=3).config.name == "denoise-dncnn-other"


def test_bundled_models_are_those_of_the_source_tree() -> None:
    found = locate.bundled()
    assert tuple(found) == BUNDLED
    assert all(
        folder.parent == Path(__file__).resolve().parents[2] / "models" for folder in found.values()
    )


def test_bundled_models_name_all_their_options() -> None:
    for folder in locate.bundled().values():
        config = load_folder(folder).config
        assert config.options == registry.complete(config.network, config.options)


def test_installed_copy_is_used_without_a_source_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "_models" / BUNDLED[0]
    shutil.copytree(locate.bundled()[BUNDLED[0]], copy)
    monkeypatch.setattr(locate, "BUNDLES", (tmp_path / "models", tmp_path / "_models"))
    assert locate.bundled() == {BUNDLED[0]: copy}


@pytest.mark.parametrize("channels", [1, 3])
def test_default_model_fits_the_image(channels: int, asked: list[hub.HubId]) -> None:
    model = load_model(channels=channels)
    assert model.config.name == f"denoise-n3unet-{'gray' if channels == 1 else 'color'}"
    assert model.network.description.channels == channels
    assert model.config.sigma_max == 75
    assert not asked, "a bundled model was looked up on the Hub"


def test_full_short_and_path_lead_to_the_same_folder(asked: list[hub.HubId]) -> None:
    folder = locate.bundled()["denoise-n3unet-gray"]
    for name in ("denoise-n3unet-gray", "n3unet-gray", str(folder), folder):
        assert locate.locate(name, task="denoise").folder == folder
    assert locate.locate("n3unet", task="denoise", channels=1).folder == folder


def test_folder_beside_us_comes_first(
    other: Path, monkeypatch: pytest.MonkeyPatch, asked: list[hub.HubId]
) -> None:
    other.rename(other.parent / "denoise-n3unet-gray")
    monkeypatch.chdir(other.parent)
    assert load_model("denoise-n3unet-gray").config.name == "denoise-dncnn-other"


def test_home_is_expanded(other: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(other.parent))
    assert locate.locate("~/other", task="denoise").folder == other


def test_a_path_is_taken_for_any_picture(other: Path) -> None:
    for channels in (1, 3):
        assert load_model(other, channels=channels).network.description.channels == 3


def test_hub_id(asked: list[hub.HubId]) -> None:
    with pytest.raises(ModelError, match="far away"):
        load_model("org/name@v1")
    assert asked == [hub.HubId("org/name", "v1")]


def test_published_name_is_looked_up_in_the_namespace(
    asked: list[hub.HubId], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("N3_HUB_NAMESPACE", "lab")
    with pytest.raises(ModelError) as caught:
        load_model("dncnn", channels=1)
    assert asked == [hub.HubId("lab/denoise-dncnn-gray")]
    message = str(caught.value)
    assert "Unknown model 'denoise-dncnn-gray'" in message
    assert "far away" in message
    assert "n3 models list" in message


def test_misspelt_network_does_not_reach_the_hub(asked: list[hub.HubId]) -> None:
    with pytest.raises(ModelError, match="Did you mean denoise-n3unet-gray"):
        load_model("n3unte", channels=1)
    assert not asked


@pytest.mark.parametrize("name", ["./nowhere", "a/b/c", "/nowhere/model"])
def test_missing_folder(name: str, asked: list[hub.HubId]) -> None:
    with pytest.raises(ModelError, match="no such folder"):
        load_model(name)
    assert not asked


def test_file_in_place_of_a_folder(other: Path) -> None:
    with pytest.raises(ModelError, match="is a file in the folder of a model: give the folder"):
        load_model(str(other / "model.safetensors"))


def test_who_needs_a_folder_is_told_how_to_make_one(tmp_path: Path) -> None:
    (tmp_path / "x.pth").touch()
    place = locate.locate(str(tmp_path / "x.pth"), task="denoise")
    with pytest.raises(ModelError, match="n3 models convert"):
        _ = place.folder


@pytest.mark.parametrize("name", ["nowhere.pth", "./nowhere.safetensors", "nowhere.PT"])
def test_missing_file(name: str, asked: list[hub.HubId]) -> None:
    with pytest.raises(ModelError, match="no such folder or file"):
        load_model(name)
    assert not asked


def test_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"config\.json: no such file"):
        load_model(tmp_path)


@pytest.mark.parametrize("name", ["z", ".", "..", "dncnn-gray"])
@pytest.mark.parametrize("channels", [None, 1])
def test_existing_folder_without_a_model_is_no_name(
    name: str,
    channels: int | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    asked: list[hub.HubId],
) -> None:
    for folder in ("z", "dncnn-gray"):
        (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path / "z" if name == ".." else tmp_path)
    with pytest.raises(ModelError, match=r"config\.json: no such file"):
        load_model(name, channels=channels)
    assert not asked


def test_bundled_name_beside_a_folder_of_other_things(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "n3unet-gray").mkdir()
    monkeypatch.chdir(tmp_path)
    folder = locate.locate("n3unet-gray", task="denoise").folder
    assert folder == locate.bundled()["denoise-n3unet-gray"]


@pytest.mark.parametrize("file", ["config.json", "model.safetensors"])
def test_pipe_in_place_of_a_file_does_not_hang(other: Path, file: str) -> None:
    (other / file).unlink()
    os.mkfifo(other / file)
    for load in (load_model, load_folder):
        with pytest.raises(ModelError, match=f"{file}: not a regular file"):
            load(other)


def test_folder_whose_name_is_not_utf8(other: Path) -> None:
    renamed = other.with_name(os.fsdecode(b"mod\xe9le"))
    other.rename(renamed)
    assert load_model(renamed).config.name == "denoise-dncnn-other"


def test_other_task(other: Path) -> None:
    with pytest.raises(ModelError, match="is for the task denoise, not upscale"):
        load_model(other, task="upscale")
    with pytest.raises(ModelError, match="n3unet is for the task denoise, not upscale"):
        load_model("n3unet", task="upscale")
    with pytest.raises(ModelError, match="known tasks: denoise, upscale"):
        load_model("n3unet", task="dance")
