"""`n3 denoise` on camera raw, and `n3 fit-noise`."""

from __future__ import annotations

import io
import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
import rawpy
import skimage.data
import tifffile
from click.testing import CliRunner, Result
from PIL import Image
from reference.dng import BAYER, make_dng, make_pef
from reference.scenes import exposed, filtered, linear

from n3cli.cli.main import n3
from n3cli.inference.raw.noise import estimate_noise
from n3cli.io.exif import EXIF
from n3cli.io.picture import Picture, read_picture, write_picture
from n3cli.io.raw.dng import write_dng
from n3cli.io.raw.meta import read_raw_tree
from n3cli.io.raw.mosaic import read_raw
from n3cli.io.raw.noise_profile import NoiseProfile, read_profiles, write_profiles
from n3cli.io.tiff import SHORT, Field
from n3cli.ops.noise.model import models_of

A, B = 0.002, 1e-5
GIVEN = ("--noise", f"{A},{B}")
BLACK, WHITE = 512, 15000
ISO_1600 = {EXIF: {34855: Field(SHORT, (1600).to_bytes(2, "little"))}}


def run(*arguments: object, stdin: bytes = b"", command: str = "denoise") -> Result:
    return CliRunner().invoke(n3, [command, *map(os.fspath, arguments)], input=stdin)


def mosaic(part=np.s_[120:220, 300:420]) -> tuple[np.ndarray, np.ndarray]:
    """A clean mosaic and its noisy form, in [0, 1]."""
    clean = filtered(linear(skimage.data.astronaut()), BAYER["RGGB"])[part]
    return clean, exposed(clean, A, B, 1)


def stored(values: np.ndarray) -> np.ndarray:
    return np.rint(BLACK + values * (WHITE - BLACK)).clip(0, 65535).astype(np.uint16)


def photo(**more) -> bytes:
    return make_dng(stored(mosaic()[1]), **more)


def error(path: Path) -> float:
    return float(np.sqrt(np.mean((read_raw(path).mosaic - mosaic()[0]) ** 2)))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a raw file; no darktable is installed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path))
    Path("photo.dng").write_bytes(photo())
    return tmp_path


