"""Suites of real noise: pairs from files of blocks, and a noise level that nobody knows."""

import json

import numpy as np
import pytest
import skimage.data
from click.testing import CliRunner
from reference.dng import BAYER
from reference.real_sets import write_sidd
from reference.scenes import exposed, filtered, linear

from n3cli.bench.measurement import measure
from n3cli.bench.method import Method
from n3cli.bench.model import make_model
from n3cli.bench.real import AUTO, run_on_mosaic
from n3cli.bench.suite import SUITES
from n3cli.bench.task import RAW
from n3cli.cli.main import n3
from n3cli.data.sidd import list_blocks
from n3cli.errors import DataError
from n3cli.inference.noise_level import measure_noise
from n3cli.inference.raw.mosaic import denoise_planes, denoise_stabilised
from n3cli.ops.metric import psnr


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    root = tmp_path_factory.mktemp("data")
    write_sidd(root / "SIDD-Validation")
    write_sidd(root / "SIDD-Validation-Raw", raw=True)
    return root


def pairs(data, raw=False):
    kind, folder = ("Raw", "SIDD-Validation-Raw") if raw else ("Srgb", "SIDD-Validation")
    names = [f"Validation{which}Blocks{kind}.mat" for which in ("Gt", "Noisy")]
    return list_blocks([data / folder / name for name in names], 1 if raw else 3)


def test_every_pair_is_measured_at_the_level_of_its_own_noise(data):
    seen = []

    def run(noisy, sigma):
        seen.append((noisy, sigma))
        return noisy

    found = pairs(data)
    (row,) = measure(
        SUITES["sidd"], {AUTO: found}, [Method("same", "", run)], lambda text: None
    ).rows
    assert len(seen) == 2 * 3
    for noisy, sigma in seen:
        assert sigma == measure_noise(noisy).sigma
    expected = [
        psnr(
            pair.noisy,
            pair.clean,
            peak=1,
        )
        for pair in found
    ]
    assert row.psnr[0] == pytest.approx(np.mean(expected))


def test_a_mosaic_is_denoised_plane_by_plane(data):
    seen = []

    def run(noisy, sigma):
        seen.append((noisy.shape, sigma))
        return noisy

    found = pairs(data, raw=True)[:1]
    (row,) = measure(
        SUITES["sidd-raw"], {20.0: found}, [Method("same", "", run)], lambda text: None
    ).rows
    assert seen == [((24, 24, 1), 20.0)] * 4
    noisy, clean = found[0].noisy, found[0].clean
    assert row.psnr[0] == pytest.approx(psnr(noisy, clean, peak=1))


def test_what_is_measured_in_a_mosaic_is_nearly_as_good_as_knowing():
    clean = filtered(linear(skimage.data.astronaut()), BAYER["GRBG"])[100:356, 100:356, None]
    noisy = np.clip(exposed(clean, 0.01, 2e-4, 0), 0, 1).astype(np.float32)
    method = make_model(None, RAW, 1, "cpu", "fp32")

    def known(plane, *_):
        return denoise_stabilised(plane, 0.01, 2e-4, method.run)

    estimates = noisy, run_on_mosaic(method, noisy, AUTO), denoise_planes(noisy, known)
    given, measured, told = (psnr(np.clip(each, 0, 1), clean, peak=1) for each in estimates)
    assert given + 5 < measured
    assert told - 0.5 < measured


def test_files_that_do_not_belong_together(data):
    with pytest.raises(DataError, match="do not match: their arrays"):
        list_blocks([
            data / "SIDD-Validation" / "ValidationGtBlocksSrgb.mat",
            write_other(data, (2, 2, 48, 48, 3)),
        ], 3)  # fmt: skip


def write_other(data, shape):
    import scipy.io

    path = data / "ValidationNoisyBlocksSrgb.mat"
    scipy.io.savemat(path, {path.stem: np.zeros(shape, np.uint8)})
    return path


def n3_bench(*arguments):
    return CliRunner().invoke(n3, ["bench", *map(str, arguments)])


def test_the_table_has_what_was_given_beside_what_was_made(data):
    done = n3_bench("sidd", "--data", data, "-m", "n3unet", "--against", "nlm", "--images", 2)
    assert done.exit_code == 0, done.stderr
    assert "measured σauto" in done.stdout
    assert "only the first 2 of 1280 images" in done.stdout
    rows = [line.split() for line in done.stdout.splitlines() if " / " in line]
    scores = {row[0]: float(row[1]) for row in rows if row[0].startswith(("den", "nlm", "noi"))}
    assert scores["noisy"] + 10 < scores["nlm"] < scores["denoise-n3unet-color"]


def test_a_given_level_and_the_planes_of_raw(data, tmp_path):
    done = n3_bench(
        "sidd-raw", "--data", data, "--sigma", 20, "--images", 1, "--json",
        "--save-images", tmp_path / "images",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    (suite,) = json.loads(done.stdout)["suites"]
    assert suite["sigmas"] == [20]
    ours, noisy = suite["measured"]
    assert ours["method"] == "denoise-n3unet-gray"
    assert ours["psnr"][0] > noisy["psnr"][0] + 5
    names = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.png")}
    assert "images/sidd-raw/sigma-20/noisy/0001_01.png" in names


def test_absent_blocks_say_how_they_are_fetched_by_hand(tmp_path):
    done = n3_bench("sidd", "--data", tmp_path)
    assert done.exit_code == 3
    assert "must be fetched by hand" in done.stderr
    assert "ValidationGtBlocksSrgb.mat" in done.stderr
    (tmp_path / "SIDD-Validation").mkdir()
    (tmp_path / "SIDD-Validation" / "ValidationGtBlocksSrgb.mat").write_bytes(b"x" * 600)
    done = n3_bench("sidd", "--data", tmp_path, "--offline")
    assert done.exit_code == 3
    assert "has 1 of its files, expected 2" in done.stderr


def test_a_damaged_file_is_one_line(data, tmp_path):
    folder = tmp_path / "SIDD-Validation"
    folder.mkdir()
    for path in (data / "SIDD-Validation").iterdir():
        (folder / path.name).write_bytes(path.read_bytes()[:700])
    done = n3_bench("sidd", "--data", tmp_path)
    assert done.exit_code == 1
    assert "ValidationGtBlocksSrgb.mat: is damaged or cut off" in done.stderr
    assert len(done.stderr.splitlines()) == 1
