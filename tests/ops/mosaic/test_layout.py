"""Layouts of filters: orders, X-Trans, and the planes that networks for mosaics take."""

import numpy as np
import pytest
import torch

from n3cli.ops.mosaic.layout import BAYER, XTRANS, find_bayer, mosaic_planes, sites
from n3cli.ops.noise.model import NoiseModel


def test_bayer_orders():
    letters = ["".join("RGB"[colour] for colour in each[:2, :2].ravel()) for each in BAYER]
    assert letters == ["RGGB", "GRBG", "GBRG", "BGGR"]
    assert all((np.roll(each, 2, axis) == each).all() for each in BAYER for axis in (0, 1))


@pytest.mark.parametrize("size", [(24, 30), (37, 50), (96, 131)])
@pytest.mark.parametrize("order", range(4))
def test_greens_are_known_by_their_likeness(order, size):
    """Red and blue cannot be told apart, so two orders remain of four."""
    rng = np.random.default_rng(0)
    light = np.array([0.3, 0.6, 0.4]) * (1 + np.indices(size).sum(0) / sum(size))[..., None]
    rows, columns = np.indices(size)
    colours = BAYER[order, rows % 2, columns % 2]
    mosaic = np.take_along_axis(light, colours[..., None], 2)[..., 0]
    found = find_bayer((mosaic + 0.02 * rng.standard_normal(size)).astype(np.float32))
    assert ((found == 1) == (BAYER[order, :2, :2] == 1)).all()


def test_xtrans_is_fujifilms():
    """20 green, 8 red and 8 blue; every row and column has all colours; 2×2 greens exist."""
    rows = ["GBGGRG", "RGRBGB", "GBGGRG", "GRGGBG", "BGBRGR", "GRGGBG"]
    known = np.array([["RGB".index(letter) for letter in row] for row in rows])
    assert any((known == each).all() for each in XTRANS)
    for each in XTRANS:
        assert np.bincount(each.ravel()).tolist() == [8, 20, 8]
        assert all(set(line) == {0, 1, 2} for line in (*each, *each.T))
        moved = (np.roll(known, (r, c), (0, 1)) for r in range(6) for c in range(6))
        assert any((each == form).all() for form in moved)


def test_planes_of_a_mosaic():
    layouts = torch.from_numpy(np.stack([BAYER[2], XTRANS[3]]))
    values = torch.rand(2, 1, 7, 9) - 0.1
    a, b = torch.rand(2, 2, 3) * 0.01
    where = sites(layouts, 7, 9)
    planes = mosaic_planes(values, where, a, b).double().numpy()
    assert planes.shape == (2, 5, 7, 9)
    for index, row, column in np.ndindex(2, 7, 9):
        colour = int(layouts[index, row % 6, column % 6])
        assert planes[index, 1:4, row, column].tolist() == [float(c == colour) for c in range(3)]
        noise = NoiseModel(float(a[index, colour]), float(b[index, colour]))
        value = float(values[index, 0, row, column])
        assert planes[index, 0, row, column] == value
        expected = noise.deviation(np.array(value))
        np.testing.assert_allclose(planes[index, 4, row, column], expected, rtol=1e-5)
