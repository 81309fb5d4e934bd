"""The task on planes of a mosaic: what goes in, what should come out, scores; and a whole run."""

from pathlib import Path

import numpy as np
import pytest
import torch
from training.test_sensor_tasks import NothingIsAsked

from n3cli.errors import ConfigError
from n3cli.networks import registry
from n3cli.training.material import Material
from n3cli.training.raw import RawDenoising
from n3cli.training.recipe import load_recipe
from n3cli.training.run import Place, run
from n3cli.training.sensor_validation import show_mosaic
from n3cli.training.store import ImageStore
from n3cli.zoo.load import load_model

CPU = torch.device("cpu")
FORMS = ["planes", "packed"]


def make_task(form, *changes):
    changes = ["data.crop=16", "data.batch=3", "sensor.error=0", *changes]
    rows, columns = np.mgrid[:64, :72] / 20
    scene = [0.5 + 0.4 * np.sin(a * rows + b * columns) for a, b in ((1, 2), (2, 1), (3, -1))]
    pixels = torch.from_numpy((255 * np.stack(scene, 2)).astype(np.uint8).ravel())
    store = ImageStore(
        pixels, torch.tensor([0]), torch.tensor([64]), torch.tensor([72]), 3, (Path("a"),)
    )
    recipe = load_recipe(f"denoise-n3net-raw-{form}", changes)
    return RawDenoising(recipe, Material(store, []), CPU, lambda _: slice(None), form)


def unfold(planes, channels):
    """Planes of RGGB put back into mosaics, site by site: N×2h×2w."""
    squares = planes.numpy().reshape(-1, 4, *planes.shape[-2:])
    mosaics = np.empty((len(squares), 2 * planes.shape[-2], 2 * planes.shape[-1]), np.float32)
    for place in range(4):
        mosaics[:, place // 2 :: 2, place % 2 :: 2] = squares[:, place]
    return mosaics


@pytest.mark.parametrize("form", FORMS)
def test_planes_a_and_b_go_in_and_clean_planes_and_their_noise_should_come_out(form):
    (planes,), target = make_task(form, "sensor.clean=0").batch(4, 0)
    channels = {"planes": 1, "packed": 4}[form]
    assert planes.shape == (12 // channels, channels + 2, 8, 8)
    assert target.shape == (12 // channels, 2 * channels, 8, 8)
    known = planes[:, channels:]
    assert torch.equal(known, known[..., :1, :1].expand_as(known))
    a, b = known[:, :1, :1, :1], known[:, 1:, :1, :1]
    clean, deviation = target.chunk(2, 1)
    # Of four colours together a and b are means; b has the variance of rounding to 10 bits, too.
    expected = (a * clean + b).sqrt()
    torch.testing.assert_close(deviation, expected, atol=3e-4, rtol=0.2 if channels > 1 else 1e-3)
    field = (planes[:, :channels] - clean) / deviation
    assert 0.7 < float(field.square().mean()) < 1.3
    # One scene: of its four planes the two greens are alike, and other colours are not.
    red, green, other, blue = (unfold(clean, channels)[:, y::2, x::2] for y, x in np.ndindex(2, 2))
    assert np.abs(green - other).mean() < np.abs(green - red).mean()
    assert np.abs(green - other).mean() < np.abs(green - blue).mean()


def test_both_forms_are_of_the_same_mosaics():
    (one,), target = make_task("planes").batch(1, 0)
    (all_four,), other = make_task("packed").batch(1, 0)
    np.testing.assert_array_equal(unfold(one[:, :1], 1), unfold(all_four[:, :4], 4))
    np.testing.assert_array_equal(unfold(target[:, :1], 1), unfold(other[:, :4], 4))
    np.testing.assert_array_equal(unfold(target[:, 1:], 1), unfold(other[:, 4:], 4))
    own = one[:, 1:, 0, 0].view(3, 4, 2)
    torch.testing.assert_close(own.mean(1), all_four[:, 4:, 0, 0])
    assert torch.equal(own[:, 1], own[:, 2])


@pytest.mark.parametrize("form", FORMS)
def test_no_device_is_waited_for(form):
    task = make_task(form)
    with NothingIsAsked():
        inputs, target = task.batch(0, 0)
        task.loss(target.chunk(2, 1)[0], target, inputs)


@pytest.mark.parametrize("form", FORMS)
def test_the_loss_weighs_each_site_by_its_noise(form):
    task = make_task(form)
    inputs, target = task.batch(0, 0)
    clean, deviation = (each.double().numpy() for each in target.chunk(2, 1))
    output = target.chunk(2, 1)[0] + 0.01 * torch.randn(clean.shape)
    expected = (255**2 * (output.numpy() - clean) ** 2 / (255 * deviation + 0.2)).mean()
    assert float(task.loss(output, target, inputs)) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("form", FORMS)
def test_scores_are_those_of_the_mosaic(form):
    images = [torch.rand(3, 34, 41) for _ in range(2)]
    network = registry.build("n3net-raw", {"channels": 4 if form == "packed" else 1}).eval()
    network.start_near_identity()
    for each in network.parts[:-1]:
        torch.nn.init.zeros_(each.cnn.tail.weight)
        torch.nn.init.zeros_(each.cnn.tail.bias)
    task = make_task(form, "validation.sigmas=[12]")
    task._validation = images
    expected = []
    for index, image in enumerate(images):
        given, _, clean = show_mosaic(image, 12, index)
        error = (given[:, :1].clamp(0, 1) - clean).double().square().mean()
        expected.append(-10 * np.log10(float(error)))
    assert task.validate(network)["psnr12"] == pytest.approx(np.mean(expected), abs=1e-4)


def test_mosaics_are_taken_apart_in_squares():
    with pytest.raises(ConfigError, match="must be even, not 17"):
        make_task("planes", "data.crop=17")


@pytest.mark.parametrize("form", FORMS)
def test_a_run_makes_a_model_that_loads(form, tmp_path, pictures):
    changes = [
        "data.sets=[]", "validation.images=held-out", "validation.crop=32", "data.crop=16",
        "data.batch=2", "schedule.crops=4", "schedule.minutes=0", "schedule.warmup=0",
        "model.options.depth=2", "model.options.features=8", "model.options.patch=4",
        "model.options.stride=2", "model.options.window=3", "model.options.k=2",
    ]  # fmt: skip
    recipe = load_recipe(f"denoise-n3net-raw-{form}", changes)
    run(recipe, Place(tmp_path / "run", pictures), lambda event: None)
    model = load_model(tmp_path / "run" / "model")
    assert model.network.description.mosaic == form
    card = (tmp_path / "run" / "model" / "README.md").read_text("utf-8")
    assert "B×3×h×w in" in card if form == "planes" else "B×6×h×w in" in card
