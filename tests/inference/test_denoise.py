from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

import n3cli
from n3cli.errors import ConfigError, DeviceError, InputError, ModelError, N3Warning
from n3cli.inference import engine as engine_module
from n3cli.inference.compute import Compute
from n3cli.inference.denoise import denoise
from n3cli.inference.denoiser import Denoiser
from n3cli.inference.device import choose_device, choose_precision
from n3cli.networks.description import Description, Placement
from n3cli.networks.registry import build
from n3cli.ops.row_source import ArraySource
from n3cli.zoo.folder import Model
from n3cli.zoo.load import load_model


def scene(height=60, width=75, channels=3):
    rows, columns = np.mgrid[:height, :width] / 20.0
    planes = [0.5 + 0.35 * np.sin(rows * (c + 1) + columns) for c in range(channels)]
    return np.stack(planes, axis=-1)


def noisy(sigma=25.0, **size):
    clean = scene(**size)
    return clean, clean + np.random.default_rng(3).normal(0, sigma / 255, clean.shape)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64", "float16"])
@pytest.mark.parametrize("shape", [(40, 30), (40, 30, 1), (40, 30, 3)])
def test_same_shape_and_dtype_out(dtype, shape):
    peak = np.iinfo(dtype).max if dtype.startswith("u") else 1
    array = (np.random.default_rng(0).random(shape) * peak).astype(dtype)
    result = denoise(array, sigma=20)
    assert result.shape == shape
    assert result.dtype == dtype


@pytest.mark.parametrize("channels", [1, 3])
def test_it_denoises(channels):
    clean, image = noisy(channels=channels)
    result = n3cli.denoise(image, sigma=25)
    assert np.square(result - clean).mean() < 0.1 * np.square(image - clean).mean()


def test_noise_level_means_the_same_at_every_depth():
    _, image = noisy(sigma=12)
    image = image.clip(0, 1)
    results = [
        denoise((image * peak).round().astype(dtype), 12, precision="fp32") / peak
        for dtype, peak in (("uint8", 255), ("uint16", 65535))
    ]
    reference = denoise(image, 12, precision="fp32")
    np.testing.assert_allclose(results[1], reference, atol=2e-4)
    np.testing.assert_allclose(results[0], reference, atol=0.02)


def test_floating_values_are_not_clipped():
    _, image = noisy(channels=1)
    shifted = denoise(image.astype(np.float32) + 0.6, 25)
    assert shifted.max() > 1.1


@pytest.mark.parametrize("tile", ["off", 64])
def test_strength_blends(tile):
    _, image = noisy(height=150, width=90)
    image = image.astype(np.float32)
    full, half, none = (
        denoise(image, 25, strength=s, precision="fp32", tile=tile) for s in (1, 0.5, 0)
    )
    np.testing.assert_allclose(none, image, atol=1e-6)
    np.testing.assert_allclose(half, (full + image) / 2, atol=1e-6)


def test_bfloat16_is_near_float32():
    _, image = noisy()
    difference = denoise(image, 25, precision="bf16") - denoise(image, 25, precision="fp32")
    assert 0 < np.abs(difference).max() < 0.02


def test_a_grey_model_takes_each_channel_of_a_colour_picture():
    _, image = noisy()
    result = denoise(image, 25, "denoise-n3unet-gray", precision="fp32")
    alone = denoise(image[..., 1], 25, "denoise-n3unet-gray", precision="fp32")
    np.testing.assert_allclose(result[..., 1], alone, atol=1e-5)


def test_a_colour_model_refuses_a_grey_picture():
    with pytest.raises(InputError, match="grey"):
        denoise(np.zeros((8, 8)), 25, "denoise-n3unet-color")


def test_too_high_a_sigma_is_clamped_with_a_warning():
    _, image = noisy(channels=1)
    with pytest.warns(N3Warning, match="using 75") as told:
        clamped = denoise(image, 90, precision="fp32")
    assert [warning.filename for warning in told] == [__file__]
    np.testing.assert_array_equal(clamped, denoise(image, 75, precision="fp32"))


@pytest.mark.parametrize("sigma", [-1, float("nan"), float("inf"), 1e9, "high"])
def test_impossible_sigma(sigma):
    with pytest.raises(ConfigError, match="sigma"):
        denoise(np.zeros((8, 8), np.uint8), sigma)


