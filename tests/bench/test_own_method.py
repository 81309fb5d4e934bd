"""Functions of one's own as methods of a benchmark."""

import json
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from n3cli.bench.peer import make_peers
from n3cli.bench.task import DENOISE, UPSCALE
from n3cli.cli.main import n3
from n3cli.errors import ConfigError, ModelError
from n3cli.io.picture import Picture, write_picture

MODULE = """
import numpy as np

def denoise(image, sigma):
    assert (image.dtype, image.ndim) == (np.float32, 3)
    return image.astype(np.float64) * (1 - sigma / 255)

def enlarge(image, scale):
    return image.repeat(int(scale), 0).repeat(int(scale), 1)

def cut(image, sigma): return image[1:]
def rounded(image, sigma): return (255 * image).astype(np.uint8)
def nothing(image, sigma): pass
def hollow(image, sigma): return image * np.nan
def broken(image, sigma): raise ValueError("no\\nluck")
def leaving(image, sigma): raise SystemExit(3)
constant = 3
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The current folder, with a module and a folder of pictures."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])
    for name in ("mine", "torn", "script"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    (tmp_path / "mine.py").write_text(MODULE)
    (tmp_path / "torn.py").write_text("import no_such_library")
    (tmp_path / "script.py").write_text("import sys; sys.exit(0)")
    (tmp_path / "pictures").mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    write_picture(tmp_path / "pictures" / "a.png", Picture(pixels))
    return tmp_path


def bench(*arguments):
    return CliRunner().invoke(n3, ["bench", "pictures", *arguments, "--device", "cpu"])


def test_a_function_is_measured_by_its_name(folder):
    done = bench("--sigma", "25", "--against", "mine:denoise,noisy", "--json")
    assert done.exit_code == 0, done.stderr
    (suite,) = json.loads(done.stdout)["suites"]
    own, noisy = suite["measured"]
    assert own["method"] == "mine:denoise"
    assert str(folder / "mine.py") in own["note"]
    assert own["psnr"] != noisy["psnr"]
    done = bench("--scale", "2", "--against", "mine:enlarge", "--json")
    assert done.exit_code == 0, done.stderr


def test_a_function_gets_and_gives_images():
    ((own,),) = make_peers(["mine:denoise"], [DENOISE])
    image = np.full((20, 30, 1), 0.5, np.float32)
    estimate = own.run(image, 51)
    assert estimate.dtype == np.float32
    np.testing.assert_allclose(estimate, 0.4)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("other:denoise", "no module named 'other', here or installed"),
        ("torn:denoise", "cannot be imported: ModuleNotFoundError: No module named 'no_such_lib"),
        ("script:main", "cannot be imported: SystemExit: 0"),
        ("sys:denose", "sys has no function denose"),
        ("mine:denose", "has no function denose"),
        ("mine:constant", "has no function constant"),
        ("mine:", "give MODULE:FUNCTION"),
        (":denoise", "give MODULE:FUNCTION"),
    ],
)
def test_what_is_no_function_is_told_before_anything_is_run(name, words):
    with pytest.raises(ConfigError) as error:
        make_peers([name], [DENOISE])
    assert str(error.value).startswith(f"--against {name}: ")
    assert words in str(error.value)


def test_a_function_does_one_task():
    with pytest.raises(ConfigError, match=r"mine:denoise: .* one or the other"):
        make_peers(["mine:denoise"], [DENOISE, UPSCALE])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("leaving", "SystemExit: 3"),
        ("cut", "made 15×20×3 of 16×20×3, expected 16×20×3"),
        ("rounded", "returned uint8 values, expected an array of floats in [0, 1]"),
        ("nothing", "returned NoneType, expected an array"),
        ("hollow", "values that are not finite"),
        ("broken", r"ValueError: no\nluck (for its traceback: n3 --debug bench …)"),
    ],
)
def test_what_is_no_estimate_is_told(name, words):
    ((own,),) = make_peers([f"mine:{name}"], [DENOISE])
    with pytest.raises(ModelError) as error:
        own.run(np.zeros((16, 20, 3), np.float32), 25)
    assert str(error.value).startswith(f"mine:{name}: ")
    assert words in str(error.value).replace("\n", r"\n")


def test_an_enlarged_image_has_the_size_asked_for():
    ((own, _),) = make_peers(["mine:denoise"], [UPSCALE])
    with pytest.raises(ModelError, match="made 16×20×3 of 16×20×3, expected 48×60×3"):
        own.run(np.zeros((16, 20, 3), np.float32), 3)
