"""Scores of a run are those of the benchmarks, on images that are not trained on."""

import numpy as np
import pytest
import torch

from n3cli.bench.protocol import make_noisy, score
from n3cli.errors import ConfigError, DataError
from n3cli.io.meta import Meta
from n3cli.io.picture import Picture, write_picture
from n3cli.networks.dncnn import DnCNN
from n3cli.training.material import load_material
from n3cli.training.recipe import load_recipe
from n3cli.training.validation import centre, mean_psnr

CPU = torch.device("cpu")


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("sigma_input", [False, True])
def test_scores_are_the_benchmarks(channels, sigma_input):
    network = DnCNN(channels, sigma_input, 3, 8).eval()
    images = [torch.rand(channels, *size) for size in ((20, 33), (17, 16), (40, 21))]
    expected = []
    for index, image in enumerate(images):
        clean = image.permute(1, 2, 0).numpy()
        noisy = torch.from_numpy(make_noisy(clean, 25, index)).permute(2, 0, 1)[None]
        with torch.no_grad():
            estimate = network(noisy, 25 / 255 if sigma_input else None)[0]
        expected.append(score(estimate.permute(1, 2, 0).numpy(), clean).psnr)
    assert mean_psnr(network, images, 25, CPU) == pytest.approx(np.mean(expected), abs=1e-4)


@pytest.mark.parametrize(
    ("side", "rows", "columns"),
    [(0, (0, 9), (0, 12)), (4, (2, 6), (4, 8)), (10, (0, 9), (1, 11)), (50, (0, 9), (0, 12))],
)
def test_the_centre_of_an_image(side, rows, columns):
    image = torch.rand(3, 9, 12)
    assert torch.equal(centre(image, side), image[:, slice(*rows), slice(*columns)])


@pytest.fixture
def pictures(tmp_path):
    """Writes so many grey pictures, each of one value: 0, 10, 20 …"""

    def write(count):
        for number in range(count):
            pixels = np.full((24, 20, 1), 10 * number, np.uint8)
            meta = Meta(format="png")
            write_picture(tmp_path / f"{number:02}.png", Picture(pixels, None, meta))
        return tmp_path

    return write


def load(folder, *changes, recipe="photos"):
    return load_material(load_recipe(recipe, ["data.crop=16", *changes]), 1, folder)


def test_every_tenth_picture_is_held_out(pictures):
    material = load(pictures(12))
    held = [round(float(image.mean()) * 25.5) for image in material.validation]
    trained = [round(float(material.training.image(i).mean()) * 25.5) for i in range(10)]
    assert held == [0, 10]
    assert trained == [1, 2, 3, 4, 5, 6, 7, 8, 9, 11]
    assert len(material.training) == 10
    assert material.validation[0].shape == (1, 24, 20)


def test_without_validation_all_are_trained_on(pictures):
    material = load(pictures(3), "validation.images=none")
    assert len(material.training) == 3
    assert material.validation == []


def test_one_picture_cannot_be_both(pictures):
    with pytest.raises(DataError, match=r"validation\.images=none"):
        load(pictures(1))


def test_what_is_missing_is_named(pictures):
    with pytest.raises(ConfigError, match="--data"):
        load(None)
    with pytest.raises(ConfigError, match="'bsd400'; did you mean 'bsds400'"):
        load(pictures(2), 'data.sets=["bsd400"]')
    with pytest.raises(ConfigError, match="known are"):
        load(pictures(2), 'data.sets=["t91"]', 'data.exclude=["zzzzz"]')
    with pytest.raises(ConfigError, match="dnd holds raw photos, which do not open as pictures"):
        load(pictures(2), 'data.sets=["dnd"]')
    with pytest.raises(DataError, match="T91 not found"):
        load(pictures(2), 'data.sets=["t91"]')


def test_val40_is_as_the_catalog_has_it(shared):
    changes = ["data.sets=['bsds400']", "validation.images=val40"]
    material = load(shared / "datasets", *changes)
    assert len(material.training) == 360
    assert len(material.validation) == 40
