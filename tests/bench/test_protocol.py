"""The protocol: what methods get, and how they are scored."""

from types import SimpleNamespace

import numpy as np
import pytest

from n3cli.bench import measurement
from n3cli.bench.measurement import measure
from n3cli.bench.method import Method
from n3cli.bench.protocol import load_clean, make_noisy, score
from n3cli.bench.suite import SUITES
from n3cli.errors import DataError
from n3cli.io.picture import Picture, write_picture


@pytest.fixture
def paths(tmp_path):
    """Three small grey files."""
    rng = np.random.default_rng(5)
    for i in range(3):
        pixels = rng.integers(40, 216, (14, 17, 1), np.uint8)
        write_picture(tmp_path / f"{i}.png", Picture(pixels))
    return sorted(tmp_path.glob("*.png"))


class Recorder:
    """A denoiser that gives its input back and remembers it."""

    def __init__(self):
        self.seen = []

    def __call__(self, noisy, sigma):
        self.seen.append((sigma, noisy.copy()))
        return noisy

    def as_method(self, name):
        return Method(name, "", self)


def run(paths, methods, sigmas=(15, 50)):
    return measure(SUITES["set12"], dict.fromkeys(sigmas, paths), methods, lambda text: None)


def test_every_method_gets_the_same_noise(paths):
    one, two = Recorder(), Recorder()
    run(paths, [one.as_method("one"), two.as_method("two")])
    assert len(one.seen) == 3 * 2
    for (sigma, a), (other, b) in zip(one.seen, two.seen, strict=True):
        assert sigma == other
        np.testing.assert_array_equal(a, b)


def test_means_are_of_the_figures_of_each_image(paths):
    (row,) = run(paths, [Recorder().as_method("one")]).rows
    assert [each.image for each in row.per_image] == ["0.png", "1.png", "2.png"]
    for key in ("psnr", "ssim"):
        each = np.array([getattr(score, key) for score in row.per_image])
        np.testing.assert_allclose(each.mean(0), getattr(row, key))
        assert len(np.unique(each)) == 6


def test_times_are_of_each_image(paths, monkeypatch):
    now, spent = 0.0, iter([4, 1, 2, 3, 5, 9])

    def run_method(noisy, sigma):
        nonlocal now
        now += next(spent)
        return noisy

    monkeypatch.setattr(measurement, "time", SimpleNamespace(perf_counter=lambda: now))
    (row,) = run(paths, [Method("one", "", run_method)]).rows
    assert [score.seconds for score in row.per_image] == [(4, 1), (2, 3), (5, 9)]
    assert row.seconds == pytest.approx(3.5e6 / (14 * 17))


def test_noise_does_not_depend_on_what_else_is_measured(paths):
    both, alone = Recorder(), Recorder()
    run(paths, [Recorder().as_method("other"), both.as_method("both")], sigmas=(50, 15))
    run(paths[:2], [alone.as_method("alone")], sigmas=(15,))
    seen = [noisy for sigma, noisy in both.seen if sigma == 15]
    np.testing.assert_array_equal(seen[:2], [noisy for _, noisy in alone.seen])


def test_noise_is_seeded_by_the_index_and_scaled_by_sigma(paths):
    recorder = Recorder()
    run(paths, [recorder.as_method("recorder")], sigmas=(25,))
    for index, (path, (_, noisy)) in enumerate(zip(paths, recorder.seen, strict=True)):
        field = np.random.default_rng(index).standard_normal(noisy.shape)
        np.testing.assert_allclose(noisy, load_clean(path, 1) + 25 / 255 * field, atol=1e-6)


def test_methods_get_float32_that_is_neither_clipped_nor_rounded():
    noisy = make_noisy(np.ones((32, 32, 1), np.float32), 50, 0)
    assert noisy.dtype == np.float32
    assert noisy.max() > 1
    assert np.abs(noisy * 255 - np.rint(noisy * 255)).max() > 0.4


def test_a_method_cannot_change_the_next_ones_input(paths):
    def spoil(noisy, sigma):
        noisy += 1
        return noisy

    recorder, undisturbed = Recorder(), Recorder()
    run(paths, [Method("spoil", "", spoil), recorder.as_method("recorder")])
    run(paths, [undisturbed.as_method("undisturbed")])
    for (_, a), (_, b) in zip(recorder.seen, undisturbed.seen, strict=True):
        np.testing.assert_array_equal(a, b)


def test_output_is_clipped_and_not_rounded_before_scoring():
    clean = np.tile(np.float32([0, 1]), (12, 6))[..., None]
    assert score(np.where(clean == 0, -3, 4).astype(np.float32), clean).psnr == np.inf
    assert score(np.clip(clean, 0.001, 0.999), clean).psnr == pytest.approx(60, abs=1e-3)


def test_means_are_over_the_images(paths):
    (row,) = run(paths, [Recorder().as_method("noisy")], sigmas=(15, 50)).rows
    for level, sigma in enumerate((15, 50)):
        scores = []
        for index, path in enumerate(paths):
            clean = load_clean(path, 1)
            scores.append(score(make_noisy(clean, sigma, index), clean))
        assert row.psnr[level] == pytest.approx(np.mean([s.psnr for s in scores]))
        assert row.ssim[level] == pytest.approx(np.mean([s.ssim for s in scores]))


@pytest.mark.parametrize(("dtype", "peak"), [(np.uint8, 255), (np.uint16, 65535)])
def test_images_are_read_as_fractions_of_their_range(tmp_path, dtype, peak):
    pixels = np.array([[0, peak // 5, peak]], dtype)[..., None]
    write_picture(tmp_path / "a.png", Picture(pixels))
    clean = load_clean(tmp_path / "a.png", 1)
    assert clean.dtype == np.float32
    np.testing.assert_allclose(clean.ravel(), [0, 0.2, 1], atol=1e-7)


def test_colour_is_made_grey_where_grey_is_measured(tmp_path):
    pixels = np.array([[[10, 100, 200]]], np.uint8)
    write_picture(tmp_path / "a.png", Picture(pixels))
    clean = load_clean(tmp_path / "a.png", 1)
    assert clean.item() == np.float32(round(0.299 * 10 + 0.587 * 100 + 0.114 * 200)) / 255
    np.testing.assert_array_equal(load_clean(tmp_path / "a.png", 3), pixels / np.float32(255))


def test_another_number_of_planes_is_an_error(paths):
    with pytest.raises(DataError, match="has 1 planes, expected 3"):
        load_clean(paths[0], 3)
