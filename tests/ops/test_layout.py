"""Layouts of filters: orders, X-Trans, and the planes that networks for mosaics take."""

import numpy as np
import torch

from n3cli.ops.layout import BAYER, XTRANS, mosaic_planes, sites
from n3cli.ops.noise_model import NoiseModel


def test_bayer_orders():
    letters = ["".join("RGB"[colour] for colour in each[:2, :2].ravel()) for each in BAYER]
    assert letters == ["RGGB", "GRBG", "GBRG", "BGGR"]
    assert all((np.roll(each, 2, axis) == each).all() for each in BAYER for axis in (0, 1))


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
