"""Other people's networks that enlarge, built by spandrel; skipped where it is not installed."""

from __future__ import annotations

import json
import math
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from click.testing import CliRunner, Result
from torch import Tensor
from weights_file import State, image_of, picture, planes_of, save

import n3cli
from n3cli.cli.main import n3
from n3cli.errors import ModelError, N3Warning
from n3cli.io.picture import Picture, read_picture, write_picture
from n3cli.ops.luma import luma
from n3cli.ops.resize import resize
from n3cli.zoo.load import load_model

pytestmark = pytest.mark.usefixtures("spandrel")


class Weights:
    """A state dict that is filled with random convolutions."""

    def __init__(self) -> None:
        self.state: State = {}
        self._generator = torch.Generator().manual_seed(0)

    def convolution(self, name: str, out: int, into: int, gain: float = 1.0) -> None:
        spread = gain / math.sqrt(9 * into)
        weight = torch.randn((out, into, 3, 3), generator=self._generator) * spread
        bias = torch.randn(out, generator=self._generator) / 20
        self.state |= {f"{name}.weight": weight, f"{name}.bias": bias}


def random_compact(channels: int, scale: int, features: int = 8, depth: int = 3) -> State:
    """With the names and shapes of Real-ESRGAN's srvgg_arch.py (realesr-general, -animevideo)."""
    weights = Weights()
    weights.convolution("body.0", features, channels)
    for index in range(depth + 1):
        if index:
            weights.convolution(f"body.{2 * index}", features, features)
        weights.state[f"body.{2 * index + 1}.weight"] = torch.linspace(-0.2, 0.4, features)
    weights.convolution(f"body.{2 * depth + 2}", channels * scale**2, features, gain=0.2)
    return weights.state


