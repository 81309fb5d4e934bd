"""`n3 denoise` on files and folders, with the bundled models."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

import n3cli
from n3cli.cli.main import n3
from n3cli.io.meta import Meta
from n3cli.io.picture import Picture, read_picture, write_picture

HEIGHT, WIDTH = 72, 88
SIGMA = 20
Y, X = np.mgrid[:HEIGHT, :WIDTH]
CLEAN = np.stack([0.5 + 0.3 * np.sin(X / (9 + 4 * i)) * np.cos(Y / 11) for i in range(3)], -1)
NOISY = np.clip(CLEAN + np.random.default_rng(1).normal(0, SIGMA / 255, CLEAN.shape), 0, 1)
ALPHA = np.arange(HEIGHT * WIDTH, dtype=np.uint16).reshape(HEIGHT, WIDTH)


def run(*arguments: object, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(n3, ["denoise", *map(os.fspath, arguments)], input=stdin)


def picture(dtype: str = "uint8", channels: int = 3, **more) -> Picture:
    pixels = NOISY[..., :channels]
    if dtype != "float32":
        pixels = np.rint(pixels * np.iinfo(dtype).max)
    return Picture(pixels.astype(dtype), **more)


def error(pixels: np.ndarray) -> float:
    """Root mean square error on the 0–255 scale."""
    full = np.iinfo(pixels.dtype).max if pixels.dtype.kind == "u" else 1
    return float(255 * np.sqrt(np.mean((pixels / full - CLEAN[..., : pixels.shape[2]]) ** 2)))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with one noisy picture."""
    monkeypatch.chdir(tmp_path)
    write_picture(tmp_path / "photo.png", picture())
    return tmp_path