@pytest.mark.usefixtures("folder")
class TestDng:
    def test_default_output_and_report(self):
        result = run("photo.dng", *GIVEN)
        assert result.exit_code == 0, result.stderr
        assert re.fullmatch(
            r"photo\.dng → photo_n3dn\.dng  a 0\.002, b 1e-05 \(given\)  \d+\.\d s\n", result.stderr
        )
        assert error(Path("photo_n3dn.dng")) < error(Path("photo.dng")) / 2
        before, after = (read_raw(Path(name)) for name in ("photo.dng", "photo_n3dn.dng"))
        assert (after.black == before.black).all()
        assert (after.white == before.white).all()
        assert after.noise is None

    def test_dead_sites_stay_marked_and_do_not_spread(self):
        dead = np.zeros(mosaic()[0].shape, bool)
        dead[9::20, 7::20] = True
        values = np.where(dead, 0, stored(mosaic()[1])).astype(np.uint16)
        Path("dead.dng").write_bytes(make_dng(values))
        assert run("dead.dng", "photo.dng", *GIVEN).exit_code == 0
        sound, mended = (read_raw(Path(f"{name}_n3dn.dng")) for name in ("photo", "dead"))
        np.testing.assert_array_equal(mended.sensor == 0, dead)
        off, usual = (np.abs(one.mosaic - mosaic()[0])[~dead].mean() for one in (mended, sound))
        assert off < 1.05 * usual
        assert run("dead.dng", "-o", "dead.tif", *GIVEN).exit_code == 0
        assert run("photo.dng", "-o", "photo.tif", *GIVEN).exit_code == 0
        one, other = (
            read_picture(Path(f"{name}.tif")).pixels / 65535 for name in ("dead", "photo")
        )
        assert np.abs(one - other).mean() < 0.003
        mixed = "--develop", "--format", "tiff", "--strength", "0.5", "--chroma", "0.5"
        for name in ("dead", "photo"):
            assert run(f"{name}.dng", "-o", f"{name}_mixed.tif", *mixed, *GIVEN).exit_code == 0
        one, other = (
            read_picture(Path(f"{name}_mixed.tif")).pixels / 65535 for name in ("dead", "photo")
        )
        assert np.abs(one - other).mean() < 0.003

    @pytest.mark.parametrize("name", ["a.NEF", "a.cr2", "a.Pef"])
    def test_any_raw_file_becomes_dng(self, name):
        Path(name).write_bytes(make_pef(stored(mosaic()[1])))
        assert run(name, *GIVEN).exit_code == 0
        assert read_raw(Path("a_n3dn.dng")).orientation == 6

    def test_strength(self):
        for strength in ("0", "0.5", "1"):
            how = ("-o", f"{strength}.dng", "--strength", strength, "-m", "n3unet")
            assert run("photo.dng", *how, *GIVEN)
        none, half, whole = (read_raw(Path(f"{name}.dng")).sensor for name in ("0", "0.5", "1"))
        np.testing.assert_array_equal(none, read_raw(Path("photo.dng")).sensor)
        np.testing.assert_allclose(half, (none.astype(float) + whole) / 2, atol=1.01)

    def test_faint_noise_is_stored_finer(self):
        result = run("photo.dng", "--noise", "1e-6,1e-8", "--json")
        assert json.loads(result.stdout)["scaled"] == 4
        assert (read_raw(Path("photo_n3dn.dng")).white == 4 * WHITE).all()

    def test_what_stays_as_it_is_keeps_its_values(self):
        result = run("photo.dng", "--noise", "1e-6,1e-8", "--strength", "0", "--json")
        assert json.loads(result.stdout)["scaled"] == 1
        before, after = (read_raw(Path(name)) for name in ("photo.dng", "photo_n3dn.dng"))
        np.testing.assert_array_equal(after.sensor, before.sensor)

    def test_what_is_there_is_kept(self):
        Path("photo_n3dn.dng").write_bytes(b"mine")
        assert run("photo.dng", *GIVEN).exit_code == 1
        assert Path("photo_n3dn.dng").read_bytes() == b"mine"
        assert run("photo.dng", "-y", *GIVEN).exit_code == 0

    def test_streams(self):
        for how in (["-"], ["-", "--format", "dng"]):
            result = run(*how, *GIVEN, stdin=Path("photo.dng").read_bytes())
            assert result.exit_code == 0, result.stderr
            assert read_raw(result.stdout_bytes).layout == "RGGB"
        result = run("photo.dng", "-o", "-", *GIVEN)
        assert read_raw(result.stdout_bytes).layout == "RGGB"
        result = run("photo.dng", "-o", "-", "--develop", *GIVEN)
        assert read_picture(result.stdout_bytes).meta.format == "tiff"

    def test_tiles_and_turns(self):
        for how in (("--tile", "64"), ("--tta",)):
            assert run("photo.dng", *how, *GIVEN, "-y").exit_code == 0
            assert error(Path("photo_n3dn.dng")) < error(Path("photo.dng")) / 2


