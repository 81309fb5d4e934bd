"""`--compare` of both commands: pages of real files, opened as a browser would."""

from __future__ import annotations

import base64
import io
import os
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from PIL import Image, ImageCms
from render.test_slider import Reader

from n3cli.cli.main import n3
from n3cli.io.meta import Meta
from n3cli.io.picture import Picture, read_picture, write_picture
from n3cli.jobs import compare
from n3cli.networks import registry
from n3cli.ops.resize import resize
from n3cli.zoo.config import ModelConfig
from n3cli.zoo.folder import save_folder

HEIGHT, WIDTH = 60, 84
Y, X = np.mgrid[:HEIGHT, :WIDTH]
PIXELS = np.stack([0.5 + 0.3 * np.sin(X / (9 + 4 * i)) * np.cos(Y / 11) for i in range(3)], -1)
ALPHA = np.linspace(0, 65535, HEIGHT * WIDTH).astype(np.uint16).reshape(HEIGHT, WIDTH)
NETWORKS = {
    "denoise": ("dncnn", {"channels": 3, "depth": 3, "features": 4}),
    "upscale": ("n3sr", {"channels": 3, "width": 8, "blocks": 1}),
}
GREY = ("dncnn", {"channels": 1, "depth": 3, "features": 4})


def run(command: str, *arguments: object, stdin: bytes = b"") -> Result:
    more = ["--sigma", "20"] if command == "denoise" else []
    words = [command, *map(os.fspath, arguments), "--compare", *more]
    if "-m" not in words:
        words += ["-m", f"models/{command}-small"]
    return CliRunner().invoke(n3, words, input=stdin)