@pytest.mark.usefixtures("folder")
class TestOneFile:
    def test_default_output_and_report(self):
        result = run("photo.png", "--sigma", "20")
        assert result.exit_code == 0, result.stderr
        assert result.stdout == ""
        assert re.fullmatch(
            r"photo\.png → photo_n3dn\.png  σ 20\.0 \(given\)  \d+\.\d s\n", result.stderr
        )
        assert error(read_picture(Path("photo_n3dn.png")).pixels) < error(picture().pixels) / 2

    def test_estimated_level_is_reported(self):
        result = run("photo.png")
        found = re.search(r"σ ([\d.]+) \(estimated\)", result.stderr)
        assert found, result.stderr
        assert 0.7 * SIGMA < float(found[1]) < 1.3 * SIGMA

    @pytest.mark.parametrize(
        ("name", "kept"),
        [
            ("a.png", picture("uint8", 1, alpha=ALPHA.astype(np.uint8))),
            ("b.png", picture("uint16", 3, alpha=ALPHA, meta=Meta(dpi=(300, 300), orientation=6))),
            ("c.tif", picture("float32", 1)),
            ("d.png", picture("uint16", 3, meta=Meta(text={"Title": "Übung"}))),
        ],
    )
    def test_kind_alpha_and_metadata_are_kept(self, name, kept):
        write_picture(Path(name), kept)
        # Small tiles, so that alpha waits for several strips.
        result = run(name, "-o", f"out-{name}", "--sigma", "20", "--tile", "24")
        assert result.exit_code == 0, result.stderr
        before, after = read_picture(Path(name)), read_picture(Path(f"out-{name}"))
        assert after.pixels.dtype == kept.pixels.dtype
        assert after.pixels.shape == kept.pixels.shape
        assert after.meta == before.meta
        assert error(after.pixels) < error(before.pixels) / 2
        if kept.alpha is None:
            assert after.alpha is None
        else:
            np.testing.assert_array_equal(after.alpha, kept.alpha)

    def test_crop_is_what_a_cropped_file_gives(self):
        left, top, width, height = 13, 7, 41, 30
        cut = picture().pixels[top : top + height, left : left + width]
        write_picture(Path("cut.png"), Picture(cut))
        assert (
            run("photo.png", "-o", "x.png", "--sigma", "20", "--crop", "13,7,41,30").exit_code == 0
        )
        assert run("cut.png", "-o", "y.png", "--sigma", "20").exit_code == 0
        np.testing.assert_array_equal(
            read_picture(Path("x.png")).pixels, read_picture(Path("y.png")).pixels
        )

    def test_strength_zero_changes_nothing(self):
        assert run("photo.png", "--strength", "0", "--sigma", "20").exit_code == 0
        np.testing.assert_array_equal(read_picture(Path("photo_n3dn.png")).pixels, picture().pixels)

    def test_chosen_model_and_verbose(self):
        result = run("photo.png", "-m", "n3unet", "-v", "--sigma", "20")
        assert f"{WIDTH}×{HEIGHT} RGB uint8  denoise-n3unet-color" in result.stderr

    @pytest.mark.parametrize(
        "kept",
        [picture("uint16", 3, alpha=ALPHA), picture("uint8", 1, alpha=ALPHA.astype(np.uint8))],
    )
    def test_the_mean_over_turns_is_that_of_the_function(self, kept):
        write_picture(Path("a.png"), kept)
        result = run("a.png", "--tta", "--sigma", "20", "--tile", "64")
        assert result.exit_code == 0, result.stderr
        after = read_picture(Path("a_n3dn.png"))
        expected = n3cli.denoise(kept.pixels, 20, tta=True).astype(int)
        assert np.abs(after.pixels - expected).max() <= 1  # tiles round otherwise
        assert (n3cli.denoise(kept.pixels, 20) != expected).any()
        np.testing.assert_array_equal(after.alpha, kept.alpha)

    def test_a_picture_too_large_for_turns_fails_alone(self, monkeypatch):
        monkeypatch.setattr("n3cli.inference.ensemble.free_memory", lambda device: 1000)
        result = run("photo.png", "--tta", "--sigma", "20")
        assert result.exit_code == 1
        assert result.stderr.startswith("n3: error: photo.png: test-time augmentation needs")
        assert not Path("photo_n3dn.png").exists()

    def test_format_and_quality(self):
        for quality in ("30", "95"):
            result = run("photo.png", "-o", f"{quality}/", "--format", "jpg", "--quality", quality)
            assert result.exit_code == 0, result.stderr
        assert read_picture(Path("95/photo.jpg")).meta.format == "jpeg"
        assert Path("30/photo.jpg").stat().st_size < Path("95/photo.jpg").stat().st_size

    def test_levels_above_the_model_are_clamped_and_reported_once_a_file(self):
        write_picture(Path("two.png"), picture())
        result = run("photo.png", "two.png", "--sigma", "100")
        assert result.exit_code == 0
        warnings = [line for line in result.stderr.splitlines() if line.startswith("n3: warning: ")]
        said = "sigma 100 is above the model's maximum; using 75 instead"
        assert warnings == [f"n3: warning: {name}: {said}" for name in ("photo.png", "two.png")]
        assert result.stderr.count("σ 75.0 (given)") == 2

    def test_existing_output(self):
        Path("photo_n3dn.png").write_bytes(b"mine")
        result = run("photo.png", "--sigma", "20")
        assert result.exit_code == 1
        assert (
            result.stderr
            == "n3: error: photo_n3dn.png: exists and is kept; give -y to replace it\n"
        )
        assert Path("photo_n3dn.png").read_bytes() == b"mine"
        assert run("photo.png", "--sigma", "20", "-y").exit_code == 0
        assert Path("photo_n3dn.png").read_bytes() != b"mine"

    @pytest.mark.parametrize(
        "name", ["Übung мир 日本.png", "a\nb\x1b[31m.png", "-o.png", b"\xff\xfe.png"]
    )
    def test_any_name(self, name):
        name = os.fsdecode(name)
        try:
            Path(name).write_bytes(Path("photo.png").read_bytes())
        except OSError:
            pytest.skip("not a name for this file system")
        result = run("--sigma", "20", "--", name)
        assert result.exit_code == 0, result.stderr
        assert result.stderr.count("\n") == 1
        assert "\x1b" not in result.stderr
        assert Path(name.replace(".png", "_n3dn.png")).is_file()


