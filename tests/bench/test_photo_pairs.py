"""Suites of noisy photos and the means of many."""

import numpy as np
import pytest
from PIL import Image

from n3cli.bench.measurement import measure
from n3cli.bench.method import Method
from n3cli.bench.model import make_model
from n3cli.bench.real import AUTO
from n3cli.bench.suite import SUITES, find_suites
from n3cli.bench.task import PHOTOS
from n3cli.cli.bench_quality import _models
from n3cli.data.catalog import CATALOG
from n3cli.data.location import list_images
from n3cli.data.pairs_of_photos import pair_photos
from n3cli.data.published.index import COLLECTIONS
from n3cli.errors import DataError
from n3cli.inference.noise_level import measure_noise
from n3cli.ops.luma import luma
from n3cli.ops.metric import psnr
from n3cli.ops.noise.shared import find_shared_noise


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for number in range(2):
        clean = rng.integers(60, 180, (1, 1, 3)) + np.mgrid[:96, :128][0][..., None] / 4
        noisy = clean + rng.normal(0, 6, (96, 128, 3))
        for kind, image in (("mean", clean), ("real", noisy)):
            Image.fromarray(np.rint(image).astype(np.uint8)).save(root / f"{number}_{kind}.png")
    return root


def test_the_halves_are_of_different_cameras_and_make_up_the_set():
    assert [suite.name for suite in find_suites(["polyu"])] == ["polyu-dev", "polyu-test"]
    assert [suite.name for suite in find_suites(["polyu-test", "polyu"])] == [
        "polyu-test", "polyu-dev",
    ]  # fmt: skip
    assert [suite.development for suite in find_suites(["polyu"])] == [True, False]
    halves = [list_names(f"polyu-{half}") for half in ("dev", "test")]
    cameras = [{name.partition("_")[0] for name in half} for half in halves]
    assert cameras == [{"Canon5D2", "Canon80D"}, {"Canon600D", "NikonD800", "Sony"}]
    noisy = {
        each.path for each in COLLECTIONS["polyu"].published if each.path.endswith("_real.JPG")
    }
    assert set(halves[0]) | set(halves[1]) == noisy
    assert [len(half) for half in halves] == [CATALOG[f"polyu-{h}"].count for h in ("dev", "test")]


def list_names(name):
    from importlib.resources import files

    return files("n3cli.data").joinpath(CATALOG[name].listing).read_text("ascii").split()


def test_the_set_is_here_whole(shared):
    if not (shared / "datasets" / "PolyU").is_dir():
        pytest.skip("needs PolyU")
    for half in ("dev", "test"):
        paths = list_images(CATALOG[f"polyu-{half}"], shared / "datasets")
        assert len(pair_photos(paths)) == CATALOG[f"polyu-{half}"].count


def test_every_photo_is_scored_against_its_mean(folder):
    pairs = pair_photos(sorted(folder.glob("*_real.png")))
    assert [pair.name for pair in pairs] == ["0", "1"]
    seen = []

    def run(noisy, sigma):
        seen.append(sigma)
        return noisy

    method = Method("same", "", run)
    (row,) = measure(SUITES["cc15"], {AUTO: pairs}, [method], lambda text: None).rows
    images = [
        [np.asarray(Image.open(path), np.float32) / 255 for path in (pair.noisy, pair.clean)]
        for pair in pairs
    ]
    assert row.psnr[0] == pytest.approx(np.mean([psnr(a, b, peak=1) for a, b in images]))
    assert seen == [measure_noise(noisy).sigma for noisy, _ in images]


def test_models_for_the_noise_of_cameras_measure_it_in_their_way(folder, monkeypatch):
    seen = []

    def rows(self, source, *, sigma):
        seen.append(sigma)
        yield source.pixels

    monkeypatch.setattr("n3cli.inference.denoiser.Denoiser.rows", rows)
    noisy = np.asarray(Image.open(folder / "0_real.png"), np.float32) / 255
    make_model("real", PHOTOS, 3, "cpu", "fp32", (AUTO,)).run(noisy, 99.0)
    make_model("real", PHOTOS, 3, "cpu", "fp32", (6.0,)).run(noisy, 6.0)
    make_model(None, PHOTOS, 3, "cpu", "fp32", (AUTO,)).run(noisy, 5.0)
    own = 255 * find_shared_noise([luma(noisy)[..., 0]]).sigma
    assert seen == [pytest.approx(own), 6.0, 5.0]


def test_both_models_are_measured_where_none_is_named():
    assert PHOTOS.models == (None, "real")
    asked = type("Asked", (), {"models": (), "peers": (), "names": ("polyu",)})
    assert _models(asked, PHOTOS, [PHOTOS], []) == (None, "real")


def test_a_photo_without_its_mean_is_told(folder, tmp_path):
    lonely = tmp_path / "a_real.png"
    lonely.write_bytes((folder / "0_real.png").read_bytes())
    with pytest.raises(DataError, match=r"a_real\.png has no a_mean\.png beside it"):
        pair_photos([lonely])