def picture(dtype: str = "uint8", channels: int = 3, size=(HEIGHT, WIDTH), **more) -> Picture:
    pixels = np.resize(PIXELS[..., :channels], (*size, channels))
    if dtype != "float32":
        pixels = np.rint(pixels * np.iinfo(dtype).max)
    return Picture(pixels.astype(dtype), **more)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    torch.manual_seed(0)
    for name, (network, given) in {
        "denoise-small": NETWORKS["denoise"],
        "denoise-grey": GREY,
        "upscale-small": NETWORKS["upscale"],
    }.items():
        options = registry.complete(network, given)
        built = registry.build(network, options)
        for weight in built.parameters():
            torch.nn.init.normal_(weight, std=0.03)
        task = name.partition("-")[0]
        config = ModelConfig(f"{task}-{network}-small", task, network, options, None, "float32")
        save_folder(folder / name, config, built, "")
    return folder


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with one picture and the models."""
    monkeypatch.chdir(tmp_path)
    write_picture(tmp_path / "photo.png", picture())
    (tmp_path / "models").symlink_to(models)
    return tmp_path


class Opened:
    """A page: its texts, and its pictures as JPEG files."""

    def __init__(self, path: str) -> None:
        html = Path(path).read_text(encoding="utf-8")
        read = Reader(html)
        self.texts = read.texts
        self.files = []
        for image in read.attributes("img"):
            kind, _, data = str(image["src"]).partition(",")
            assert kind == "data:image/jpeg;base64"
            self.files.append(base64.b64decode(data, validate=True))
        self.pictures = [np.asarray(Image.open(io.BytesIO(file))) for file in self.files]
        assert len(read.attributes("input")) == len(self.pictures) // 2
        assert all(one["type"] == "range" for one in read.attributes("input"))
        for _, attributes in read.elements:
            assert not {"href", "srcset", "data"} & attributes.keys()
        rest = re.sub('base64,[^"]*', "", html)
        assert not any(word in rest for word in ("//", "url(", "@import"))


def test_of_a_small_picture_all_is_shown_once():
    result = run("denoise", "photo.png")
    assert result.exit_code == 0, result.stderr
    page = Opened("photo_n3dn_compare.html")
    after, before = page.pictures
    for shown, file in ((before, "photo.png"), (after, "photo_n3dn.png")):
        expected = read_picture(Path(file)).pixels.astype(float)
        assert shown.shape == expected.shape
        assert np.abs(shown - expected).mean() < 2
    assert np.abs(before - after.astype(float)).mean() > 2  # the random network does something
    for text in ("photo_n3dn.png", "made from photo.png", "84×60 RGB uint8", "σ 20.0 (given)",
                 "denoise-dncnn-small", "before", "The whole picture"):  # fmt: skip
        assert text in page.texts


def test_of_an_enlarged_picture_before_is_bicubic():
    assert run("upscale", "photo.png", "--size", "101x200", "--tta").exit_code == 0
    page = Opened("photo_n3up_compare.html")
    after, before = page.pictures
    planes = torch.from_numpy(picture().pixels / 255).permute(2, 0, 1)
    expected = resize(planes, size=(200, 101)).permute(1, 2, 0).numpy().clip(0, 1) * 255
    assert before.shape == after.shape == (200, 101, 3)
    assert np.abs(before - expected).mean() < 2
    assert np.abs(after - read_picture(Path("photo_n3up.png")).pixels.astype(float)).mean() < 2
    for text in ("bicubic", "upscale-n3sr-small", "84×60 → 101×200", "made from photo.png",
                 "mean over 8 flips and quarter turns"):  # fmt: skip
        assert text in page.texts


@pytest.mark.parametrize("command", ["denoise", "upscale"])
def test_of_a_large_picture_the_whole_and_the_most_detailed_part(command):
    pixels = np.full((900, 1700, 1), 90, np.uint8)
    detail = np.random.default_rng(1).integers(0, 256, (100, 90, 1), np.uint8)
    pixels[780:880, 40:130] = detail.repeat(1, 0)
    write_picture(Path("wide.png"), Picture(pixels))
    scale = {"denoise": 1, "upscale": 2}[command]
    result = run(command, "wide.png", "-o", "out.png", "-m",
                 {"denoise": "models/denoise-grey", "upscale": "bicubic"}[command])  # fmt: skip
    assert result.exit_code == 0, result.stderr
    page = Opened("out_compare.html")
    after, before, part_after, part_before = page.pictures
    factor = {1: 2, 2: 3}[scale]
    assert after.shape == before.shape == (-(-900 * scale // factor), -(-1700 * scale // factor))
    assert part_after.shape == part_before.shape == (700, 1000)
    (text,) = [text for text in page.texts if text.startswith("A part at 100 %: 1000×700 pixels")]
    left, top = map(int, text.rpartition(" ")[2].split(","))
    assert left <= 40 * scale
    assert left + 1000 >= 130 * scale
    assert top <= 780 * scale
    assert top + 700 >= 880 * scale
    made = read_picture(Path("out.png")).pixels[top : top + 700, left : left + 1000, 0]
    assert np.abs(part_after - made.astype(float)).mean() < 2
    if command == "denoise":
        given = pixels[top : top + 700, left : left + 1000, 0]
        assert np.abs(part_before - given.astype(float)).mean() < 2


@pytest.mark.parametrize("command", ["denoise", "upscale"])
@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_depth_and_transparency(command, dtype):
    alpha = ALPHA if dtype == "uint16" else (ALPHA / 65535).astype(np.float32)
    write_picture(Path("a.tif"), picture(dtype, alpha=alpha))
    assert run(command, "a.tif", "-o", "b.tif").exit_code == 0
    page = Opened("b_compare.html")
    made = read_picture(Path("b.tif"))
    full = 65535 if dtype == "uint16" else 1
    opacity = made.alpha[..., None] / full
    expected = 255 * (1 - opacity + opacity * (made.pixels / full)).clip(0, 1)
    assert np.abs(page.pictures[0] - expected).mean() < 2
    first = page.pictures[1][:2].astype(float)  # nearly transparent at the top
    assert first.min() > 240


def test_colours_and_orientation_are_told():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    write_picture(Path("a.png"), picture(meta=Meta(icc=profile, orientation=6)))
    assert run("denoise", "a.png").exit_code == 0
    for file in Opened("a_n3dn_compare.html").files:
        with Image.open(io.BytesIO(file)) as shown:
            assert shown.getexif()[0x112] == 6
            assert shown.info["icc_profile"] == profile


def test_a_crop_is_compared_with_itself():
    assert run("denoise", "photo.png", "--crop", "20,10,30,40", "--strength", "0").exit_code == 0
    page = Opened("photo_n3dn_compare.html")
    expected = picture().pixels[10:50, 20:50].astype(float)
    for shown in page.pictures:
        assert np.abs(shown - expected).mean() < 2
    assert "strength 0" in page.texts


def test_from_standard_input_to_a_file():
    data = Path("photo.png").read_bytes()
    assert run("upscale", "-", "-o", "x.png", stdin=data).exit_code == 0
    assert "made from standard input" in Opened("x_compare.html").texts


@pytest.mark.parametrize("words", [["photo.png", "-o", "-"], ["-"]])
def test_no_page_beside_standard_output(words):
    result = run("denoise", *words, stdin=Path("photo.png").read_bytes())
    assert result.exit_code == 2
    assert result.stderr.startswith("n3: error: --compare needs an output file")
    assert result.stdout == ""


def test_a_page_that_is_there_is_kept():
    Path("photo_n3dn_compare.html").write_text("mine")
    write_picture(Path("b.png"), picture())
    result = run("denoise", "photo.png", "b.png")
    assert result.exit_code == 1
    said = "n3: error: photo_n3dn_compare.html: exists and is kept; give -y to replace it"
    assert said in result.stderr.splitlines()
    assert Path("photo_n3dn_compare.html").read_text() == "mine"
    assert not Path("photo_n3dn.png").exists()  # nothing has begun
    assert Opened("b_n3dn_compare.html")
    assert run("denoise", "photo.png", "-y").exit_code == 0
    assert Opened("photo_n3dn_compare.html")


def test_a_page_that_fails_leaves_the_result(monkeypatch):
    def fail(text, target, *, replace):
        assert replace
        Path(target).with_name("tried").write_text(text)
        from n3cli.errors import InputError

        raise InputError(f"{target}: No space left on device")

    assert run("denoise", "photo.png").exit_code == 0
    expected = Path("photo_n3dn.png").read_bytes()
    old = Path("photo_n3dn_compare.html").read_bytes()
    monkeypatch.setattr(compare, "write_text", fail)
    result = run("denoise", "photo.png", "-y")
    assert result.exit_code == 1
    said = "n3: error: photo.png: photo_n3dn_compare.html: No space left on device\n"
    assert result.stderr == said
    assert Path("photo_n3dn.png").read_bytes() == expected
    assert Path("photo_n3dn_compare.html").read_bytes() == old


def test_a_result_that_fails_has_no_page():
    data = Path("photo.png").read_bytes()
    Path("torn.png").write_bytes(data[: len(data) // 2])
    assert run("denoise", "torn.png").exit_code == 1
    assert not list(Path().glob("torn_*"))


def test_every_file_of_a_batch_has_its_page_and_pages_are_no_inputs():
    Path("in/deep").mkdir(parents=True)
    write_picture(Path("in/a.png"), picture())
    write_picture(Path("in/deep/b.png"), picture())
    for times in (1, 2):
        result = run("upscale", "in", "-r", "-y")
        assert result.exit_code == 0, result.stderr
        pages = sorted(str(path) for path in Path().rglob("*.html"))
        assert pages == ["in/a_n3x2_compare.html", "in/deep/b_n3x2_compare.html"]
        assert result.stderr.splitlines()[-1] == "2 done", times
