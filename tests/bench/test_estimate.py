"""What is kept of a benchmark: files by name, and the most detailed part of an image."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from n3cli.bench.estimate import Estimate, keep_crops, png, save_to
from n3cli.bench.method import Method
from n3cli.bench.suite import SUITES
from n3cli.errors import InputError
from n3cli.io.picture import read_picture


@pytest.fixture
def estimate():
    """A flat image with a chequered part, and an output that is 0.1 too bright."""
    clean = np.full((60, 80, 1), 0.5, np.float32)
    rows, columns = np.mgrid[:24, :24]
    clean[30:54, 41:65, 0] = 0.25 + 0.5 * ((rows + columns) % 2)
    method = Method("a/b c", "", lambda noisy, sigma: noisy)
    return Estimate(
        SUITES["set12"], Path("x/07.png"), 0, 25.0, method, clean, clean - 1, clean + 0.1
    )  # fmt: skip


def test_files_are_named_after_level_method_and_image(estimate, tmp_path):
    save_to(tmp_path)(estimate)
    found = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()}
    level = "set12/sigma-25"
    assert found == {f"{level}/{name}/07.png" for name in ("clean", "given", "a_b_c")}
    pixels = read_picture(tmp_path / level / "a_b_c" / "07.png").pixels
    np.testing.assert_array_equal(pixels, np.rint(255 * estimate.output).astype(np.uint8))
    assert not read_picture(tmp_path / level / "given" / "07.png").pixels.any()


def test_a_folder_that_holds_something_is_refused(estimate, tmp_path):
    (tmp_path / "mine.txt").touch()
    with pytest.raises(InputError, match="not empty"):
        save_to(tmp_path)
    with pytest.raises(InputError, match=r"mine\.txt"):
        save_to(tmp_path / "mine.txt" / "images")


def test_the_part_with_most_detail_is_kept_of_the_first_images(estimate):
    crops = []
    keep = keep_crops(crops, images=1, side=24)
    keep(estimate)
    keep(replace(estimate, index=1))
    (crop,) = crops
    # Half of the square may slide along the flat part's edges; its detail is all inside.
    np.testing.assert_array_equal(crop.clean, estimate.clean[30:54, 41:65])
    assert crop.psnr == pytest.approx(20, abs=1e-3)
    np.testing.assert_allclose(crop.error, 0.5, rtol=1e-5)
    assert crop.error.shape == (24, 24, 1)


def test_small_images_are_kept_whole(estimate):
    crops = []
    keep_crops(crops)(estimate)
    assert crops[0].clean.shape == estimate.clean.shape
    assert crops[0].given.max() == 0  # clipped


def test_png_holds_the_picture(estimate):
    pixels = read_picture(png(estimate.clean)).pixels
    np.testing.assert_array_equal(pixels, np.rint(255 * estimate.clean).astype(np.uint8))
