"""`n3 upscale` on files, folders and pipes, with a small random model."""

from __future__ import annotations

import io
import json
import os
import re
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result

import n3cli
from n3cli.cli.main import n3
from n3cli.io import exif
from n3cli.io.meta import Meta
from n3cli.io.picture import Picture, read_picture, write_picture
from n3cli.io.tiff import LONG, RATIONAL, SHORT, Field
from n3cli.jobs import file as file_module
from n3cli.networks import registry
from n3cli.ops.resize import resize
from n3cli.zoo.config import ModelConfig
from n3cli.zoo.folder import save_folder

HEIGHT, WIDTH = 30, 44
PIXELS = np.random.default_rng(1).random((HEIGHT, WIDTH, 3))
ALPHA = np.random.default_rng(2).integers(0, 65536, (HEIGHT, WIDTH), dtype=np.uint16)
MODEL = "models/upscale-n3sr-small"


def run(*arguments: object, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(n3, ["upscale", *map(os.fspath, arguments)], input=stdin)


def picture(dtype: str = "uint8", channels: int = 3, **more) -> Picture:
    pixels = PIXELS[..., :channels]
    if dtype != "float32":
        pixels = np.rint(pixels * np.iinfo(dtype).max)
    return Picture(pixels.astype(dtype), **more)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with one picture and a model."""
    monkeypatch.chdir(tmp_path)
    write_picture(tmp_path / "photo.png", picture())
    options = registry.complete("n3sr", {"width": 8, "blocks": 1})
    network = registry.build("n3sr", options)
    for weight in network.parameters():
        if not weight.any():
            torch.nn.init.normal_(weight, std=0.03)
    config = ModelConfig("upscale-n3sr-small", "upscale", "n3sr", options, None, "float32")
    save_folder(tmp_path / MODEL, config, network, "")
    return tmp_path


def over_white(path: Path) -> np.ndarray:
    found = read_picture(path)
    opacity = found.alpha[..., None] / 255
    return found.pixels * opacity + 255 * (1 - opacity)


def files() -> list[str]:
    return sorted(
        str(path) for path in Path().rglob("*") if path.is_file() and path.parts[0] != "models"
    )


@pytest.mark.usefixtures("folder")
class TestOneFile:
    def test_default_output_and_report(self):
        result = run("photo.png", "-m", MODEL)
        assert result.exit_code == 0, result.stderr
        assert result.stdout == ""
        assert re.fullmatch(
            r"photo\.png → photo_n3x2\.png  44×30 → 88×60  \d+\.\d s\n", result.stderr
        )
        assert read_picture(Path("photo_n3x2.png")).pixels.shape == (60, 88, 3)

    @pytest.mark.parametrize(
        ("words", "name", "size"),
        [
            (["--scale", "3"], "n3x3", (90, 132)),
            (["--scale", "4.0"], "n3x4", (120, 176)),
            (["--scale", "2.5"], "n3up", (75, 110)),
            (["--scale", "0.5"], "n3up", (15, 22)),
            (["--scale", "1"], "n3x1", (30, 44)),
            (["--width", "88"], "n3up", (60, 88)),
            (["--height", "45"], "n3up", (45, 66)),
            (["--size", "50x70"], "n3up", (70, 50)),
            (["--megapixels", "0.01188"], "n3up", (90, 132)),
            (["--scale", "2", "--crop", "1,2,11,9"], "n3x2", (18, 22)),
        ],
    )
    def test_any_size(self, words, name, size):
        result = run("photo.png", "-m", MODEL, *words)
        assert result.exit_code == 0, result.stderr
        assert read_picture(Path(f"photo_{name}.png")).pixels.shape == (*size, 3)

    @pytest.mark.parametrize("model", [MODEL, "bicubic"])
    @pytest.mark.parametrize("scale", [3, 2.3, 0.4])
    def test_kind_alpha_and_metadata_are_kept(self, model, scale):
        meta = Meta(dpi=(300, 300), orientation=6, text={"Title": "Übung"})
        write_picture(Path("a.png"), picture("uint16", alpha=ALPHA, meta=meta))
        result = run("a.png", "-o", "b.png", "-m", model, "--scale", str(scale), "--tile", "24")
        assert result.exit_code == 0, result.stderr
        before, after = read_picture(Path("a.png")), read_picture(Path("b.png"))
        assert after.pixels.dtype == np.uint16
        assert after.meta == before.meta
        size = after.pixels.shape[:2]
        expected = resize(torch.from_numpy(ALPHA / np.float64(65535)), size=size).clamp(0, 1)
        assert after.alpha.shape == size
        assert np.abs(after.alpha - 65535 * expected.numpy()).max() < 1

    def test_the_mean_over_turns_is_that_of_the_function(self):
        write_picture(Path("a.png"), picture("uint16", alpha=ALPHA))
        for more in ([], ["--tta"]):
            result = run("a.png", "-m", MODEL, "--size", "70x50", "-o", f"b{len(more)}.png", *more)
            assert result.exit_code == 0, result.stderr
        plain, after = (read_picture(Path(name)) for name in ("b0.png", "b1.png"))
        pixels = picture("uint16").pixels
        expected = n3cli.upscale(pixels, model=MODEL, size=(50, 70), tta=True).astype(int)
        assert np.abs(after.pixels - expected).max() <= 1
        assert (plain.pixels != after.pixels).any()
        np.testing.assert_array_equal(plain.alpha, after.alpha)

    @pytest.mark.parametrize("model", ["n3sr", "photo", "bicubic"])
    @pytest.mark.parametrize("words", [["--scale", "4"], ["--scale", "0.3"], ["--tta"]])
    def test_no_fringe_around_what_is_visible(self, model, words):
        """A white disc on transparent black, as icons have it, stays white over white."""
        away = np.hypot(*(np.indices((48, 48)) - 23.5))
        alpha = np.rint(np.clip(16.5 - away, 0, 1) * 255).astype(np.uint8)
        pixels = np.where(alpha[..., None] > 0, 255, 0).repeat(3, 2).astype(np.uint8)
        write_picture(Path("disc.png"), Picture(pixels, alpha))
        assert run("disc.png", "-o", "a.png", "-m", model, *words).exit_code == 0
        assert over_white(Path("a.png")).min() >= 250
        assert run("disc.png", "-o", "a.jpg", "-m", model, *words).exit_code == 0
        assert read_picture(Path("a.jpg")).pixels.min() >= 245
        hidden = run("disc.png", "-o", "b.png", "-m", model, *words, "--keep-hidden")
        assert hidden.exit_code == 0
        assert over_white(Path("b.png")).min() < 220

    def test_hidden_colours_far_off_stay(self):
        pixels = picture().pixels.copy()
        alpha = np.zeros((HEIGHT, WIDTH), np.uint8)
        alpha[:, :3] = 255
        write_picture(Path("a.png"), Picture(pixels, alpha))
        assert run("a.png", "-o", "b.png", "-m", "bicubic").exit_code == 0
        assert run("a.png", "-o", "c.png", "-m", "bicubic", "--keep-hidden").exit_code == 0
        filled, kept = (read_picture(Path(name)).pixels for name in ("b.png", "c.png"))
        np.testing.assert_array_equal(filled[:, 2 * 22 :], kept[:, 2 * 22 :])
        assert (filled != kept).any()

    def test_sizes_are_those_that_are_seen(self):
        """Exif's orientation 6 shows 44×30 as 30×44."""
        write_picture(Path("a.jpg"), picture(meta=Meta(orientation=6)))
        for words, size in (
            (["--size", "60x88"], (60, 88)),
            (["--width", "60"], (60, 88)),
            (["--height", "88"], (60, 88)),
            (["--size", "50x70"], (50, 70)),
        ):
            result = run("a.jpg", "-m", MODEL, *words, "-y", "-o", "b.jpg")
            assert result.exit_code == 0, result.stderr
            assert f"30×44 → {size[0]}×{size[1]}" in result.stderr
            after = read_picture(Path("b.jpg"))
            assert after.pixels.shape[:2] == size
            assert after.meta.orientation == 6

    def test_exif_tells_the_new_size(self):
        fields = {0xA002: Field(LONG, struct.pack("<I", WIDTH)), 0xA003: Field(SHORT, b"\x1e\0")}
        fields[0xA20E] = fields[0xA20F] = Field(RATIONAL, struct.pack("<II", 5000, 3))
        fields[0x920A] = Field(RATIONAL, struct.pack("<II", 50, 1))
        maker = Field(7, bytes(range(200)))
        block = exif.pack({0: {}, exif.EXIF: fields | {0x927C: maker}})
        write_picture(Path("a.jpg"), picture(meta=Meta(exif=block)))
        assert run("a.jpg", "-m", "bicubic", "--scale", "3", "-o", "b.jpg").exit_code == 0
        after = read_picture(Path("b.jpg")).meta.exif
        found = exif.read_tree(io.BytesIO(after))[exif.EXIF]
        assert [int.from_bytes(found[tag].data, "little") for tag in (0xA002, 0xA003)] == [132, 90]
        assert struct.unpack("<II", found[0xA20E].data) == (5000, 1)
        assert found[0x927C] == maker
        assert after.index(maker.data) == block.index(maker.data)
        focal = [exif.read_focal(each, (WIDTH, HEIGHT)) for each in (block, after)]
        assert focal[0] == focal[1] > 0
        assert run("a.jpg", "-m", "bicubic", "--scale", "1", "-o", "c.jpg").exit_code == 0
        assert read_picture(Path("c.jpg")).meta.exif == block

    def plane(self, across, down):
        """An Exif block that tells the size and, as fractions, the focal plane's resolutions."""
        sides = {0xA002: WIDTH, 0xA003: HEIGHT}
        fields = {tag: Field(LONG, struct.pack("<I", side)) for tag, side in sides.items()}
        for tag, each in ((0xA20E, across), (0xA20F, down)):
            fields[tag] = Field(RATIONAL, struct.pack("<II", *each))
        return exif.pack({0: {}, exif.EXIF: fields})

    def planes_of(self, block):
        found = exif.read_tree(io.BytesIO(block))[exif.EXIF]
        return [struct.unpack("<II", found[tag].data) for tag in (0xA20E, 0xA20F)]

    def test_each_direction_has_its_own_factor(self):
        write_picture(Path("a.jpg"), picture(meta=Meta(exif=self.plane((1700, 1), (1700, 1)))))
        assert run("a.jpg", "-m", "bicubic", "--size", "88x90", "-o", "b.jpg").exit_code == 0
        after = read_picture(Path("b.jpg")).meta.exif
        assert self.planes_of(after) == [(2 * 1700, 1), (3 * 1700, 1)]

    def test_resolutions_that_are_none_or_that_no_field_holds_stay(self):
        most = (1 << 32) - 1, 1
        for across, down in (((5, 0), (7, 1)), (most, (7, 1))):
            after = exif.resized(self.plane(across, down), (WIDTH, HEIGHT), (88, 60), (2, 2))
            assert self.planes_of(after) == [across, (14, 1)]

    @pytest.mark.parametrize("offset", [0, 1 << 30])
    @pytest.mark.parametrize("kind", ["size", "resolution"])
    def test_a_damaged_exif_stays_as_it_is(self, offset, kind):
        place = struct.pack("<HHII", 256, 3, 100, offset)
        if kind == "resolution":
            place = struct.pack("<HHII", 0xA20E, 5, 100, offset)
        pointer = struct.pack("<HHII", 0x8769, 4, 1, 26)
        block = b"II*\0" + struct.pack("<IH", 8, 1) + (place if kind == "size" else pointer)
        block += bytes(4) + (struct.pack("<H", 1) + place + bytes(4) if kind != "size" else b"")
        assert exif.resized(block, (44, 30), (88, 60), (2, 2)) == block

    def test_sizes_of_before_another_program_reduced_it_stay(self):
        fields = {0xA002: Field(LONG, struct.pack("<I", 6000)), 0xA003: Field(SHORT, b"\xa0\x0f")}
        fields[0xA20E] = fields[0xA20F] = Field(RATIONAL, struct.pack("<II", 5000, 3))
        fields[0x920A] = Field(RATIONAL, struct.pack("<II", 50, 1))
        block = exif.pack({0: {}, exif.EXIF: fields})
        assert exif.resized(block, (1500, 1000), (1500, 1000), (1, 1)) == block
        assert exif.resized(block, (1500, 1000), (3000, 2000), (2, 2)) == block
        focal = exif.read_focal(block, (1500, 1000))
        assert exif.read_focal(block, (3000, 2000)) == 2 * focal

    def test_a_resolution_that_both_directions_share_is_changed_once(self):
        block = bytearray(self.plane((1700, 1), (1700, 1)))
        first = bytes(block).index(struct.pack("<HHI", 0xA20E, 5, 1)) + 8
        second = bytes(block).index(struct.pack("<HHI", 0xA20F, 5, 1)) + 8
        block[second : second + 4] = block[first : first + 4]
        after = exif.resized(bytes(block), (WIDTH, HEIGHT), (88, 60), (2, 2))
        assert self.planes_of(after) == [(3400, 1)] * 2

    def test_a_cut_animation_does_not_end_a_batch(self):
        still = Path("photo.png").read_bytes()
        Path("cut.png").write_bytes(still[:33] + struct.pack(">I", 8) + b"acTL" + b"\0\0")
        result = run("cut.png", "photo.png", "-m", MODEL, "-o", "out/")
        assert result.exit_code == 1
        assert Path("out/photo.png").exists()
        assert "cut.png" in result.stderr

    def test_rows_of_json(self):
        write_picture(Path("other.png"), picture(meta=Meta(orientation=8)))
        result = run("photo.png", "other.png", "-m", MODEL, "--json", "-q")
        assert result.exit_code == 0, result.stderr
        first, second = map(json.loads, result.stdout.splitlines())
        assert (first["source"], first["target"]) == ("photo.png", "photo_n3x2.png")
        assert (first["size"], first["new_size"]) == ([44, 30], [88, 60])
        assert (second["size"], second["new_size"]) == ([30, 44], [60, 88])
        assert (first["layout"], first["model"]) == ("RGB uint8", "upscale-n3sr-small")

    def test_a_plan_needs_no_model(self):
        result = run("photo.png", "--scale", "3", "-m", "none-such", "--dry-run")
        assert (result.exit_code, result.stdout) == (0, "photo.png → photo_n3x3.png\n")
        assert files() == ["photo.png"]

    def test_a_stream_without_end_is_refused(self, monkeypatch):
        monkeypatch.setattr(file_module, "free_memory", lambda device: 30_000_000)
        monkeypatch.setattr(file_module, "_LEAST", 0)
        result = run("-", "-o", "a.png", "-m", MODEL, stdin=bytes(17 << 20))
        assert result.exit_code == 1
        assert "has more than 10 MB, too much for the free memory" in result.stderr
        assert files() == ["photo.png"]

    def test_an_animation_is_told(self):
        still = Path("photo.png").read_bytes()
        control = b"acTL" + struct.pack(">II", 3, 0)
        chunk = struct.pack(">I", 8) + control + struct.pack(">I", zlib.crc32(control))
        Path("moving.png").write_bytes(still[:33] + chunk + still[33:])
        result = run("moving.png", "-m", MODEL)
        assert result.exit_code == 0, result.stderr
        assert "moving.png: only the first of its 3 pages or frames is read" in result.stderr

    def test_alpha_of_many_strips(self):
        # Wide, so that the result is made in several strips.
        alpha = np.random.default_rng(3).random((20, 9000)).astype(np.float32)
        write_picture(Path("a.tif"), Picture(alpha[..., None], alpha))
        assert run("a.tif", "-m", "bicubic", "--scale", "8").exit_code == 0
        after = read_picture(Path("a_n3x8.tif"))
        np.testing.assert_allclose(after.pixels[..., 0].clip(0, 1), after.alpha, atol=1e-6)

    def test_one_pixel(self):
        write_picture(Path("dot.png"), Picture(np.full((1, 1, 1), 77, np.uint8)))
        assert run("dot.png", "-m", MODEL, "--scale", "3").exit_code == 0
        assert read_picture(Path("dot_n3x3.png")).pixels.shape == (3, 3, 1)

    def test_grey_stays_grey(self):
        write_picture(Path("grey.tif"), picture("float32", 1))
        result = run("grey.tif", "-m", MODEL, "-v")
        assert "44×30 → 88×60  grey float32  upscale-n3sr-small" in result.stderr
        assert read_picture(Path("grey_n3x2.tif")).pixels.shape == (60, 88, 1)

    def test_the_model_that_was_not_needed_is_not_named(self):
        assert "RGB uint8  bicubic" in run("photo.png", "--scale", "0.5", "-v").stderr

    def test_existing_output(self):
        Path("photo_n3x2.png").write_bytes(b"mine")
        result = run("photo.png", "-m", MODEL)
        assert result.exit_code == 1
        assert (
            result.stderr
            == "n3: error: photo_n3x2.png: exists and is kept; give -y to replace it\n"
        )
        assert Path("photo_n3x2.png").read_bytes() == b"mine"
        assert run("photo.png", "-m", MODEL, "-y").exit_code == 0
        assert Path("photo_n3x2.png").read_bytes() != b"mine"


@pytest.mark.usefixtures("folder")
class TestRefusals:
    @pytest.mark.parametrize(
        "words",
        [
            *(["--scale", value] for value in ("0", "-2", "nan", "inf", "1000", "abc", "1_0", "")),
            ["--scale", "2", "--width", "100"],
            ["--width", "100", "--height", "100"],
            *(["--size", value] for value in ("100", "0x5", "5x", "axb", "1e3x4", "1000001x1")),
            ["--width", "0"],
            ["--megapixels", "0"],
            ["--megapixels", "1001"],
            ["-q", "-v"],
        ],
    )
    def test_usage(self, words):
        result = run("photo.png", "-m", MODEL, *words)
        assert result.exit_code == 2, result.stderr
        assert result.stderr.startswith("n3: error: ")
        assert result.stderr.count("\n") == 1
        assert files() == ["photo.png"]

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["--width", "5000"], "is 113.6 times the size; at most 16 times is possible"),
            (["--crop", "0,0,60,3"], "reaches outside the picture"),
        ],
    )
    def test_what_is_too_much_for_a_picture_fails_it_alone(self, words, said):
        write_picture(Path("b.png"), picture())
        result = run("photo.png", "b.png", "-m", MODEL, *words)
        assert result.exit_code == 1
        assert result.stderr.count(said) == 2
        assert files() == ["b.png", "photo.png"]

    def test_a_format_that_holds_no_such_size(self):
        write_picture(Path("long.webp"), Picture(np.zeros((2, 1100, 3), np.uint8)))
        result = run("long.webp", "-m", "bicubic", "--scale", "15")
        assert result.exit_code == 1
        assert "webp holds at most 16383 pixels per side" in result.stderr
        assert files() == ["long.webp", "photo.png"]
        assert run("long.webp", "-m", "bicubic", "--scale", "14").exit_code == 0

    def test_a_model_for_another_task(self):
        result = run("photo.png", "-m", "denoise-n3unet-color")
        assert result.exit_code == 3
        assert "is for the task denoise, not upscale" in result.stderr
        assert files() == ["photo.png"]

    def test_enlarging_is_no_denoising(self):
        result = CliRunner().invoke(n3, ["denoise", "photo.png", "-m", MODEL, "--sigma", "5"])
        assert result.exit_code == 3
        assert "is for the task upscale, not denoise" in result.stderr


