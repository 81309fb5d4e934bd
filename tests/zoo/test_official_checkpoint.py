from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from n3cli.errors import InputError, ModelError
from n3cli.networks import registry
from n3cli.zoo.file import convert_file
from n3cli.zoo.load import load_model
from n3cli.zoo.official import rename_state
from n3cli.zoo.weights import network_state

REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "reference"

needs_reference = pytest.mark.skipif(
    not REFERENCE.is_dir(), reason="the recorded outputs of the authors' code are not here"
)


def published_state() -> dict[str, torch.Tensor]:
    """A random state dict with the names and shapes of the authors' code."""
    generator = torch.Generator().manual_seed(0)
    state = {}
    for ours, value in network_state(registry.build("n3net", {"channels": 1})).items():
        key = ours
        for mine, theirs in (
            ("parts.1.block.", "nls.0."),
            ("parts.2.block.", "nls.1."),
            (".embed.", ".embedcnn."),
            (".temperature.", ".tempcnn."),
            (".distance_norm.", ".n3aggregation.aggregation.nnn.bn."),
            (".cnn.head.", ".conv1."),
            (".cnn.body.", ".layer1."),
            (".cnn.tail.", ".conv2."),
            ("parts.", "blocks."),
        ):
            key = key.replace(mine, theirs)
        state[key] = torch.rand(value.shape, generator=generator) * 0.1
    for block in range(3):
        for part in ("weight", "bias", "running_mean", "running_var"):
            state[f"blocks.{block}.bn1.{part}"] = torch.full((64,), float("nan"))
    return state


def save_checkpoint(path: Path, state: object, **options: Any) -> Path:
    torch.save({"net": state, "epoch": 51}, path, **options)
    return path


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("prefix", ["", "module."])
def test_conversion_keeps_every_value(tmp_path: Path, zipped: bool, prefix: str) -> None:
    state = published_state()
    path = save_checkpoint(
        tmp_path / "sigma25.t7",
        {prefix + key: value for key, value in state.items()},
        _use_new_zipfile_serialization=zipped,
    )
    folder = tmp_path / "denoise-n3net-gray-s25"
    model = convert_file(path, folder)
    assert model.config.name == folder.name
    assert model.config.sigma_max is None
    stored = load_file(folder / "model.safetensors")
    assert stored.keys() == network_state(registry.build("n3net", {"channels": 1})).keys()
    assert len(stored) == len(state) - 12
    torch.testing.assert_close(
        stored["parts.2.block.embed.3.weight"], state["nls.1.embedcnn.3.weight"]
    )
    torch.testing.assert_close(
        stored["parts.0.cnn.body.0.weight"], state["blocks.0.layer1.0.weight"]
    )


def test_card_says_what_the_weights_may_be_used_for(tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path / "pretrained_sigma25.t7", published_state())
    convert_file(path, tmp_path / "m")
    card = (tmp_path / "m" / "README.md").read_text()
    assert "non-commercial use only" in card
    assert "may not be redistributed" in card
    assert 'license: "other"' in card
    assert "# denoise-n3net-gray-pretrained-sigma25" in card


def test_name_can_be_given(tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path / "c.t7", published_state())
    assert convert_file(path, tmp_path / "m", "denoise-n3net-gray-mine").config.name == (
        "denoise-n3net-gray-mine"
    )
    with pytest.raises(ModelError, match="name must be of the form"):
        convert_file(path, tmp_path / "n", "mine")


def test_existing_folder_is_kept(tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path / "c.t7", published_state())
    convert_file(path, tmp_path / "m")
    with pytest.raises(InputError, match="-y"):
        convert_file(path, tmp_path / "m")
    convert_file(path, tmp_path / "m", overwrite=True)


class Hostile:
    """What unpickles to a call."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.target,)


@pytest.mark.parametrize("protocol", ["torch", "plain"])
def test_hostile_pickle_runs_nothing(tmp_path: Path, protocol: str) -> None:
    path, target = tmp_path / "evil.t7", tmp_path / "owned"
    if protocol == "torch":
        save_checkpoint(path, {"a": Hostile(target)})
    else:
        path.write_bytes(pickle.dumps({"net": Hostile(target)}))
    with pytest.raises(ModelError, match="would run code"):
        convert_file(path, tmp_path / "m")
    assert not target.exists()
    assert not (tmp_path / "m").exists()
    # The same file does run its code when it is read carelessly.
    torch.load(path, weights_only=False) if protocol == "torch" else pickle.loads(path.read_bytes())
    assert target.exists()


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"PK\x03\x04 no zip", b"\x80\x02}q\x00.", bytes(64)]
)
def test_what_is_no_checkpoint(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "c.t7"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"c\.t7"):
        convert_file(path, tmp_path / "m")


@pytest.mark.parametrize("state", [None, [1], {}, {"a": 1}, {1: torch.zeros(1)}])
def test_checkpoint_of_something_else(tmp_path: Path, state: object) -> None:
    path = save_checkpoint(tmp_path / "c.t7", state)
    with pytest.raises(ModelError, match="holds no weights"):
        convert_file(path, tmp_path / "m")


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such file"):
        convert_file(tmp_path / "c.t7", tmp_path / "m")


def test_incomplete_checkpoint_names_what_is_missing(tmp_path: Path) -> None:
    state = published_state()
    del state["nls.0.embedcnn.0.weight"]
    path = save_checkpoint(tmp_path / "c.t7", state)
    with pytest.raises(ModelError, match=r"parts\.1\.block\.embed\.0\.weight missing"):
        convert_file(path, tmp_path / "m")


def test_raw_checkpoint_with_noise_planes_is_refused(tmp_path: Path) -> None:
    state = published_state()
    state["blocks.0.conv1.weight"] = torch.zeros(64, 3, 3, 3)
    path = save_checkpoint(tmp_path / "c.t7", state)
    with pytest.raises(ModelError, match="takes 3 planes and gives 1"):
        convert_file(path, tmp_path / "m")


def test_a_checkpoint_runs_as_it_is(tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path / "c.t7", published_state())
    image = torch.rand(1, 1, 31, 42)
    with torch.inference_mode():
        output = load_model(path).network(image)
        torch.testing.assert_close(
            output, convert_file(path, tmp_path / "m").network(image), atol=0, rtol=0
        )


def test_integer_counters_of_newer_checkpoints_are_dropped() -> None:
    assert rename_state({"nls.0.embedcnn.1.num_batches_tracked": torch.tensor(3)}) == {}


@needs_reference
def test_recorded_names_and_shapes() -> None:
    shapes = json.loads((REFERENCE / "official_checkpoint_keys.json").read_text())
    assert {key: list(value.shape) for key, value in published_state().items()} == shapes


@needs_reference
@pytest.mark.parametrize("suffix", ["", "_small"])
def test_recorded_outputs_of_the_authors_code(tmp_path: Path, suffix: str) -> None:
    record = load_file(REFERENCE / "n3net.safetensors")
    state = {k.removeprefix("state."): v for k, v in record.items() if k.startswith("state.")}
    path = save_checkpoint(tmp_path / "c.t7", state)
    convert_file(path, tmp_path / "m")
    model = load_model(tmp_path / "m", channels=1)
    with torch.inference_mode():
        output = model.network(record[f"x{suffix}"])
    torch.testing.assert_close(output, record[f"y{suffix}"], atol=1e-4, rtol=0)
