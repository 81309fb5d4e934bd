"""The tasks that see a sensor's noise: batches, losses, scores; no device is waited for."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from n3cli.errors import ConfigError
from n3cli.networks import registry
from n3cli.ops.mosaic.layout import BAYER
from n3cli.training.camera_noise import CameraNoise
from n3cli.training.material import Material
from n3cli.training.raw import RawDenoising
from n3cli.training.recipe import load_recipe
from n3cli.training.run import Place, run
from n3cli.training.sensor_validation import show_developed, show_mosaic
from n3cli.training.store import ImageStore
from n3cli.training.yardstick import choose_yardstick

CPU = torch.device("cpu")
TASKS = {"denoise-n3unet-raw": RawDenoising, "denoise-n3unet-color-real": CameraNoise}


def make_task(name, *changes, share=slice(None), validation=()):
    recipe = load_recipe(name, ["data.crop=16", "data.batch=24", *changes])
    rows, columns = np.mgrid[:64, :72] / 20
    scene = [0.5 + 0.4 * np.sin(a * rows + b * columns) for a, b in ((1, 2), (2, 1), (3, -1))]
    pixels = torch.from_numpy((255 * np.stack(scene, 2)).astype(np.uint8).ravel())
    store = ImageStore(
        pixels, torch.tensor([0]), torch.tensor([64]), torch.tensor([72]), 3, (Path("a"),)
    )
    return TASKS[name](recipe, Material(store, list(validation)), CPU, lambda _: share)


def flat(batch):
    inputs, target = batch
    return [*inputs, target]


@pytest.mark.parametrize("name", TASKS)
def test_a_batch_follows_from_seed_and_step_alone_and_shares_make_it_up(name):
    task = make_task(name)
    first, other = flat(task.batch(5, 0)), flat(task.batch(6, 0))
    torch.manual_seed(99)
    state = torch.get_rng_state()
    assert all(map(torch.equal, flat(make_task(name).batch(5, 0)), first))
    assert all(map(torch.equal, flat(task.batch(5, 0)), first))
    assert torch.equal(torch.get_rng_state(), state)
    assert not any(map(torch.equal, flat(make_task(name, "run.seed=1").batch(5, 0)), first))
    assert not any(map(torch.equal, other, first))
    for part in (slice(0, 12), slice(12, 24)):
        for own, whole in zip(flat(make_task(name, share=part).batch(5, 0)), first, strict=True):
            torch.testing.assert_close(own, whole[part], atol=1e-6, rtol=0)


class NothingIsAsked(TorchDispatchMode):
    """Refuses what would wait for a device: to read values, or shapes that follow from them."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name = function.name().removeprefix("aten::").partition(".")[0]
        assert name not in ("_local_scalar_dense", "nonzero", "masked_select", "equal", "unique")
        assert name == "linalg_cross" or not name.startswith(("linalg_", "_linalg"))
        return function(*args, **kwargs or {})


@pytest.mark.parametrize("name", TASKS)
def test_no_device_is_waited_for(name):
    task = make_task(name)
    with NothingIsAsked():
        inputs, target = task.batch(0, 0)
        task.loss(target[:, : 1 if name.endswith("raw") else 3], target, inputs)


def test_a_network_for_mosaics_gets_values_sites_and_noise():
    task = make_task("denoise-n3unet-raw", "sensor.error=0", "data.batch=200")
    (planes,), target = task.batch(3, 0)
    assert planes.shape == (200, 5, 16, 16)
    assert target.shape == (200, 2, 16, 16)
    assert planes.is_contiguous(memory_format=torch.channels_last)
    values, where, told = planes[:, :1], planes[:, 1:4], planes[:, 4:]
    clean, deviation = target[:, :1], target[:, 1:]
    assert torch.equal(where.sum(1), torch.ones(200, 16, 16))
    assert ((clean >= 0) & (clean <= 1)).all()
    assert (values <= 1).all()
    assert -0.061 < float(values.min()) < 0
    field = ((values - clean) / deviation.clamp_min(1e-4))[clean < 0.8]
    assert float(field.square().mean()) == pytest.approx(1, rel=0.1)
    # With no error, what is told differs by rounding, and by the noise of values themselves.
    ratio = (told / deviation.clamp_min(1e-4))[clean > 0.05]
    assert 0.9 < float(ratio.median()) < 1.1
    bayer = [(where == torch.roll(where, 2, axis)).all((1, 2, 3)) for axis in (-1, -2)]
    xtrans = 1 - float((bayer[0] & bayer[1]).float().mean())
    assert 0.05 < xtrans < 0.3
    orders = {tuple(each.argmax(0)[:2, :2].ravel().tolist()) for each in where[bayer[0]]}
    assert orders == {tuple(each[:2, :2].ravel().tolist()) for each in BAYER}


def test_some_crops_are_nearly_free_of_noise_and_what_is_told_errs():
    task = make_task("denoise-n3unet-raw", "sensor.clean=1", "data.batch=50")
    (planes,), target = task.batch(0, 0)
    assert float((planes[:, :1] - target[:, :1]).abs().median()) < 1e-3
    exact, wrong = (
        make_task("denoise-n3unet-raw", f"sensor.error={error}").batch(1, 0)[0][0]
        for error in (0, 0.3)
    )
    ratio = (wrong[:, 4] / exact[:, 4]).log()
    assert 0.05 < float(ratio.mean((1, 2)).std()) < 0.5