@pytest.mark.parametrize("dtype", [bool, np.int64, np.uint32, np.complex64])
def test_impossible_dtypes(dtype):
    with pytest.raises(InputError, match=f"expected uint8.*got {np.dtype(dtype)}"):
        denoise(np.zeros((4, 4), dtype), 10)


def test_not_a_number_in_the_input():
    image = np.full((20, 20), 0.5)
    image[3, 4] = np.nan
    with pytest.raises(InputError, match="not finite"):
        denoise(image, 10)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        *(("tile", tile, "tile must be") for tile in (0, "x", True, np.int64(0), 1.5)),
        *(("strength", each, "strength must be") for each in ("1", None, 1.5, np.array([0.5, 1]))),
        ("precision", "int8", "unknown precision 'int8'"),
        ("device", "tpu", "unknown device 'tpu'"),
        ("model", torch.nn.Identity(), "load_model.* got Identity"),
    ],
)
def test_impossible_settings(name, value, words):
    with pytest.raises(ConfigError, match=words):
        denoise(np.zeros((8, 8), np.uint8), 10, **{name: value})


def test_progress_rises_to_one_and_memory_is_a_few_strips():
    _, image = noisy(height=400, width=70)
    source = ArraySource(image.astype(np.float32))
    seen = []
    strips = list(Denoiser(compute=Compute(tile=64)).rows(source, sigma=25, progress=seen.append))
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(1)
    assert max(len(strip) for strip in strips) <= 64
    assert sum(len(strip) for strip in strips) == 400


class Failing(torch.nn.Module):
    """Wraps a layer; what `fault` does with its output is up to the test."""

    def __init__(self, layer, fault):
        super().__init__()
        self.layer, self.fault = layer, fault

    def forward(self, x):
        return self.fault(self.layer(x))


def model_with(fault) -> Model:
    model = load_model("denoise-n3unet-gray")
    model.network.head = Failing(model.network.head, fault)
    return model


def test_overflow_in_reduced_precision_is_computed_again_in_float32():
    def fault(y):
        return y if y.dtype == torch.float32 else y * float("inf")

    _, image = noisy(channels=1)
    with pytest.warns(N3Warning, match="float32"):
        result = denoise(image, 25, model_with(fault), precision="bf16")
    expected = denoise(image, 25, precision="fp32")
    np.testing.assert_allclose(result, expected, atol=1e-5)


def test_output_that_is_never_finite_is_an_error():
    with pytest.raises(ModelError, match="not finite"):
        denoise(np.zeros((8, 8)), 25, model_with(lambda y: y * float("nan")))


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("pretended"),
        RuntimeError("FIND was unable to find an engine to execute this computation"),
        RuntimeError("Unable to find an engine to execute this computation"),
    ],
)
def test_tiles_shrink_until_they_fit(error):
    sizes = []

    def fault(y):
        sizes.append(y.shape[-2:].numel())
        if y.shape[-1] > 370:  # the smallest tile and its halo have 362
            raise error
        return y

    _, image = noisy(height=300, width=420, channels=1)
    result = denoise(image, 25, model_with(fault), precision="fp32", tile=256)
    np.testing.assert_allclose(result, denoise(image, 25, precision="fp32"), atol=1e-5)
    assert max(sizes) > sizes[-1]


def test_no_memory_for_the_smallest_tile_is_an_error():
    def fault(y):
        raise MemoryError

    with pytest.raises(DeviceError, match="memory"):
        denoise(np.zeros((8, 8)), 25, model_with(fault))


def test_tiles_shrink_to_the_smallest_multiple_and_no_further():
    levels = {"widths": ",".join(["8"] * 8), "blocks": ",".join(["1"] * 8)}
    coarse = build("n3unet", {"channels": 1, **levels})
    engine = engine_module.Engine(coarse.eval(), torch.device("cpu"), torch.float32)
    assert engine.multiple(0) == 128
    for side in (1024, 512, 256):
        assert engine.tile(0, 1024, 1024) == (side, side)
        engine.shrink(0, side, side)
    assert engine.tile(0, 1024, 1024) == (128, 128)
    with pytest.raises(DeviceError, match="smallest tile"):
        engine.shrink(0, 128, 128)


