from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from n3cli.errors import InputError, ModelError
from n3cli.networks import registry
from n3cli.networks.network import Network
from n3cli.zoo import folder as folder_module
from n3cli.zoo.config import ModelConfig
from n3cli.zoo.folder import load_folder, save_folder
from n3cli.zoo.verify import verify_model

OPTIONS = {"channels": 1, "sigma_input": True, "depth": 4, "features": 4}
CONFIG = ModelConfig("denoise-dncnn-test", "denoise", "dncnn", OPTIONS, 75.0, "float32")


@pytest.fixture
def network() -> Network:
    """A network whose batch norms have seen something."""
    torch.manual_seed(0)
    network = registry.build("dncnn", OPTIONS).train()
    with torch.no_grad():
        network(torch.rand(2, 1, 16, 16), 0.2)
    return network.eval()


@pytest.fixture
def folder(tmp_path: Path, network: Network) -> Path:
    folder = tmp_path / "denoise-dncnn-test"
    save_folder(folder, CONFIG, network, "# card\n")
    return folder


def change_weights(folder: Path, **changes: torch.Tensor | None) -> None:
    """Replace (or, with None, remove) tensors of a model's file; `__` stands for a dot."""
    path = folder / "model.safetensors"
    state: dict[str, torch.Tensor | None] = dict(load_file(path))
    state.update({key.replace("__", "."): value for key, value in changes.items()})
    save_file({key: value for key, value in state.items() if value is not None}, path)


def test_round_trip(folder: Path, network: Network) -> None:
    model = load_folder(folder)
    assert model.config == CONFIG
    assert model.source == str(folder)
    assert not any(module.training for module in model.network.modules())
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in model.network.modules())
    image = torch.rand(1, 1, 13, 17)
    with torch.inference_mode():
        torch.testing.assert_close(model.network(image, 0.1), network(image, 0.1))
    assert (folder / "README.md").read_text() == "# card\n"
    verify_model(model)


def test_hidden_files_are_in_nobodys_way_and_stay(tmp_path: Path, network: Network) -> None:
    folder = tmp_path / "model"
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "HEAD").write_text("x")
    (folder / ".DS_Store").write_text("y")
    save_folder(folder, CONFIG, network, "one")
    with pytest.raises(InputError, match="give -y"):
        save_folder(folder, CONFIG, network, "two")
    save_folder(folder, CONFIG, network, "two", overwrite=True)
    assert (folder / "README.md").read_text() == "two"
    assert (folder / ".git" / "HEAD").read_text() == "x"
    assert (folder / ".DS_Store").read_text() == "y"
    (folder / "mine.txt").write_text("keep")
    with pytest.raises(InputError, match=r"mine\.txt"):
        save_folder(folder, CONFIG, network, "three", overwrite=True)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_loaded_as_float32(tmp_path: Path, network: Network, dtype: str) -> None:
    save_folder(tmp_path / "m", dataclasses.replace(CONFIG, dtype=dtype), network, "")
    stored = load_file(tmp_path / "m" / "model.safetensors")
    assert {value.dtype for value in stored.values()} == {getattr(torch, dtype)}
    model = load_folder(tmp_path / "m")
    assert {value.dtype for value in model.network.parameters()} == {torch.float32}
    image = torch.rand(1, 1, 16, 16)
    with torch.inference_mode():
        error = (model.network(image, 0.1) - network(image, 0.1)).abs().max()
    assert 0 < error < 0.05


def test_files_can_be_read_by_others(folder: Path) -> None:
    modes = {file.stat().st_mode & 0o777 for file in folder.iterdir()}
    assert len(modes) == 1, "files of one folder have different permissions"


def test_weights_missing(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"model\.safetensors: no such file"):
        load_folder(folder)


@pytest.mark.parametrize("kept", [0, 7, 100, -1])
def test_truncated_weights(folder: Path, kept: int) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ModelError, match="not a complete safetensors file"):
        load_folder(folder)


def test_mismatched_weights_are_named(folder: Path) -> None:
    change_weights(
        folder,
        cnn__head__weight=None,
        cnn__tail__bias=torch.zeros(2),
        other=torch.zeros(1),
    )
    with pytest.raises(ModelError) as caught:
        load_folder(folder)
    message = str(caught.value)
    assert "not the weights of the network dncnn" in message
    assert "cnn.head.weight missing" in message
    assert "other unknown" in message
    assert "cnn.tail.bias [2] instead of [1]" in message


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_that_are_not_finite(folder: Path, value: float) -> None:
    change_weights(folder, cnn__tail__bias=torch.tensor([value]))
    with pytest.raises(ModelError, match=r"NaN or infinite values in cnn\.tail\.bias"):
        load_folder(folder)