@pytest.mark.usefixtures("folder")
class TestDeveloped:
    @pytest.mark.parametrize(
        ("how", "name", "dtype"),
        [
            (["--develop"], "photo_n3dn.tif", "uint16"),
            (["-o", "a.png"], "a.png", "uint16"),
            (["-o", "out/", "--format", "jpg"], "out/photo.jpg", "uint8"),
            (["--develop", "-o", "out/"], "out/photo.tif", "uint16"),
        ],
    )
    def test_a_picture_by_its_name(self, how, name, dtype):
        result = run("photo.dng", *how, *GIVEN)
        assert result.exit_code == 0, result.stderr
        assert "warning" not in result.stderr
        picture = read_picture(Path(name))
        assert (picture.pixels.shape, picture.pixels.dtype) == ((100, 120, 3), dtype)
        with rawpy.imread("photo.dng") as raw:
            noisy = raw.postprocess(
                use_camera_wb=True, no_auto_bright=True, gamma=(2.4, 12.92), user_flip=0
            )
        means = [each.mean((0, 1)) / np.iinfo(each.dtype).max for each in (picture.pixels, noisy)]
        np.testing.assert_allclose(*means, rtol=0.03)

    def test_luma_and_chroma_apart(self):
        """Grey and the rest of what is taken away, each in its share."""
        made = {}
        for luma, chroma in ((0, 0), (1, 1), (1, 0), (0, 1), (0.5, 0.25)):
            how = ("--strength", luma, "--chroma", chroma)
            result = run("photo.dng", "-o", "a.png", "-y", *map(str, how), *GIVEN)
            assert result.exit_code == 0, result.stderr
            made[luma, chroma] = read_picture(Path("a.png")).pixels.astype(float)
        assert run("photo.dng", "-o", "b.png", *GIVEN).exit_code == 0
        np.testing.assert_array_equal(read_picture(Path("b.png")).pixels, made[1, 1])
        noisy, change = made[0, 0], made[1, 1] - made[0, 0]
        grey = (change @ (0.299, 0.587, 0.114))[..., None]
        for luma, chroma in ((1, 0), (0, 1), (0.5, 0.25)):
            expected = (noisy + luma * grey + chroma * (change - grey)).clip(0, 65535)
            np.testing.assert_allclose(made[luma, chroma], expected, atol=1)

    @pytest.mark.parametrize(
        ("how", "code", "words"),
        [
            (["--develop", "-o", "a.dng"], 2, "--develop makes pictures, not DNG files"),
            (["--develop", "--format", "dng"], 2, "--develop makes pictures, not DNG files"),
            (["--format", "dng", "-o", "a.png"], 2, "DNG files end with .dng"),
            (["--format", "png", "-o", "a.dng"], 2, "contradicts --format png"),
            (["--chroma", "0.5"], 1, "photo.dng: --chroma is for developed pictures"),
            (["--sigma", "5"], 1, "--sigma cannot describe it; give --noise A,B instead"),
            (["--crop", "0,0,9,9"], 1, "photo.dng: --crop is for developed pictures, not for DNG"),
            (["--crop", "99,0,40,9", "--develop"], 1, "crop 99,0,40,9 reaches outside the"),
            (["--noise", "1"], 2, "'1' is not auto, A,B or"),
            (["--noise", "0,0"], 2, "'0,0' is not auto, A,B or"),
            (["--noise", "1,2,3,4"], 2, "is not auto, A,B or"),
            (["--noise", "-1,0"], 2, "is not auto, A,B or"),
            (["--noise-profiles", "photo.dng"], 1, "photo.dng: is not a list of noise profiles"),
            (["--json", "-o", "-"], 2, "--json and the picture cannot both go"),
        ],
    )
    def test_what_does_not_go_together(self, how, code, words):
        result = run("photo.dng", *how)
        assert result.exit_code == code, result.stderr
        assert words in result.stderr
        assert "Traceback" not in result.stderr


@pytest.mark.usefixtures("folder")
class TestNoise:
    def row(self, *how: object) -> dict:
        result = run("photo.pef", "-y", "--json", *how)
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)["noise"]

    def test_the_order_of_its_sources(self):
        """What is given, the file's profile, the camera's, an estimate."""
        profile = NoiseProfile("Pentax", "K10D", 1600, models_of([4e-3, 1e-5]))
        Path("own.toml").write_text(write_profiles([profile]))
        listed = ("--noise-profiles", "own.toml")

        Path("photo.pef").write_bytes(photo(noise=(3e-3, 1e-5)))
        found = self.row(*listed, "--noise", "1e-3,1e-5,2e-3,2e-5,3e-3,3e-5")
        assert found == {
            "source": "given", "reliable": True, "a": [1e-3, 2e-3, 3e-3], "b": [1e-5, 2e-5, 3e-5]
        }  # fmt: skip
        found = self.row(*listed)
        assert (found["source"], found["a"]) == ("profile", [3e-3] * 3)

        Path("photo.pef").write_bytes(make_pef(stored(mosaic()[1]), told=ISO_1600))
        found = self.row(*listed)
        assert (found["source"], found["file"]) == ("camera", "own.toml")
        assert found["a"] == [4e-3] * 3

        Path("photo.pef").write_bytes(make_dng(stored(mosaic(np.s_[:, :])[1])))
        found = self.row(*listed)
        assert (found["source"], found["reliable"]) == ("estimate", True)
        assert found["a"][1] == pytest.approx(A, rel=0.15)
        assert 0 < found["error_a"][1] < 0.2 * A

    def test_text_says_where_it_is_from(self):
        Path("own.toml").write_text(
            write_profiles([NoiseProfile("Pentax", "K10D", 1600, models_of([4e-3, 1e-5]))])
        )
        Path("photo.pef").write_bytes(make_pef(stored(mosaic()[1]), told=ISO_1600))
        result = run("photo.pef", "--noise-profiles", "own.toml", "-v")
        assert "a 0.004, b 1e-05 (from own.toml)  120×100 RGGB  denoise-n3unet-raw" in result.stderr
        Path("other.dng").write_bytes(photo(noise=(3e-3, 1e-5)))
        assert "(the file's profile)" in run("other.dng").stderr

    def test_an_uncertain_estimate_warns(self):
        Path("photo.dng").write_bytes(make_dng(np.full((60, 72), 4000, np.uint16)))
        result = run("photo.dng", "--json")
        assert "n3: warning: photo.dng: the estimated noise is uncertain: " in result.stderr
        assert json.loads(result.stdout)["noise"]["reliable"] is False

    def test_raw_options_without_raw_files(self):
        write_picture(Path("a.png"), Picture(np.zeros((9, 9, 3), np.uint8)))
        for how in (GIVEN, ["--develop"], ["--chroma", "1"], ["--noise-profiles", "x"]):
            result = run("a.png", *how)
            assert result.exit_code == 2
            assert f"{how[0]} is only for camera raw, and no input is" in result.stderr