def test_a_level_is_what_the_camera_has_changed():
    task = make_task(
        "denoise-n3unet-color-real", "sensor.error=0", "sensor.jpeg=0", "data.batch=60"
    )
    (noisy, sigma), clean = task.batch(2, 0)
    assert noisy.shape == clean.shape == (60, 3, 16, 16)
    rounded = (255 * clean).round() / 255
    expected = (noisy - rounded).double().square().mean((1, 2, 3)).sqrt()
    np.testing.assert_allclose(sigma.numpy(), expected.numpy(), rtol=1e-4, atol=1e-6)
    torch.testing.assert_close((noisy * 255).round() / 255, noisy)
    assert 0 <= float(clean.min()) < float(clean.max()) <= 1
    assert 0.002 < float(sigma.median()) < 0.2
    off, _ = make_task("denoise-n3unet-color-real", "sensor.jpeg=0", "data.batch=60").batch(2, 0)
    assert 0.1 < float((off[1] / sigma).log().std()) < 0.4


def test_a_level_and_the_clean_picture_are_of_what_jpeg_leaves():
    task = make_task("denoise-n3unet-color-real", "sensor.jpeg=0", "sensor.error=0")
    packing = make_task("denoise-n3unet-color-real", "sensor.quality=[60,60]", "sensor.error=0")
    (noisy, sigma), clean = task.batch(2, 0)
    (packed, level), halved = packing.batch(2, 0)
    chosen = (packed != noisy).any(3).any(2).any(1)
    assert 0.3 < float(chosen.float().mean()) < 0.9
    assert torch.equal(level[~chosen], sigma[~chosen])
    assert torch.equal(halved[~chosen], clean[~chosen])
    # Of rounding and JPEG's traces the clean pictures have none; some have their colour halved.
    grey = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    assert float(((halved - clean) * grey).sum(1).abs().median()) < 1e-6
    changed = (halved != clean).any(3).any(2).any(1)
    assert 0 < int(changed.sum()) < int(chosen.sum())


def test_noise_of_cameras_is_correlated_between_pixels():
    task = make_task("denoise-n3unet-color-real", "sensor.jpeg=0", "data.batch=100")
    (noisy, sigma), clean = task.batch(0, 0)
    field = (noisy - clean)[sigma > 0.02]
    beside = (field[..., 1:] * field[..., :-1]).mean() / field.square().mean()
    assert float(beside) > 0.1
    plain = make_task("denoise-n3unet-color-real", "sensor.jpeg=0", "sensor.smoothed=0")
    (noisy, sigma), clean = plain.batch(0, 0)
    field = (noisy - clean)[sigma > 0.02]
    assert float((field[..., 1:] * field[..., :-1]).mean() / field.square().mean()) < beside


@pytest.mark.parametrize("name", TASKS)
def test_losses_are_numpys(name):
    task = make_task(name)
    inputs, target = task.batch(0, 0)
    planes = 1 if name.endswith("raw") else 3
    clean = target[:, :planes].double().numpy()
    output = target[:, :planes] + 0.01 * torch.randn_like(target[:, :planes])
    error = (output.double().numpy() - clean) ** 2
    weight = (
        1 / (255 * target[:, 1:].double().numpy() + 0.2)
        if planes == 1
        else 1 / (255 * inputs[1].double().numpy() + 2)[:, None, None, None]
    )
    expected = (255**2 * error * weight).mean()
    assert float(task.loss(output, target, inputs)) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("name", TASKS)
def test_scores_are_of_fixed_shots(name):
    images = [torch.rand(3, 34, 41) for _ in range(2)]
    task = make_task(name, "validation.sigmas=[3, 12]", validation=images)
    recipe = load_recipe(name)
    network = registry.build(recipe.model.network, recipe.model.options).eval()  # the identity
    scores = task.validate(network)
    assert list(scores) == ["psnr3", "psnr12"]
    assert scores == task.validate(network)
    assert make_task(name).validate(network) == {}
    show = show_mosaic if name.endswith("raw") else show_developed
    expected = []
    for index, image in enumerate(images):
        given, sigma, clean = show(image, 12, index)
        assert clean.shape[-2:] == (16, 20)
        error = (given[:, : clean.shape[1]].clamp(0, 1) - clean).double().square().mean()
        expected.append(-10 * np.log10(float(error)))
        assert (sigma is None) == name.endswith("raw")
    assert scores["psnr12"] == pytest.approx(np.mean(expected), abs=1e-3)
    words = choose_yardstick(recipe, network).protocol
    assert "default_rng" in words


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("gain=[-1, -4]", "sensor.gain must be two numbers in order, from -6 to -0.5"),
        ("clean=1.5", "sensor.clean must be from 0 to 1"),
        ("tone=[0, 2]", "sensor.tone must be two numbers in order, from 0.5 to 10"),
        ("smoothed=-1", "sensor.smoothed must be from 0 to 1"),
        ("luma_smoothing=[2, 1]", "sensor.luma_smoothing must be two numbers in order"),
        ("quality=[0, 90]", "sensor.quality must be two numbers in order, from 1 to 100"),
    ],
)
def test_shots_without_meaning_are_refused(change, message):
    with pytest.raises(ConfigError, match=message):
        load_recipe("denoise-n3unet-raw", [f"sensor.{change}"])


def test_odd_crops_cannot_be_developed():
    with pytest.raises(ConfigError, match="must be even, not 17"):
        make_task("denoise-n3unet-color-real", "data.crop=17")


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("upscale-n3sr-color", "a network that enlarges"),
        ("denoise-n3unet-raw", "a network for mosaics"),
        ("denoise-n3unet-gray", "a network for grey pictures"),
    ],
)
def test_only_what_denoises_in_colour_is_shown_developed_pictures(name, what, tmp_path, pictures):
    changes = ["sensor.develop=true", "data.sets=[]", "validation.images=none"]
    with pytest.raises(ConfigError, match=f"denoise colour pictures, but this is {what}; set"):
        run(load_recipe(name, changes), Place(tmp_path, pictures), lambda event: None)
