"""Which model a picture's noise asks for, where none was named."""

import warnings

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import n3cli
from n3cli.cli.main import n3
from n3cli.errors import InputError, N3Warning
from n3cli.inference.choice import choose
from n3cli.inference.denoiser import Denoiser
from n3cli.inference.noise_level import NoiseLevel, measure_noise
from n3cli.ops.noise.shared import find_shared_noise
from n3cli.ops.row_source import ArraySource

REAL = "denoise-n3unet-color-real"


def scene(height=192, width=256):
    rows, columns = np.mgrid[:height, :width] / 150
    waves = [0.45 + 0.2 * np.sin(a * rows + b * columns) for a, b in ((1, 2), (2, 1), (1, -1))]
    return np.stack(waves, 2)


def blurred(field):
    """Each plane smoothed by 1, 3, 1 along rows and columns."""
    for axis in (0, 1):
        field = (3 * field + np.roll(field, 1, axis) + np.roll(field, -1, axis)) / 5
    return field


def eight_bits(image):
    return np.rint(255 * np.clip(image, 0, 1)).astype(np.uint8)


def of_a_camera(sigma=6, seed=0):
    field = blurred(np.random.default_rng(seed).normal(size=scene().shape))
    return eight_bits(scene() + sigma / 255 * field / field.std())


def white(sigma, seed=0):
    return eight_bits(scene() + np.random.default_rng(seed).normal(0, sigma / 255, scene().shape))


def test_noise_that_neighbours_share_gets_the_model_for_cameras():
    choice = choose(Denoiser(), ArraySource(of_a_camera()))
    assert choice.denoiser.model(3).config.name == REAL
    assert "neighbouring pixels share their noise" in choice.reason
    luma = of_a_camera() / 255 @ [0.299, 0.587, 0.114]
    assert choice.level.sigma == pytest.approx(255 * find_shared_noise([luma]).sigma, rel=1e-3)


@pytest.mark.parametrize("sigma", [0, 2, 5, 15, 25, 50])
def test_white_noise_gets_the_default(sigma):
    image = white(sigma)
    choice = choose(Denoiser(), ArraySource(image), "Canon EOS 80D")
    assert choice.denoiser.model(3).config.name == "denoise-n3unet-color"
    assert choice.reason == ""
    assert choice.level == measure_noise(image)


def test_a_drawing_is_left_alone_and_said_to_be_uncertain():
    rows, columns = np.mgrid[:200, :300]
    lines = (np.hypot(rows % 40 - 20, columns % 50 - 25) // 1.5 % 6 > 4) & (rows % 40 < 30)
    drawing = np.repeat(np.where(lines, 30, 255).astype(np.uint8)[..., None], 3, 2)
    choice = choose(Denoiser(), ArraySource(drawing))
    assert not choice.reason
    assert (choice.level.sigma, choice.level.reliable) == (0, False)
    with pytest.warns(N3Warning, match="lines and letters"):
        np.testing.assert_array_equal(n3cli.denoise(drawing), drawing)
    told = pytest.warns(N3Warning, match="lines and letters")
    with told, pytest.warns(N3Warning, match="above the model's maximum"):
        n3cli.denoise(drawing, model=REAL)


def test_a_photo_that_is_mostly_plain_is_one_where_the_file_names_its_camera():
    image = np.full((400, 500, 3), 255, np.uint8)
    image[30:222, 40:296] = of_a_camera()
    assert choose(Denoiser(), ArraySource(image)).level.sigma == 0
    choice = choose(Denoiser(), ArraySource(image), "Canon EOS 80D")
    assert choice.denoiser.model(3).config.name == REAL
    assert choice.level.sigma == pytest.approx(6, rel=0.5)
    assert not choice.level.reliable


def test_a_model_that_was_named_is_kept():
    choice = choose(Denoiser("n3net"), ArraySource(of_a_camera()))
    assert choice.denoiser.model(3).config.name == "denoise-n3net-color"
    assert choice.reason == ""


def test_grey_pictures_get_the_default():
    choice = choose(Denoiser(), ArraySource(of_a_camera()[..., :1]))
    assert choice.denoiser.model(1).config.name == "denoise-n3unet-gray"
    with pytest.raises(InputError, match=r"the picture is grey, but .*-real is for colour; use a"):
        n3cli.denoise(of_a_camera()[..., 0], model="real")


def test_a_file_that_names_its_camera_is_asked_for_less(monkeypatch):
    image = of_a_camera()
    found = find_shared_noise([image[..., 1] / 255])
    monkeypatch.setattr(
        "n3cli.inference.noise_level.find_shared_noise",
        lambda planes: type(found)(found.sigma, seen=False, likely=True),
    )
    assert choose(Denoiser(), ArraySource(image)).reason == ""
    choice = choose(Denoiser(), ArraySource(image), "Canon EOS 80D")
    assert choice.denoiser.model(3).config.name == REAL
    assert choice.reason.endswith("and this is one of Canon EOS 80D")


def test_python_says_what_was_chosen_and_takes_noise_away():
    image = of_a_camera()
    with pytest.warns(N3Warning, match=f"{REAL} was chosen: neighbouring .*; pass model to choose"):
        result = n3cli.denoise(image)
    error, before = (
        np.square(each / 255.0 - scene()).mean() for each in (result.astype(float), image)
    )
    assert error < 0.5 * before
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        named = n3cli.denoise(image, model="real")
    np.testing.assert_array_equal(named, result)


def test_the_command_says_what_was_chosen_and_can_be_overruled(tmp_path):
    photo = tmp_path / "photo.jpg"
    exif = Image.Exif()
    exif[272] = "Canon EOS 80D"
    Image.fromarray(of_a_camera()).save(photo, quality=97, exif=exif)
    out = CliRunner().invoke(n3, ["denoise", str(photo)], catch_exceptions=False)
    assert out.exit_code == 0
    assert f"(estimated)  {REAL}: neighbouring pixels share their noise" in out.stderr
    assert "this is one of Canon EOS 80D" in out.stderr
    for more in (["-m", "n3unet"], ["--sigma", "6"]):
        out = CliRunner().invoke(n3, ["denoise", str(photo), "-y", *more], catch_exceptions=False)
        assert out.exit_code == 0
        assert REAL not in out.stderr
    out = CliRunner().invoke(n3, ["denoise", str(photo), "-y", "-m", "real", "-v"])
    assert REAL in out.stderr
    assert "share their noise" not in out.stderr


def test_a_report_for_programs_has_model_and_reason(tmp_path):
    from n3cli.jobs.denoise import DenoiseReport

    level = NoiseLevel(90.0, reliable=False, reason="of texture")
    facts = DenoiseReport(75.0, level, (9, 8), "RGB uint8", REAL, "because").facts()
    assert facts["model"] == REAL
    assert facts["reason"] == "because"
    assert (facts["size"], facts["layout"]) == ([9, 8], "9×8 RGB uint8")
    assert facts["noise"] == {
        "source": "estimate", "sigma": 75.0, "measured": 90.0, "reliable": False,
        "reason": "of texture",
    }  # fmt: skip