def jpeg() -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(file, "JPEG")
    return file.getvalue()


def damaged() -> bytes:
    """A file in n3's own form with a spoilt tile."""
    raw, file = read_raw(photo()), io.BytesIO()
    write_dng(file, raw, raw.mosaic, read_raw_tree(photo()))
    data = bytearray(file.getvalue())
    start = data.index(b"\xff\xda") + 200
    data[start : start + 8] = b"\xff\xd9" * 4
    return bytes(data)


def all_colours() -> bytes:
    file = io.BytesIO()
    tags = [(50706, "B", 4, bytes([1, 4, 0, 0]), True), (50708, "s", 0, "Camera", True)]
    tifffile.imwrite(file, np.zeros((64, 64, 3), np.uint16), photometric=34892, extratags=tags)
    return file.getvalue()


@pytest.mark.usefixtures("folder")
class TestBatches:
    def test_raw_files_in_a_tree_beside_pictures(self):
        Path("in/deep").mkdir(parents=True)
        Path("in/deep/a.NEF").write_bytes(make_pef(stored(mosaic()[1])))
        Path("in/a.dng").write_bytes(photo())
        Path("in/a_n3dn.dng").write_bytes(photo())
        write_picture(Path("in/b.png"), Picture(np.full((30, 40, 3), 99, np.uint8)))
        result = run("in", "-r", "-o", "out", *GIVEN)
        assert result.exit_code == 0, result.stderr
        made = sorted(str(p.relative_to("out")) for p in Path("out").rglob("*") if p.is_file())
        assert made == ["a.dng", "b.png", "deep/a.dng"]
        assert result.stderr.startswith("skipped 1 made by an earlier run: in/a_n3dn.dng")

    def test_the_network_for_mosaics_takes_no_pictures(self):
        write_picture(Path("b.png"), Picture(np.full((30, 40, 3), 99, np.uint8)))
        result = run("b.png", "-m", "raw")
        assert result.exit_code != 0
        assert "is for camera raw, but this is a picture" in result.stderr

    def test_bad_files_do_not_stop_the_others(self):
        bad = {
            "cut.dng": (photo()[:9000], "is damaged or cut off"),
            "empty.cr2": (b"", "is empty"),
            "jpeg.NEF": (jpeg(), "is not a camera raw file"),
            "linear.dng": (all_colours(), "holds no mosaic"),
            "middle.dng": (damaged(), "is damaged or cut off ("),
            "noise.arw": (b"nonsense" * 999, "is not a camera raw file"),
        }
        Path("in").mkdir()
        for name, (content, _) in bad.items():
            Path("in", name).write_bytes(content)
        Path("in/photo.dng").write_bytes(photo())
        result = run("in", "-o", "out/", "--json", *GIVEN)
        assert result.exit_code == 1
        rows = [json.loads(line) for line in result.stdout.splitlines()]
        assert [row["status"] for row in rows] == ["failed"] * 6 + ["done"]
        for row, (name, (_, words)) in zip(rows, bad.items(), strict=False):
            assert row["source"] == f"in/{name}"
            assert words in row["error"]
            assert f"n3: error: in/{name}: {words}" in result.stderr
        assert rows[-1]["target"] == "out/photo.dng"
        assert rows[-1]["strength"] == 1
        assert rows[-1]["seconds"] > 0
        assert [path.name for path in Path("out").iterdir()] == ["photo.dng"]
        assert "Traceback" not in result.stderr

    def test_a_model_for_colour_pictures_takes_no_mosaics(self):
        result = run("photo.dng", "-m", "real", *GIVEN)
        assert result.exit_code == 1
        assert "photo.dng: is camera raw, of one colour at each place, and " in result.stderr
        assert "works on three; use -m raw" in result.stderr

    def test_pictures_do_not_become_dng(self):
        write_picture(Path("a.png"), Picture(np.zeros((9, 9, 3), np.uint8)))
        for how in (["-o", "x.dng"], ["--format", "dng"]):
            result = run("a.png", *how)
            assert result.exit_code == 1
            assert "a.png: only camera raw files become DNG" in result.stderr

    def test_upscale_refuses_raw(self):
        result = run("photo.dng", command="upscale")
        assert result.exit_code == 1
        assert "photo.dng: is camera raw, which only n3 denoise reads" in result.stderr

    def test_rows_of_pictures(self):
        write_picture(Path("a.png"), Picture(np.full((30, 40, 3), 99, np.uint8)))
        result = run("a.png", "--sigma", "5", "--json")
        row = json.loads(result.stdout)
        assert (row["source"], row["target"], row["status"]) == ("a.png", "a_n3dn.png", "done")
        assert row["noise"] == {"source": "given", "sigma": 5.0}


