"""Weights in the form of KAIR and DPIR, against plain float64 forwards of their state dicts."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from click.testing import CliRunner
from safetensors.torch import save_file
from torch import Tensor

import n3cli
from n3cli.cli.main import n3
from n3cli.errors import ModelError
from n3cli.zoo.checkpoint import read_checkpoint
from n3cli.zoo.file import convert_file
from n3cli.zoo.folder import load_trained
from n3cli.zoo.load import load_model

State = dict[str, Tensor]

DILATIONS = (1, 2, 3, 4, 3, 2, 1)


def random_stack(seed: int, planes_in: int, planes_out: int, depth: int, features: int) -> State:
    """Convolutions of a sequence with ReLUs between, large enough to change a picture."""
    generator = torch.Generator().manual_seed(seed)
    planes = [planes_in, *[features] * (depth - 1), planes_out]
    state = {}
    for index in range(depth):
        shape = (planes[index + 1], planes[index], 3, 3)
        scale = (2 / (9 * planes[index])) ** 0.5
        state[f"model.{2 * index}.weight"] = torch.randn(shape, generator=generator) * scale
        state[f"model.{2 * index}.bias"] = torch.randn(shape[0], generator=generator) * 0.05
    state[f"model.{2 * depth - 2}.weight"] *= 0.3
    return state


def random_ircnn(channels: int, features: int = 64) -> dict[str, State]:
    return {str(level): random_stack(level, channels, channels, 7, features) for level in range(25)}


def plain_stack(state: State, x: Tensor, dilations: tuple[int, ...] | None = None) -> Tensor:
    depth = len(state) // 2
    for index, dilation in enumerate(dilations or (1,) * depth):
        weight = state[f"model.{2 * index}.weight"].double()
        bias = state[f"model.{2 * index}.bias"].double()
        x = F.conv2d(x, weight, bias, padding=dilation, dilation=dilation)
        x = x.clamp(min=0) if index + 1 < depth else x
    return x


def bounded(output: np.ndarray, image: np.ndarray, sigma: float) -> np.ndarray:
    """What `n3cli.denoise` leaves of a network's output that was told the level."""
    return output.clip(image - 5 * sigma / 255, image + 5 * sigma / 255)


def plain_dncnn(state: State, x: Tensor, sigma: float) -> Tensor:
    return x - plain_stack(state, x)