def shuffled(x: Tensor, scale: int) -> Tensor:
    """C·s²×h×w → C×s·h×s·w: plane c·s² + s·row + column is that row and column of each block."""
    batch, planes, height, width = x.shape
    x = x.reshape(batch, planes // scale**2, scale, scale, height, width)
    x = x.permute(0, 1, 4, 2, 5, 3)
    return x.reshape(batch, planes // scale**2, scale * height, scale * width)


def nearest(x: Tensor, scale: int) -> Tensor:
    return x.repeat_interleave(scale, -2).repeat_interleave(scale, -1)


def plain_compact(state: State, image: Tensor, scale: int) -> Tensor:
    weights = {name: value.double() for name, value in state.items()}
    last = max(int(name.split(".")[1]) for name in weights)
    x = image.double()
    for index in range(0, last + 1, 2):
        x = F.conv2d(x, weights[f"body.{index}.weight"], weights[f"body.{index}.bias"], padding=1)
        if index < last:
            slope = weights[f"body.{index + 1}.weight"].view(-1, 1, 1)
            x = x.clamp(min=0) + slope * x.clamp(max=0)
    return (shuffled(x, scale) + nearest(image.double(), scale)).clamp(0, 1)


def random_rrdb(channels: int, unshuffle: int = 1, features: int = 8, blocks: int = 2) -> State:
    """With the names and shapes of BasicSR's rrdbnet_arch.py (RealESRGAN_x4plus, _x2plus)."""
    weights, growth = Weights(), 32  # what spandrel builds always
    weights.convolution("conv_first", features, channels * unshuffle**2)
    for block in range(blocks):
        for dense in (1, 2, 3):
            for index in range(1, 6):
                name = f"body.{block}.rdb{dense}.conv{index}"
                into = features + (index - 1) * growth
                weights.convolution(name, growth if index < 5 else features, into)
    for name in ("conv_body", "conv_up1", "conv_up2", "conv_hr"):
        weights.convolution(name, features, features)
    weights.convolution("conv_last", channels, features, gain=0.2)
    weights.state["conv_last.bias"] += 0.5
    return weights.state


def plain_rrdb(state: State, image: Tensor, unshuffle: int = 1, blocks: int = 2) -> Tensor:
    weights = {name: value.double() for name, value in state.items()}

    def convolved(name: str, x: Tensor) -> Tensor:
        return F.conv2d(x, weights[f"{name}.weight"], weights[f"{name}.bias"], padding=1)

    def leaky(x: Tensor) -> Tensor:
        return torch.maximum(x, 0.2 * x)

    x = image.double()
    if unshuffle > 1:
        x = torch.cat(
            [
                x[:, [channel], row::unshuffle, column::unshuffle]
                for channel in range(x.shape[1])
                for row in range(unshuffle)
                for column in range(unshuffle)
            ],
            dim=1,
        )
    first = x = convolved("conv_first", x)
    for block in range(blocks):
        before = x
        for dense in (1, 2, 3):
            grown = x
            for index in range(1, 5):
                more = leaky(convolved(f"body.{block}.rdb{dense}.conv{index}", grown))
                grown = torch.cat([grown, more], dim=1)
            x = x + 0.2 * convolved(f"body.{block}.rdb{dense}.conv5", grown)
        x = before + 0.2 * x
    x = first + convolved("conv_body", x)
    for name in ("conv_up1", "conv_up2"):
        x = leaky(convolved(name, nearest(x, 2)))
    return convolved("conv_last", leaky(convolved("conv_hr", x))).clamp(0, 1)


def inside(expected: np.ndarray) -> bool:
    """Whether clipping hides little of a result."""
    return bool(((expected > 0) & (expected < 1)).mean() > 0.8)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_compact(tmp_path: Path, channels: int, scale: int) -> None:
    state = random_compact(channels, scale)
    path = save(tmp_path / f"realesr-general-x{scale}v3.pth", {"params": state})
    model = load_model(path, task="upscale")
    variant = "gray" if channels == 1 else "color"
    name = f"upscale-realesrgancompact-{variant}-realesr-general-x{scale}v3"
    assert (model.config.name, model.config.task) == (name, "upscale")
    assert (model.network.description.task, model.network.scales) == ("upscale", (scale,))
    image = picture(17, 26, channels)
    expected = image_of(plain_compact(state, planes_of(image), scale))
    assert inside(expected)
    output = n3cli.upscale(image, scale, path)
    assert np.abs(output - expected).max() < 1e-5


@pytest.mark.parametrize("channels", [1, 3])
def test_rrdb(tmp_path: Path, channels: int) -> None:
    state = random_rrdb(channels)
    path = save(tmp_path / "RealESRGAN_x4plus.pth", {"params_ema": state})
    image = picture(13, 30, channels)
    expected = image_of(plain_rrdb(state, planes_of(image)))
    assert inside(expected)
    assert np.abs(n3cli.upscale(image, 4, path) - expected).max() < 1e-5


def test_sizes_that_a_network_needs_are_padded_by_reflection(tmp_path: Path) -> None:
    state = random_rrdb(3, unshuffle=2)
    path = save(tmp_path / "RealESRGAN_x2plus.pth", state)
    model = load_model(path, task="upscale")
    assert (model.network.scales, model.network.description.size_multiple) == ((2,), 4)
    image = picture(22, 31, 3)
    padded = F.pad(planes_of(image), (0, 1, 0, 2), "reflect")
    expected = image_of(plain_rrdb(state, padded, unshuffle=2)[..., :44, :62])
    assert np.abs(n3cli.upscale(image, 2, path) - expected).max() < 1e-5
    assert n3cli.upscale(image[:1, :1], 2, path).shape == (2, 2, 3)


@pytest.mark.parametrize(("scale", "passes"), [(1.5, 1), (2.7, 2), (8, 3)])
def test_any_size_is_passes_and_a_resize(tmp_path: Path, scale: float, passes: int) -> None:
    state = random_compact(3, 2)
    path = save(tmp_path / "x.pth", state)
    image = picture(20, 31, 3)
    planes = planes_of(image)
    for _ in range(passes):
        planes = plain_compact(state, planes, 2)
    size = math.ceil(20 * scale), math.ceil(31 * scale)
    expected = image_of(resize(planes, size=size))
    assert np.abs(n3cli.upscale(image, scale, path) - expected).max() < 2e-5


def test_grey_through_a_colour_network_and_colour_through_a_grey_one(tmp_path: Path) -> None:
    colour = save(tmp_path / "colour.pth", random_compact(3, 2))
    grey = picture(14, 15, 1)
    three = plain_compact(random_compact(3, 2), planes_of(np.repeat(grey, 3, axis=2)), 2)
    output = n3cli.upscale(grey[..., 0], 2, colour)
    assert np.abs(output - luma(image_of(three))[..., 0]).max() < 1e-5

    grey_path = save(tmp_path / "grey.pth", random_compact(1, 2))
    image = picture(14, 15, 3)
    alone = [n3cli.upscale(image[..., channel], 2, grey_path) for channel in range(3)]
    np.testing.assert_allclose(n3cli.upscale(image, 2, grey_path), np.stack(alone, -1), atol=1e-6)


def run(*words: object) -> Result:
    return CliRunner().invoke(n3, [str(word) for word in words])


def test_a_file_keeps_depth_and_transparency(tmp_path: Path) -> None:
    state = random_compact(3, 2)
    weights = save(tmp_path / "x.pth", state)
    pixels = (picture(90, 150, 3) * 65535).astype(np.uint16)
    alpha = (picture(90, 150, 1)[..., 0] * 65535).astype(np.uint16)
    write_picture(tmp_path / "a.png", Picture(pixels, alpha))
    result = run("upscale", tmp_path / "a.png", "-o", tmp_path / "b.png", "-m", weights,
                 "--tile", 64, "--size", "280x170", "-v")  # fmt: skip
    assert result.exit_code == 0, result.stderr
    assert "150×90 → 280×170" in result.stderr
    assert "upscale-realesrgancompact-color-x" in result.stderr
    assert result.stderr.count("computed in tiles of 64×64 pixels") == 1
    large = read_picture(tmp_path / "b.png")
    made = plain_compact(state, planes_of((pixels / 65535.0).astype(np.float32)), 2)
    expected = image_of(resize(made, size=(170, 280)).clamp(0, 1)) * 65535
    assert large.pixels.dtype == np.uint16
    assert np.abs(large.pixels - expected).max() < 2
    wanted = resize(torch.from_numpy(alpha / 65535.0)[None], size=(170, 280)).clamp(0, 1) * 65535
    assert large.alpha is not None
    assert np.abs(large.alpha - wanted[0].numpy()).max() < 2


def test_tiles_are_near_and_said_once_to_be_no_more(tmp_path: Path) -> None:
    path = save(tmp_path / "x.pth", random_rrdb(1))
    image = picture(70, 130, 1)
    with warnings.catch_warnings(action="error"):
        whole = n3cli.upscale(image, 4, path)
    with pytest.warns(N3Warning, match="computed in tiles of 64×64 pixels.*--tile off") as caught:
        tiled = n3cli.upscale(image, 4, path, tile=64)
    assert len(caught) == 1
    np.testing.assert_allclose(tiled, whole, atol=1e-4)


def test_the_second_pass_may_be_the_first_in_tiles(tmp_path: Path) -> None:
    path = save(tmp_path / "x.pth", random_compact(1, 2))
    image = picture(50, 60, 1)
    with pytest.warns(N3Warning, match="computed in tiles of 64×64 pixels") as caught:
        tiled = n3cli.upscale(image, 8, path, tile=64)
    assert len(caught) == 1  # the third pass is in tiles, too
    np.testing.assert_allclose(tiled, n3cli.upscale(image, 8, path, tile="off"), atol=1e-5)


def test_windows_lie_alike_in_tiles_and_in_the_whole(tmp_path: Path) -> None:
    from spandrel.architectures.SwinIR import SwinIR

    torch.manual_seed(0)
    module = SwinIR(
        img_size=64, window_size=8, upscale=2, upsampler="pixelshuffledirect", img_range=1.0,
        embed_dim=12, depths=[2, 2], num_heads=[2, 2], mlp_ratio=2,
    ).eval()  # fmt: skip
    for name, value in module.named_parameters():
        if "relative_position" in name or "qkv" in name:
            torch.nn.init.normal_(value)
    path = save(tmp_path / "swinir.pth", module.state_dict())
    image = picture(43, 140, 3)
    whole = n3cli.upscale(image, 2, path, tile="off")
    with torch.inference_mode():
        expected = image_of(module(planes_of(image)).clamp(0, 1))
    np.testing.assert_allclose(whole, expected, atol=1e-5)
    with pytest.warns(N3Warning, match="tiles"):
        tiled = n3cli.upscale(image, 2, path, tile=75)
    np.testing.assert_allclose(tiled, whole, atol=1e-4)


def test_models_for_the_other_task(tmp_path: Path) -> None:
    from spandrel.architectures.Compact import Compact

    enlarger = save(tmp_path / "esrgan.pth", random_compact(3, 4))
    module = Compact(num_in_ch=3, num_out_ch=3, num_feat=8, num_conv=2, upscale=1)
    denoiser = save(tmp_path / "1x.pth", module.state_dict())
    assert load_model(denoiser).config.name.startswith("denoise-")
    write_picture(tmp_path / "a.png", Picture(np.zeros((8, 8, 3), np.uint8)))
    for command, other, path in (
        ("denoise", "upscale", enlarger),
        ("upscale", "denoise", denoiser),
    ):
        result = run(command, tmp_path / "a.png", "-m", path)
        assert result.exit_code == ModelError.exit_code
        said = f"{path} is for the task {other}, not {command}: use it with `n3 {other}`"
        assert said in " ".join(result.stderr.split())
    image = picture(8, 8, 3)
    with pytest.raises(ModelError, match="task upscale, not denoise: use it with `n3 upscale`"):
        n3cli.denoise(image, 5, load_model(enlarger, task="upscale"))
    with pytest.raises(ModelError, match="task denoise, not upscale: use it with `n3 denoise`"):
        n3cli.upscale(image, 2, load_model(denoiser))


def test_commands_take_a_file_of_any_name(tmp_path: Path) -> None:
    path = save(tmp_path / "denoise-drunet_gray.ckpt", random_compact(3, 4))
    facts = json.loads(run("models", "info", path, "--json").stdout)
    assert facts["name"] == "upscale-realesrgancompact-color-denoise-drunet"
    assert (facts["task"], facts["scales"]) == ("upscale", [4])
    assert facts["exact_tiles"] is False
    assert run("models", "verify", path).stdout == f"ok     {path}\n"
    result = run("models", "convert", path, "-o", tmp_path / "m")
    assert "only weights of N3Net" in result.stderr


def test_planes_that_are_no_picture(tmp_path: Path) -> None:
    path = save(tmp_path / "rgba.pth", random_compact(4, 2))
    with pytest.raises(ModelError, match="takes 4 image planes and gives 4"):
        load_model(path, task="upscale")