@pytest.mark.usefixtures("folder")
class TestFitNoise:
    def flat(self, seed: int, light: float) -> bytes:
        ramp = np.linspace(0.05, light, 400)[None] * np.ones((300, 1))
        values = np.rint(65535 * exposed(ramp, A, B, seed)).clip(0, 65535)
        return make_pef(values.astype(np.uint16), told=ISO_1600)

    def test_a_profile_of_flat_files(self):
        for seed, light in enumerate((0.3, 0.6, 0.9)):
            Path(f"{seed}.pef").write_bytes(self.flat(seed, light))
        result = run("0.pef", "1.pef", "2.pef", "-o", "own.toml", command="fit-noise")
        assert result.exit_code == 0, result.stderr
        assert result.stderr.startswith("PENTAX PENTAX K10D ISO 1600 (3 files)  red a ")
        (found,) = read_profiles(Path("own.toml"))
        assert (found.model, found.iso) == ("PENTAX K10D", 1600)
        for model in found.noise:
            assert model.a == pytest.approx(A, rel=0.1)
            assert model.b == pytest.approx(B, abs=2 * B)
        again = run("0.pef", "-o", "own.toml", command="fit-noise")
        assert again.exit_code == 1
        assert "own.toml: exists and is kept; give -y to replace it" in again.stderr
        result = run("0.pef", "--noise-profiles", "own.toml", "--json")
        assert json.loads(result.stdout)["noise"]["source"] == "camera"

    def test_a_folder_of_flat_files(self):
        Path("flats/empty").mkdir(parents=True)
        for name in ("a.pef", "b.pef"):
            Path("flats", name).write_bytes(self.flat(0, 0.9))
        Path("flats/notes.txt").write_text("paper")
        Path("flats/a_n3dn.dng").write_bytes(self.flat(0, 0.9))  # n3 made it
        Path("flats/._b.pef").write_bytes(b"macOS")
        result = run("flats", command="fit-noise")
        assert result.exit_code == 0, result.stderr
        assert "ISO 1600 (2 files)" in result.stderr
        result = run("flats/empty", command="fit-noise")
        assert result.exit_code == 1
        assert "flats/empty: holds no camera raw files" in result.stderr

    @pytest.mark.parametrize("given", ["photo.dng", "."])
    def test_an_input_is_never_the_output(self, given):
        before = Path("photo.dng").read_bytes()
        output = f"../{Path.cwd().name}/photo.dng"
        result = run(given, "--iso", "800", "-o", output, "-y", command="fit-noise")
        assert result.exit_code == 1
        assert "photo.dng: is an input and cannot be the output" in result.stderr
        assert Path("photo.dng").read_bytes() == before

    def test_what_appears_meanwhile_is_kept(self, monkeypatch):
        def estimate(*planes, **how):
            Path("new/own.toml").write_text("another's")
            return estimate_noise(*planes, **how)

        monkeypatch.setattr("n3cli.jobs.fit_noise.estimate_noise", estimate)
        words = ("photo.dng", "--iso", "800", "-o", "new/own.toml")
        result = run(*words, command="fit-noise")
        assert result.exit_code == 1
        assert "own.toml: exists and is kept; give -y to replace it" in result.stderr
        assert Path("new/own.toml").read_text() == "another's"
        assert run(*words, "-y", command="fit-noise").exit_code == 0
        assert Path("new/own.toml").read_text() != "another's"

    def test_a_folder_that_cannot_be_made_is_told_first(self):
        result = run("missing.dng", "-o", "photo.dng/own.toml", command="fit-noise")
        assert result.exit_code == 1
        assert "photo.dng/own.toml: " in result.stderr

    def test_files_that_do_not_tell_their_sensitivity(self):
        result = run("photo.dng", command="fit-noise")
        assert result.exit_code == 1
        assert "photo.dng: does not state its sensitivity; give it with --iso" in result.stderr
        result = run("photo.dng", "--iso", "800", command="fit-noise")
        assert result.exit_code == 0
        assert 'model = "Model 1"\niso = 800\n' in result.stdout


