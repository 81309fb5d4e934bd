"""Small pictures of mosaics, against loops and against LibRaw."""

import numpy as np
import pytest
from reference.dng import BAYER, X_TRANS

from n3cli.ops.mosaic.develop import show_linear, shrink_mosaic


@pytest.mark.parametrize("pattern", [*BAYER.values(), X_TRANS])
def test_each_colour_is_the_mean_of_its_own_sites(pattern):
    pattern = np.array(pattern, np.uint8)
    mosaic = np.random.default_rng(0).random((20, 26))
    found = shrink_mosaic(mosaic, pattern)
    block, period = (2, 2) if len(pattern) == 2 else (3, 6)
    assert found.shape == (20 // block, 26 // block, 3)
    for row, column, colour in np.ndindex(found.shape):
        sites = [
            mosaic[y, x]
            for y in range(row * block, row * block + block)
            for x in range(column * block, column * block + block)
            if pattern[y % period, x % period] == colour
        ]
        assert found[row, column, colour] == pytest.approx(np.mean(sites))


def test_shown_values_are_balanced_and_curved():
    grey = np.full((4, 4, 3), 0.25) * [0.5, 1, 0.8]
    grey[0] = [0.5, 1, 0.8]
    shown = show_linear(grey, (2, 1, 1.25), np.eye(3))
    np.testing.assert_allclose(shown[0], 1, atol=1e-6)
    # 0.25 of white is 137 of 255 in sRGB.
    np.testing.assert_allclose(255 * shown[1:], 136.96, atol=0.1)
    assert show_linear(np.zeros((3, 3, 1))).max() == 0


def test_colours_are_nearly_librawss(shared):
    """Its own development at half size, without brightening, against ours."""
    rawpy = pytest.importorskip("rawpy")
    from n3cli.io.raw.mosaic import read_raw

    path = shared / "raw" / "colorchart.dng"
    raw = read_raw(path)
    small = shrink_mosaic(raw.mosaic, raw.pattern)
    ours = (np.minimum(small * raw.white_balance, 1) @ raw.to_srgb.T).clip(0, 1)
    with rawpy.imread(str(path)) as other:
        theirs = other.postprocess(
            half_size=True, use_camera_wb=True, no_auto_bright=True, gamma=(1, 1), output_bps=16
        )
    theirs = theirs[: len(ours), : ours.shape[1]] / 65535
    blurred = [
        image[: 8 * 72, : 8 * 108].reshape(72, 8, 108, 8, 3).mean((1, 3))
        for image in (ours, theirs)
    ]
    # LibRaw scales so that the most sensitive colour ends at white: one factor for all.
    factor = np.median(blurred[1] / np.maximum(blurred[0], 1e-3))
    dark = blurred[1].max(2) < 0.5  # lights are clipped at different steps
    assert dark.mean() > 0.9
    np.testing.assert_allclose(factor * blurred[0][dark], blurred[1][dark], atol=0.02)
