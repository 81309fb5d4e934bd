"""Weights of networks that spandrel builds; skipped where it is not installed."""

from __future__ import annotations

import builtins
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from weights_file import State, image_of, picture, planes_of, save

import n3cli
from n3cli.errors import ModelError, N3Warning
from n3cli.inference.denoiser import Denoiser
from n3cli.ops.row_source import ArraySource
from n3cli.zoo.file import convert_file
from n3cli.zoo.load import load_model


def random_drunet(
    channels: int, planes: tuple[int, ...] = (8, 12, 16, 20), blocks: int = 2
) -> State:
    """A state dict with the names and shapes of DPIR's network_unet.py."""
    generator = torch.Generator().manual_seed(0)
    state: State = {}
    planes = (8, 12, 16, 20)

    def convolution(name: str, out: int, into: int, side: int = 3) -> None:
        scale = (1 / (side * side * into)) ** 0.5
        state[name] = torch.randn((out, into, side, side), generator=generator) * scale

    def residual(name: str, width: int) -> None:
        convolution(f"{name}.res.0.weight", width, width)
        convolution(f"{name}.res.2.weight", width, width)

    convolution("m_head.weight", planes[0], channels + 1)
    for level in range(3):
        for block in range(blocks):
            residual(f"m_down{level + 1}.{block}", planes[level])
        convolution(f"m_down{level + 1}.{blocks}.weight", planes[level + 1], planes[level], 2)
    for block in range(blocks):
        residual(f"m_body.{block}", planes[3])
    for level in (2, 1, 0):
        # A transposed convolution: planes in first.
        convolution(f"m_up{level + 1}.0.weight", planes[level + 1], planes[level], 2)
        for block in range(blocks):
            residual(f"m_up{level + 1}.{block + 1}", planes[level])
    convolution("m_tail.weight", channels, planes[0])
    return state


def plain_drunet(state: State, image: Tensor, sigma: float, blocks: int = 2) -> Tensor:
    weights = {name: value.double() for name, value in state.items()}

    def residuals(x: Tensor, part: str, first: int) -> Tensor:
        for block in range(first, first + blocks):
            y = F.conv2d(x, weights[f"{part}.{block}.res.0.weight"], padding=1).clamp(min=0)
            x = x + F.conv2d(y, weights[f"{part}.{block}.res.2.weight"], padding=1)
        return x

    level = torch.full_like(image[:, :1], sigma / 255)
    x = F.conv2d(torch.cat([image, level], dim=1), weights["m_head.weight"], padding=1)
    kept = []
    for part in ("m_down1", "m_down2", "m_down3"):
        kept.append(x)
        x = F.conv2d(residuals(x, part, 0), weights[f"{part}.{blocks}.weight"], stride=2)
    x = residuals(x, "m_body", 0) + x
    for part in ("m_up3", "m_up2", "m_up1"):
        x = residuals(F.conv_transpose2d(x, weights[f"{part}.0.weight"], stride=2), part, 1)
        x = x + kept.pop()
    return F.conv2d(x, weights["m_tail.weight"], padding=1)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("sigma", [5.0, 40.0])
def test_drunet_is_told_the_noise_level(
    spandrel: object, tmp_path: Path, channels: int, sigma: float
) -> None:
    state = random_drunet(channels)
    path = save(tmp_path / "drunet_x.pth", state)
    model = load_model(path)
    assert model.config.name == f"denoise-drunet-{'gray' if channels == 1 else 'color'}-x"
    assert model.config.sigma_max == 50
    image = picture(48, 56, channels)
    expected = image_of(plain_drunet(state, planes_of(image).double(), sigma))
    output = n3cli.denoise(image, sigma, path, tile="off")
    assert np.abs(output - expected).max() < 2e-5


@pytest.mark.parametrize(("height", "width"), [(1, 1), (7, 30), (43, 61)])
def test_any_size(spandrel: object, tmp_path: Path, height: int, width: int) -> None:
    path = save(tmp_path / "drunet.pth", random_drunet(1))
    image = picture(height, width, 1)
    output = n3cli.denoise(image, 20, path)
    assert output.shape == image.shape
    assert np.isfinite(output).all()


def test_a_grey_network_takes_the_channels_of_a_colour_picture(
    spandrel: object, tmp_path: Path
) -> None:
    path = save(tmp_path / "drunet.pth", random_drunet(1))
    image = picture(16, 24, 3)
    output = n3cli.denoise(image, 20, path)
    alone = [n3cli.denoise(image[..., [channel]], 20, path) for channel in range(3)]
    np.testing.assert_allclose(output, np.concatenate(alone, axis=-1), atol=1e-5)