def test_a_real_chart(tmp_path, shared):
    """Patches of a photographed chart: noise a quarter and less, colours the same."""
    source = tmp_path / "chart.dng"
    whole = read_raw(shared / "raw" / "colorchart.dng")
    # The six grey patches of the lower chart's last row, and what is around them.
    part = whole.sensor[26 + 860 : 26 + 1000, 152 + 620 : 152 + 1320]
    source.write_bytes(make_dng(part, black=2056, white=15000, neutral=(1, 0.4037, 0.684)))
    result = run(source, "-o", tmp_path / "out.dng", "--noise", "1.56e-4,7.7e-7")
    assert result.exit_code == 0, result.stderr
    before, after = (read_raw(path).mosaic for path in (source, tmp_path / "out.dng"))
    flat = list(_flat_squares(before))
    assert len(flat) >= 12
    ratios = [_deviation(before[square]) / _deviation(after[square]) for square in flat]
    assert np.median(ratios) > 4
    # The sensor's two greens differ by a percent, which is evened out: what stays is their mean.
    for planes in ([(0, 0)], [(0, 1), (1, 0)], [(1, 1)]):
        noisy, clean = (
            np.mean([np.mean([each[s] for s in flat_of(*plane, flat)]) for plane in planes])
            for each in (before, after)
        )
        assert clean == pytest.approx(noisy, rel=0.005)


def flat_of(row: int, column: int, flat: list) -> list:
    """Those of one plane of the mosaic."""
    return [
        square for square in flat if (square[0].start % 2, square[1].start % 2) == (row, column)
    ]


def _flat_squares(values: np.ndarray):
    """Squares of a colour's plane that show nothing but noise."""
    for row, column in np.ndindex(2, 2):
        plane = values[row::2, column::2]
        for top in range(0, plane.shape[0] - 19, 20):
            for left in range(0, plane.shape[1] - 19, 20):
                part = plane[top : top + 20, left : left + 20].astype(np.float64)
                noise = part[1:, 1:] - part[1:, :-1] - part[:-1, 1:] + part[:-1, :-1]
                if part.var() < 1.2 * noise.var() / 4 and part.mean() > 0.02:
                    yield np.s_[
                        row + 2 * top : row + 2 * top + 40 : 2,
                        column + 2 * left : column + 2 * left + 40 : 2,
                    ]


def _deviation(values: np.ndarray) -> float:
    """Of what is left when a plane is taken away: light falls off across a patch."""
    rows, columns = np.indices(values.shape)
    design = np.stack([np.ones(values.size), rows.ravel(), columns.ravel()], 1)
    flat = values.astype(np.float64).ravel()
    return float(np.std(flat - design @ np.linalg.lstsq(design, flat, rcond=None)[0]))