def plain_ffdnet(state: State, x: Tensor, sigma: float) -> Tensor:
    height, width = x.shape[-2:]
    x = F.pad(x, (0, width % 2, 0, height % 2), mode="replicate")
    corners = [x[:, :, row::2, column::2] for row in (0, 1) for column in (0, 1)]
    # All four of a plane before those of the next one.
    y = torch.stack(corners, dim=2).flatten(1, 2)
    level = torch.full_like(y[:, :1], sigma / 255)
    y = plain_stack(state, torch.cat([y, level], dim=1)).unflatten(1, (-1, 4))
    out = torch.empty_like(x)
    for index in range(4):
        out[:, :, index // 2 :: 2, index % 2 :: 2] = y[:, :, index]
    return out[..., :height, :width]


def plain_ircnn(state: dict[str, State], x: Tensor, sigma: float) -> Tensor:
    level = min(max(int(np.ceil(sigma / 2)) - 1, 0), 24)
    return x - plain_stack(state[str(level)], x, DILATIONS)


MAKE: dict[str, tuple[Callable[[], object], Callable[..., Tensor], int]] = {
    "dncnn_25": (lambda: random_stack(1, 1, 1, 17, 64), plain_dncnn, 1),
    "dncnn_gray_blind": (lambda: random_stack(2, 1, 1, 20, 64), plain_dncnn, 1),
    "dncnn_color_blind": (lambda: random_stack(3, 3, 3, 20, 64), plain_dncnn, 3),
    "ffdnet_gray": (lambda: random_stack(4, 5, 4, 15, 64), plain_ffdnet, 1),
    "ffdnet_color": (lambda: random_stack(5, 13, 12, 12, 96), plain_ffdnet, 3),
    "ircnn_gray": (lambda: random_ircnn(1), plain_ircnn, 1),
    "ircnn_color": (lambda: random_ircnn(3), plain_ircnn, 3),
}

NAMES = {
    "dncnn_25": "denoise-dncnn-gray-25",
    "dncnn_gray_blind": "denoise-dncnn-gray-blind",
    "dncnn_color_blind": "denoise-dncnn-color-blind",
    "ffdnet_gray": "denoise-ffdnet-gray",
    "ffdnet_color": "denoise-ffdnet-color",
    "ircnn_gray": "denoise-ircnn-gray",
    "ircnn_color": "denoise-ircnn-color",
}


def save(folder: Path, name: str, content: object) -> Path:
    path = folder / f"{name}.pth"
    torch.save(content, path)
    return path


def picture(height: int, width: int, channels: int) -> np.ndarray:
    return np.random.default_rng(7).random((height, width, channels), dtype=np.float32)


def planes(image: np.ndarray) -> Tensor:
    return torch.from_numpy(image.transpose(2, 0, 1).copy()).double().unsqueeze(0)


@pytest.fixture(params=MAKE, scope="module")
def published(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path, object]:
    name = request.param
    content = MAKE[name][0]()
    return name, save(tmp_path_factory.mktemp("weights"), name, content), content


@pytest.mark.parametrize(("height", "width", "sigma"), [(1, 1, 50), (5, 8, 15), (87, 41, 25)])
def test_outputs_are_those_of_the_plain_forward(
    published: tuple[str, Path, object], height: int, width: int, sigma: float
) -> None:
    name, path, content = published
    _, forward, channels = MAKE[name]
    image = picture(height, width, channels)
    expected = forward(content, planes(image), sigma)[0].permute(1, 2, 0).numpy()
    assert np.abs(expected - image).max() > 0.02, "the network does nothing: nothing is tested"
    if load_model(path).config.sigma_max:
        expected = bounded(expected, image, sigma)
    for tile in ("off", 65) if height > 64 else ("off",):
        output = n3cli.denoise(image, sigma, path, precision="fp32", tile=tile)
        assert np.abs(output - expected).max() < 2e-5


def test_what_they_are_is_read_off_the_weights(published: tuple[str, Path, object]) -> None:
    name, path, _ = published
    model = load_model(path.rename(path.with_name("weights.pth")))
    path.with_name("weights.pth").rename(path)
    assert model.config.name == f"{'-'.join(NAMES[name].split('-')[:3])}-weights"
    assert model.network.description.channels == MAKE[name][2]
    assert (
        model.config.sigma_max == {"dncnn": None, "ffdnet": 75, "ircnn": 50}[model.config.network]
    )
    assert load_model(path).config.name == NAMES[name]


def test_a_converted_folder_gives_the_same(
    published: tuple[str, Path, object], tmp_path: Path
) -> None:
    name, path, _ = published
    channels = MAKE[name][2]
    image = picture(23, 34, channels)
    converted = convert_file(path, tmp_path / "m")
    assert converted.config.name == NAMES[name]
    expected = n3cli.denoise(image, 25, path, precision="fp32")
    np.testing.assert_array_equal(
        n3cli.denoise(image, 25, tmp_path / "m", precision="fp32"), expected
    )
    card = (tmp_path / "m" / "README.md").read_text()
    assert "stay under those of their authors" in card
    _, trainable = load_trained(tmp_path / "m")  # batch norms not folded: they change nothing
    with torch.inference_mode():
        level = 25 / 255 if converted.config.sigma_max else None
        output = trainable.eval()(planes(image).float(), level)[0].permute(1, 2, 0).numpy()
    if level:
        output = bounded(output, image, 25)
    assert np.abs(output - expected).max() < 2e-5


def test_every_level_of_ircnn_is_reached(tmp_path: Path) -> None:
    # Level n takes n + 1 off a picture of zeros.
    state = {str(level): random_stack(0, 1, 1, 7, 4) for level in range(25)}
    for level, part in state.items():
        for value in part.values():
            value.zero_()
        part["model.12.bias"] += int(level) + 1
    network = load_model(save(tmp_path, "i", state)).network
    sigmas = torch.tensor([0, 0.5, 2, 2.1, 4, 25, 26, 47.9, 48, 48.1, 50, 70])
    with torch.inference_mode():
        output = network(torch.zeros(len(sigmas), 1, 3, 3), sigmas / 255)
    assert (-output[:, 0, 1, 1]).tolist() == [1, 1, 1, 2, 2, 13, 13, 24, 24, 25, 25, 25]


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: {"params": state, "step": 3},
        lambda state: {"state_dict": state},
        lambda state: {f"module.{key}": value for key, value in state.items()},
        lambda state: {key: value.half() for key, value in state.items()},
    ],
)
def test_wrapped_state_dicts(tmp_path: Path, wrap: Callable[[State], object]) -> None:
    path = save(tmp_path, "d", wrap(random_stack(1, 1, 1, 5, 8)))
    assert load_model(path).config.options["depth"] == 5


def test_safetensors(tmp_path: Path) -> None:
    state = random_stack(1, 5, 4, 6, 8)
    save_file(state, tmp_path / "f.safetensors")
    ircnn = {
        f"{level}.{k}": v for level, part in random_ircnn(1, 4).items() for k, v in part.items()
    }
    save_file(ircnn, tmp_path / "i.safetensors")
    image = picture(9, 12, 1)
    expected = bounded(plain_ffdnet(state, planes(image), 30)[0, 0].numpy(), image[..., 0], 30)
    output = n3cli.denoise(image[..., 0], 30, tmp_path / "f.safetensors", precision="fp32")
    assert np.abs(output - expected).max() < 2e-5
    assert load_model(tmp_path / "i.safetensors").config.network == "ircnn"


def test_a_tensor_may_stand_under_several_names(tmp_path: Path) -> None:
    weight = torch.zeros(32, 32, 3, 3)
    torch.save({f"layer{index}.weight": weight for index in range(12)}, tmp_path / "w.pth")
    assert len(read_checkpoint(tmp_path / "w.pth")) == 12