def test_other_dtype_than_the_config_says(folder: Path) -> None:
    change_weights(folder, cnn__tail__bias=torch.zeros(1, dtype=torch.float64))
    with pytest.raises(ModelError, match=r"cnn\.tail\.bias not stored as float32"):
        load_folder(folder)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"network": "nonet"}, "unknown network 'nonet'"),
        ({"options": {**OPTIONS, "width": 3}}, "no option 'width'"),
        ({"options": {**OPTIONS, "channels": "1"}}, "must be of type int"),
        ({"sigma_max": None}, "takes a noise level"),
    ],
)
def test_config_that_fits_no_network(folder: Path, change: dict[str, object], said: str) -> None:
    config = dataclasses.replace(CONFIG, **change)  # type: ignore[arg-type]
    (folder / "config.json").write_text(config.to_json())
    with pytest.raises(ModelError, match=said) as caught:
        load_folder(folder)
    assert str(folder / "config.json") in str(caught.value)


def test_network_that_the_config_does_not_describe(tmp_path: Path) -> None:
    other = registry.build("dncnn", {**OPTIONS, "features": 8})
    with pytest.raises(ModelError, match="not the weights of the network dncnn"):
        save_folder(tmp_path / "m", CONFIG, other, "")
    assert list(tmp_path.iterdir()) == []


def test_values_too_large_for_float16(tmp_path: Path, network: Network) -> None:
    with torch.no_grad():
        next(network.parameters()).mul_(1e6)
    with pytest.raises(ModelError, match="in float16: NaN or infinite"):
        save_folder(tmp_path / "m", dataclasses.replace(CONFIG, dtype="float16"), network, "")
    assert list(tmp_path.iterdir()) == []


def test_existing_model_is_kept_unless_told(folder: Path, network: Network) -> None:
    with pytest.raises(InputError, match="-y"):
        save_folder(folder, CONFIG, network, "other card")
    save_folder(folder, CONFIG, network, "other card", overwrite=True)
    assert (folder / "README.md").read_text() == "other card"
    assert [entry.name for entry in folder.parent.iterdir()] == [folder.name]


def test_folder_with_other_files_is_never_replaced(folder: Path, network: Network) -> None:
    (folder / "photo.png").write_bytes(b"precious")
    with pytest.raises(InputError, match=r"photo\.png"):
        save_folder(folder, CONFIG, network, "", overwrite=True)
    assert (folder / "photo.png").read_bytes() == b"precious"


def test_file_in_the_place_of_the_folder(tmp_path: Path, network: Network) -> None:
    (tmp_path / "m").write_text("x")
    with pytest.raises(InputError, match="is a file"):
        save_folder(tmp_path / "m", CONFIG, network, "", overwrite=True)


def test_failed_write_leaves_the_old_model(
    folder: Path, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise OSError("no space left")

    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    monkeypatch.setattr(folder_module, "write_weights", fail)
    with pytest.raises(InputError, match="no space left"):
        save_folder(folder, CONFIG, network, "new", overwrite=True)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    assert [entry.name for entry in folder.parent.iterdir()] == [folder.name]


def test_interrupted_while_it_is_replaced_the_old_model_stays(
    folder: Path, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename, renamed = Path.rename, []

    def interrupted(self: Path, target: Path) -> Path:
        renamed.append(target)
        if len(renamed) == 2:
            raise KeyboardInterrupt
        return rename(self, target)

    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_folder(folder, CONFIG, network, "new", overwrite=True)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    assert [entry.name for entry in folder.parent.iterdir()] == [folder.name]


def test_verify_finds_a_network_that_overflows(folder: Path, network: Network) -> None:
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(3e38)
    save_folder(folder, CONFIG, network, "", overwrite=True)
    with pytest.raises(ModelError, match="the output has NaN or infinite"):
        verify_model(load_folder(folder))


def test_an_absurd_size_is_refused_at_once(tmp_path: Path) -> None:
    import json
    import shutil
    import time

    from n3cli.zoo.locate import bundled

    folder = tmp_path / "model"
    shutil.copytree(bundled()["denoise-n3unet-gray"], folder)
    config = json.loads((folder / "config.json").read_text())
    for channels, message in ((4096, "another shape"), (10**7, "from 1 to 4096")):
        config["options"] = {"channels": channels}
        (folder / "config.json").write_text(json.dumps(config))
        started = time.process_time()
        with pytest.raises(ModelError, match=message):
            load_folder(folder)
        assert time.process_time() - started < 5


@pytest.mark.parametrize(
    ("key", "value"), [("sigma_max", 10**400), ("sigma_max", float("nan")), ("options", [])]
)
def test_impossible_values_of_a_config(tmp_path: Path, key: str, value: object) -> None:
    import json
    import shutil

    from n3cli.zoo.locate import bundled

    folder = tmp_path / "model"
    shutil.copytree(bundled()["denoise-n3unet-gray"], folder)
    config = json.loads((folder / "config.json").read_text())
    config[key] = value
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match=key):
        load_folder(folder)
