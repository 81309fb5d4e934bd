"""Enlarging arrays: exact tiles, any size, every kind of array."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from n3cli.errors import ConfigError, InputError, ModelError
from n3cli.inference.compute import Compute
from n3cli.inference.passes import choose_passes
from n3cli.inference.resized import ResizedRows
from n3cli.inference.size import Goal
from n3cli.inference.source import PlaneRows
from n3cli.inference.upscale import upscale
from n3cli.inference.upscaler import Upscaler
from n3cli.networks import registry
from n3cli.networks.description import Description, Placement
from n3cli.networks.network import Network, Stage
from n3cli.ops.luma import luma
from n3cli.ops.resize import resize
from n3cli.ops.row_source import ArraySource
from n3cli.zoo.config import ModelConfig
from n3cli.zoo.folder import Model

WIDTH, BLOCKS = 12, 1


def random_model(channels: int = 3, **more: object) -> Model:
    options = {"channels": channels, "width": WIDTH, "blocks": BLOCKS, **more}
    network = registry.build("n3sr", options).eval()
    for weight in network.parameters():
        if not weight.any():  # what starts at zero would hide what is before it
            torch.nn.init.normal_(weight, std=0.03)
    config = ModelConfig("upscale-n3sr-random", "upscale", "n3sr", options, None, "float32")
    return Model(config, network, f"random {channels} {more}")


@pytest.fixture(scope="module")
def model() -> Model:
    torch.manual_seed(3)
    return random_model()


def photo(height: int, width: int, channels: int = 3) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width] / 7.0
    scene = 0.5 + 0.3 * np.sin(rows + np.cos(columns)) * np.cos(2 * columns)
    noise = np.random.default_rng(5).normal(0, 0.05, (height, width, channels))
    return (scene[..., None] + noise).astype(np.float32)


def to_planes(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(image.transpose(2, 0, 1).copy()).unsqueeze(0)


def whole(model: Model, image: np.ndarray, *scales: int) -> torch.Tensor:
    """B×C×H×W by the network alone."""
    planes = to_planes(image)
    with torch.no_grad():
        for scale in scales:
            planes = model.network(planes, scale=scale)
    return planes


def to_image(planes: torch.Tensor) -> np.ndarray:
    return planes[0].permute(1, 2, 0).numpy()


@pytest.mark.parametrize(
    ("height", "width", "scale"),
    [(1, 1, 4), (5, 83, 2), (67, 9, 3), (131, 97, 2), (317, 211, 3), (149, 131, 4)],
)
def test_tiles_are_exact(model: Model, height: int, width: int, scale: int) -> None:
    image = photo(height, width)
    expected = to_image(whole(model, image, scale))
    for tile in ("off", 64, 88):
        tiled = upscale(image, scale, model, precision="fp32", tile=tile)
        assert tiled.shape == (scale * height, scale * width, 3)
        assert np.abs(tiled - expected).max() < 2e-5


@pytest.mark.parametrize(
    ("height", "width", "scale"), [(1, 1, 4), (5, 83, 2), (67, 9, 3), (70, 91, 2)]
)
def test_tiles_of_memnet_are_exact(height: int, width: int, scale: int) -> None:
    options = {"blocks": 2, "recursions": 2, "features": 8}
    network = registry.build("memnet", options)
    with torch.no_grad():
        network(torch.rand(2, 1, 30, 30))  # fills the running statistics of its norms
    config = ModelConfig("upscale-memnet-random", "upscale", "memnet", options, None, "float32")
    memnet = Model(config, network.eval(), "random memnet")
    image = photo(height, width, 1)
    expected = to_image(whole(memnet, image, scale))
    for tile in ("off", 64):
        tiled = upscale(image, scale, memnet, precision="fp32", tile=tile)
        assert np.abs(tiled - expected).max() < 2e-5


class Odd(Network):
    """Two stages that enlarge by 2 and by 3, and padding, which no network of ours has yet."""

    def __init__(self) -> None:
        super().__init__()
        self.description = Description("upscale", 1, False, scale=6, size_multiple=4)
        self.layers = torch.nn.ModuleList(
            torch.nn.Conv2d(1, scale**2, 3, padding=1) for scale in (2, 3)
        )

    @property
    def stages(self) -> tuple[Stage, ...]:
        def run(index: int, scale: int):
            def enlarge(x: torch.Tensor, place: Placement) -> torch.Tensor:
                return torch.nn.functional.pixel_shuffle(self.layers[index](x), scale)

            return Stage(enlarge, halo=1, scale=scale)

        return run(0, 2), run(1, 3)


@pytest.mark.parametrize("scale", [6, 36 / 5, 16])
def test_stages_passes_and_padding_in_a_row(scale: float) -> None:
    image = photo(25, 18, 1)
    config = ModelConfig("upscale-odd-random", "upscale", "odd", {}, None, "float32")
    odd = Model(config, Odd().eval(), "odd")
    passes = (6,) if scale == 6 else (6, 6)
    size = Goal(scale=scale).size_of(25, 18)
    expected = to_image(resize(whole(odd, image, *passes), size=size))
    for tile in ("off", 64):
        tiled = upscale(image, scale, odd, precision="fp32", tile=tile)
        np.testing.assert_allclose(tiled, expected, atol=2e-5)


@pytest.mark.parametrize(("scale", "passes"), [(2.5, (3,)), (3.7, (4,)), (5, (2, 3)), (8, (2, 4))])
def test_any_factor_is_the_next_scale_and_a_resize(
    model: Model, scale: float, passes: tuple[int, ...]
) -> None:
    image = photo(45, 38)
    size = Goal(scale=scale).size_of(45, 38)
    expected = to_image(resize(whole(model, image, *passes), size=size))
    result = upscale(image, scale, model, precision="fp32", tile=64)
    np.testing.assert_allclose(result, expected, atol=2e-5)


def test_a_size_of_other_proportions(model: Model) -> None:
    image = photo(30, 40)
    expected = to_image(resize(whole(model, image, 3), size=(20, 115)))
    result = upscale(image, model=model, size=(20, 115), precision="fp32")
    np.testing.assert_allclose(result, expected, atol=2e-5)


@settings(max_examples=60)
@given(
    st.tuples(*[st.integers(1, 40)] * 2),
    st.tuples(*[st.integers(1, 90)] * 2),
    st.lists(st.integers(1, 30), min_size=1),
)
def test_rows_are_resized_as_the_whole_image_is(size, target, steps) -> None:
    image = photo(*size, 2)
    rows = ResizedRows(PlaneRows(ArraySource(image)), size, target)
    strips, top = [], 0
    while top < target[0]:
        bottom = min(top + steps[len(strips) % len(steps)], target[0])
        strips.append(rows.rows(top, bottom))
        top = bottom
    expected = resize(to_planes(image)[0], size=target)
    torch.testing.assert_close(torch.cat(strips, -2), expected, atol=2e-6, rtol=1e-5)


class Watched(ArraySource):
    """A source that notes how far it has been read."""

    read = 0

    def rows(self, top, bottom):
        self.read = bottom
        return super().rows(top, bottom)


@pytest.mark.parametrize("size", [(4000, 1500), (1000, 90), (300, 1500)])
def test_rows_are_read_as_they_are_needed(size) -> None:
    source = Watched(np.zeros((1000, 900, 3), np.uint8))
    next(Upscaler("bicubic").rows(source, size=size))
    assert source.read <= 1000 * (1 << 20) / (size[0] * size[1]) + 20 or source.read == 1000


def test_the_network_reads_a_strip_of_tiles_at_a_time(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("n3cli.inference.tiling.STRIP", 40 * 10)
    source = Watched(photo(400, 20))
    strip = next(Upscaler(model, Compute(tile=64)).rows(source, size=(801, 40)))
    assert strip.shape == (10, 40, 3)
    assert source.read < 200


@pytest.mark.parametrize("model_name", ["bicubic", None])
def test_reducing_needs_no_network(model_name: str | None) -> None:
    image = photo(40, 50)
    half = upscale(image, 0.5, model_name)
    np.testing.assert_allclose(half, to_image(resize(to_planes(image), 0.5)), atol=2e-6)
    assert np.array_equal(upscale(image, 1, model_name), image)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_integers_are_rounded_and_clipped(dtype: type) -> None:
    peak = np.iinfo(dtype).max
    edge = np.repeat(np.array([[0, 0, 0, peak, peak, peak]], dtype), 4, 0)
    large = upscale(edge, 4, "bicubic")  # overshoots at the edge
    assert large.shape == (16, 24)
    assert large.dtype == dtype
    expected = resize(torch.from_numpy(edge / np.float64(peak)).float(), 4) * peak
    assert expected.max() > peak
    assert np.abs(large - expected.clamp(0, peak).numpy()).max() <= 0.51


def test_floats_are_not_clipped_and_keep_their_type() -> None:
    edge = np.repeat(np.array([[0.0, 0, 0, 1, 1, 1]]), 4, 0)
    large = upscale(edge, 3, "bicubic")
    assert large.dtype == np.float64
    assert large.max() > 1.01


def test_a_grey_picture_through_a_colour_model(model: Model) -> None:
    image = photo(21, 34, 1)
    expected = luma(to_image(whole(model, np.repeat(image, 3, 2), 2, 4)))
    for array in (image, image[..., 0]):
        result = upscale(array, 8, model, precision="fp32")
        assert result.shape == (168, 272, *array.shape[2:])
        np.testing.assert_allclose(result.reshape(expected.shape), expected, atol=2e-5)


def test_a_colour_picture_through_a_grey_model() -> None:
    torch.manual_seed(1)
    grey = random_model(1)
    image = photo(20, 31)
    result = upscale(image, 3, grey, precision="fp32")
    for channel in range(3):
        alone = upscale(image[..., channel], 3, grey, precision="fp32")
        np.testing.assert_allclose(result[..., channel], alone, atol=1e-5)


def test_progress_ends_with_all_done(model: Model) -> None:
    for name in (model, "bicubic"):
        seen: list[float] = []
        source = ArraySource(photo(150, 20))
        for _ in Upscaler(name, Compute(tile=64)).rows(
            source, size=(600, 80), progress=seen.append
        ):
            pass
        assert seen == sorted(seen)
        assert seen[-1] == pytest.approx(1)


@pytest.mark.parametrize("scale", [0, -2, float("nan"), float("inf"), 1000, 16.01, True, "2"])
def test_scales_without_meaning(scale: object) -> None:
    with pytest.raises(ConfigError, match="above 0 and up to 16"):
        upscale(photo(4, 4), scale, "bicubic")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ((0, 5), "at least 1"),
        ((5.5, 5), "whole number"),
        ((5,), "height and width"),
        (7, "height and width"),
        ((5, 65), "16.25 times"),
    ],
)
def test_sizes_without_meaning(size: object, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        upscale(photo(4, 4), model="bicubic", size=size)  # type: ignore[arg-type]


def test_a_result_that_would_fill_the_disk() -> None:
    with pytest.raises(ConfigError, match=r"5000×4000 → 80000×64000 is 5,120 megapixels"):
        Goal(scale=16).size_of(4000, 5000)


def test_values_that_are_not_finite() -> None:
    image = photo(9, 9)
    image[3, 3] = np.nan
    with pytest.raises(InputError, match="not finite"):
        upscale(image, 2, "bicubic")


def test_a_model_of_another_task() -> None:
    with pytest.raises(ModelError, match="is for the task denoise, not upscale"):
        upscale(photo(9, 9), 2, "denoise-n3unet-color")


@pytest.mark.parametrize(
    ("goal", "size"),
    [
        (Goal(), (400, 600)),
        (Goal(scale=2.5), (500, 750)),
        (Goal(scale=0.001), (1, 1)),
        (Goal(width=451), (301, 451)),
        (Goal(height=100), (100, 150)),
        (Goal(width=30, height=90), (90, 30)),
        (Goal(megapixels=0.24), (400, 600)),
        (Goal(width=1), (1, 1)),
    ],
)
def test_goals(goal: Goal, size: tuple[int, int]) -> None:
    assert goal.size_of(200, 300) == size


@pytest.mark.parametrize(
    ("scales", "factor", "passes"),
    [
        ((2, 3, 4), 1, ()),
        ((2, 3, 4), 1.01, (2,)),
        ((2, 3, 4), 4, (4,)),
        ((2, 3, 4), 7, (2, 4)),
        ((2, 3, 4), 9, (3, 3)),
        ((2, 3, 4), 10, (3, 4)),
        ((2, 3, 4), 16, (4, 4)),
        ((2,), 16, (2, 2, 2, 2)),
        ((3,), 16, (3, 3, 3)),
        ((4, 2), 8, (2, 4)),
    ],
)
def test_passes(scales, factor, passes) -> None:
    assert choose_passes(scales, factor) == passes


def test_of_scale_and_size_one_is_given():
    image = photo(5, 8)
    assert upscale(image, model="bicubic").shape == (10, 16, 3)
    assert upscale(image, model="bicubic", size=(7, 9)).shape == (7, 9, 3)
    with pytest.raises(ConfigError, match=r"not both.*4 and size \(7, 9\)"):
        upscale(image, 4, "bicubic", size=(7, 9))
