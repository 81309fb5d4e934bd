"""Dead sites of a sensor."""

import numpy as np
import pytest
import skimage.data
from reference.dng import BAYER, X_TRANS, make_dng
from reference.scenes import exposed, filtered, linear

from n3cli.inference.raw.dead_site import fill_dead, find_dead
from n3cli.io.raw.mosaic import read_raw
from n3cli.ops.noise.model import models_of

FILTERS = {"RGGB": BAYER["RGGB"], "X-Trans": X_TRANS}
NOISE = models_of([2e-3, 1e-6])


def file_of(pattern, black, dead=None):
    clean = filtered(linear(skimage.data.astronaut()), pattern)[:300, :252]
    noisy = exposed(clean, 2e-3, 1e-6, 0)
    values = np.rint(black + (15000 - black) * noisy).clip(0, 65535).astype(np.uint16)
    if dead is not None:
        values[dead] = 0
    return read_raw(make_dng(values, pattern, black=black)), noisy


@pytest.mark.parametrize("name", FILTERS)
def test_zeros_are_dead_and_filled_from_their_colour(name):
    dead = np.random.default_rng(0).random((300, 252)) < 0.003
    dead[0, 0] = dead[40, 41] = dead[42, 41] = True
    raw, noisy = file_of(FILTERS[name], 2048, dead)
    found = find_dead(raw, NOISE)
    np.testing.assert_array_equal(found, dead)
    filled = fill_dead(raw.mosaic, raw.pattern, found)
    np.testing.assert_array_equal(filled[~dead], raw.mosaic[~dead])
    assert raw.mosaic[dead].max() < -0.1
    assert np.median(np.abs(filled[dead] - noisy[dead])) < 0.03


@pytest.mark.parametrize("black", [0, 20, 2048])
def test_a_sound_sensor_has_none(black):
    """Nor where noise reaches down to 0, whether that is known or not."""
    raw, _ = file_of(FILTERS["RGGB"], black)
    assert not find_dead(raw, NOISE).any()
    assert not find_dead(raw, models_of([2e-3, 0])).any()


def test_where_all_is_dead_it_stays():
    dead = np.zeros((300, 252), bool)
    dead[:20, :30] = True
    raw, _ = file_of(FILTERS["RGGB"], 2048, dead)
    filled = fill_dead(raw.mosaic, raw.pattern, find_dead(raw, NOISE))
    np.testing.assert_array_equal(filled[:18, :28], raw.mosaic[:18, :28])
    assert np.isfinite(filled).all()