def test_tiles_are_near_and_said_to_be_no_more(spandrel: object, tmp_path: Path) -> None:
    path = save(tmp_path / "drunet.pth", random_drunet(1))
    image = picture(200, 300, 1)
    with warnings.catch_warnings(action="error"):
        whole = n3cli.denoise(image, 20, path, tile="off")
    with pytest.warns(N3Warning, match="computed in tiles of 64×64 pixels.*--tile off") as caught:
        tiled = n3cli.denoise(image, 20, path, tile=64)
    assert len(caught) == 1
    np.testing.assert_allclose(tiled, whole, atol=1e-3)


def test_scunet_takes_none(spandrel: object, tmp_path: Path) -> None:
    from spandrel.architectures.SCUNet import SCUNet

    torch.manual_seed(0)
    module = SCUNet(in_nc=1, config=[1] * 7, dim=64, input_resolution=64).eval()
    path = save(tmp_path / "scunet_gray_25.pth", module.state_dict())
    model = load_model(path)
    assert (model.config.name, model.config.sigma_max) == ("denoise-scunet-gray-25", None)
    image = picture(64, 128, 1)
    with torch.inference_mode():
        expected = image_of(module(planes_of(image)).clamp(0, 1))
    np.testing.assert_allclose(n3cli.denoise(image, 25, path, tile="off"), expected, atol=1e-5)
    assert n3cli.denoise(picture(5, 9, 1), 25, path).shape == (5, 9, 1)


def test_a_network_for_squares_takes_any_picture(spandrel: object, tmp_path: Path) -> None:
    from spandrel.architectures.Uformer import Uformer

    torch.manual_seed(0)
    module = Uformer(
        img_size=128, embed_dim=4, depths=[1] * 9, num_heads=[1] * 9, win_size=8,
        token_projection="linear", token_mlp="leff", modulator=True,
    ).eval()  # fmt: skip
    path = save(tmp_path / "uformer.pth", module.state_dict())
    image = picture(120, 200, 3)
    square = np.pad(image, ((0, 8), (0, 56), (0, 0)), "reflect")
    square = np.pad(square, ((0, 127), (0, 0), (0, 0)), "reflect")
    square = np.pad(square, ((0, 1), (0, 0), (0, 0)), "edge")
    with torch.inference_mode():
        expected = image_of(module(planes_of(square)).clamp(0, 1))[:120, :200]
    np.testing.assert_allclose(n3cli.denoise(image, 25, path, tile="off"), expected, atol=1e-5)


def test_fdncnn_is_told_the_noise_level(spandrel: object, tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(0)
    planes = [2, *[4] * 19, 1]
    state = {}
    for index in range(20):
        shape = (planes[index + 1], planes[index], 3, 3)
        state[f"model.{2 * index}.weight"] = torch.randn(shape, generator=generator) / 5
        state[f"model.{2 * index}.bias"] = torch.randn(shape[0], generator=generator) / 5
    model = load_model(save(tmp_path / "fdncnn_gray.pth", state))
    assert model.config.sigma_max == 75
    image = torch.rand(1, 1, 12, 12)
    with torch.inference_mode():
        assert not torch.equal(model.network(image, 0.05), model.network(image, 0.2))


def test_one_denoiser_for_many_pictures(spandrel: object, tmp_path: Path) -> None:
    denoiser = Denoiser(save(tmp_path / "drunet.pth", random_drunet(1)))
    for height in (20, 33):
        source = ArraySource(picture(height, 24, 1))
        assert np.concatenate(list(denoiser.rows(source, sigma=10))).shape == (height, 24, 1)


def test_only_files_of_our_networks_are_converted(tmp_path: Path) -> None:
    path = save(tmp_path / "drunet.pth", random_drunet(1))
    with pytest.raises(ModelError, match="only weights of N3Net, DnCNN, FFDNet, IRCNN can"):
        convert_file(path, tmp_path / "m")


def test_unknown_and_damaged_weights(spandrel: object, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="Spandrel does not know them either"):
        load_model(save(tmp_path / "a.pth", {"a.weight": torch.zeros(2)}))
    state = random_drunet(1)
    del state["m_body.1.res.2.weight"]
    with pytest.raises(ModelError, match="does not fit it"):
        load_model(save(tmp_path / "b.pth", state))
    state = random_drunet(1)
    state["m_body.1.res.2.weight"][0] = torch.nan
    with pytest.raises(ModelError, match="NaN or infinite values"):
        load_model(save(tmp_path / "c.pth", state))


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ImportError("none here"), r"pip install 'n3cli\[spandrel\]' \(none here\)"),
        (
            RuntimeError("operator torchvision::nms"),
            "does not fit torch, install both from the same source",
        ),
    ],
)
def test_without_spandrel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, message: str
) -> None:
    real = builtins.__import__

    def refuse(name: str, *rest: object) -> object:
        if name == "spandrel":
            raise error
        return real(name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", refuse)
    path = save(tmp_path / "drunet.pth", random_drunet(1))
    with pytest.raises(ModelError, match=message):
        load_model(path)
    with pytest.raises(ModelError, match=message):
        n3cli.upscale(picture(4, 4, 1), 2, path)