def broken_files() -> dict[str, tuple[object, str]]:
    ircnn = random_ircnn(1, 4)
    stack = random_stack(1, 1, 1, 17, 8)
    return {
        "bytes": (b"no weights", "it is damaged, or would run code, so n3 refuses it"),
        "nothing": ({}, "holds no weights"),
        "a list": ([1, 2], "holds no weights: list"),
        "numbers": ({"model.0.weight": 3}, "'model.0.weight' in it is not a tensor"),
        "a layer missing": (
            {k: v for k, v in stack.items() if k != "model.8.bias"},
            "not weights of N3Net, DnCNN, FFDNet, IRCNN",
        ),
        "another shape": (
            stack | {"model.8.weight": torch.zeros(8, 9, 3, 3)},
            "|".join(["not weights of N3Net", "does not fit"]),
        ),
        "5×5": (stack | {"model.0.weight": torch.zeros(8, 1, 5, 5)}, "not weights|does not fit"),
        "NaN": (stack | {"model.8.bias": torch.full((8,), torch.nan)}, "NaN or infinite values"),
        "a level missing": (
            {k: v for k, v in ircnn.items() if k != "7"},
            "25 noise levels, 0 to 24; this file has 24",
        ),
        "levels that differ": (ircnn | {"3": random_stack(1, 1, 1, 7, 8)}, "all the same"),
        "a level of another depth": (ircnn | {"3": random_stack(1, 1, 1, 6, 4)}, "level 3"),
        "one level alone": (ircnn["3"], "a single level of an IRCNN"),
        "something else": ({"a.weight": torch.zeros(2, 3)}, r"the first are a\.weight \[2, 3\]"),
        "a value for all": (
            {k: v.new_zeros(()).expand(v.shape) for k, v in random_stack(1, 1, 1, 17, 512).items()},
            "claim 1",
        ),
        "half of a value": (
            {"a": torch.zeros((), dtype=torch.half).expand(10**6, 10**6)},
            "claim 2",
        ),
        "too wide": (random_stack(1, 1, 1, 2, 5000), "from 1 to 4096"),
    }


BROKEN = broken_files()


@pytest.mark.parametrize("problem", BROKEN)
def test_damaged_and_other_files(tmp_path: Path, problem: str) -> None:
    content, message = BROKEN[problem]
    path = tmp_path / "weights.pth"
    path.write_bytes(content) if isinstance(content, bytes) else torch.save(content, path)
    with pytest.raises(ModelError, match=message) as caught:
        load_model(path)
    assert str(path) in str(caught.value)
    if "spandrel" in str(caught.value):
        message = "only weights of N3Net"
    with pytest.raises(ModelError, match=f"{message}|only weights of N3Net"):
        convert_file(path, tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_a_cut_file(tmp_path: Path) -> None:
    path = save(tmp_path, "d", random_stack(1, 1, 1, 5, 8))
    path.write_bytes(path.read_bytes()[:-900])
    with pytest.raises(ModelError, match=r"d\.pth"):
        load_model(path)


class Hostile:
    """What unpickles to a call."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.target,)


def test_nothing_in_a_pickle_runs(tmp_path: Path) -> None:
    path, target = tmp_path / "evil.pth", tmp_path / "owned"
    for write in (
        lambda: torch.save(random_stack(1, 1, 1, 5, 8) | {"x": Hostile(target)}, path),
        lambda: path.write_bytes(pickle.dumps({"model.0.weight": Hostile(target)})),
    ):
        write()
        with pytest.raises(ModelError, match="would run code"):
            load_model(path)
        assert not target.exists()


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(n3, list(arguments))
    return result.exit_code, result.stdout, result.stderr


def test_commands_take_a_file(tmp_path: Path) -> None:
    path = save(tmp_path, "dncnn_25", random_stack(1, 1, 1, 17, 64))
    code, text, _ = run("models", "info", str(path), "--json")
    facts = json.loads(text)
    assert code == 0
    assert facts["name"] == "denoise-dncnn-gray-25"
    assert facts["parameters"] == 555_137  # batch norms merged
    assert facts["halos"] == [17]
    assert facts["exact_tiles"] is True
    assert run("models", "path", str(path))[1] == f"{path}\n"
    assert run("models", "verify", str(path)) == (0, f"ok     {path}\n", "")
    folder = tmp_path / "denoise-dncnn-gray-mine"
    assert run("models", "convert", str(path), "-o", str(folder))[:2] == (
        0,
        f"{folder}  denoise-dncnn-gray-mine\n",
    )
    assert run("models", "verify", str(folder))[0] == 0
    assert n3cli.load_model(folder).config.options["depth"] == 17


def test_commands_refuse_a_broken_file(tmp_path: Path) -> None:
    path = tmp_path / "broken.pth"
    path.write_bytes(b"no weights")
    for arguments in (
        ("models", "info", str(path)),
        ("models", "convert", str(path), "-o", str(tmp_path / "m")),
        ("models", "info", str(tmp_path / "nowhere.pth")),
    ):
        code, text, problem = run(*arguments)
        assert (code, text) == (3, "")
        assert ".pth: " in problem