def test_a_device_without_memory_gives_way_to_the_cpu(monkeypatch):
    class Elsewhere:
        """Stands for an accelerator: is not the CPU, and always full."""

        type = "meta"

        def __str__(self):
            return "accelerator"

    monkeypatch.setattr(engine_module, "free_memory", lambda device: 4 << 30)
    network = load_model("denoise-n3unet-gray").network
    made = engine_module.Engine(network, torch.device("cpu"), torch.bfloat16, 64)
    made.device = Elsewhere()
    with pytest.warns(N3Warning, match="accelerator has too little free memory"):
        made.shrink(0, 64, 64)
    assert (made.device.type, made.dtype) == ("cpu", torch.float32)
    # The limits are those of the CPU, not what the accelerator has come down to.
    usual = engine_module.Engine(network, torch.device("cpu"), torch.float32)
    assert (64, 64) < made.tile(0, 4000, 6000) == usual.tile(0, 4000, 6000) < (4000, 6000)


def test_a_network_that_does_not_fit_on_its_device_gives_way_to_the_cpu(monkeypatch):
    place = engine_module._place

    def full(network, device):
        if device.type == "meta":
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")
        return place(network, device)

    monkeypatch.setattr(engine_module, "_place", full)
    network = load_model("denoise-n3unet-gray").network
    with pytest.warns(N3Warning, match="meta has too little free memory; computing on the CPU"):
        made = engine_module.Engine(network, torch.device("meta"), torch.bfloat16, 64)
    assert (made.device.type, made.dtype) == ("cpu", torch.float32)
    assert made.tile(0, 200, 200) == (56, 56)


def test_a_device_that_lacks_an_operation_gives_way_to_the_cpu(monkeypatch):
    network = load_model("denoise-n3unet-gray").network
    made, plain = (
        engine_module.Engine(network, torch.device("cpu"), torch.float32, 64) for _ in range(2)
    )
    compute = made._compute

    def lacking(*given):
        if made.device.type != "cpu":
            raise NotImplementedError("The operator is not implemented for the MPS device.")
        return compute(*given)

    monkeypatch.setattr(made, "_compute", lacking)
    made.device = torch.device("mps")
    tile, place = torch.rand(1, 2, 64, 64), Placement.whole(64, 64)
    with pytest.warns(N3Warning, match="mps lacks an operation .*; computing on the CPU instead"):
        found = made.run(0, tile, place)
    torch.testing.assert_close(found, plain.run(0, tile, place), rtol=0, atol=0)
    assert made.tile(0, 200, 200) == (56, 56)


def test_devices():
    assert choose_device("cpu").type == "cpu"
    if not torch.cuda.is_available():
        with pytest.raises(
            DeviceError, match=r'cuda:7.*--device auto \(in Python, device="auto"\)'
        ):
            choose_device("cuda:7")


@pytest.mark.parametrize(
    ("name", "sigma", "depth", "dtypes", "reduced"),
    [
        ("auto", 25, 8, ("fp32", "bf16"), True),
        ("auto", 9.9, 8, ("fp32", "bf16"), False),
        ("auto", 25, 16, ("fp32", "bf16"), False),
        ("auto", 25, 8, ("fp32",), False),
        ("bf16", 1, 16, ("fp32", "bf16"), True),
        ("fp32", 50, 8, ("fp32", "bf16"), False),
    ],
)
def test_precision(monkeypatch, name, sigma, depth, dtypes, reduced):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    description = Description("denoise", 1, True, dtypes=dtypes)
    chosen = choose_precision(name, torch.device("cpu"), description, sigma, depth)
    assert (chosen == torch.bfloat16) == reduced


def test_no_warnings_in_ordinary_work():
    _, image = noisy(channels=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        denoise(image, 25)


def test_arrays_that_are_read_only_or_of_foreign_byte_order():
    array = np.full((20, 24), 500, ">u2")
    array.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert denoise(array, 12).dtype == array.dtype
        frozen = np.full((20, 24), 0.5, np.float32)
        frozen.flags.writeable = False
        denoise(frozen, 12)


def test_settings_as_torch_and_numpy_have_them():
    image = np.full((20, 24), 0.5, np.float32)
    as_text = denoise(image, 12, device="cpu", tile=16)
    given = denoise(image, np.float32(12), device=torch.device("cpu"), tile=np.int64(16))
    np.testing.assert_array_equal(as_text, given)


@pytest.mark.parametrize("sigma", [None, True, [3], np.array([1, 2, 3]), np.array(["auto"])])
def test_a_sigma_that_is_no_number(sigma):
    with pytest.raises(ConfigError, match="sigma"):
        denoise(np.zeros((8, 8)), sigma)