class TestBatches:
    def test_tree(self, folder):
        (folder / "in/deep").mkdir(parents=True)
        write_picture(folder / "in/deep/gray.tif", picture("uint16", 1))
        write_picture(folder / "in/b.png", picture())
        write_picture(folder / "in/b_n3dn.png", picture())
        (folder / "in/torn.png").write_bytes((folder / "photo.png").read_bytes()[:900])
        result = run("in", "-r", "-o", "out", "--sigma", "20")
        assert result.exit_code == 1
        lines = result.stderr.splitlines()
        assert lines[0] == "skipped 1 made by an earlier run: in/b_n3dn.png"
        assert lines[1].startswith("in/b.png → out/b.png")
        assert lines[2].startswith("n3: error: in/torn.png")
        assert lines[3].startswith("in/deep/gray.tif → out/deep/gray.tif")
        assert lines[4:] == ["2 done, 1 failed"]
        made = sorted(str(p.relative_to("out")) for p in Path("out").rglob("*") if p.is_file())
        assert made == ["b.png", "deep/gray.tif"]

    @pytest.mark.usefixtures("folder")
    def test_floating_values_stay_such(self):
        image = np.linspace(-0.5, 1.5, 40 * 50, dtype="<f4").reshape(40, 50)
        data = b"Pf\n50 40\n-1.0\n" + image[::-1].tobytes()
        Path("a.pfm").write_bytes(data)
        assert run("a.pfm", "--sigma", "0").exit_code == 0
        made = read_picture(Path("a_n3dn.tif")).pixels[..., 0]
        np.testing.assert_array_equal(made, image)
        result = run("-", "--sigma", "0", stdin=data)
        made = read_picture(result.stdout_bytes).pixels[..., 0]
        np.testing.assert_array_equal(made, image)
        result = run("a.pfm", "-o", "a.png", "--sigma", "0")
        assert "32-bit pixels are reduced, and cut to 0 to 1" in result.stderr

    @pytest.mark.usefixtures("folder")
    def test_going_on_with_a_batch(self):
        for name in ("a.png", "b.png"):
            write_picture(Path(name), picture())
        run("a.png", "--sigma", "20")
        before = Path("a_n3dn.png").stat().st_mtime_ns
        again = ["a.png", "b.png", "gone.png", "--sigma", "20", "--skip-existing"]
        result = run(*again, "--json")
        assert result.exit_code == 1
        assert "skipped 1 whose outputs exist: a.png\n" in result.stderr
        assert result.stderr.endswith("1 done, 1 failed, 1 skipped\n")
        rows = [json.loads(row) for row in result.stdout.splitlines()]
        assert [(row["source"], row["target"], row["status"]) for row in rows] == [
            ("gone.png", None, "failed"),
            ("a.png", "a_n3dn.png", "skipped"),
            ("b.png", "b_n3dn.png", "done"),
        ]
        assert Path("a_n3dn.png").stat().st_mtime_ns == before
        result = run(*again[:2], *again[3:])
        assert (result.exit_code, result.stdout) == (0, "")
        assert run(*again, "-y").exit_code == 2

    def test_linked_folders_are_told(self, folder):
        (folder / "in").mkdir()
        (folder / "else").mkdir()
        write_picture(folder / "in/b.png", picture())
        (folder / "in/linked").symlink_to(folder / "else")
        result = run("in", "-r", "-o", "out", "--sigma", "20")
        assert result.stderr.startswith(
            "skipped links to folders; name them as inputs to include them: in/linked\n"
        )

    @pytest.mark.usefixtures("folder")
    def test_quiet(self):
        result = run("-q", "photo.png", "gone.png", "--sigma", "20")
        assert result.exit_code == 1
        assert result.stderr == "n3: error: gone.png: no such file or folder\n"

    @pytest.mark.usefixtures("folder")
    def test_debug_shows_where_a_failed_file_failed(self):
        Path("text.png").write_text("no picture")
        result = run("text.png", "--debug")
        assert "Traceback" in result.stderr
        assert result.exit_code == 1


@pytest.mark.usefixtures("folder")
class TestStreams:
    def test_standard_input_to_standard_output_in_its_format(self):
        for name, format in (("photo.png", "png"), ("photo.tif", "tiff")):
            write_picture(Path(name), picture("uint16"))
            result = run("-", "--sigma", "20", stdin=Path(name).read_bytes())
            assert result.exit_code == 0, result.stderr
            after = read_picture(result.stdout_bytes)
            assert (after.meta.format, after.pixels.dtype) == (format, np.uint16)
            assert error(after.pixels) < SIGMA / 2

    def test_file_to_standard_output_in_another_format(self):
        result = run("photo.png", "-o", "-", "--format", "webp", "--sigma", "20")
        assert read_picture(result.stdout_bytes).meta.format == "webp"
        assert "photo.png → standard output" in result.stderr

    def test_standard_input_to_file(self):
        result = run("-", "-o", "new/x.tif", "--sigma", "20", stdin=Path("photo.png").read_bytes())
        assert result.exit_code == 0, result.stderr
        assert read_picture(Path("new/x.tif")).meta.format == "tiff"