class TestBatches:
    def test_a_broken_file_and_results_of_earlier_runs(self, folder):
        (folder / "in/deep").mkdir(parents=True)
        write_picture(folder / "in/a.png", picture())
        write_picture(folder / "in/deep/b.tif", picture("uint16", 1))
        for made in ("a_n3x4.png", "a_n3up.png", "a_n3dn_n3x2.png"):
            write_picture(folder / "in" / made, picture())
        (folder / "in/torn.png").write_bytes((folder / "photo.png").read_bytes()[:900])
        result = run("in", "-r", "-o", "out", "-m", MODEL)
        assert result.exit_code == 1
        lines = result.stderr.splitlines()
        assert lines[0].startswith("skipped 3 made by an earlier run: ")
        assert lines[1].startswith("in/a.png → out/a.png")
        assert lines[2].startswith("n3: error: in/torn.png")
        assert lines[3].startswith("in/deep/b.tif → out/deep/b.tif")
        assert lines[4:] == ["2 done, 1 failed"]
        assert [name for name in files() if name.startswith("out")] == [
            "out/a.png",
            "out/deep/b.tif",
        ]

    def test_what_was_denoised_may_be_enlarged_but_not_the_other_way_round(self, folder):
        (folder / "in").mkdir()
        write_picture(folder / "in/a_n3dn.png", picture())
        assert run("in", "-m", MODEL).exit_code == 0
        assert (folder / "in/a_n3dn_n3x2.png").is_file()
        (folder / "in/a_n3dn.png").rename(folder / "in/a.png")
        result = CliRunner().invoke(n3, ["denoise", "in", "--sigma", "5"])
        assert result.exit_code == 0
        assert "skipped 1" in result.stderr


@pytest.mark.usefixtures("folder")
class TestStreams:
    def test_standard_input_to_standard_output(self):
        result = run("-", "-m", MODEL, stdin=Path("photo.png").read_bytes())
        assert result.exit_code == 0, result.stderr
        assert read_picture(result.stdout_bytes).pixels.shape == (60, 88, 3)
        assert "standard input → standard output" in result.stderr

    def test_another_format(self):
        result = run("photo.png", "-o", "-", "--format", "webp", "-m", MODEL, "--width", "100")
        assert read_picture(result.stdout_bytes).meta.format == "webp"


@pytest.mark.usefixtures("folder")
def test_models_know_it():
    shown = CliRunner().invoke(n3, ["models", "info", MODEL])
    assert re.search(r"scales +2, 3, 4", shown.stdout)
    checked = CliRunner().invoke(n3, ["models", "verify", MODEL])
    assert checked.exit_code == 0, checked.stderr


def test_a_short_name_finds_its_task(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    shown = CliRunner().invoke(n3, ["models", "path", "n3sr"])
    assert "upscale-n3sr-color" in shown.stdout + shown.stderr
